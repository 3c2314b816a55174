// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Deal Pipeline"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		{
			fieldname: "group_by",
			label: __("Group By"),
			fieldtype: "Select",
			options: ["Stage", "Deal Owner", "Territory", "Customer Group"].map((value) => ({
				value,
				label: __(value),
			})),
			default: "Stage",
		},
		...sales_crm_accounts.report_filters.dates(
			__("Expected Close From"),
			__("Expected Close To")
		),
		sales_crm_accounts.report_filters.deal_owner(),
		sales_crm_accounts.report_filters.link("territory", __("Territory"), "Territory"),
		sales_crm_accounts.report_filters.link(
			"customer_group",
			__("Customer Group"),
			"Customer Group"
		),
	],
};
