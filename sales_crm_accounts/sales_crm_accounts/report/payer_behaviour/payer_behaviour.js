// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Payer Behaviour"] = {
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
	],

	formatter(value, row, column, data, default_formatter) {
		if (column.fieldname === "payer_class" && data) {
			const color = data.color.startsWith("#") ? "gray" : data.color;
			return `<span class="indicator-pill ${color}">${frappe.utils.escape_html(value)}</span>`;
		}
		// Not known is not zero.
		const empty = value === null && ["Int", "Float", "Percent"].includes(column.fieldtype);
		return empty ? "–" : default_formatter(value, row, column, data);
	},
};
