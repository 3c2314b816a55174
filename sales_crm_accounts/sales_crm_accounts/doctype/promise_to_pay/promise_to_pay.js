// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const { collections } = sales_crm_accounts;

frappe.ui.form.on("Promise to Pay", {
	setup: collections.set_queries,

	refresh(frm) {
		const { doc } = frm;
		if (!frm.is_new()) {
			frm.page.set_indicator(
				__(doc.status, null, "Promise to Pay"),
				collections.promise_colors[doc.status]
			);
		}
		collections.show_part(frm, "amount");
		if (
			frm.is_new() ||
			!frm.has_perm("write") ||
			(doc.status === "Cancelled" && !doc.judged_on)
		)
			return;
		// A promise that has its verdict is history: only who may delete it may take it out.
		if (doc.status !== "Open" && !frm.has_perm("delete")) return;
		frm.add_custom_button(__("Cancel the Promise"), () =>
			collections.ask(
				frm,
				__("Cancel the Promise"),
				"withdraw_promise",
				{ promise: doc.name },
				"reason"
			)
		);
	},

	sales_invoice: (frm) => collections.show_part(frm, "amount"),
	installment_no: (frm) => collections.show_part(frm, "amount"),
});
