// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Collection Indicators"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		sales_crm_accounts.report_filters.as_of(),
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
		...sales_crm_accounts.report_filters.customers(),
	],

	formatter: (...cell) => sales_crm_accounts.report_cells.unknown_as_dash(...cell),
};
