// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Approval Delegation", {
	setup(frm) {
		const users = () => ({ filters: { enabled: 1, user_type: "System User" } });
		frm.set_query("delegator", users);
		frm.set_query("delegate", () => ({
			filters: { enabled: 1, user_type: "System User", name: ["!=", frm.doc.delegator] },
		}));
		frm.set_query("document_types", () => ({ filters: { is_submittable: 1, istable: 0 } }));
	},

	refresh(frm) {
		const manages = frappe.user.has_role(["Approval Manager", "System Manager"]);
		frm.set_df_property("delegator", "read_only", manages ? 0 : 1);
		describe(frm);
	},

	from_date(frm) {
		if (frm.doc.to_date && frm.doc.to_date < frm.doc.from_date) {
			frm.set_value("to_date", frm.doc.from_date);
		}
		describe(frm);
	},

	max_amount(frm) {
		if (flt(frm.doc.max_amount) && !frm.doc.currency) {
			frm.set_value("currency", frappe.boot.sysdefaults.currency);
		}
		describe(frm);
	},

	delegator: describe,
	delegate: describe,
	to_date: describe,
	document_types: describe,
	currency: describe,
	disabled: describe,
});

// In words, what the delegation does.
function describe(frm) {
	const { doc } = frm;
	frm.set_intro("");
	if (!doc.delegate || !doc.delegator || !doc.from_date || !doc.to_date) return;
	const day = (value) => frappe.datetime.str_to_user(value);
	const who = [frappe.user.full_name(doc.delegate), frappe.user.full_name(doc.delegator)];
	let text = doc.disabled
		? __("Disabled: nobody stands in.")
		: __(
				"From {0} to {1}, {2} decides what waits for {3}. Each decision says on whose behalf it was made.",
				[day(doc.from_date), day(doc.to_date), ...who]
			);
	const types = (doc.document_types || []).map((row) => __(row.document_type));
	if (!doc.disabled && types.length) text += ` ${__("Only: {0}.", [types.join(", ")])}`;
	if (!doc.disabled && flt(doc.max_amount)) {
		const amount = frappe.utils.html2text(format_currency(doc.max_amount, doc.currency));
		text += ` ${__("Up to {0}.", [amount])}`;
	}
	frm.set_intro(frappe.utils.escape_html(text), doc.disabled ? "orange" : "blue");
}
