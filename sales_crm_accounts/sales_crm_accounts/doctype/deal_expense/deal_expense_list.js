// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Deal Expense"] = {
	add_fields: ["status", "currency", "amount", "over_budget", "docstatus"],
	has_indicator_for_draft: true,
	has_indicator_for_cancelled: true,

	get_indicator(doc) {
		if (doc.status === "Draft" && doc.over_budget) {
			return [__("Over the Planned Cost"), "red", "over_budget,=,1"];
		}
		return sales_crm_accounts.posting.indicator("Deal Expense", doc);
	},
};
