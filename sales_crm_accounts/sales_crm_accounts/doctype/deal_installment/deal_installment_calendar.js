// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.views.calendar["Deal Installment"] = {
	field_map: {
		start: "due_date",
		end: "due_date",
		id: "name",
		title: "title",
		allDay: "allDay",
		status: "status",
	},
	get_events_method: "sales_crm_accounts.api.desk.installment_events",
	get_css_class(event) {
		return sales_crm_accounts.deal.calendar_class(event.status);
	},
	gantt: false,
	filters: [
		{ fieldtype: "Link", fieldname: "company", options: "Company", label: __("Company") },
	],
};
