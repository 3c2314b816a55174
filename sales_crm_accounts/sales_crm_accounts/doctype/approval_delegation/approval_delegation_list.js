// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Approval Delegation"] = {
	add_fields: ["disabled", "from_date", "to_date", "delegator", "delegate"],
	hide_name_column: true,

	get_indicator(doc) {
		const today = frappe.datetime.get_today();
		if (doc.disabled) return [__("Disabled"), "gray", "disabled,=,1"];
		if (doc.from_date > today) {
			return [__("Planned"), "blue", `disabled,=,0|from_date,>,${today}`];
		}
		if (doc.to_date < today) return [__("Past"), "gray", `disabled,=,0|to_date,<,${today}`];
		return [__("In Force"), "green", `disabled,=,0|from_date,<=,${today}|to_date,>=,${today}`];
	},
};
