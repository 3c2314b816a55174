// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const approvals = sales_crm_accounts.approvals;

frappe.ui.form.on("Approval Request", {
	refresh(frm) {
		frm.disable_save();
		const { reference_doctype: doctype, reference_name: name } = frm.doc;
		frm.toggle_display(["route_html", "approvers", "content", "frozen_route"], false);
		frm.add_custom_button(__("Open {0}", [__(doctype)]), () =>
			frappe.set_route("Form", doctype, name)
		);
		frm.add_custom_button(__("Open in the Inbox"), () =>
			frappe.set_route("approvals", frm.doc.name)
		);
		frm.request_banner ??= new approvals.Banner(frm, {
			read: () => approvals.call("request_state", { request: frm.doc.name }),
		});
		frm.request_banner.refresh();
		frappe.model.with_doctype(doctype, () => show_content(frm));
	},
});

// The fields that were approved, as tables in the reader's words instead of JSON.
function show_content(frm) {
	const { content, reference_doctype } = frm.doc;
	frm.content_area ??= $("<div></div>").insertAfter(frm.fields_dict.content.$wrapper);
	const { fields = {}, rows = {} } = JSON.parse(content || "{}");
	const { esc } = approvals;
	const label = (doctype, fieldname) =>
		esc(__(frappe.meta.get_label(doctype, fieldname), null, doctype));
	const filled = (value) => value !== "" && value !== null && value !== "0" && value !== 0;
	const lines = Object.entries(fields)
		.filter(([, value]) => filled(value))
		.map(
			([name, value]) =>
				`<div><dt>${label(reference_doctype, name)}</dt><dd>${esc(value)}</dd></div>`
		);
	const tables = Object.entries(rows)
		.filter(([, entries]) => entries.length)
		.map(([table, entries]) => {
			const child = frappe.meta.get_docfield(reference_doctype, table)?.options;
			const columns = [...new Set(entries.flatMap((row) => Object.keys(row)))].filter(
				(name) => entries.some((row) => filled(row[name]))
			);
			return `
				<h5>${label(reference_doctype, table)}</h5>
				<div class="sca-scroll"><table class="sca-lines">
					<thead><tr>${columns.map((name) => `<th>${label(child, name)}</th>`).join("")}</tr></thead>
					<tbody>${entries
						.map(
							(row) =>
								`<tr>${columns.map((name) => `<td>${esc(row[name])}</td>`).join("")}</tr>`
						)
						.join("")}</tbody>
				</table></div>`;
		});
	frm.content_area.html(
		`<div class="sca-detail-part"><dl class="sca-facts">${lines.join("")}</dl>${tables.join("")}</div>`
	);
}
