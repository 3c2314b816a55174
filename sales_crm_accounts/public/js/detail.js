frappe.provide("sales_crm_accounts.detail");

// Pieces that pages with everything about one document share; texts and values come as HTML.
Object.assign(sales_crm_accounts.detail, {
	/** [heading, content] one below the other; what has no content is left out. */
	sections(parts) {
		return parts
			.filter(([, html]) => html)
			.map(
				([title, html]) =>
					`<section class="sca-detail-part"><h5>${title}</h5>${html}</section>`
			)
			.join("");
	},

	/** A figure with its label; `tone` is good, bad or nothing. */
	card(label, value, tone = "") {
		return `
			<div class="sca-card ${tone}">
				<div class="sca-card-label">${label}</div>
				<div class="sca-card-value">${value}</div>
			</div>`;
	},
});
