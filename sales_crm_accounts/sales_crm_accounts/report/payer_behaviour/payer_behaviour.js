// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.query_reports["Payer Behaviour"] = {
	filters: [
		sales_crm_accounts.report_filters.company(),
		sales_crm_accounts.report_filters.as_of(),
		...sales_crm_accounts.report_filters.customers(),
	],

	formatter(value, row, column, data, default_formatter) {
		if (column.fieldname === "payer_class" && data) {
			const color = data.color.startsWith("#") ? "gray" : data.color;
			return `<span class="indicator-pill ${color}">${frappe.utils.escape_html(value)}</span>`;
		}
		if (column.fieldname === "grade") return sales_crm_accounts.payer.grade_html(value) || "–";
		return sales_crm_accounts.report_cells.unknown_as_dash(...arguments);
	},
};
