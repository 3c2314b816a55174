// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Approval Step", {
	refresh(frm) {
		frm.disable_save();
		frm.add_custom_button(__("Open the Request"), () =>
			frappe.set_route("Form", "Approval Request", frm.doc.request)
		);
	},
});
