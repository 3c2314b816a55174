frappe.provide("sales_crm_accounts.deal");

// One place for the colors, so that form, list, calendar, report and cash panel agree.
Object.assign(sales_crm_accounts.deal, {
	deal_colors: {
		Open: "blue",
		Won: "green",
		Completed: "green",
		Lost: "gray",
		Cancelled: "red",
	},

	installment_colors: {
		Planned: "gray",
		Ready: "yellow",
		Billed: "blue",
		"Partly Paid": "orange",
		Paid: "green",
		Overdue: "red",
		"Written Off": "purple",
		Cancelled: "gray",
	},

	// Colors of the calendar's own palette (frappe.ui.color), keyed like the pills.
	calendar_class(status) {
		return {
			Paid: "success",
			Won: "success",
			Completed: "success",
			Overdue: "danger",
			"Partly Paid": "warning",
		}[status];
	},

	pill(status, colors) {
		const color = colors[status] || "gray";
		return `<span class="indicator-pill ${color} no-indicator-dot">${__(status)}</span>`;
	},

	money(value, currency) {
		return `<span class="sca-money">${format_currency(value || 0, currency)}</span>`;
	},

	date(value) {
		return value ? frappe.datetime.str_to_user(value) : "";
	},

	link(doctype, name, label) {
		if (!name) return "";
		const href = frappe.utils.get_form_link(doctype, name);
		return `<a href="${href}">${frappe.utils.escape_html(label || name)}</a>`;
	},
});
