// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const { plan } = sales_crm_accounts.deal;

frappe.ui.form.on("Deal Plan Template", {
	refresh: show_sum,
});

frappe.ui.form.on("Deal Plan Template Row", {
	rows_add(frm, cdt, cdn) {
		plan.fill_percent(frm.doc.rows, locals[cdt][cdn]);
	},
	billing_trigger: plan.ask_for_details,
	percent: show_sum,
	basis: show_sum,
	rows_remove: show_sum,
});

function show_sum(frm) {
	const rows = frm.doc.rows || [];
	const field = frm.fields_dict.rows;
	if (!rows.length) return plan.show_line(field, "");
	const percents = rows.filter((row) => row.basis === "Percent");
	const sum = flt(
		percents.reduce((total, row) => total + flt(row.percent), 0),
		4
	);
	const open = rows.some((row) => row.basis !== "Percent");
	const off = open ? sum > 100 : Math.abs(sum - 100) > 0.005 * percents.length;
	plan.show_line(
		field,
		open
			? __("The percentages sum to {0}%; the other rows take the rest.", [sum])
			: __("The percentages sum to {0}%.", [sum]),
		off
	);
}
