// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Receivables by Deal"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		sales_crm_accounts.report_filters.as_of(),
		...sales_crm_accounts.report_filters.customers(),
		sales_crm_accounts.report_filters.link("deal", __("Deal"), "Deal"),
		sales_crm_accounts.report_filters.deal_owner(),
		{ fieldname: "overdue_only", label: __("Overdue Only"), fieldtype: "Check" },
	],

	formatter: (...cell) => sales_crm_accounts.report_cells.owed(...cell),
};
