// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Deal Billing Run"] = {
	get_indicator(doc) {
		const color = {
			Running: "blue",
			Completed: "green",
			"Completed with Errors": "orange",
			Failed: "red",
		};
		return [__(doc.status), color[doc.status], `status,=,${doc.status}`];
	},
};
