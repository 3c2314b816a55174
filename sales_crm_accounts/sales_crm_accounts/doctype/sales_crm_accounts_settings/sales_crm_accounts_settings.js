// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Sales CRM Accounts Settings", {
	setup(frm) {
		frm.set_query("billing_user", () => ({
			query: "frappe.core.doctype.user.user.user_query",
		}));
		frm.set_query("default_plan_template", () => ({ filters: { disabled: 0 } }));
	},

	async refresh(frm) {
		const run = (label, method, question) =>
			frm.add_custom_button(label, () =>
				frappe.confirm(question, async () => {
					const { message } = await frappe.xcall(
						`sales_crm_accounts.api.desk.${method}`
					);
					frappe.show_alert({ message, indicator: "blue" });
				})
			);
		run(__("Bill Now"), "run_billing", __("Raise every invoice that is due by today?"));
		run(
			__("Check the Installments"),
			"check_installments",
			__("Compare every installment with the payment ledger and repair what differs?")
		);
		frm.add_custom_button(__("Derive the Installments Anew"), derive_anew);
		frm.add_custom_button(
			__("Billing Runs"),
			() => frappe.set_route("List", "Deal Billing Run"),
			__("View")
		);
		frm.add_custom_button(
			__("Ledger Checks"),
			() => frappe.set_route("List", "Installment Ledger Check"),
			__("View")
		);
		show_runs(frm, await frappe.xcall("sales_crm_accounts.api.desk.run_state"));
	},
});

function derive_anew() {
	const dialog = new frappe.ui.Dialog({
		title: __("Derive the Installments Anew"),
		fields: [
			{
				fieldtype: "Link",
				fieldname: "company",
				label: __("Company"),
				options: "Company",
				description: __(
					"Without a company: all of them. Every figure of installments and deals is made again from the Payment Ledger."
				),
			},
		],
		primary_action_label: __("Derive Anew"),
		async primary_action({ company }) {
			dialog.hide();
			const { message } = await frappe.xcall(
				"sales_crm_accounts.api.desk.rebuild_installments",
				{ company: company || null }
			);
			frappe.show_alert({ message, indicator: "blue" });
		},
	});
	dialog.show();
}

function show_runs(frm, { billing, ledger }) {
	const link = sales_crm_accounts.deal.link;
	if (billing) {
		frm.set_df_property(
			"last_billing_date",
			"description",
			__("Last run {0}: {1} invoices raised, {2} failed.", [
				link("Deal Billing Run", billing.name),
				billing.billed_count,
				billing.failed_count,
			])
		);
	}
	if (ledger) {
		frm.set_df_property(
			"last_ledger_check",
			"description",
			__("Last check {0}: {1} invoices compared, {2} differed.", [
				link("Installment Ledger Check", ledger.name),
				ledger.invoices,
				ledger.differences,
			])
		);
	}
}
