frappe.provide("frappe.dashboards.chart_sources");

frappe.dashboards.chart_sources["Open Deals by Stage"] = {
	method: "sales_crm_accounts.sales_crm_accounts.dashboard_chart_source.open_deals_by_stage.open_deals_by_stage.get",
	filters: [{ ...sales_crm_accounts.report_filters.company(), reqd: 0 }],
};
