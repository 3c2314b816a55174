// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Collection Indicators"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		{
			fieldname: "as_of",
			label: __("As Of"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
		{ fieldname: "months", label: __("Months"), fieldtype: "Int", default: 12 },
		{
			fieldname: "window",
			label: __("Sales Of"),
			fieldtype: "Select",
			options: [
				{ value: "1", label: __("The month itself") },
				{ value: "3", label: __("The last 3 months") },
				{ value: "12", label: __("The last 12 months") },
			],
			default: "3",
		},
		sales_crm_accounts.report_filters.customer(),
		sales_crm_accounts.report_filters.link("customer_group", __("Customer Group"), "Customer Group"),
	],

	formatter(value, row, column, data, default_formatter) {
		// A figure without anything to divide by is not zero.
		const empty = (value === null || value === undefined) && ["Float", "Percent"].includes(column.fieldtype);
		return empty ? "–" : default_formatter(value, row, column, data);
	},
};
