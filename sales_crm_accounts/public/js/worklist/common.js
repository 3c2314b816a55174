frappe.provide("sales_crm_accounts.worklist");

// Small pieces that the list and the call share.
Object.assign(sales_crm_accounts.worklist, {
	call(method, args) {
		return frappe.xcall(`sales_crm_accounts.api.worklist.${method}`, args);
	},

	esc(text) {
		return frappe.utils.escape_html(String(text ?? ""));
	},

	money(value, currency) {
		return `<span class="sca-money">${format_currency(value || 0, currency)}</span>`;
	},

	day(value) {
		return value ? frappe.datetime.str_to_user(String(value).slice(0, 10)) : "";
	},

	/** "today", "yesterday", "5 days ago": how long it is since somebody last spoke with them. */
	ago(value) {
		const days = frappe.datetime.get_day_diff(
			frappe.datetime.get_today(),
			String(value).slice(0, 10)
		);
		if (days <= 0) return __("today");
		if (days === 1) return __("yesterday");
		return __("{0} days ago", [days]);
	},

	/** 1: best left for later, 4: to be called first. */
	heat(score) {
		return score >= 60 ? 4 : score >= 40 ? 3 : score >= 20 ? 2 : 1;
	},

	pill(text, color) {
		return `<span class="indicator-pill no-indicator-dot ${color}">${this.esc(text)}</span>`;
	},

	/** The name as a link where the user may open the document. */
	link(doctype, name, label) {
		const text = this.esc(label || name);
		if (!name || !frappe.model.can_read(doctype)) return text;
		return `<a href="${frappe.utils.get_form_link(doctype, name)}">${text}</a>`;
	},
});
