// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Charge Waiver", {
	setup(frm) {
		frm.set_query("receivable_charge", () => ({
			filters: { status: ["not in", ["Cancelled", "Waived"]] },
		}));
	},

	onload(frm) {
		if (frm.is_new() && frm.doc.receivable_charge) frm.trigger("receivable_charge");
	},

	// The server fills these again when the waiver is saved.
	async receivable_charge(frm) {
		if (!frm.doc.receivable_charge) return;
		const charge = await frappe.db.get_doc("Receivable Charge", frm.doc.receivable_charge);
		for (const field of ["company", "customer", "customer_name", "kind", "sales_invoice"]) {
			frm.set_value(field, charge[field]);
		}
		await frm.set_value("currency", charge.currency);
		frm.set_value("still_claimed", charge.claimed_amount);
		if (!flt(frm.doc.amount)) frm.set_value("amount", charge.claimed_amount);
	},
});
