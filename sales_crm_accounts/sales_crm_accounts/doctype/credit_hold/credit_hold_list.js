// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Credit Hold"] = {
	hide_name_column: true,

	get_indicator(doc) {
		const color = { "On Hold": "red", Lifted: "gray" };
		return [__(doc.status), color[doc.status], `status,=,${doc.status}`];
	},
};
