// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Deal Installment"] = {
	add_fields: ["status", "currency", "on_hold", "customer_name", "last_error"],
	hide_name_column: true,

	get_indicator(doc) {
		if (doc.on_hold && ["Planned", "Ready"].includes(doc.status)) {
			return [__("On Hold"), "orange", "on_hold,=,1"];
		}
		const color = sales_crm_accounts.deal.installment_colors[doc.status];
		return [__(doc.status), color, `status,=,${doc.status}`];
	},
};
