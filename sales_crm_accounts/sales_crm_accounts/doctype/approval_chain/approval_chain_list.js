// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Approval Chain"] = {
	add_fields: ["active", "valid_from", "valid_to"],

	get_indicator(doc) {
		const today = frappe.datetime.get_today();
		if (!doc.active) return [__("Switched Off"), "gray", "active,=,0"];
		if (doc.valid_to && doc.valid_to < today) {
			return [__("Expired"), "red", `active,=,1|valid_to,<,${today}`];
		}
		if (doc.valid_from && doc.valid_from > today) {
			return [__("Planned"), "blue", `active,=,1|valid_from,>,${today}`];
		}
		return [__("Active", null, "Approval Chain"), "green", "active,=,1"];
	},
};
