// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Collection Pause"] = {
	add_fields: ["active", "until_date", "sales_invoice"],
	hide_name_column: true,

	get_indicator(doc) {
		const running = doc.active && doc.until_date >= frappe.datetime.get_today();
		return running
			? [__("Paused"), "orange", "active,=,1"]
			: [__("Ended"), "gray", "active,=,0"];
	},
};
