// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Expected Credit Loss", {
	setup(frm) {
		// Taken back with the document; Frappe would try to cancel them first.
		frm.ignore_doctypes_on_cancel_all = ["Journal Entry", "GL Entry", "Payment Ledger Entry"];
		frm.set_query("customer", "customers", () => ({ filters: { disabled: 0 } }));
	},

	onload(frm) {
		if (!frm.is_new()) return;
		// Amending copies what the cancelled one was posted as.
		for (const field of ["journal_entry", "reversal_entry", "last_error"])
			frm.doc[field] = null;
		frm.doc.status = "Draft";
		if (!frm.doc.company)
			frm.set_value("company", frappe.defaults.get_user_default("Company"));
		if (!frm.doc.as_of_date) {
			const first = frappe.datetime.month_start();
			frm.set_value("as_of_date", frappe.datetime.add_days(first, -1));
		}
	},

	refresh(frm) {
		const { doc } = frm;
		sales_crm_accounts.posting.show(frm);
		frm.set_df_property("matrix", "cannot_add_rows", true);
		frm.set_df_property("matrix", "cannot_delete_rows", true);
		frm.toggle_display(
			["section_result", "section_matrix", "section_history", "section_totals"],
			!frm.is_new()
		);
		if (frm.is_new()) {
			frm.set_intro(
				__(
					"Save to take the figures from the ledgers: what is open by days overdue, and how much of it was not paid in the past."
				)
			);
			return;
		}
		add_buttons(frm);
		frm.get_field("result_html").$wrapper.html(result(doc));
		frm.get_field("history_html").$wrapper.html(history(doc));
		show_warnings(frm);
	},

	// The next month's first day, unless it is typed.
	as_of_date: (frm) => frm.set_value("reverse_on", null),
	reverses: (frm) => frm.set_value("reverse_on", null),
});

frappe.ui.form.on("Expected Credit Loss Row", {
	overlay_type(frm, cdt, cdn) {
		const row = locals[cdt][cdn];
		frappe.model.set_value(cdt, cdn, "overlay", row.overlay_type === "Factor" ? 1 : 0);
	},
});

const esc = frappe.utils.escape_html;
const money = (doc, value) => format_currency(value, doc.currency);
const percent = (value, digits = 2) => `${format_number(value, null, digits)} %`;
const bucket = (name) => esc(__(name, null, "Expected Credit Loss Row"));

function add_buttons(frm) {
	const { doc } = frm;
	for (const field of ["journal_entry", "reversal_entry"]) {
		if (doc[field] && frappe.model.can_read("Journal Entry")) {
			frm.add_custom_button(
				__(frm.get_docfield(field).label),
				() => frappe.set_route("Form", "Journal Entry", doc[field]),
				__("View")
			);
		}
	}
	const due = doc.reverses && doc.reverse_on <= frappe.datetime.get_today();
	if (doc.docstatus === 1 && doc.status === "Posted" && due && frm.has_perm("submit")) {
		frm.add_custom_button(__("Reverse Now"), async () => {
			await frappe.xcall("sales_crm_accounts.api.credit_loss.reverse", { name: doc.name });
			frm.reload_doc();
		});
	}
}

function show_warnings(frm) {
	const { doc } = frm;
	if (doc.docstatus) return;
	frm.dashboard.clear_headline(); // a form that was just saved is refreshed twice
	const missing = (doc.matrix || []).filter((row) => row.basis === "No Rate" && row.exposure);
	const notes = [];
	if (missing.length) {
		notes.push(
			__("No history for {0}. Enter the least rate there before you submit.", [
				missing.map((row) => bucket(row.bucket)).join(", "),
			])
		);
	}
	if (doc.months_known < doc.months_of_history) {
		notes.push(
			__("The history has {0} of {1} months.", [doc.months_known, doc.months_of_history])
		);
	}
	if (notes.length) {
		frm.dashboard.set_headline_alert(notes.join("<br>"), missing.length ? "orange" : "blue");
	}
}

// Cards, and exposure beside loss by bucket.
function result(doc) {
	const card = (label, value, note = "") =>
		sales_crm_accounts.detail.card(label, money(doc, value), "", note);
	const share = doc.total_exposure ? (doc.total_loss / doc.total_exposure) * 100 : 0;
	return `
		<div class="sca-cash">
			<div class="sca-cards">
				${card(__("Exposure"), doc.total_exposure, __("Without credits and money on account"))}
				${card(__("Expected Loss"), doc.total_loss, __("{0} of the exposure", [percent(share)]))}
				${card(__("Provision in the Ledger"), doc.in_ledger, frappe.datetime.str_to_user(doc.as_of_date))}
				${card(
					doc.movement < 0 ? __("To Release") : __("To Post"),
					Math.abs(doc.movement),
					doc.reverses
						? __("Reversed on {0}", [frappe.datetime.str_to_user(doc.reverse_on)])
						: __("Stays; next month's posts the difference")
				)}
			</div>
			${buckets(doc)}
		</div>`;
}

function buckets(doc) {
	const totals = new Map();
	for (const row of doc.matrix || []) {
		const sums = totals.get(row.bucket) || { exposure: 0, loss: 0 };
		sums.exposure += row.exposure;
		sums.loss += row.expected_loss;
		totals.set(row.bucket, sums);
	}
	const most = Math.max(1, ...[...totals.values()].map((sums) => sums.exposure));
	const bar = (value, color) =>
		`<div style="height:8px;border-radius:4px;background:${color};width:${Math.max(
			0,
			Math.min(100, (value / most) * 100)
		)}%;min-width:${value ? 2 : 0}px"></div>`;
	const rows = [...totals].map(
		([name, sums]) => `
			<tr>
				<td class="sca-title">${bucket(name)}</td>
				<td style="width:45%">${bar(sums.exposure, "var(--blue-300)")}${bar(
					sums.loss,
					"var(--red-400)"
				)}</td>
				<td class="num" data-label="${__("Exposure")}">${money(doc, sums.exposure)}</td>
				<td class="num" data-label="${__("Loss Rate")}">${percent(
					sums.exposure ? (sums.loss / sums.exposure) * 100 : 0
				)}</td>
				<td class="num" data-label="${__("Expected Loss")}">${money(doc, sums.loss)}</td>
			</tr>`
	);
	if (doc.customers?.length) {
		const sum = (field) => doc.customers.reduce((total, row) => total + (row[field] || 0), 0);
		rows.push(`
			<tr>
				<td class="sca-title">${__("Customers Judged Apart")}</td>
				<td>${bar(sum("exposure"), "var(--blue-300)")}${bar(sum("expected_loss"), "var(--red-400)")}</td>
				<td class="num" data-label="${__("Exposure")}">${money(doc, sum("exposure"))}</td>
				<td class="num"></td>
				<td class="num" data-label="${__("Expected Loss")}">${money(doc, sum("expected_loss"))}</td>
			</tr>`);
	}
	return `
		<table class="sca-table">
			<thead><tr>
				<th>${__("Days Overdue")}</th><th></th>
				<th class="num">${__("Exposure")}</th><th class="num">${__("Loss Rate")}</th>
				<th class="num">${__("Expected Loss")}</th>
			</tr></thead>
			<tbody>${rows.join("")}</tbody>
		</table>`;
}

// Month ends by bucket: what stood there, and how much of what aged out of it was not paid a month later; the redder the more.
function history(doc) {
	const months = JSON.parse(doc.history || "[]");
	const names = [...new Set((doc.matrix || []).map((row) => row.bucket))];
	if (!months.length) return "";
	const cell = ({ balance, rolled }, index) => {
		const shade = rolled === null ? "" : `background:rgba(226,76,76,${(rolled / 100) * 0.5})`;
		const share = rolled === null ? "–" : percent(rolled, 1);
		return `<td class="num" data-label="${bucket(names[index])}" style="${shade}">${money(doc, balance)}<div class="text-muted small">${share}</div></td>`;
	};
	return `
		<div class="sca-cash">
			<p class="text-muted">${__(
				"What was open at each month's end, and how much of what aged out of its bucket was not paid a month later."
			)}</p>
			<div style="overflow-x:auto">
				<table class="sca-table">
					<thead><tr><th>${__("Month End")}</th>${names
						.map((name) => `<th class="num">${bucket(name)}</th>`)
						.join("")}</tr></thead>
					<tbody>${months
						.map(
							(month) =>
								`<tr><td class="sca-title">${frappe.datetime.str_to_user(month.day)}</td>${month.cells
									.map(cell)
									.join("")}</tr>`
						)
						.join("")}</tbody>
				</table>
			</div>
		</div>`;
}
