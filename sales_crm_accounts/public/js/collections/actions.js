frappe.provide("sales_crm_accounts.collections");

const api = (method, args) => frappe.xcall(`sales_crm_accounts.api.collections.${method}`, args);

// Promise, dispute and note, one click away from whatever shows a receivable.
Object.assign(sales_crm_accounts.collections, {
	promise_colors: {
		Open: "blue",
		Kept: "green",
		"Partly Kept": "orange",
		Broken: "red",
		Cancelled: "gray",
	},

	dispute_colors: { Open: "orange", Resolved: "green", Cancelled: "gray" },

	/** A new document about `source` ({sales_invoice}, {deal} or {customer, company}), filled with what is open of it. */
	async make(doctype, source) {
		const values = await frappe.xcall("sales_crm_accounts.api.collections.new_values", {
			doctype,
			...source,
		});
		frappe.new_doc(doctype, values);
	},

	/** Buttons of a form; `owed` says whether there is something to promise or to dispute. */
	add_buttons(frm, source, owed) {
		const add = (doctype, label) => {
			if (!frappe.model.can_create(doctype)) return;
			frm.add_custom_button(
				label,
				() => sales_crm_accounts.collections.make(doctype, source),
				__("Collect")
			);
		};
		if (owed) {
			add("Promise to Pay", __("Promise to Pay"));
			add("Receivable Dispute", __("Dispute"));
			add("Collection Pause", __("Pause"));
		}
		add("Collection Note", __("Note"));
		if (owed && source.sales_invoice && frappe.model.can_create("Write-off Proposal")) {
			frm.add_custom_button(
				__("Propose Write-Off"),
				() => sales_crm_accounts.collections.propose_write_off(source),
				__("Collect")
			);
		}
	},

	/**
	 * A draft that gives up what is open and overdue of `source`: {sales_invoice, installment_no}, {customer, company} or {dispute}.
	 * Asks for the reason and opens the draft.
	 */
	async propose_write_off(source) {
		await frappe.model.with_doctype("Write-off Proposal");
		const meta = frappe.get_meta("Write-off Proposal");
		const reasons = meta.fields.find((df) => df.fieldname === "reason").options.split("\n");
		frappe.prompt(
			[
				{
					fieldtype: "Select",
					fieldname: "reason",
					label: __("Reason"),
					reqd: 1,
					default: source.dispute ? "Dispute Settled" : "",
					options: reasons
						.filter(Boolean)
						.map((value) => ({ value, label: __(value, null, "Write-off Proposal") })),
				},
				{
					fieldtype: "Small Text",
					fieldname: "explanation",
					label: __("Explanation"),
					mandatory_depends_on: "eval:doc.reason === 'Other'",
				},
			],
			async (values) => {
				const name = await frappe.xcall("sales_crm_accounts.api.write_offs.make_draft", {
					...source,
					...values,
				});
				frappe.set_route("Form", "Write-off Proposal", name);
			},
			__("Propose Write-Off"),
			__("Make the Draft")
		);
	},

	/** Ask why, and lift a credit hold. */
	lift_hold(name, done) {
		frappe.prompt(
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
			async ({ reason }) => {
				await frappe.xcall("sales_crm_accounts.api.credit_hold.lift", { name, reason });
				done();
			},
			__("Lift the Hold")
		);
	},

	/** Link searches of a form about a receivable. */
	set_queries(frm) {
		frm.set_query("sales_invoice", () => ({
			query: "sales_crm_accounts.api.collections.invoice_query",
			filters: { company: frm.doc.company, customer: frm.doc.customer },
		}));
		for (const user of ["collector", "dispute_owner"]) {
			if (frm.fields_dict[user])
				frm.set_query(user, () => ({ query: "frappe.core.doctype.user.user.user_query" }));
		}
		if (frm.fields_dict.contact) {
			frm.set_query("contact", () => ({
				query: "frappe.contacts.doctype.contact.contact.contact_query",
				filters: { link_doctype: "Customer", link_name: frm.doc.customer },
			}));
		}
	},

	/** What is open, promised and disputed of the chosen invoice; fills the form and says it above the fields. */
	async show_part(frm, amount_field) {
		const { doc } = frm;
		frm.set_intro("");
		if (!doc.sales_invoice) return;
		const facts = await frappe.xcall("sales_crm_accounts.api.collections.part", {
			doctype: doc.doctype,
			sales_invoice: doc.sales_invoice,
			installment_no: doc.installment_no || 0,
			name: frm.is_new() ? null : doc.name,
		});
		if (frm.doc.name !== doc.name || frm.doc.sales_invoice !== doc.sales_invoice) return;
		if (frm.is_new()) {
			for (const field of ["company", "customer", "currency", "deal"]) {
				if (frm.fields_dict[field] && doc[field] !== facts[field])
					await frm.set_value(field, facts[field]);
			}
			const free = amount_field === "amount" ? facts.free_to_promise : facts.free_to_dispute;
			if (amount_field && !flt(doc[amount_field])) await frm.set_value(amount_field, free);
		}
		const money = (value) =>
			frappe.utils.html2text(format_currency(value, facts.currency)).trim();
		const parts = [__("{0} open", [money(facts.open_amount)])];
		if (facts.promised) parts.push(__("{0} promised otherwise", [money(facts.promised)]));
		if (facts.disputed) parts.push(__("{0} disputed otherwise", [money(facts.disputed)]));
		if (facts.overdue_since)
			parts.push(
				__("overdue since {0}", [frappe.datetime.str_to_user(facts.overdue_since)])
			);
		if (facts.installments > 1) parts.push(__("{0} installments", [facts.installments]));
		frm.set_intro(""); // a form that was filled asks several times, and each intro adds a line
		frm.set_intro(parts.join(" · "), facts.overdue_since ? "orange" : "blue");
	},

	/** Ask for a word, send it with the action, and show what became of the document. */
	ask(frm, title, method, args, field) {
		frappe.prompt(
			[{ fieldtype: "Small Text", fieldname: field, label: __("Reason") }],
			async (values) => {
				await api(method, { ...args, [field]: values[field] || "" });
				await frm.reload_doc();
			},
			title,
			__("Confirm")
		);
	},

	call: api,
});
