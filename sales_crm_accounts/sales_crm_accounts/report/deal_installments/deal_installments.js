// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Deal Installments"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		sales_crm_accounts.report_filters.link("deal", __("Deal"), "Deal"),
		sales_crm_accounts.report_filters.customer(),
		sales_crm_accounts.report_filters.deal_owner(),
		{
			fieldname: "status",
			label: __("Status"),
			fieldtype: "MultiSelectList",
			get_data(txt) {
				return Object.keys(sales_crm_accounts.deal.installment_colors)
					.map((status) => ({ value: status, label: __(status), description: "" }))
					.filter((option) =>
						option.label.toLowerCase().includes((txt || "").toLowerCase())
					);
			},
		},
		sales_crm_accounts.report_filters.date_based_on(),
		...sales_crm_accounts.report_filters.dates(),
		{
			fieldname: "in_company_currency",
			label: __("In Company Currency"),
			fieldtype: "Check",
			default: 1,
		},
	],

	formatter(value, row, column, data, default_formatter) {
		if (column.fieldname === "status" && data?.status) {
			return sales_crm_accounts.deal.pill(
				data.status,
				sales_crm_accounts.deal.installment_colors
			);
		}
		const html = default_formatter(value, row, column, data);
		if (["overdue_amount", "days_overdue"].includes(column.fieldname) && flt(value) > 0) {
			return `<span class="text-danger">${html}</span>`;
		}
		return html;
	},
};
