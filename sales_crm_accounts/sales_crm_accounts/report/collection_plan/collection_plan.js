// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Collection Plan"] = {
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
		{
			fieldname: "date_based_on",
			label: __("Dates By"),
			fieldtype: "Select",
			options: [
				{ value: "Due Date", label: __("Due Date") },
				{ value: "Invoice Date", label: __("Invoice Date") },
			],
			default: "Due Date",
		},
		{ fieldname: "from_date", label: __("From Date"), fieldtype: "Date" },
		{ fieldname: "to_date", label: __("To Date"), fieldtype: "Date" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{ fieldname: "deal_owner", label: __("Deal Owner"), fieldtype: "Link", options: "User" },
	],

	formatter(value, row, column, data, default_formatter) {
		const html = default_formatter(value, row, column, data);
		if (data?.bold) return `<b>${html}</b>`;
		return column.fieldname === "overdue" && flt(value) > 0
			? `<span class="text-danger">${html}</span>`
			: html;
	},
};
