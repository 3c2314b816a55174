// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Approver Limit", {
	setup(frm) {
		frm.set_query("user", () => ({ filters: { enabled: 1, user_type: "System User" } }));
		frm.set_query("role", () => ({ filters: { disabled: 0, desk_access: 1 } }));
	},

	onload(frm) {
		if (frm.is_new() && !frm.doc.currency) {
			frm.set_value("currency", frappe.boot.sysdefaults.currency);
		}
	},

	company(frm) {
		const currency = frappe.get_doc(":Company", frm.doc.company)?.default_currency;
		if (currency) frm.set_value("currency", currency);
	},

	limit_for(frm) {
		frm.set_value(frm.doc.limit_for === "User" ? "role" : "user", "");
	},
});
