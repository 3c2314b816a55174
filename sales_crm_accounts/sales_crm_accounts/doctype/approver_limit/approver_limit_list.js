// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Approver Limit"] = {
	add_fields: ["unlimited", "amount", "currency"],
	hide_name_column: true,

	get_indicator(doc) {
		return doc.unlimited
			? [__("Unlimited"), "blue", "unlimited,=,1"]
			: [__("Limited"), "gray", "unlimited,=,0"];
	},
};
