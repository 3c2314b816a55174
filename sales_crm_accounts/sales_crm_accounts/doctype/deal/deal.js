// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.provide("sales_crm_accounts.deal");

const KEEP_ON_CANCEL = [
	"Asset",
	"Asset Capitalization",
	"Asset Repair",
	"Asset Value Adjustment",
	"Budget",
	"Deal Change",
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

frappe.ui.form.on("Deal", {
	setup(frm) {
		set_queries(frm);
		// Frappe would offer to cancel everything that names the deal. What stands in the way is said by before_cancel.
		frm.ignore_doctypes_on_cancel_all = KEEP_ON_CANCEL;
	},

	onload(frm) {
		if (frm.is_new()) fill_defaults(frm).then(() => complete_items(frm));
	},

	async refresh(frm) {
		// Frappe's "Submit this document to confirm": a deal is won by its own button.
		frm.dashboard.clear_comment();
		frm.stage_bar ??= new sales_crm_accounts.deal.StageBar(frm);
		frm.stage_bar.refresh();
		frm.toggle_display("conversion_rate", frm.doc.currency !== company_currency(frm));
		frm.toggle_display(
			["base_net_total", "base_grand_total"],
			frm.doc.currency !== company_currency(frm)
		);
		show_plan_sum(frm);
		show_cash(frm);
		if (!frm.is_new()) {
			show_indicators(frm);
			await add_buttons(frm);
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
	},

	async customer(frm) {
		if (!frm.doc.customer || !frm.doc.company) return;
		const defaults = await frappe.xcall("sales_crm_accounts.api.desk.customer_defaults", {
			customer: frm.doc.customer,
			company: frm.doc.company,
		});
		const { sales_team, ...values } = defaults;
		for (const [field, value] of Object.entries(values)) {
			if (value && (!frm.doc[field] || field === "currency"))
				await frm.set_value(field, value);
		}
		if (sales_team.length && !(frm.doc.sales_team || []).length) {
			sales_team.forEach((row) => frm.add_child("sales_team", row));
			frm.refresh_field("sales_team");
		}
	},

	async currency(frm) {
		const own = frm.doc.currency === company_currency(frm);
		frm.toggle_display("conversion_rate", !own);
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
		preview_totals(frm);
	},

	conversion_rate: preview_totals,
	discount_amount: preview_totals,

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
			preview_plan(frm);
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
	items_remove: preview_totals,
});

frappe.ui.form.on("Deal Plan Row", {
	plan_add(frm, cdt, cdn) {
		const used = (frm.doc.plan || []).reduce((sum, row) => sum + flt(row.percent), 0);
		frappe.model.set_value(cdt, cdn, "percent", Math.max(0, flt(100 - used, 2)));
	},
	basis: preview_plan,
	percent: preview_plan,
	amount: preview_plan,
	plan_remove: preview_plan,
});

frappe.ui.form.on("Deal Planned Cost", {
	amount: preview_costs,
	planned_costs_remove: preview_costs,
});

function company_currency(frm) {
	return frappe.get_doc(":Company", frm.doc.company)?.default_currency;
}

function set_queries(frm) {
	const of_company = (extra) => () => ({ filters: { company: frm.doc.company, ...extra } });
	frm.set_query("stage", () => ({ filters: { disabled: 0, stage_type: "Open" } }));
	frm.set_query("deal_owner", () => ({ query: "frappe.core.doctype.user.user.user_query" }));
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
	if (!frm.doc.stage) {
		const [first] = await sales_crm_accounts.deal.StageBar.stages();
		if (first) await frm.set_value("stage", first.name);
		frm.stage_bar?.refresh();
	}
}

// Rows of a copied deal, or of one made from an Opportunity or Quotation: they come with their rates, without amounts.
async function complete_items(frm) {
	for (const row of frm.doc.items || []) {
		if (row.item_code && !row.uom) await fetch_item(frm, row, { keep_rate: true });
		row.amount = flt(flt(row.qty) * flt(row.rate), precision("amount", row));
	}
	if ((frm.doc.items || []).length) {
		frm.refresh_field("items");
		preview_totals(frm);
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
	preview_totals(frm);
}

// What the form shows until it is saved; the server computes the same again and adds the taxes.
function preview_totals(frm) {
	const { doc } = frm;
	if (doc.docstatus) return;
	const items = doc.items || [];
	const untaxed = flt(doc.grand_total) - flt(doc.total_taxes_and_charges);
	const tax_rate = untaxed ? flt(doc.total_taxes_and_charges) / untaxed : 0;
	const total = flt(
		items.reduce((sum, row) => sum + flt(row.amount), 0),
		precision("total")
	);
	const net_total = flt(total - flt(doc.discount_amount), precision("net_total"));
	const taxes = flt(net_total * tax_rate, precision("net_total"));
	Object.assign(doc, {
		total_qty: items.reduce((sum, row) => sum + flt(row.qty), 0),
		total,
		net_total,
		total_taxes_and_charges: taxes,
		grand_total: net_total + taxes,
		base_net_total: net_total * (flt(doc.conversion_rate) || 1),
		base_grand_total: (net_total + taxes) * (flt(doc.conversion_rate) || 1),
	});
	for (const field of [
		"total_qty",
		"total",
		"net_total",
		"total_taxes_and_charges",
		"grand_total",
		"base_net_total",
		"base_grand_total",
	]) {
		frm.refresh_field(field);
	}
	preview_plan(frm);
	preview_costs(frm);
}

function preview_plan(frm) {
	const { doc } = frm;
	if (doc.docstatus) return;
	const rows = doc.plan || [];
	const places = precision("net_total");
	let rest = flt(doc.net_total);
	for (const row of rows) {
		if (row.basis === "Remainder") continue;
		row.net_amount =
			row.basis === "Amount"
				? flt(row.amount)
				: flt((flt(doc.net_total) * flt(row.percent)) / 100, places);
		rest -= row.net_amount;
	}
	const remainder = rows.find((row) => row.basis === "Remainder");
	if (remainder) {
		remainder.net_amount = flt(rest, places);
	} else {
		// Thirds typed as 33.33 % are shared out exactly by the server; here the last percentage takes the cents.
		const last = rows.filter((row) => row.basis === "Percent").pop();
		if (last && Math.abs(rest) <= (flt(doc.net_total) * 0.005 * rows.length) / 100 + 0.005) {
			last.net_amount = flt(last.net_amount + rest, places);
		}
	}
	frm.refresh_field("plan");
	show_plan_sum(frm);
}

function show_plan_sum(frm) {
	const field = frm.fields_dict.plan;
	if (!field) return;
	let line = field.$wrapper.find(".sca-plan-sum");
	if (!line.length) line = $(`<div class="sca-plan-sum"></div>`).appendTo(field.$wrapper);
	const rows = frm.doc.plan || [];
	const net_total = flt(frm.doc.net_total);
	if (!rows.length || !net_total) {
		line.removeClass("off").text(
			rows.length
				? ""
				: __("Left empty, the plan is filled from the default template when you save.")
		);
		return;
	}
	const sum = flt(
		rows.reduce((total, row) => total + flt(row.net_amount), 0),
		precision("net_total")
	);
	const money = (value) => format_currency(value, frm.doc.currency);
	const gap = flt(net_total - sum, precision("net_total"));
	line.toggleClass("off", gap !== 0).text(
		gap === 0
			? __("The plan covers the deal amount of {0} exactly.", [money(net_total)])
			: gap > 0
				? __("The plan sums to {0}: {1} of the deal amount {2} is missing.", [
						money(sum),
						money(gap),
						money(net_total),
					])
				: __("The plan sums to {0}: {1} more than the deal amount {2}.", [
						money(sum),
						money(-gap),
						money(net_total),
					])
	);
}

function preview_costs(frm) {
	const { doc } = frm;
	doc.total_planned_cost = (doc.planned_costs || []).reduce(
		(sum, row) => sum + flt(row.amount),
		0
	);
	doc.planned_margin = flt(doc.net_total) - doc.total_planned_cost;
	doc.planned_margin_percent = flt(doc.net_total)
		? (doc.planned_margin / doc.net_total) * 100
		: 0;
	["total_planned_cost", "planned_margin", "planned_margin_percent"].forEach((field) =>
		frm.refresh_field(field)
	);
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

function show_indicators(frm) {
	const { doc } = frm;
	const { deal_colors } = sales_crm_accounts.deal;
	if (doc.docstatus < 2) frm.page.set_indicator(__(doc.status), deal_colors[doc.status]);
	if (doc.docstatus === 1 && flt(doc.overdue_amount) > 0) {
		frm.page.set_indicator(
			__("{0} overdue", [
				frappe.utils.html2text(format_currency(doc.overdue_amount, doc.currency)),
			]),
			"red"
		);
	}
}

async function add_buttons(frm) {
	const { deal } = sales_crm_accounts;
	const name = frm.doc.name;
	const can = await frappe.xcall("sales_crm_accounts.api.desk.form_state", { deal: name });
	if (frm.doc.name !== name || frm.is_dirty()) return;

	if (can.can_win) frm.page.set_primary_action(__("Win the Deal"), () => deal.win(frm));
	else if (frm.doc.docstatus === 0) frm.page.clear_primary_action();

	const button = (allowed, label, action, group) => {
		if (allowed) frm.add_custom_button(label, action, group);
	};
	button(can.can_preview, __("Preview"), () => deal.preview(frm));
	button(can.can_lose, __("Lost"), () => deal.lose(frm));
	button(can.can_reopen, __("Reopen"), () => deal.reopen(frm));
	button(can.can_make_customer, __("Make Customer"), () => deal.make_customer(frm));
	button(can.can_bill, __("Bill Now"), () => deal.bill(frm));
	button(
		can.can_change,
		__("Change the Plan"),
		() => frappe.new_doc("Deal Change", { deal: name }),
		__("Actions")
	);
	button(can.can_credit, __("Make Credit Notes"), () => deal.credit(frm), __("Actions"));
	button(
		can.can_see_obstacles,
		__("What Stands in the Way"),
		() => deal.obstacles(frm),
		__("Actions")
	);
	button(
		frm.doc.docstatus === 1,
		__("Installments"),
		() =>
			frappe.set_route("query-report", "Deal Installments", {
				deal: name,
				company: frm.doc.company,
			}),
		__("View")
	);
	button(
		frm.doc.docstatus === 1 && frappe.model.can_read("GL Entry"),
		__("Accounting Ledger"),
		() =>
			frappe.set_route("query-report", "General Ledger", {
				company: frm.doc.company,
				deal: [name],
				from_date: frm.doc.won_on,
				to_date: frappe.datetime.add_months(frappe.datetime.get_today(), 1),
				group_by: "",
			}),
		__("View")
	);
}
