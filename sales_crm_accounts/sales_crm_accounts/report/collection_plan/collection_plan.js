// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Collection Plan"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		{
			fieldname: "periodicity",
			label: __("Periodicity"),
			fieldtype: "Select",
			options: [
				{ value: "Monthly", label: __("Monthly") },
				{ value: "Quarterly", label: __("Quarterly") },
				{ value: "Yearly", label: __("Yearly") },
			],
			default: "Monthly",
		},
		sales_crm_accounts.report_filters.date_based_on(),
		...sales_crm_accounts.report_filters.dates(),
		sales_crm_accounts.report_filters.customer(),
		sales_crm_accounts.report_filters.deal_owner(),
	],

	formatter: (...cell) => sales_crm_accounts.report_cells.owed(...cell),
};
