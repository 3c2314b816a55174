// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Approval Step"] = {
	add_fields: ["decision", "on_behalf_of"],
	hide_name_column: true,

	get_indicator(doc) {
		const color = {
			Approved: "green",
			Posted: "green",
			Rejected: "red",
			Refused: "red",
			"Posting Failed": "red",
			Requested: "blue",
			Asked: "orange",
			"Sent Back": "orange",
			Escalated: "orange",
		}[doc.decision];
		return [
			__(doc.decision, null, "Approval Step"),
			color || "gray",
			`decision,=,${doc.decision}`,
		];
	},
};
