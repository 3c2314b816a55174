// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Receivable Charge", {
	setup(frm) {
		frm.set_query("sales_invoice", () => ({
			filters: {
				docstatus: 1,
				is_return: 0,
				company: frm.doc.company,
				customer: frm.doc.customer,
			},
		}));
	},

	async refresh(frm) {
		if (frm.is_new()) {
			frm.set_df_property("kind", "read_only", 1);
			frm.set_intro(
				__("A fee. Interest is claimed from the list by Charge Interest."),
				"blue"
			);
			return;
		}
		// What is claimed is waived or cancelled, not edited.
		frm.disable_save();
		const name = frm.doc.name;
		const can = await frappe.xcall("sales_crm_accounts.api.charges.form_state", { name });
		if (frm.doc.name !== name) return;
		if (can.can_invoice) frm.add_custom_button(__("Make Invoice"), () => invoice(frm));
		if (can.can_waive) {
			frm.add_custom_button(__("Waive"), () =>
				frappe.new_doc("Charge Waiver", { receivable_charge: name })
			);
		}
		if (can.can_cancel) frm.add_custom_button(__("Cancel Claim"), () => cancel(frm));
	},

	async sales_invoice(frm) {
		if (!frm.is_new() || !frm.doc.sales_invoice) return;
		const { message } = await frappe.db.get_value("Sales Invoice", frm.doc.sales_invoice, [
			"company",
			"customer",
			"party_account_currency",
		]);
		await frm.set_value({
			company: message.company,
			customer: message.customer,
			currency: message.party_account_currency,
		});
	},
});

async function invoice(frm) {
	const [result] = await frappe.xcall("sales_crm_accounts.api.charges.make_invoices", {
		names: [frm.doc.name],
	});
	if (result && !result.invoice) {
		frappe.msgprint({
			title: __("Not Invoiced"),
			message: frappe.utils.escape_html(result.reason),
			indicator: "red",
		});
	}
	frm.reload_doc();
}

function cancel(frm) {
	frappe.prompt(
		{ fieldname: "reason", label: __("Reason"), fieldtype: "Small Text", reqd: 1 },
		async ({ reason }) => {
			await frappe.xcall("sales_crm_accounts.api.charges.cancel", {
				name: frm.doc.name,
				reason,
			});
			frm.reload_doc();
		},
		__("Cancel Claim"),
		__("Cancel Claim")
	);
}
