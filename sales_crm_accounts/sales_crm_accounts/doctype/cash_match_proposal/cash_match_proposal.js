// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const api = "sales_crm_accounts.api.matching";

frappe.ui.form.on("Cash Match Proposal", {
	setup(frm) {
		frm.set_query("sales_invoice", "rows", () => ({
			filters: {
				company: frm.doc.company,
				...(frm.doc.several_customers ? {} : { customer: frm.doc.customer }),
				docstatus: 1,
				outstanding_amount: ["!=", 0],
			},
		}));
	},

	refresh(frm) {
		frm.set_intro();
		show_alternatives(frm);
		if (frm.is_new() || !frm.perm[0]?.write) return;
		if (frm.doc.status === "Proposed") {
			frm.add_custom_button(__("Apply"), () => apply(frm)).addClass("btn-primary");
			frm.add_custom_button(__("Reject"), () => reject(frm));
		}
		if (frm.doc.status === "Applied") {
			frm.add_custom_button(__("Undo"), () => undo(frm));
		}
		if (frm.doc.message) frm.set_intro(frappe.utils.escape_html(frm.doc.message), "blue");
	},
});

frappe.ui.form.on("Cash Match Proposal Row", {
	sales_invoice: (frm, cdt, cdn) => take_open(frm, locals[cdt][cdn], {}),

	installment_no(frm, cdt, cdn) {
		const row = locals[cdt][cdn];
		return take_open(frm, row, { installment_no: row.installment_no });
	},
});

// What is open of the invoice that was chosen, the oldest first, and as much of it as is left of the money.
async function take_open(frm, row, filters) {
	if (!row.sales_invoice || frm.taking_open) return;
	const found = await frappe.db.get_list("Open Installment", {
		filters: { sales_invoice: row.sales_invoice, outstanding_amount: ["!=", 0], ...filters },
		fields: ["installment_no", "due_date", "outstanding_amount"],
		order_by: "installment_no asc",
		limit: 500,
	});
	const others = frm.doc.rows.filter((other) => other.name !== row.name);
	const one = found.find(
		({ installment_no }) =>
			!others.some(
				(other) =>
					other.sales_invoice === row.sales_invoice &&
					other.installment_no === installment_no
			)
	);
	if (!one) return;
	let closed = one.outstanding_amount;
	if (closed > 0 && frm.doc.party_currency === frm.doc.currency) {
		const taken = others.reduce(
			(sum, other) =>
				sum +
				flt(other.allocated_amount) -
				flt(other.discount_amount) -
				flt(other.fee_amount),
			0
		);
		const left = flt(frm.doc.amount - taken, precision("allocated_amount", row));
		if (left > 0) closed = Math.min(closed, left);
	}
	frm.taking_open = true;
	try {
		await frappe.model.set_value(row.doctype, row.name, {
			installment_no: one.installment_no,
			due_date: one.due_date,
			open_amount: one.outstanding_amount,
			allocated_amount: closed,
			discount_amount: 0,
			fee_amount: 0,
		});
	} finally {
		frm.taking_open = false;
	}
}

function apply(frm) {
	const post = () => call(frm, "apply").then(() => frm.reload_doc());
	return frm.is_dirty() ? frm.save().then(post) : post();
}

function reject(frm) {
	frappe.prompt(
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason") },
		({ reason }) => call(frm, "reject", { reason: reason || "" }).then(() => frm.reload_doc()),
		__("Reject"),
		__("Reject")
	);
}

function undo(frm) {
	const what =
		frm.doc.source_type === "Bank Transaction"
			? __("The Payment Entry {0} is cancelled. Go on?", [payments(frm)])
			: __("What {0} pays is taken back. Go on?", [frm.doc.payment_entry]);
	frappe.confirm(what, () => call(frm, "undo").then(() => frm.reload_doc()));
}

function payments(frm) {
	const rows = (frm.doc.rows || []).map((row) => row.payment_entry).filter(Boolean);
	return [...new Set([frm.doc.payment_entry, ...rows])].join(", ");
}

function call(frm, method, args = {}) {
	return frappe.call({
		method: `${api}.${method}`,
		args: { name: frm.doc.name, ...args },
		freeze: true,
	});
}

function show_alternatives(frm) {
	const wrapper = frm.fields_dict.alternatives_html.$wrapper.empty();
	if (frm.doc.status !== "Proposed" || !frm.doc.alternatives) return;
	const escape = frappe.utils.escape_html;
	for (const [at, one] of JSON.parse(frm.doc.alternatives).entries()) {
		const rows = one.rows
			.map(
				(row) =>
					`${escape(row.sales_invoice)} · ${row.installment_no}: ${format_currency(
						row.allocated_amount,
						one.party_currency
					)}`
			)
			.join("<br>");
		wrapper.append(`
			<div class="form-message border rounded p-3 mb-2">
				<div class="d-flex justify-content-between">
					<b>${escape(one.customer_name)} (${one.score} %)</b>
					<button class="btn btn-xs btn-default" data-at="${at}">${__("Take This One")}</button>
				</div>
				<div>${rows || __("All of it stays on account.")}</div>
				<div class="text-muted small">${escape(one.reasons).replaceAll("\n", "<br>")}</div>
			</div>`);
	}
	wrapper
		.find("button")
		.on("click", (event) => take(frm, Number(event.currentTarget.dataset.at)));
}

function take(frm, at) {
	const one = JSON.parse(frm.doc.alternatives)[at];
	frm.doc.rows = [];
	for (const row of one.rows) Object.assign(frm.add_child("rows"), row);
	frm.refresh_field("rows");
	frm.doc.several_customers = one.several_customers || 0;
	frm.refresh_field("several_customers");
	return frm.set_value("customer", one.customer).then(() => {
		frm.dirty();
		return frm.save();
	});
}
