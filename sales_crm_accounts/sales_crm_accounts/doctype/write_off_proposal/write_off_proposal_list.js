// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Write-off Proposal"] = {
	add_fields: ["status", "kind", "base_total", "company", "automatic"],
	has_indicator_for_draft: true,
	has_indicator_for_cancelled: true,

	get_indicator: (doc) => sales_crm_accounts.posting.indicator("Write-off Proposal", doc),

	formatters: {
		reason: (value, df, doc) =>
			doc.kind === "Recovery"
				? __("Recovery", null, "Write-off Proposal")
				: __(value, null, "Write-off Proposal"),
	},
};
