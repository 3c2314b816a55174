// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Deal Expense", {
	setup(frm) {
		// The posting is cancelled with the expense; Frappe would try to cancel it first.
		frm.ignore_doctypes_on_cancel_all = [
			"Journal Entry",
			"Purchase Invoice",
			"Expense Claim",
			"GL Entry",
			"Payment Ledger Entry",
		];
		const of_company = (extra) => () => ({ filters: { company: frm.doc.company, ...extra } });
		const alive = () => ({ filters: { status: ["not in", ["Lost", "Cancelled"]] } });
		frm.set_query("deal", alive);
		frm.set_query("deal", "shares", () => ({
			filters: { ...alive().filters, company: frm.doc.company },
		}));
		frm.set_query("category", () => ({ filters: { disabled: 0 } }));
		frm.set_query("employee", () => ({ filters: { status: "Active" } }));
		frm.set_query("supplier", () => ({ filters: { disabled: 0 } }));
		frm.set_query("tax_template", of_company({ disabled: 0 }));
		frm.set_query("cost_center", of_company({ is_group: 0, disabled: 0 }));
		frm.set_query(
			"expense_account",
			of_company({ is_group: 0, disabled: 0, root_type: "Expense" })
		);
		frm.set_query(
			"paid_from",
			of_company({
				is_group: 0,
				disabled: 0,
				root_type: ["in", ["Asset", "Liability"]],
				account_type: ["in", ["Bank", "Cash"]],
			})
		);
	},

	onload(frm) {
		if (frm.is_new() && frm.doc.deal) frm.trigger("deal");
	},

	refresh(frm) {
		frm.toggle_display("conversion_rate", is_foreign(frm));
		frm.toggle_display(["base_net_amount", "base_total_amount"], is_foreign(frm));
		// Others are asked on the server as well; here the tick is only out of the way.
		const accountant = ["Accounts User", "Accounts Manager"].some((role) =>
			frappe.user.has_role(role)
		);
		frm.toggle_display("not_a_duplicate", accountant || frm.doc.not_a_duplicate);
		for (const [field, doctype] of Object.entries(CHOSEN)) {
			// Empty and not theirs to choose: out of the way; accounting fills it in.
			frm.set_df_property(field, "read_only", can_choose(doctype) ? 0 : 1);
		}
		if (!can_choose("Supplier")) {
			frm.set_df_property(
				"paid_by",
				"description",
				__(
					"Supplier: the bill is still to be paid. Name the supplier below; accounting chooses it."
				)
			);
		}
		sales_crm_accounts.posting.show(frm);
		if (frm.doc.voucher_no && frappe.model.can_read(frm.doc.voucher_type)) {
			frm.add_custom_button(
				__(frm.doc.voucher_type),
				() => frappe.set_route("Form", frm.doc.voucher_type, frm.doc.voucher_no),
				__("View")
			);
		}
		if (!frm.is_new()) show_budget(frm);
	},

	async deal(frm) {
		await fill_defaults(frm, ["company", "currency", "tax_template"]);
	},

	async category(frm) {
		await fill_defaults(frm, ["tax_template"]);
	},

	currency(frm) {
		frm.set_value("conversion_rate", null);
		frm.toggle_display("conversion_rate", is_foreign(frm));
	},

	split_by: (frm) => frm.refresh_field("shares"),
});

// What ERPNext lets not everybody choose who may enter an expense.
const CHOSEN = {
	supplier: "Supplier",
	employee: "Employee",
	tax_template: "Purchase Taxes and Charges Template",
};

function can_choose(doctype) {
	return frappe.model.can_select(doctype) || frappe.model.can_read(doctype);
}

function company_currency(frm) {
	return frappe.get_doc(":Company", frm.doc.company)?.default_currency;
}

function is_foreign(frm) {
	return Boolean(
		frm.doc.company && frm.doc.currency && frm.doc.currency !== company_currency(frm)
	);
}

async function fill_defaults(frm, fields) {
	const { deal, category } = frm.doc;
	if (!deal) return;
	const found = await frappe.xcall("sales_crm_accounts.api.expenses.defaults", {
		deal,
		category: category || "",
	});
	if (frm.doc.deal !== deal || frm.doc.category !== category) return;
	for (const field of fields) {
		const keep = field === "currency" && frm.doc.currency;
		if (!keep && (frm.doc[field] || "") !== (found[field] || ""))
			await frm.set_value(field, found[field]);
	}
	if (!found.has_account) {
		frappe.show_alert({
			message: __(
				"The category has no account for this company yet. The expense can be saved; the accountant sets the account before it is posted."
			),
			indicator: "orange",
		});
	}
}

async function show_budget(frm) {
	const { name } = frm.doc;
	const asked = (frm.budget_asked = (frm.budget_asked || 0) + 1);
	const rows = await frappe.xcall("sales_crm_accounts.api.expenses.budgets", { expense: name });
	// A form is refreshed more than once; a headline is added to what is there.
	if (frm.doc.name !== name || frm.budget_asked !== asked || !rows.length) return;
	const money = (value) => format_currency(value, company_currency(frm));
	const lines = rows.map((row) =>
		row.left < 0
			? __("{0}: planned {1}, spent {2}, with this expense {3} too much.", [
					row.deal,
					money(row.planned),
					money(row.spent),
					money(-row.left),
				])
			: __("{0}: planned {1}, spent {2}, left after this expense {3}.", [
					row.deal,
					money(row.planned),
					money(row.spent),
					money(row.left),
				])
	);
	frm.dashboard.set_headline_alert(
		lines.join("<br>"),
		rows.some((row) => row.left < 0) ? "orange" : "blue"
	);
}
