// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const { collections } = sales_crm_accounts;

frappe.ui.form.on("Collection Note", {
	setup: collections.set_queries,

	refresh(frm) {
		collections.show_part(frm);
		if (frm.is_new() || !frm.doc.customer) return;
		const source = frm.doc.sales_invoice
			? { sales_invoice: frm.doc.sales_invoice }
			: { customer: frm.doc.customer, company: frm.doc.company };
		for (const [doctype, label] of [
			["Promise to Pay", __("Promise to Pay")],
			["Receivable Dispute", __("Dispute")],
		]) {
			if (frappe.model.can_create(doctype))
				frm.add_custom_button(
					label,
					() => collections.make(doctype, source),
					__("Collect")
				);
		}
	},

	sales_invoice: (frm) => collections.show_part(frm),
});
