frappe.provide("frappe.dashboards.chart_sources");

frappe.dashboards.chart_sources["Expected Collections"] = {
	method: "sales_crm_accounts.sales_crm_accounts.dashboard_chart_source.expected_collections.expected_collections.get",
	filters: [{ ...sales_crm_accounts.report_filters.company(), reqd: 0 }],
};
