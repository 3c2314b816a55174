// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Customer Statement Mail", {
	refresh(frm) {
		frm.disable_form();
		if (frm.doc.bounced_on) {
			frm.dashboard.clear_headline();
			frm.dashboard.set_headline_alert(
				__("The mail to {0} came back. The next statement waits for another address.", [
					frappe.utils.escape_html(frm.doc.bounced_address),
				]),
				"red"
			);
		}
		sales_crm_accounts.collections.add_came_back(
			frm,
			"sales_crm_accounts.api.statements.came_back"
		);
	},
});
