frappe.provide("sales_crm_accounts.deal");

// What the forms with plan rows (Deal, Deal Change, Deal Plan Template) share.
sales_crm_accounts.deal.plan = {
	/** Amounts of the rows out of `total`, as the form shows them until it is saved; the server shares again, to the cent. */
	share(rows, total, places) {
		let rest = total;
		for (const row of rows) {
			if (row.basis === "Remainder") continue;
			row.net_amount =
				row.basis === "Amount"
					? flt(row.amount)
					: flt((total * flt(row.percent)) / 100, places);
			rest -= row.net_amount;
		}
		const remainder = rows.find((row) => row.basis === "Remainder");
		if (remainder) {
			remainder.net_amount = flt(rest, places);
			return;
		}
		// Thirds typed as 33.33 % are shared out exactly by the server; here the last percentage takes the cents.
		const last = rows.filter((row) => row.basis === "Percent").pop();
		if (last && Math.abs(rest) <= (total * 0.005 * rows.length) / 100 + 0.005) {
			last.net_amount = flt(last.net_amount + rest, places);
		}
	},

	/** What the other rows leave, for a row just added. */
	fill_percent(rows, row) {
		const used = rows.reduce((sum, each) => sum + flt(each.percent), 0);
		frappe.model.set_value(row.doctype, row.name, "percent", Math.max(0, flt(100 - used, 2)));
	},

	/** What a row needs beside the way it is billed and the grid has no column for: asked for at once, not on saving. */
	ask_for_details(frm, cdt, cdn) {
		const row = locals[cdt][cdn];
		if (row.billing_trigger === "On Milestone" && !row.milestone) {
			// The installment is often named after its milestone; it can be changed in the row.
			frappe.model.set_value(cdt, cdn, "milestone", row.description);
		}
		const undated = !row.trigger_date && !row.trigger_months && !row.trigger_days;
		if (row.billing_trigger === "On Date" && undated && !frappe.ui.form.get_open_grid_form()) {
			const grid = frm.fields_dict[row.parentfield].grid;
			grid.grid_rows_by_docname[cdn]?.toggle_view(true);
		}
	},

	/** One sentence under a grid; red where something is off. */
	show_line(field, text, off = false) {
		let line = field.$wrapper.find(".sca-plan-sum");
		if (!line.length) line = $(`<div class="sca-plan-sum"></div>`).appendTo(field.$wrapper);
		line.toggleClass("off", off).text(text);
	},
};
