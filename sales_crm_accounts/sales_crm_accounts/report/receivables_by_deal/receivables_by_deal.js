// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Receivables by Deal"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		{
			fieldname: "as_of",
			label: __("As Of"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
		sales_crm_accounts.report_filters.customer(),
		sales_crm_accounts.report_filters.link("customer_group", __("Customer Group"), "Customer Group"),
		sales_crm_accounts.report_filters.link("deal", __("Deal"), "Deal"),
		sales_crm_accounts.report_filters.deal_owner(),
		{ fieldname: "overdue_only", label: __("Overdue Only"), fieldtype: "Check" },
	],

	formatter(value, row, column, data, default_formatter) {
		const html = default_formatter(value, row, column, data);
		if (data?.bold) return `<b>${html}</b>`;
		return column.fieldname === "overdue" && flt(value) > 0
			? `<span class="text-danger">${html}</span>`
			: html;
	},
};
