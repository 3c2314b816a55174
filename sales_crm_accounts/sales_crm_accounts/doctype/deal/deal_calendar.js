// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.views.calendar["Deal"] = {
	field_map: {
		start: "expected_close_date",
		end: "expected_close_date",
		id: "name",
		title: "title",
		allDay: "allDay",
		status: "status",
		docstatus: "docstatus",
	},
	fields: ["name", "title", "expected_close_date", "status", "docstatus"],
	get_events_method: "sales_crm_accounts.api.desk.deal_events",
	get_css_class(event) {
		return sales_crm_accounts.deal.calendar_class(event.status);
	},
	gantt: false,
	filters: [
		{ fieldtype: "Link", fieldname: "company", options: "Company", label: __("Company") },
	],
};
