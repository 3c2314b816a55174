// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Deal Installments"] = {
	filters: [
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: frappe.defaults.get_user_default("Company"),
			reqd: 1,
		},
		{ fieldname: "deal", label: __("Deal"), fieldtype: "Link", options: "Deal" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{ fieldname: "deal_owner", label: __("Deal Owner"), fieldtype: "Link", options: "User" },
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
