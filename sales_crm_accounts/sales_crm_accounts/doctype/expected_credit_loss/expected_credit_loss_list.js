// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Expected Credit Loss"] = {
	add_fields: ["status", "currency", "docstatus"],
	has_indicator_for_draft: true,
	has_indicator_for_cancelled: true,

	get_indicator: (doc) => sales_crm_accounts.posting.indicator("Expected Credit Loss", doc),
};
