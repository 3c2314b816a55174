frappe.provide("sales_crm_accounts.report_cells");

// Formatters that several reports over receivables have; each takes what Frappe gives a formatter of a report.
Object.assign(sales_crm_accounts.report_cells, {
	/** A figure without anything to count or to divide by is not zero. */
	unknown_as_dash(value, row, column, data, default_formatter) {
		const empty =
			(value === null || value === undefined) &&
			["Int", "Float", "Percent"].includes(column.fieldtype);
		return empty ? "–" : default_formatter(value, row, column, data);
	},

	/** Totals are bold, what is overdue is red. */
	owed(value, row, column, data, default_formatter) {
		const html = default_formatter(value, row, column, data);
		if (data?.bold) return `<b>${html}</b>`;
		return column.fieldname === "overdue" && flt(value) > 0
			? `<span class="text-danger">${html}</span>`
			: html;
	},
});
