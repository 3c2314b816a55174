// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Collection Note"] = {
	add_fields: ["note_type", "next_date", "next_step", "sales_invoice"],
	hide_name_column: true,

	get_indicator(doc) {
		const today = frappe.datetime.get_today();
		if (doc.next_date && doc.next_date <= today)
			return [__("Contact Now"), "orange", `next_date,<=,${today}`];
		if (doc.next_date) return [__("Planned"), "blue", `next_date,>,${today}`];
		return [
			__(doc.note_type, null, "Collection Note"),
			"gray",
			`note_type,=,${doc.note_type}`,
		];
	},
};
