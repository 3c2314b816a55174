// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Approval Breach"] = {
	add_fields: ["status", "kind"],
	hide_name_column: true,

	get_indicator(doc) {
		const color = sales_crm_accounts.approvals.breach_colors[doc.status];
		return [__(doc.status, null, "Approval Breach"), color, `status,=,${doc.status}`];
	},
};
