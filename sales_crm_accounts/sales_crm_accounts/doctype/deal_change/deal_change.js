// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const { plan } = sales_crm_accounts.deal;

frappe.ui.form.on("Deal Change", {
	setup(frm) {
		frm.set_query("deal", () => ({ filters: { docstatus: 1 } }));
	},

	refresh(frm) {
		if (frm.is_new() && frm.doc.deal && !(frm.doc.rows || []).length) fill(frm);
		if (frm.doc.docstatus === 0 && frm.doc.deal) {
			frm.add_custom_button(__("Take the Present Plan"), () => {
				if (!(frm.doc.rows || []).length) return fill(frm);
				frappe.confirm(
					__("Replace the rows by the installments that are not billed yet?"),
					() => fill(frm)
				);
			});
		}
		if (frm.doc.deal) {
			frm.add_custom_button(
				__("Deal"),
				() => frappe.set_route("Form", "Deal", frm.doc.deal),
				__("View")
			);
		}
		if (frm.doc.docstatus === 0) {
			frm.set_intro(
				__(
					"Billed installments stay as they are. On submit, these rows replace what is not billed yet."
				),
				"blue"
			);
		}
		show_sum(frm);
	},

	deal: fill,

	amount_change(frm) {
		frm.set_value(
			"new_unbilled_amount",
			flt(frm.doc.unbilled_amount) + flt(frm.doc.amount_change)
		);
		share(frm);
	},
});

frappe.ui.form.on("Deal Change Row", {
	rows_add(frm, cdt, cdn) {
		const row = locals[cdt][cdn];
		row.basis = "Amount";
		row.amount = Math.max(0, missing(frm));
		row.billing_trigger = "On Date";
		row.trigger_date = frappe.datetime.add_months(frappe.datetime.get_today(), 1);
		share(frm);
	},
	billing_trigger: plan.ask_for_details,
	basis: share,
	percent: share,
	amount: share,
	rows_remove: share,
});

async function fill(frm) {
	if (!frm.doc.deal) return;
	const { rows, before_rows, unbilled_amount } = await frappe.xcall(
		"sales_crm_accounts.api.changes.fill",
		{
			deal: frm.doc.deal,
		}
	);
	frm.clear_table("rows");
	rows.forEach((row) => frm.add_child("rows", row));
	frm.clear_table("before_rows");
	before_rows.forEach((row) => frm.add_child("before_rows", row));
	frm.refresh_field("before_rows");
	await frm.set_value("unbilled_amount", unbilled_amount);
	await frm.set_value("new_unbilled_amount", unbilled_amount + flt(frm.doc.amount_change));
	if (!rows.length) {
		frappe.show_alert({
			message: __(
				"Every installment of this deal is billed. Only an amount added to the deal can be planned."
			),
			indicator: "orange",
		});
	}
	share(frm);
}

function missing(frm) {
	const planned = (frm.doc.rows || []).reduce((sum, row) => sum + flt(row.net_amount), 0);
	return flt(
		flt(frm.doc.new_unbilled_amount) - planned,
		precision("new_unbilled_amount", frm.doc)
	);
}

// What the form shows until it is saved; the server shares the amount again, to the cent.
function share(frm) {
	const places = precision("new_unbilled_amount", frm.doc);
	plan.share(frm.doc.rows || [], flt(frm.doc.new_unbilled_amount), places);
	frm.refresh_field("rows");
	show_sum(frm);
}

function show_sum(frm) {
	const field = frm.fields_dict.rows;
	if (!(frm.doc.rows || []).length) return plan.show_line(field, "");
	const gap = missing(frm);
	const money = (value) => format_currency(value, frm.doc.currency);
	const total = money(frm.doc.new_unbilled_amount);
	let text = __("The rows cover the {0} still to be billed exactly.", [total]);
	if (gap > 0)
		text = __("{0} of the {1} still to be billed is not in the rows.", [money(gap), total]);
	else if (gap < 0)
		text = __("The rows take {0} more than the {1} still to be billed.", [money(-gap), total]);
	plan.show_line(field, text, gap !== 0);
}
