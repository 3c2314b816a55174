// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Cash Forecast", {
	refresh(frm) {
		frm.add_custom_button(__("Compare with What Came"), () =>
			frappe.set_route("query-report", "Cash Forecast", {
				company: frm.doc.company,
				view: "Kept and Received",
				kept: frm.doc.name,
			})
		);
	},
});
