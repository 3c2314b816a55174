// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Cash Forecast"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		{
			fieldname: "view",
			label: __("View"),
			fieldtype: "Select",
			options: [
				{ value: "By Week", label: __("By Week") },
				{ value: "Rows", label: __("Rows") },
				{ value: "Kept and Received", label: __("Kept and Received") },
			],
			default: "By Week",
		},
		sales_crm_accounts.report_filters.customer(),
		{
			fieldname: "week_start",
			label: __("Week From"),
			fieldtype: "Date",
			depends_on: "eval:doc.view == 'Rows'",
		},
		{
			fieldname: "kind",
			label: __("Kind"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "Promised", label: __("Promised") },
				{ value: "Open", label: __("Billed") },
				{ value: "Planned", label: __("Planned") },
				{ value: "Pipeline", label: __("Pipeline") },
			],
			depends_on: "eval:doc.view == 'Rows'",
		},
		{
			fieldname: "place",
			label: __("Not in a Week"),
			fieldtype: "Select",
			options: [
				"",
				{ value: "Later", label: __("Later") },
				{ value: "No Date", label: __("No Date") },
				{ value: "Disputed", label: __("Disputed") },
				{ value: "Doubtful", label: __("Doubtful") },
			],
			depends_on: "eval:doc.view == 'Rows'",
		},
		{
			fieldname: "kept",
			label: __("Kept Forecast"),
			fieldtype: "Link",
			options: "Cash Forecast",
			depends_on: "eval:doc.view == 'Kept and Received'",
			get_query: () => ({
				filters: { company: frappe.query_report.get_filter_value("company") },
			}),
		},
	],

	KINDS: { promised: "Promised", billed: "Open", planned: "Planned", pipeline: "Pipeline" },

	/** A figure of a week opens its rows. */
	formatter(value, row, column, data, default_formatter) {
		const html = default_formatter(value, row, column, data);
		if (data?.bold) return `<b>${html}</b>`;
		const opens = column.fieldname in this.KINDS || column.fieldname === "total";
		if (!opens || !flt(value) || !(data.week_start || data.place)) return html;
		const query = new URLSearchParams({
			company: frappe.query_report.get_filter_value("company"),
			view: "Rows",
			week_start: data.week_start || "",
			kind: this.KINDS[column.fieldname] || "",
			place: data.place || "",
			customer: frappe.query_report.get_filter_value("customer") || "",
		});
		const route = frappe.utils.generate_route({
			type: "report",
			name: "Cash Forecast",
			is_query_report: true,
		});
		return `<a href="${route}?${query}">${html}</a>`;
	},
};
