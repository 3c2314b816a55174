// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.ui.form.on("Dunning Policy", {
	setup(frm) {
		frm.set_query("print_format", () => ({
			filters: { doc_type: "Dunning Message", disabled: 0 },
		}));
		frm.set_query("letter_head", () => ({ filters: { disabled: 0 } }));
		frm.set_query("dunning_type", () => ({ filters: { company: frm.doc.company } }));
		frm.set_query("assign_to", "levels", () => ({
			filters: { enabled: 1, user_type: "System User" },
		}));
	},

	refresh(frm) {
		frm.add_custom_button(__("Words for Texts"), show_words);
		if (frm.is_new()) {
			frm.add_custom_button(__("Fill with Ready-Made Levels"), () => fill(frm));
		} else if (!frm.is_dirty()) {
			frm.add_custom_button(__("What Would It Send Today?"), () => preview(frm));
		}
		frm.set_intro("");
		if (!frm.doc.enabled && !frm.is_new()) {
			frm.set_intro(__("Not enabled: this policy writes to nobody."), "orange");
		} else if (frm.doc.hands_free) {
			frm.set_intro(__("Reminders of this policy go out without review."), "blue");
		}
	},

	async send_thanks(frm) {
		if (!frm.doc.send_thanks || frm.doc.thanks_texts?.length) return;
		const { thanks_texts } = await frappe.xcall("sales_crm_accounts.api.dunning.ready_made");
		fill_thanks(frm, thanks_texts);
	},
});

async function fill(frm) {
	const { levels, texts, thanks_texts } = await frappe.xcall(
		"sales_crm_accounts.api.dunning.ready_made"
	);
	frm.clear_table("levels");
	frm.clear_table("texts");
	for (const level of levels) frm.add_child("levels", level);
	for (const text of texts) frm.add_child("texts", text);
	frm.refresh_fields(["levels", "texts"]);
	fill_thanks(frm, thanks_texts);
}

function fill_thanks(frm, thanks_texts) {
	frm.clear_table("thanks_texts");
	for (const text of thanks_texts) frm.add_child("thanks_texts", text);
	frm.refresh_field("thanks_texts");
}

async function show_words() {
	const { words, row_words, thanks_words, thanks_row_words } = await frappe.xcall(
		"sales_crm_accounts.api.dunning.words"
	);
	const list = (names) => names.map((name) => `<code>{{ ${name} }}</code>`).join(" ");
	const each = (names) =>
		`<p>${__("For each row:")}</p><p>{% for row in rows %} ${list(
			names.map((name) => `row.${name}`)
		)} {% endfor %}</p>`;
	frappe.msgprint({
		title: __("Words for Texts"),
		message: `<p>${list(words)}</p>${each(row_words)}<h6>${__("Thanks")}</h6><p>${list(
			thanks_words
		)}</p>${each(thanks_row_words)}`,
		wide: true,
	});
}

async function preview(frm) {
	const found = await frappe.xcall("sales_crm_accounts.api.dunning.preview", {
		policy: frm.doc.name,
	});
	const line = (label, value) =>
		`<tr><td>${frappe.utils.escape_html(label)}</td><td class="text-right">${value}</td></tr>`;
	const table = (rows) => `<table class="table table-sm">${rows.join("")}</table>`;
	const parts = [`<p>${__("{0} customers would be written to today.", [found.reminders])}</p>`];
	if (found.reminders) {
		parts.push(
			table([
				...found.levels.map((row) => line(row.title, row.count)),
				...found.totals.map((row) =>
					line(__("Total Due"), format_currency(row.amount, row.currency))
				),
			])
		);
	}
	if (found.passed.length) {
		parts.push(`<p>${__("Passed over:")}</p>`);
		parts.push(table(found.passed.map((row) => line(__(row.reason), row.count))));
	}
	frappe.msgprint({ title: __("What Would It Send Today?"), message: parts.join("") });
}
