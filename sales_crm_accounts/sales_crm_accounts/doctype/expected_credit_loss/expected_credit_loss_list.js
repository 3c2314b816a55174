// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Expected Credit Loss"] = {
	add_fields: ["status", "currency", "docstatus"],
	has_indicator_for_draft: true,
	has_indicator_for_cancelled: true,

	get_indicator(doc) {
		const colors = {
			Draft: "gray",
			"Waiting for Approval": "orange",
			Posted: "green",
			Reversed: "blue",
			"Nothing to Post": "gray",
			Cancelled: "red",
		};
		return [
			__(doc.status, null, "Expected Credit Loss"),
			colors[doc.status],
			`status,=,${doc.status}`,
		];
	},
};
