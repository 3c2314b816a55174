frappe.provide("sales_crm_accounts.deal");

const TOTALS = [
	"total_qty",
	"total",
	"net_total",
	"total_taxes_and_charges",
	"grand_total",
	"base_net_total",
	"base_grand_total",
];
const COSTS = ["total_planned_cost", "planned_margin", "planned_margin_percent"];

// What the Deal form shows until it is saved; the server computes the same again and adds the taxes.
sales_crm_accounts.deal.totals = {
	refresh(frm) {
		const { doc } = frm;
		if (doc.docstatus) return;
		const items = doc.items || [];
		const untaxed = flt(doc.grand_total) - flt(doc.total_taxes_and_charges);
		const tax_rate = untaxed ? flt(doc.total_taxes_and_charges) / untaxed : 0;
		const sum = (field) => items.reduce((total, row) => total + flt(row[field]), 0);
		const total = flt(sum("amount"), precision("total", doc));
		const net_total = flt(total - flt(doc.discount_amount), precision("net_total", doc));
		const taxes = flt(net_total * tax_rate, precision("net_total", doc));
		const rate = flt(doc.conversion_rate) || 1;
		Object.assign(doc, {
			total_qty: sum("qty"),
			total,
			net_total,
			total_taxes_and_charges: taxes,
			grand_total: net_total + taxes,
			base_net_total: net_total * rate,
			base_grand_total: (net_total + taxes) * rate,
		});
		TOTALS.forEach((field) => frm.refresh_field(field));
		this.refresh_plan(frm);
		this.refresh_costs(frm);
	},

	refresh_plan(frm) {
		const { doc } = frm;
		if (doc.docstatus) return;
		sales_crm_accounts.deal.plan.share(
			doc.plan || [],
			flt(doc.net_total),
			precision("net_total", doc)
		);
		frm.refresh_field("plan");
		this.show_plan_sum(frm);
	},

	refresh_costs(frm) {
		const { doc } = frm;
		const cost = (doc.planned_costs || []).reduce((sum, row) => sum + flt(row.amount), 0);
		const margin = flt(doc.net_total) - cost;
		Object.assign(doc, {
			total_planned_cost: cost,
			planned_margin: margin,
			planned_margin_percent: flt(doc.net_total) ? (margin / doc.net_total) * 100 : 0,
		});
		COSTS.forEach((field) => frm.refresh_field(field));
	},

	show_plan_sum(frm) {
		const { doc } = frm;
		const field = frm.fields_dict.plan;
		if (!field) return;
		const { show_line } = sales_crm_accounts.deal.plan;
		const rows = doc.plan || [];
		if (!rows.length) {
			return show_line(
				field,
				__("Left empty, the plan is filled from the default template when you save.")
			);
		}
		const net_total = flt(doc.net_total);
		if (!net_total) return show_line(field, "");
		const places = precision("net_total", doc);
		const sum = flt(
			rows.reduce((total, row) => total + flt(row.net_amount), 0),
			places
		);
		const gap = flt(net_total - sum, places);
		const money = (value) => format_currency(value, doc.currency);
		let text = __("The plan covers the deal amount of {0} exactly.", [money(net_total)]);
		if (gap > 0) {
			text = __("The plan sums to {0}: {1} of the deal amount {2} is missing.", [
				money(sum),
				money(gap),
				money(net_total),
			]);
		} else if (gap < 0) {
			text = __("The plan sums to {0}: {1} more than the deal amount {2}.", [
				money(sum),
				money(-gap),
				money(net_total),
			]);
		}
		show_line(field, text, gap !== 0);
	},
};
