// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const { collections } = sales_crm_accounts;

frappe.ui.form.on("Collection Pause", {
	setup: collections.set_queries,

	refresh(frm) {
		collections.show_part(frm);
		if (frm.is_new() || !frm.doc.active || !frm.has_perm("write")) return;
		frm.add_custom_button(__("End the Pause"), async () => {
			await collections.call("end_pause", { pause: frm.doc.name });
			await frm.reload_doc();
		});
	},

	sales_invoice: (frm) => collections.show_part(frm),
});
