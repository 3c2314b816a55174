// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Credit Hold", {
	refresh(frm) {
		if (frm.is_new()) return;
		frm.disable_save();
		if (frm.doc.status !== "On Hold" || !frm.has_perm("write")) return;
		frm.add_custom_button(__("Lift the Hold"), () =>
			sales_crm_accounts.collections.lift_hold(frm.doc.name, () => frm.reload_doc())
		);
	},
});
