// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const { collections } = sales_crm_accounts;

frappe.ui.form.on("Receivable Dispute", {
	setup: collections.set_queries,

	refresh(frm) {
		const { doc } = frm;
		if (!frm.is_new()) {
			frm.page.set_indicator(
				__(doc.status, null, "Receivable Dispute"),
				collections.dispute_colors[doc.status]
			);
		}
		collections.show_part(frm, "disputed_amount");
		if (
			!frm.is_new() &&
			doc.status !== "Cancelled" &&
			frappe.model.can_create("Write-off Proposal")
		) {
			frm.add_custom_button(__("Propose Write-Off"), () =>
				collections.propose_write_off({ dispute: doc.name })
			);
		}
		if (frm.is_new() || !frm.has_perm("write")) return;
		if (doc.status !== "Open") {
			frm.add_custom_button(__("Reopen"), async () => {
				await collections.call("reopen_dispute", { dispute: doc.name });
				await frm.reload_doc();
			});
			return;
		}
		frm.add_custom_button(__("Resolve"), () => resolve(frm)).addClass("btn-primary");
		frm.add_custom_button(__("Cancel the Dispute"), () =>
			collections.ask(
				frm,
				__("Cancel the Dispute"),
				"cancel_dispute",
				{ dispute: doc.name },
				"reason"
			)
		);
	},

	sales_invoice: (frm) => collections.show_part(frm, "disputed_amount"),
	installment_no: (frm) => collections.show_part(frm, "disputed_amount"),
});

function resolve(frm) {
	const outcomes = ["Credit", "Rebill", "Reject"];
	const dialog = new frappe.ui.Dialog({
		title: __("Resolve the Dispute"),
		fields: [
			{
				fieldtype: "Select",
				fieldname: "outcome",
				label: __("Outcome"),
				reqd: 1,
				options: outcomes.map((value) => ({
					value,
					label: __(value, null, "Receivable Dispute"),
				})),
			},
			{
				fieldtype: "Link",
				fieldname: "credit_note",
				label: __("Credit Note"),
				options: "Sales Invoice",
				depends_on: "eval:['Credit', 'Rebill'].includes(doc.outcome)",
				mandatory_depends_on: "eval:doc.outcome === 'Credit'",
				description: __("A submitted credit note of the invoice."),
				get_query: () => ({
					filters: {
						return_against: frm.doc.sales_invoice,
						is_return: 1,
						docstatus: 1,
					},
				}),
			},
			{ fieldtype: "Small Text", fieldname: "remark", label: __("Remarks") },
		],
		primary_action_label: __("Resolve"),
		async primary_action({ outcome, credit_note, remark }) {
			await collections.call("resolve_dispute", {
				dispute: frm.doc.name,
				outcome,
				credit_note: outcome === "Reject" ? null : credit_note || null,
				remark: remark || "",
			});
			dialog.hide();
			await frm.reload_doc();
		},
	});
	dialog.show();
}
