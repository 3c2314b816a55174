// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Receivable Dispute"] = {
	add_fields: ["status", "currency", "due_date", "sales_invoice"],
	hide_name_column: true,

	get_indicator(doc) {
		if (doc.status === "Open" && doc.due_date && doc.due_date < frappe.datetime.get_today())
			return [__("Late"), "red", `status,=,Open|due_date,<,${frappe.datetime.get_today()}`];
		const color = sales_crm_accounts.collections.dispute_colors[doc.status];
		return [__(doc.status, null, "Receivable Dispute"), color, `status,=,${doc.status}`];
	},
};
