frappe.provide("sales_crm_accounts.approvals");

// One place for colors, words and small pieces, so that banner, inbox, forms and lists agree.
Object.assign(sales_crm_accounts.approvals, {
	request_colors: {
		Open: "orange",
		Approved: "green",
		Rejected: "red",
		Withdrawn: "gray",
		Superseded: "gray",
		Closed: "gray",
	},

	breach_colors: { Open: "red", Explained: "green" },

	call(method, args) {
		return frappe.xcall(`sales_crm_accounts.api.approvals.${method}`, args);
	},

	esc(text) {
		return frappe.utils.escape_html(String(text ?? ""));
	},

	pill(status, colors = this.request_colors) {
		return `<span class="indicator-pill no-indicator-dot ${colors[status] || "gray"}">${__(
			status,
			null,
			"Approval Request"
		)}</span>`;
	},

	/** Day and time as the user writes them; the seconds say nothing here. */
	time(value) {
		return value ? frappe.datetime.str_to_user(value).replace(/(\d:\d\d):\d\d/, "$1") : "";
	},

	money(value, currency) {
		return `<span class="sca-money">${format_currency(value || 0, currency)}</span>`;
	},

	document_link(doctype, name) {
		return `<a href="${frappe.utils.get_form_link(doctype, name)}">${__(doctype)} ${this.esc(name)}</a>`;
	},

	/** "any one of 3", "2 of 4 needed", "all 3 needed": how many of a level's people have to sign. */
	rule_text(level) {
		const count = (level.people || []).length;
		if (count === 1) return "";
		if (level.rule === "All") return __("all {0} needed", [count]);
		if (level.needed === 1) return __("any one of {0}", [count]);
		return __("{0} of {1} needed", [level.needed, count]);
	},

	/** How long something waits, in the largest unit that says enough. */
	waiting_text(hours) {
		if (hours < 1) return __("less than an hour");
		if (hours < 24) return __("{0} h", [Math.round(hours)]);
		return __("{0} d", [Math.round(hours / 24)]);
	},
});
