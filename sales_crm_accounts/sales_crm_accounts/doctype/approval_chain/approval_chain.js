// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

const approvals = sales_crm_accounts.approvals;
const NUMBERS = ["Currency", "Float", "Int", "Percent"];
const PERSONS = ["User", "Employee", "Sales Person"];

frappe.ui.form.on("Approval Chain", {
	setup(frm) {
		const users = () => ({ filters: { enabled: 1, user_type: "System User" } });
		const roles = () => ({ filters: { disabled: 0 } });
		frm.set_query("document_type", () => ({
			filters: { is_submittable: 1, istable: 0, issingle: 0 },
		}));
		frm.set_query("user", "levels", users);
		frm.set_query("escalate_user", "levels", users);
		frm.set_query("role", "levels", roles);
		frm.set_query("escalate_role", "levels", roles);
	},

	refresh(frm) {
		// Switched by a button that says what follows.
		frm.set_df_property("active", "read_only", 1);
		frm.fields_dict.conditions_help.$wrapper.html(conditions_help());
		offer_fields(frm);
		describe(frm);
		if (frm.is_new() || !frm.perm[0]?.write) return;
		frm.add_custom_button(__("Who Would Approve"), () => what_if(frm));
		frm.add_custom_button(__("Try on Last Year"), () => replay(frm));
		frm.add_custom_button(frm.doc.active ? __("Switch Off") : __("Switch On"), () =>
			toggle(frm)
		).addClass(frm.doc.active ? "btn-danger" : "btn-primary");
	},

	document_type(frm) {
		frm.set_value("amount_field", "");
		offer_fields(frm);
		describe(frm);
	},

	company(frm) {
		for (const row of frm.doc.levels || []) row.company_currency = currency_of(frm);
		frm.refresh_field("levels");
		describe(frm);
	},

	action: describe,
	active: describe,
	valid_from: describe,
	valid_to: describe,
	levels_remove: describe,
});

frappe.ui.form.on("Approval Chain Level", {
	levels_add(frm, cdt, cdn) {
		const row = frappe.get_doc(cdt, cdn);
		row.company_currency = currency_of(frm);
		const before = frm.doc.levels[row.idx - 2];
		if (before) frappe.model.set_value(cdt, cdn, "level", cint(before.level) + 1);
		describe(frm);
	},
	levels_remove: describe,
	levels_move: describe,
	...Object.fromEntries(
		[
			"level",
			"title",
			"min_amount",
			"max_amount",
			"approver_source",
			"user",
			"role",
			"user_group",
			"document_field",
			"climb_to_limit",
			"rule",
			"required_count",
			"requester_may_approve",
			"comment_required",
			"attachment_required",
			"remind_after",
			"escalate_after",
			"escalate_to",
			"escalate_user",
			"escalate_role",
		].map((field) => [field, describe])
	),
});

function currency_of(frm) {
	const { company } = frm.doc;
	return (
		(company && frappe.get_doc(":Company", company)?.default_currency) ||
		frappe.boot.sysdefaults.currency
	);
}

const money = (frm, value) => frappe.utils.html2text(format_currency(value, currency_of(frm)));

// Fields of the document type, its rows and its links, where the chain names a field. Longer paths may be typed.
async function offer_fields(frm) {
	const { document_type } = frm.doc;
	if (!document_type || !frm.perm[0]?.write) return;
	const paths = await approvals.call("field_paths", { doctype: document_type });
	if (frm.doc.document_type !== document_type) return;
	const options = (fits) =>
		paths
			.filter(fits)
			.map(({ value, label }) => ({ value, label: `${label || value} (${value})` }));
	const { conditions, levels, amount_field } = frm.fields_dict;
	for (const [grid, field, choices] of [
		[conditions.grid, "field", options(() => true)],
		[levels.grid, "document_field", options(({ target }) => PERSONS.includes(target))],
	]) {
		grid.update_docfield_property(field, "ignore_validation", 1);
		grid.update_docfield_property(field, "options", choices);
	}
	amount_field.df.ignore_validation = 1;
	frm.set_df_property(
		"amount_field",
		"options",
		options(({ fieldtype }) => NUMBERS.includes(fieldtype))
	);
}

function conditions_help() {
	const rows = [
		["=, !=", __("the same, or not")],
		[">, >=, <, <=", __("compares numbers and dates: 1000, 2025-12-31")],
		["in, not in", __("one of a list: Retail, Wholesale")],
		["is set, is not set", __("whether the field is filled")],
		["contains", __("the text appears in it")],
		["under", __("a group of a tree, with all groups below it")],
	];
	return `
		<details class="sca-more"><summary>${__("How conditions are read")}</summary>
			<p>${__("A field of the document, of a document that it links to (customer.customer_group), or of its rows (items.discount_percentage). Where rows give several values, one that fits is enough.")}</p>
			<table class="sca-lines"><tbody>${rows
				.map(
					([sign, text]) =>
						`<tr><td><code>${approvals.esc(sign)}</code></td><td>${text}</td></tr>`
				)
				.join("")}</tbody></table>
		</details>`;
}

// In words

function describe(frm) {
	const { doc } = frm;
	const rows = (doc.levels || []).slice().sort((a, b) => a.level - b.level || a.idx - b.idx);
	const { $wrapper } = frm.fields_dict.levels;
	frm.levels_text ??= $(`<ul class="sca-levels-text" aria-live="polite"></ul>`);
	if (!frm.levels_text.parent().length) frm.levels_text.insertAfter($wrapper);
	frm.levels_text.html(
		rows.map((row) => `<li>${approvals.esc(sentence(frm, row))}</li>`).join("")
	);
	frm.set_intro("");
	if (!doc.document_type) return;
	const words = [__(doc.document_type), doc.company || __("every company")];
	const text = {
		Submit: __("{0} of {1}: asked before it is submitted.", words),
		Cancel: __("{0} of {1}: asked before it is cancelled.", words),
		"Submit and Cancel": __(
			"{0} of {1}: asked before it is submitted, and before it is cancelled.",
			words
		),
	}[doc.action];
	const state = doc.active ? __("Active.") : __("Switched off: nothing is asked.");
	frm.set_intro(approvals.esc(`${state} ${text || ""}`), doc.active ? "green" : "orange");
}

/** "Level 1 (Finance): any one with the role Accounts Manager, from 10,000.00" */
function sentence(frm, row) {
	const parts = [who(row)];
	const from = flt(row.min_amount);
	const below = flt(row.max_amount);
	if (from && below) {
		parts.push(__("from {0} to below {1}", [money(frm, from), money(frm, below)]));
	} else if (from) parts.push(__("from {0}", [money(frm, from)]));
	else if (below) parts.push(__("below {0}", [money(frm, below)]));
	if (row.climb_to_limit) parts.push(__("up to whoever may sign the amount"));
	if (row.requester_may_approve) parts.push(__("the requester, too"));
	if (row.comment_required) parts.push(__("with a comment"));
	if (row.attachment_required) parts.push(__("with an attachment"));
	if (flt(row.remind_after))
		parts.push(__("reminded after {0} working hours", [row.remind_after]));
	if (flt(row.escalate_after)) {
		const to = {
			User: frappe.user.full_name(row.escalate_user),
			Role: __("the role {0}", [__(row.escalate_role)]),
		}[row.escalate_to];
		parts.push(
			__("after {0} working hours also {1}", [
				row.escalate_after,
				to || __("the approver's manager"),
			])
		);
	}
	return __("Level {0} ({1}): {2}", [row.level, row.title || "–", parts.join(", ")]);
}

function who(row) {
	const many = {
		Role: __("with the role {0}", [__(row.role || "?")]),
		"User Group": __("of the group {0}", [row.user_group || "?"]),
		"Document Field": __("whom the field {0} names", [row.document_field || "?"]),
	}[row.approver_source];
	if (many) {
		if (row.rule === "All") return __("all {0}", [many]);
		if (row.rule === "N of M") return __("{0} people {1}", [row.required_count, many]);
		return __("any one {0}", [many]);
	}
	return {
		User: frappe.user.full_name(row.user),
		"Manager of Requester": __("the requester's manager"),
		"Head of Cost Center": __("the head of the cost center"),
		"Head of Department": __("the head of the department"),
	}[row.approver_source];
}

// What follows from it

function toggle(frm) {
	if (frm.is_dirty()) return frappe.msgprint(__("Save the chain first."));
	const type = __(frm.doc.document_type);
	const text = frm.doc.active
		? __(
				"From now on {0} documents are posted without this chain's approvals, unless another chain covers them. Requests that are open keep their route.",
				[type]
			)
		: __(
				"From now on no {0} that this chain covers is posted before its approvals are given, whichever way it is submitted. That holds for drafts that exist already.",
				[type]
			);
	frappe.confirm(approvals.esc(text), async () => {
		await frm.set_value("active", frm.doc.active ? 0 : 1);
		await frm.save();
	});
}

function saved(frm) {
	if (!frm.is_dirty()) return true;
	frappe.msgprint(__("Save the chain first: the trial reads what is saved."));
	return false;
}

function what_if(frm) {
	if (!saved(frm)) return;
	const dialog = new frappe.ui.Dialog({
		title: __("Who Would Approve"),
		size: "large",
		fields: [
			{
				fieldtype: "Currency",
				fieldname: "amount",
				label: __("Amount ({0})", [currency_of(frm)]),
				depends_on: "eval:!doc.name",
			},
			{
				fieldtype: "Link",
				fieldname: "requester",
				label: __("Requester"),
				options: "User",
				default: frappe.session.user,
				get_query: () => ({ filters: { enabled: 1, user_type: "System User" } }),
			},
			{ fieldtype: "Column Break" },
			{
				fieldtype: "Link",
				fieldname: "name",
				label: __("Or for This {0}", [__(frm.doc.document_type)]),
				options: frm.doc.document_type,
				// Who configures chains need not see the documents.
				hidden: frappe.model.can_read(frm.doc.document_type) ? 0 : 1,
			},
			{ fieldtype: "Section Break" },
			{ fieldtype: "HTML", fieldname: "answer" },
		],
		primary_action_label: __("Show"),
		async primary_action({ name, amount, requester }) {
			const answer = await approvals.call("what_if", {
				chain: frm.doc.name,
				name: name || null,
				amount: name ? null : flt(amount),
				requester: requester || null,
			});
			dialog.fields_dict.answer.$wrapper.html(what_if_html(answer));
		},
	});
	dialog.show();
}

function what_if_html({ covered, amount, currency, levels, problems, other }) {
	const parts = [];
	if (!covered) parts.push(`<p>${__("The chain's conditions do not cover this document.")}</p>`);
	if (other) {
		parts.push(
			`<div class="alert alert-warning">${approvals.esc(
				__("Chain {0} is active and comes before this one.", [other])
			)}</div>`
		);
	}
	if (covered) {
		parts.push(`<p>${__("Amount")}: <b>${approvals.money(amount, currency)}</b></p>`);
		for (const problem of problems) {
			parts.push(`<div class="alert alert-danger">${approvals.esc(problem)}</div>`);
		}
		if (levels.length) parts.push(approvals.route_html(levels));
		else if (!problems.length) {
			parts.push(
				`<p>${__("No level asks for this amount: it would pass without approval.")}</p>`
			);
		}
	}
	return parts.join("");
}

function replay(frm) {
	if (!saved(frm)) return;
	const today = frappe.datetime.get_today();
	const dialog = new frappe.ui.Dialog({
		title: __("Try on Past Documents"),
		size: "large",
		fields: [
			{
				fieldtype: "Date",
				fieldname: "from_date",
				label: __("From"),
				default: frappe.datetime.add_months(today, -12),
				reqd: 1,
			},
			{ fieldtype: "Column Break" },
			{ fieldtype: "Date", fieldname: "to_date", label: __("To"), default: today, reqd: 1 },
			{ fieldtype: "Section Break" },
			{ fieldtype: "HTML", fieldname: "answer" },
		],
		primary_action_label: __("Try"),
		async primary_action({ from_date, to_date }) {
			const area = dialog.fields_dict.answer.$wrapper;
			area.html(`<p class="text-muted">${__("Looking at the documents ...")}</p>`);
			dialog.disable_primary_action();
			try {
				const answer = await approvals.call("replay", {
					chain: frm.doc.name,
					from_date,
					to_date,
				});
				area.html(replay_html(frm, answer));
			} catch (error) {
				area.empty(); // the server has said why
			} finally {
				dialog.enable_primary_action();
			}
		},
	});
	dialog.show();
}

function replay_html(frm, answer) {
	const { esc } = approvals;
	const { card } = sales_crm_accounts.detail;
	const table = (head, rows) => `
		<table class="sca-lines"><thead><tr>${head.map((text) => `<th>${text}</th>`).join("")}</tr></thead>
		<tbody>${rows.join("")}</tbody></table>`;
	const link = (name, text) =>
		`<a href="${frappe.utils.get_form_link(frm.doc.document_type, name)}" target="_blank">${esc(text || name)}</a>`;
	const part = (title, html) =>
		`<section class="sca-detail-part"><h5>${title}</h5>${html}</section>`;
	const parts = [
		`<div class="sca-cards">
			${card(__("Documents"), answer.documents)}
			${card(__("Would Have Waited"), answer.waited)}
			${card(__("Signatures"), answer.signatures)}
			${card(__("Could Not Be Approved"), answer.stuck.length, answer.stuck.length ? "bad" : "")}
		</div>`,
	];
	if (answer.left_out) {
		parts.push(
			`<p class="sca-note">${__("{0} older documents were left out.", [answer.left_out])}</p>`
		);
	}
	if (answer.levels.length) {
		const rows = answer.levels.map(
			(row) =>
				`<tr><td>${esc(row.level)} · ${esc(row.title)}</td><td class="num">${esc(row.count)}</td></tr>`
		);
		parts.push(part(__("By Level"), table([__("Level"), ""], rows)));
	}
	if (answer.people.length) {
		const rows = answer.people.map(
			(row) =>
				`<tr><td>${esc(row.full_name)}</td><td class="num">${esc(row.count)}</td></tr>`
		);
		parts.push(part(__("Who Would Be Asked"), table([__("User"), ""], rows)));
	}
	if (answer.stuck.length) {
		const rows = answer.stuck.map(
			(row) => `<tr><td>${link(row.name)}</td><td>${esc(row.reason)}</td></tr>`
		);
		parts.push(part(__("Nobody Could Approve"), table([__("Document"), __("Reason")], rows)));
	}
	if (answer.list.length) {
		const rows = answer.list.map(
			(row) => `<tr>
				<td>${link(row.name)}<div class="sca-note">${esc(row.title === row.name ? "" : row.title)}</div></td>
				<td>${approvals.time(row.date)}</td>
				<td class="num">${approvals.money(row.amount, currency_of(frm))}</td>
				<td>${esc(row.first)}</td>
			</tr>`
		);
		const head = [__("Document"), __("Date"), __("Amount"), __("Waits First For")];
		parts.push(part(__("Documents"), `<div class="sca-scroll">${table(head, rows)}</div>`));
	}
	return parts.join("");
}
