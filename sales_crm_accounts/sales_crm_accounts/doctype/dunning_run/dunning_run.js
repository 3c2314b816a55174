// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Dunning Run", {
	refresh(frm) {
		const summary = frm.doc.__onload?.summary;
		if (!summary) return;
		const link = (doctype, filters, label, count) => {
			const query = new URLSearchParams({ dunning_run: frm.doc.name, ...filters });
			const href = `/app/${frappe.router.slug(doctype)}?${query}`;
			return `<tr><td><a href="${href}">${frappe.utils.escape_html(
				label
			)}</a></td><td class="text-right">${count}</td></tr>`;
		};
		const table = (title, rows) =>
			`<div class="col-sm-6"><h6>${title}</h6><table class="table table-sm">${
				rows.join("") || `<tr><td class="text-muted">${__("Nobody")}</td></tr>`
			}</table></div>`;
		frm.get_field("summary").$wrapper.html(
			`<div class="row">${table(
				__("Reminders"),
				summary.messages.map((row) =>
					link("Dunning Message", { status: row.status }, __(row.status), row.count)
				)
			)}${table(
				__("Passed Over"),
				summary.passed.map((row) =>
					link("Dunning Run Row", { reason: row.reason }, __(row.reason), row.count)
				)
			)}</div>`
		);
	},
});
