// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const QUERY = "sales_crm_accounts.api.approvals.content_fields";

frappe.ui.form.on("Approval Content Rule", {
	setup(frm) {
		frm.set_query("document_type", () => ({ filters: { is_submittable: 1, istable: 0 } }));
		const { grid } = frm.fields_dict.fields_listed;
		grid.get_field("table_field").get_query = () => ({
			query: QUERY,
			params: { doctype: frm.doc.document_type, tables_only: 1 },
		});
		grid.get_field("field").get_query = (doc, cdt, cdn) => ({
			query: QUERY,
			params: {
				doctype: frm.doc.document_type,
				table: frappe.get_doc(cdt, cdn)?.table_field || "",
			},
		});
	},

	refresh: describe,
	mode: describe,
	document_type: describe,
});

frappe.ui.form.on("Approval Content Field", {
	table_field(frm, cdt, cdn) {
		frappe.model.set_value(cdt, cdn, "field", "");
	},
});

function describe(frm) {
	const { doc } = frm;
	frm.set_intro("");
	if (!doc.document_type) return;
	const text =
		doc.mode === "Only Those Listed"
			? __(
					"Approval of a {0} is asked for again only when one of the fields below changes.",
					[__(doc.document_type)]
				)
			: __(
					"Approval of a {0} is asked for again when any field changes, except those below and notes, layout and the like.",
					[__(doc.document_type)]
				);
	frm.set_intro(frappe.utils.escape_html(text), "blue");
}
