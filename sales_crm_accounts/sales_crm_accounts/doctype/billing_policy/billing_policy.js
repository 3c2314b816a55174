// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Billing Policy", {
	setup(frm) {
		const of_company = (extra) => () => ({ filters: { company: frm.doc.company, ...extra } });
		frm.set_query(
			"debit_to",
			of_company({ account_type: "Receivable", is_group: 0, disabled: 0 })
		);
		frm.set_query("income_account", () => ({
			query: "erpnext.controllers.queries.get_income_account",
			filters: { company: frm.doc.company, disabled: 0 },
		}));
		frm.set_query("cost_center", of_company({ is_group: 0, disabled: 0 }));
		frm.set_query("taxes_and_charges", of_company({ disabled: 0 }));
		frm.set_query("tc_name", () => ({ filters: { selling: 1, disabled: 0 } }));
		frm.set_query("letter_head", () => ({ filters: { disabled: 0 } }));
		frm.set_query("print_format", () => ({
			filters: { doc_type: "Sales Invoice", disabled: 0 },
		}));
	},

	refresh(frm) {
		frappe.model.with_doctype("Sales Invoice", () => {
			const series =
				frappe.meta.get_docfield("Sales Invoice", "naming_series")?.options || "";
			frm.set_df_property("naming_series", "options", series.split("\n").filter(Boolean));
		});
		describe(frm);
	},

	company(frm) {
		for (const field of ["debit_to", "income_account", "cost_center", "taxes_and_charges"]) {
			if (frm.doc[field]) frm.set_value(field, "");
		}
		describe(frm);
	},
	for_customer_group: describe,
	for_territory: describe,
	min_amount: describe,
	max_amount: describe,
	invoicing_method: describe,
	automatic_billing: describe,
	submit_invoices: describe,
	days_ahead: describe,
	disabled: describe,
});

// The policy in words: which deals it is for, and what happens to them.
async function describe(frm) {
	const { doc } = frm;
	frm.set_intro("");
	if (!doc.company) return;
	const currency = frappe.get_doc(":Company", doc.company)?.default_currency;
	const money = (value) => frappe.utils.html2text(format_currency(value, currency));
	const scope = [];
	if (doc.for_customer_group) scope.push(__("customer group {0}", [__(doc.for_customer_group)]));
	if (doc.for_territory) scope.push(__("territory {0}", [__(doc.for_territory)]));
	if (doc.min_amount) scope.push(__("from {0}", [money(doc.min_amount)]));
	if (doc.max_amount) scope.push(__("up to {0}", [money(doc.max_amount)]));
	const who = scope.length
		? __("Deals of {0} ({1})", [doc.company, scope.join(", ")])
		: __("All deals of {0} that no narrower policy covers", [doc.company]);
	const how =
		doc.invoicing_method === "One Invoice with Schedule"
			? __("one invoice with a payment schedule")
			: __("an invoice per installment");
	const when = !doc.automatic_billing
		? __("raised by hand")
		: doc.days_ahead
			? __("raised {0} days ahead", [doc.days_ahead])
			: __("raised on the day");
	const state = doc.submit_invoices ? __("submitted") : __("left as drafts");
	let text = __("{0}: {1}, {2}, {3}.", [who, how, when, state]);
	if (doc.disabled)
		text = __(
			"Disabled: it covers no more deals. Deals that were won under it are still billed by it."
		);
	else if (!frm.is_new() && !frm.is_dirty()) {
		const cover = await frappe.xcall("sales_crm_accounts.api.desk.policy_coverage", {
			policy: doc.name,
		});
		const numbers = [cover.covered, cover.looked_at];
		text += ` ${
			cover.capped
				? __("It covers {0} of the {1} open deals looked at.", numbers)
				: __("It covers {0} of {1} open deals.", numbers)
		}`;
	}
	frm.set_intro("");
	frm.set_intro(frappe.utils.escape_html(text), doc.disabled ? "orange" : "blue");
}
