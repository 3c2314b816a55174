// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const api = (method, args) => frappe.xcall(`sales_crm_accounts.api.write_offs.${method}`, args);

frappe.ui.form.on("Write-off Proposal", {
	setup(frm) {
		// The posting is cancelled with the proposal; Frappe would try to cancel it first.
		frm.ignore_doctypes_on_cancel_all = ["Journal Entry", "GL Entry", "Payment Ledger Entry"];
		// Posting and recovering make these; an empty one would say nothing.
		frm.can_make_methods = { "Journal Entry": () => false, "Write-off Proposal": () => false };
		frm.set_query("write_off_account", () => ({
			filters: { name: ["in", frm.write_off_accounts || []] },
		}));
		frm.set_query("cost_center", () => ({
			filters: { company: frm.doc.company, is_group: 0, disabled: 0 },
		}));
		frm.set_query("sales_invoice", "installments", () => ({
			query: "sales_crm_accounts.api.collections.invoice_query",
			filters: { company: frm.doc.company },
		}));
	},

	async onload(frm) {
		if (frm.is_new() && frm.doc.company) frm.trigger("company");
		else if (frm.doc.docstatus === 0 && frappe.model.can_create("Write-off Proposal"))
			frm.write_off_accounts = (
				await api("defaults", { company: frm.doc.company })
			).accounts;
	},

	refresh(frm) {
		const { doc } = frm;
		sales_crm_accounts.posting.show(frm);
		const recovery = doc.kind === "Recovery";
		frm.toggle_enable(["relieve_tax", "write_off_account"], !recovery);
		frm.set_df_property("installments", "cannot_add_rows", recovery);
		show_totals(frm);
		if (!frm.is_new() && doc.docstatus === 0 && !recovery && frm.has_perm("write")) {
			frm.add_custom_button(__("Propose"), () => propose(frm));
		}
		if (doc.docstatus === 1 && !recovery && frappe.model.can_create("Write-off Proposal")) {
			frm.add_custom_button(__("Money Came after All"), async () => {
				const name = await api("recover", { proposal: doc.name });
				frappe.set_route("Form", "Write-off Proposal", name);
			});
		}
	},

	async company(frm) {
		const { company } = frm.doc;
		if (!company) return;
		const found = await api("defaults", { company });
		if (frm.doc.company !== company) return;
		frm.write_off_accounts = found.accounts;
		for (const field of ["write_off_account", "cost_center", "relieve_tax"])
			await frm.set_value(field, found[field]);
	},
});

frappe.ui.form.on("Write-off Proposal Row", {
	amount: (frm) => show_totals(frm),
	installments_remove: (frm) => show_totals(frm),
	// Another invoice: the server fills the row again when the proposal is saved.
	sales_invoice: (frm, cdt, cdn) => frappe.model.set_value(cdt, cdn, "amount", 0),
});

async function propose(frm) {
	if (frm.is_dirty()) await frm.save();
	const added = await api("propose", { proposal: frm.doc.name });
	await frm.reload_doc();
	frappe.show_alert(
		added
			? { message: __("{0} installments were added.", [added]), indicator: "green" }
			: {
					message: __(
						"Nothing more to propose by the rule in Company Receivables Settings."
					),
					indicator: "blue",
				}
	);
}

/** What is given up, one figure for each currency; under it what a recovery is for. */
function show_totals(frm) {
	const sums = {};
	for (const row of frm.doc.installments || []) {
		if (!row.currency) continue;
		sums[row.currency] = sums[row.currency] || { amount: 0, rows: 0, customers: new Set() };
		sums[row.currency].amount += flt(row.amount);
		sums[row.currency].rows += 1;
		sums[row.currency].customers.add(row.customer);
	}
	frm.dashboard.clear_headline();
	const parts = Object.entries(sums).map(([currency, sum]) =>
		__("{0} (installments: {1}, customers: {2})", [
			format_currency(sum.amount, currency),
			sum.rows,
			sum.customers.size,
		])
	);
	const lines = [parts.join(" &nbsp;·&nbsp; ")];
	if (frm.doc.kind === "Recovery" && frm.doc.docstatus === 0) {
		lines.push(
			__(
				"Opens again what was written off, as money came after all. Enter what came; then book the payment on the invoice as any other."
			)
		);
	}
	const headline = lines.filter(Boolean).join("<br>");
	if (headline) frm.dashboard.set_headline(headline);
}
