// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Deal Pipeline"] = {
	filters: [
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: frappe.defaults.get_user_default("Company"),
			reqd: 1,
		},
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
		{ fieldname: "from_date", label: __("Expected Close From"), fieldtype: "Date" },
		{ fieldname: "to_date", label: __("Expected Close To"), fieldtype: "Date" },
		{ fieldname: "deal_owner", label: __("Deal Owner"), fieldtype: "Link", options: "User" },
		{
			fieldname: "territory",
			label: __("Territory"),
			fieldtype: "Link",
			options: "Territory",
		},
		{
			fieldname: "customer_group",
			label: __("Customer Group"),
			fieldtype: "Link",
			options: "Customer Group",
		},
	],
};
