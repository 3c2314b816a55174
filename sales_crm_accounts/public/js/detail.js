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

	/** A figure with its label; `tone` is good, bad or nothing. A note, also an empty one, takes a line below. */
	card(label, value, tone = "", note = null) {
		return `
			<div class="sca-card ${tone}">
				<div class="sca-card-label">${label}</div>
				<div class="sca-card-value">${value}</div>
				${note === null ? "" : `<div class="sca-card-note">${note || "&nbsp;"}</div>`}
			</div>`;
	},

	/** Tabs of [value, label, count]; the value is in the attribute `data-<key>`. */
	tabs(entries, chosen, key) {
		return entries
			.map(
				([value, label, count]) => `
				<button type="button" role="tab" data-${key}="${value}" aria-selected="${value === chosen}">${label}${
					count ? ` <span class="sca-count">${count}</span>` : ""
				}</button>`
			)
			.join("");
	},
});
