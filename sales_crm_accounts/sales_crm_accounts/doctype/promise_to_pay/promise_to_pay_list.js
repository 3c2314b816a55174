// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Promise to Pay"] = {
	add_fields: ["status", "currency", "pay_by", "sales_invoice"],
	hide_name_column: true,

	get_indicator(doc) {
		const color = sales_crm_accounts.collections.promise_colors[doc.status];
		return [__(doc.status, null, "Promise to Pay"), color, `status,=,${doc.status}`];
	},
};
