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

	formatter(value, row, column, data, default_formatter) {
		const html = default_formatter(value, row, column, data);
		if (data?.bold) return `<b>${html}</b>`;
		return column.fieldname === "overdue" && flt(value) > 0
			? `<span class="text-danger">${html}</span>`
			: html;
	},
};
