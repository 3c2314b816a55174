// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Approval Turnaround"] = {
	filters: [
		{
			fieldname: "from_date",
			label: __("Decided From"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -3),
		},
		{
			fieldname: "to_date",
			label: __("Decided To"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
		},
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{
			fieldname: "reference_doctype",
			label: __("Document Type"),
			fieldtype: "Link",
			options: "DocType",
			get_query: () => ({ filters: { is_submittable: 1 } }),
		},
		{
			fieldname: "chain",
			label: __("Approval Chain"),
			fieldtype: "Link",
			options: "Approval Chain",
		},
	],
	formatter(value, row, column, data, default_formatter) {
		value = default_formatter(value, row, column, data);
		return data && data.level === 0 ? `<b>${value}</b>` : value;
	},
};
