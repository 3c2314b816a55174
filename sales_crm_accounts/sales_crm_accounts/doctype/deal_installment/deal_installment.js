// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Deal Installment", {
	async refresh(frm) {
		const { doc } = frm;
		const { deal } = sales_crm_accounts;
		if (frm.is_new()) return;
		frm.page.set_indicator(__(doc.status), deal.installment_colors[doc.status]);
		frm.disable_save();
		show_state(frm);

		if (doc.sales_invoice || doc.status === "Cancelled") return;
		const can = await frappe.xcall("sales_crm_accounts.api.desk.installment_state", {
			installment: doc.name,
		});
		const button = (allowed, action, label) => {
			if (!allowed) return;
			frm.add_custom_button(label, async () => {
				await deal.installment_action(action, doc.name, {
					deal: doc.deal,
					milestone: doc.milestone,
				});
				frm.reload_doc();
			});
		};
		button(can.can_bill, "bill", __("Bill Now"));
		button(can.can_confirm, "confirm", __("Confirm"));
		button(can.can_unconfirm, "unconfirm", __("Take Back the Confirmation"));
		button(can.can_hold, "hold", __("Hold"));
		button(can.can_release, "release", __("Release"));
	},
});

// One sentence that says what happens next, and when.
function show_state(frm) {
	const { doc } = frm;
	const date = (value) => frappe.datetime.str_to_user(value);
	if (doc.on_hold && !doc.sales_invoice) {
		frm.set_intro(__("On hold: it is not billed until somebody releases it."), "orange");
	} else if (doc.last_error && !doc.sales_invoice) {
		frm.set_intro(
			__(
				"It could not be billed. Remedy what stands under Reason below; the next run tries again."
			),
			"red"
		);
	} else if (doc.status === "Ready") {
		frm.set_intro(__("Ready: the next billing run raises its invoice."), "blue");
	} else if (doc.status === "Planned") {
		if (doc.billing_trigger === "On Milestone" && !doc.confirmed_on) {
			frm.set_intro(
				__("It is billed when the milestone {0} is confirmed.", [doc.milestone]),
				"blue"
			);
		} else if (doc.billing_trigger === "On Delivery" && !doc.confirmed_on) {
			frm.set_intro(__("It is billed when the goods are delivered."), "blue");
		} else if (doc.planned_invoice_date) {
			frm.set_intro(__("It is billed on {0}.", [date(doc.planned_invoice_date)]), "blue");
		}
	}
}
