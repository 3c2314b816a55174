// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Cash Match Proposal"] = {
	get_indicator(doc) {
		const color = {
			Proposed: "blue",
			"Awaiting Approval": "orange",
			Applied: "green",
			Rejected: "gray",
			Undone: "gray",
		};
		return [__(doc.status), color[doc.status], `status,=,${doc.status}`];
	},
};
