// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Open Installment"] = {
	add_fields: ["due_date", "outstanding_amount", "paid_amount", "account_currency", "is_return"],
	hide_name_column: true,
	filters: [["outstanding_amount", "!=", 0]],

	get_indicator(doc) {
		const open = flt(doc.outstanding_amount);
		if (doc.is_return) return [__("Credit Note"), "gray", "is_return,=,1"];
		if (open <= 0) return [__("Closed"), "green", "outstanding_amount,<=,0"];
		const today = frappe.datetime.get_today();
		if (doc.due_date < today) {
			return [__("Overdue"), "red", `outstanding_amount,>,0|due_date,<,${today}`];
		}
		return [
			flt(doc.paid_amount) ? __("Partly Paid") : __("Unpaid"),
			flt(doc.paid_amount) ? "yellow" : "orange",
			`outstanding_amount,>,0|due_date,>=,${today}`,
		];
	},
};
