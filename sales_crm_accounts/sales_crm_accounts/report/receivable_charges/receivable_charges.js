// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Receivable Charges"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		sales_crm_accounts.report_filters.customer(),
		{
			fieldname: "kind",
			label: __("Kind"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "Interest", label: __("Interest") },
				{ value: "Fee", label: __("Fee") },
			],
		},
		{
			fieldname: "status",
			label: __("Status"),
			fieldtype: "Select",
			options: [
				"",
				"Claimed",
				"Invoiced",
				"Partly Waived",
				"Waived",
				"Paid",
				"Cancelled",
			].map((value) => ({ value, label: value && __(value) })),
		},
		...sales_crm_accounts.report_filters.dates(),
	],
};
