// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const { plan, totals } = sales_crm_accounts.deal;

const KEEP_ON_CANCEL = [
	"Asset",
	"Asset Capitalization",
	"Asset Repair",
	"Asset Value Adjustment",
	"Budget",
	"Deal Change",
	"Deal Expense",
	"Delivery Note",
	"Dunning",
	"Expense Claim",
	"GL Entry",
	"Journal Entry",
	"Landed Cost Voucher",
	"Material Request",
	"Payment Entry",
	"Payment Ledger Entry",
	"Payment Request",
	"POS Invoice",
	"Purchase Invoice",
	"Purchase Order",
	"Purchase Receipt",
	"Quotation",
	"Request for Quotation",
	"Sales Invoice",
	"Sales Order",
	"Stock Entry",
	"Stock Reconciliation",
	"Subcontracting Order",
	"Subcontracting Receipt",
	"Supplier Quotation",
];

// Connections that are made elsewhere: the source comes before the deal, the others need more than the deal.
const NOT_MADE_HERE = [
	"Opportunity",
	"Quotation",
	"Charge Waiver",
	"Journal Entry",
	"Payment Request",
	"Stock Entry",
];

// What a customer's own settings replace, whatever stood there.
const FOLLOW_CUSTOMER = ["currency", "taxes_and_charges"];
const OF_CUSTOMER = ["customer_address", "contact_person"];

frappe.ui.form.on("Deal", {
	setup(frm) {
		set_queries(frm);
		// Frappe would offer to cancel everything that names the deal. What stands in the way is said by before_cancel.
		frm.ignore_doctypes_on_cancel_all = KEEP_ON_CANCEL;
		frm.can_make_methods = Object.fromEntries(
			NOT_MADE_HERE.map((name) => [name, () => false])
		);
	},

	onload(frm) {
		if (frm.is_new()) fill_defaults(frm).then(() => complete_items(frm));
	},

	async refresh(frm) {
		// Frappe's "Submit this document to confirm": a deal is won by its own button.
		frm.dashboard.clear_comment();
		frm.stage_bar ??= new sales_crm_accounts.deal.StageBar(frm);
		frm.stage_bar.refresh();
		frm.toggle_display(
			["conversion_rate", "keep_rate"],
			frm.doc.currency !== company_currency(frm)
		);
		frm.toggle_display(
			["base_net_total", "base_grand_total"],
			frm.doc.currency !== company_currency(frm)
		);
		totals.show_plan_sum(frm);
		show_cash(frm);
		if (frm.doc.docstatus === 1) {
			sales_crm_accounts.collections.add_buttons(
				frm,
				{ deal: frm.doc.name },
				flt(frm.doc.outstanding_amount) > 0
			);
		}
		show_profit(frm);
		if (!frm.is_new()) {
			sales_crm_accounts.deal.show_credit(frm);
			await sales_crm_accounts.deal.show_head(frm);
		}
	},

	validate(frm) {
		// The tab key on the last cell adds a row; one that was left empty is not meant.
		drop_empty_rows(frm, "items", (row) => row.item_code);
		drop_empty_rows(frm, "plan", (row) => row.description || row.amount);
	},

	company(frm) {
		if (!frm.doc.company) return;
		frm.set_value("currency", company_currency(frm));
		for (const field of [
			"taxes_and_charges",
			"cost_center",
			"project",
			"billing_policy",
			"plan_template",
		]) {
			if (frm.doc[field]) frm.set_value(field, "");
		}
		if (frm.doc.customer) frm.trigger("customer");
		else fill_taxes(frm);
	},

	async customer(frm) {
		if (!frm.doc.customer || !frm.doc.company) return;
		const defaults = await frappe.xcall("sales_crm_accounts.api.desk.customer_defaults", {
			customer: frm.doc.customer,
			company: frm.doc.company,
			customer_address: frm.doc.customer_address || null,
			contact_person: frm.doc.contact_person || null,
		});
		const { sales_team, ...values } = defaults;
		// Those of another customer do not stay.
		for (const field of OF_CUSTOMER) {
			if ((frm.doc[field] || null) !== (values[field] || null))
				await frm.set_value(field, values[field] || null);
			delete values[field];
		}
		if (!frm.doc.contact_person && frm.doc.contact_email)
			await frm.set_value("contact_email", null);
		for (const [field, value] of Object.entries(values)) {
			if (value && (!frm.doc[field] || FOLLOW_CUSTOMER.includes(field)))
				await frm.set_value(field, value);
		}
		if (sales_team.length && !(frm.doc.sales_team || []).length) {
			sales_team.forEach((row) => frm.add_child("sales_team", row));
			frm.refresh_field("sales_team");
		}
	},

	async currency(frm) {
		const own = frm.doc.currency === company_currency(frm);
		frm.toggle_display(["conversion_rate", "keep_rate"], !own);
		frm.toggle_display(["base_net_total", "base_grand_total"], !own);
		if (!frm.doc.currency) return;
		const rate = own
			? 1
			: await frappe.xcall("erpnext.setup.utils.get_exchange_rate", {
					from_currency: frm.doc.currency,
					to_currency: company_currency(frm),
					transaction_date: frappe.datetime.get_today(),
					args: "for_selling",
				});
		await frm.set_value("conversion_rate", rate || 0);
		totals.refresh(frm);
	},

	conversion_rate: (frm) => totals.refresh(frm),
	discount_amount: (frm) => totals.refresh(frm),

	selling_price_list(frm) {
		(frm.doc.items || []).forEach((row) => row.item_code && fetch_item(frm, row));
	},

	async plan_template(frm) {
		if (!frm.doc.plan_template) return;
		const fill = async () => {
			const rows = await frappe.xcall("sales_crm_accounts.api.deal.plan_rows", {
				template: frm.doc.plan_template,
			});
			frm.clear_table("plan");
			rows.forEach((row) => frm.add_child("plan", row));
			totals.refresh_plan(frm);
			frm.refresh_field("plan");
		};
		if (!(frm.doc.plan || []).some((row) => row.description)) return fill();
		frappe.confirm(
			__("Replace the rows of the collection plan by those of {0}?", [
				frm.doc.plan_template.bold(),
			]),
			fill
		);
	},

	async before_cancel(frm) {
		// The server refuses all the same; asking first shows the list and the remedy instead of an error.
		if (!(await sales_crm_accounts.deal.obstacles(frm, { quiet: true })))
			frappe.validated = false;
	},
});

frappe.ui.form.on("Deal Item", {
	item_code(frm, cdt, cdn) {
		fetch_item(frm, locals[cdt][cdn]);
	},
	uom(frm, cdt, cdn) {
		if (!frm.sca_filling) fetch_item(frm, locals[cdt][cdn], { uom: true });
	},
	qty: row_amount,
	rate: row_amount,
	items_remove: (frm) => totals.refresh(frm),
});

frappe.ui.form.on("Deal Plan Row", {
	plan_add(frm, cdt, cdn) {
		plan.fill_percent(frm.doc.plan, locals[cdt][cdn]);
	},
	billing_trigger: plan.ask_for_details,
	basis: (frm) => totals.refresh_plan(frm),
	percent: (frm) => totals.refresh_plan(frm),
	amount: (frm) => totals.refresh_plan(frm),
	plan_remove: (frm) => totals.refresh_plan(frm),
});

frappe.ui.form.on("Deal Planned Cost", {
	amount: (frm) => totals.refresh_costs(frm),
	planned_costs_remove: (frm) => totals.refresh_costs(frm),
});

function company_currency(frm) {
	return frappe.get_doc(":Company", frm.doc.company)?.default_currency;
}

function set_queries(frm) {
	const of_company = (extra) => () => ({ filters: { company: frm.doc.company, ...extra } });
	frm.set_query("stage", () => ({ filters: { disabled: 0, stage_type: "Open" } }));
	frm.set_query("deal_owner", () => ({ query: "sales_crm_accounts.api.deal.owners" }));
	frm.set_query("customer", () => ({ filters: { disabled: 0 } }));
	frm.set_query("selling_price_list", () => ({ filters: { selling: 1, enabled: 1 } }));
	frm.set_query("taxes_and_charges", of_company({ disabled: 0 }));
	frm.set_query("cost_center", of_company({ is_group: 0, disabled: 0 }));
	frm.set_query("project", of_company({ status: "Open" }));
	frm.set_query("billing_policy", of_company({ disabled: 0 }));
	frm.set_query("plan_template", () => ({
		filters: { disabled: 0, company: ["in", ["", frm.doc.company || ""]] },
	}));
	frm.set_query("contact_person", () => ({
		query: "frappe.contacts.doctype.contact.contact.contact_query",
		filters: { link_doctype: party(frm).doctype, link_name: party(frm).name },
	}));
	frm.set_query("customer_address", () => ({
		query: "frappe.contacts.doctype.address.address.address_query",
		filters: { link_doctype: party(frm).doctype, link_name: party(frm).name },
	}));

	frm.set_query("item_code", "items", () =>
		erpnext.queries.item({ is_sales_item: 1, has_variants: 0 })
	);
	frm.set_query("uom", "items", (doc, cdt, cdn) => ({
		query: "erpnext.accounts.doctype.pricing_rule.pricing_rule.get_item_uoms",
		filters: { value: locals[cdt][cdn].item_code, apply_on: "Item Code" },
	}));
	frm.set_query("income_account", "items", () => ({
		query: "erpnext.controllers.queries.get_income_account",
		filters: { company: frm.doc.company, disabled: 0 },
	}));
	frm.set_query("cost_center", "items", of_company({ is_group: 0, disabled: 0 }));
	frm.set_query("warehouse", "items", of_company({ is_group: 0, disabled: 0 }));
	frm.set_query("item_tax_template", "items", of_company({ disabled: 0 }));
	frm.set_query(
		"expense_account",
		"planned_costs",
		of_company({ is_group: 0, disabled: 0, root_type: "Expense" })
	);
	frm.set_query("category", "planned_costs", () => ({ filters: { disabled: 0 } }));
	frm.set_query("sales_person", "sales_team", () => ({ filters: { is_group: 0, enabled: 1 } }));
}

function drop_empty_rows(frm, table, filled) {
	const rows = frm.doc[table] || [];
	if (rows.every(filled)) return;
	frm.doc[table] = rows.filter(filled);
	frm.doc[table].forEach((row, index) => (row.idx = index + 1));
	frm.refresh_field(table);
}

function party(frm) {
	for (const doctype of ["Customer", "Lead", "Prospect"]) {
		const name = frm.doc[doctype.toLowerCase()];
		if (name) return { doctype, name };
	}
	return { doctype: "Customer", name: "" };
}

async function fill_defaults(frm) {
	if (!frm.doc.company)
		await frm.set_value("company", frappe.defaults.get_user_default("Company"));
	if (!frm.doc.currency && frm.doc.company)
		await frm.set_value("currency", company_currency(frm));
	if (frm.doc.company && !frm.doc.taxes_and_charges) await fill_taxes(frm);
	if (!frm.doc.stage) {
		const [first] = await sales_crm_accounts.deal.StageBar.stages();
		if (first) await frm.set_value("stage", first.name);
		frm.stage_bar?.refresh();
	}
}

async function fill_taxes(frm) {
	const taxes = await frappe.xcall("sales_crm_accounts.api.desk.default_taxes", {
		company: frm.doc.company,
	});
	if (taxes && !frm.doc.taxes_and_charges) await frm.set_value("taxes_and_charges", taxes);
}

// Rows of a copied deal, or of one made from an Opportunity or Quotation: they come with their rates, without amounts.
async function complete_items(frm) {
	for (const row of frm.doc.items || []) {
		if (row.item_code && !row.uom) await fetch_item(frm, row, { keep_rate: true });
		row.amount = flt(flt(row.qty) * flt(row.rate), precision("amount", row));
	}
	if ((frm.doc.items || []).length) {
		frm.refresh_field("items");
		totals.refresh(frm);
	}
}

async function fetch_item(frm, row, { uom, keep_rate } = {}) {
	if (!row.item_code || !frm.doc.company) return;
	const details = await frappe.xcall("sales_crm_accounts.api.desk.item_details", {
		item_code: row.item_code,
		company: frm.doc.company,
		currency: frm.doc.currency,
		conversion_rate: frm.doc.conversion_rate,
		customer: frm.doc.customer,
		price_list: frm.doc.selling_price_list,
		qty: row.qty || 1,
		uom: uom ? row.uom : null,
	});
	// Filling in the unit must not ask for the item again.
	frm.sca_filling = true;
	await frappe.model.set_value(row.doctype, row.name, {
		item_name: details.item_name,
		uom: details.uom,
		conversion_factor: details.conversion_factor,
		rate: (keep_rate && row.rate) || details.rate || row.rate || 0,
	});
	frm.sca_filling = false;
	row_amount(frm, row.doctype, row.name);
}

async function row_amount(frm, cdt, cdn) {
	const row = locals[cdt][cdn];
	await frappe.model.set_value(
		cdt,
		cdn,
		"amount",
		flt(flt(row.qty) * flt(row.rate), precision("amount", row))
	);
	totals.refresh(frm);
}

function show_cash(frm) {
	// The panel shows these figures; as fields they serve lists, filters and print.
	frm.set_df_property("section_figures", "hidden", 1);
	const field = frm.fields_dict.cash_panel;
	if (!field || frm.is_new()) {
		field?.$wrapper.empty();
		return;
	}
	frm.cash_panel ??= new sales_crm_accounts.deal.CashPanel({ frm, wrapper: field.$wrapper });
	frm.cash_panel.refresh();
}

function show_profit(frm) {
	const field = frm.fields_dict.profit_panel;
	if (!field || frm.is_new()) {
		frm.set_df_property("section_profit", "hidden", 1);
		field?.$wrapper.empty();
		return;
	}
	frm.profit_panel ??= new sales_crm_accounts.deal.ProfitPanel({ frm, wrapper: field.$wrapper });
	frm.profit_panel.refresh();
}
