// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Deal Plan Template", {
	refresh: show_sum,
});

frappe.ui.form.on("Deal Plan Template Row", {
	rows_add(frm, cdt, cdn) {
		const used = (frm.doc.rows || []).reduce((sum, row) => sum + flt(row.percent), 0);
		frappe.model.set_value(cdt, cdn, "percent", Math.max(0, flt(100 - used, 2)));
	},
	percent: show_sum,
	basis: show_sum,
	rows_remove: show_sum,
});

function show_sum(frm) {
	const rows = frm.doc.rows || [];
	const field = frm.fields_dict.rows;
	let line = field.$wrapper.find(".sca-plan-sum");
	if (!line.length) line = $(`<div class="sca-plan-sum"></div>`).appendTo(field.$wrapper);
	if (!rows.length) return line.text("");
	const percents = rows.filter((row) => row.basis === "Percent");
	const sum = flt(
		percents.reduce((total, row) => total + flt(row.percent), 0),
		4
	);
	const open = rows.some((row) => row.basis !== "Percent");
	const off = open ? sum > 100 : Math.abs(sum - 100) > 0.005 * percents.length;
	line.toggleClass("off", off).text(
		open
			? __("The percentages sum to {0}%; the other rows take the rest.", [sum])
			: __("The percentages sum to {0}%.", [sum])
	);
}
