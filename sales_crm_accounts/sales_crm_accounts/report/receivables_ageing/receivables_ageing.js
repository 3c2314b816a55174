// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Receivables Ageing"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		sales_crm_accounts.report_filters.as_of(),
		{
			fieldname: "view",
			label: __("View"),
			fieldtype: "Select",
			options: [
				{ value: "Customer", label: __("By Customer") },
				{ value: "Deal", label: __("By Deal") },
				{ value: "Deal Owner", label: __("By Deal Owner") },
				{ value: "Installment", label: __("Each Installment") },
			],
			default: "Customer",
		},
		{
			fieldname: "ranges",
			label: __("Ageing Ranges"),
			fieldtype: "Data",
			default: "30, 60, 90, 120",
		},
		...sales_crm_accounts.report_filters.customers(),
		sales_crm_accounts.report_filters.link("deal", __("Deal"), "Deal"),
		sales_crm_accounts.report_filters.deal_owner(),
		{
			fieldname: "in_party_currency",
			label: __("In the Customer's Currency"),
			fieldtype: "Check",
		},
	],

	formatter(value, row, column, data, default_formatter) {
		// A total, or what is without a deal, is no document to open.
		const plain =
			data?.bold || (column.fieldname === "key" && data?.key === __("Without a deal"));
		const as_text = () => frappe.utils.escape_html(value ?? "");
		const formatted = plain && column.fieldtype === "Link" ? as_text : default_formatter;
		return sales_crm_accounts.report_cells.owed(value, row, column, data, formatted);
	},
};
