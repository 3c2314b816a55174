frappe.provide("sales_crm_accounts.worklist");

const worklist = sales_crm_accounts.worklist;
const { dialog } = sales_crm_accounts.approvals;
const SEPARATOR = "|";

// What somebody can do in a call. Each takes the answer of `customer`, and resolves when the server has kept what was said.
Object.assign(sales_crm_accounts.worklist, {
	buttons({ can, installments }) {
		const open = installments.length > 0;
		return [
			["note", __("Note a Call"), "btn-primary", can.note],
			["promise", __("Promise"), "btn-default", can.promise && open],
			["dispute", __("Dispute"), "btn-default", can.dispute && open],
			["pause", __("Pause"), "btn-default", can.pause && open],
			["statement", __("Statement"), "btn-default", can.statement],
			["hand_over", __("Hand Over"), "btn-default", can.hand_over],
		]
			.filter(([, , , allowed]) => allowed)
			.map(([action, label, css]) => ({ action, label, css }));
	},

	act(action, data) {
		return { note, promise, dispute, pause, statement, hand_over }[action](data);
	},
});

/** Keep a document of the customer; the server checks it and fills in the rest. */
function insert(doctype, { company, customer }, values) {
	return frappe.xcall("frappe.client.insert", {
		doc: { doctype, company, customer, ...values },
	});
}

function people({ contacts }) {
	return contacts.map((person) => person.full_name).filter(Boolean);
}

function contact_of({ contacts }, full_name) {
	return contacts.find((person) => person.full_name === full_name)?.name || null;
}

/** What a promise, a dispute or a pause is about: installments, whole invoices of several, all of a currency. */
function subjects({ installments }, { all, label }) {
	const options = [];
	const invoices = new Map();
	const currencies = new Map();
	for (const part of installments) {
		const { sales_invoice, currency, free } = part;
		const invoice = invoices.get(sales_invoice) || { currency, free: 0, count: 0 };
		invoices.set(sales_invoice, {
			currency,
			free: invoice.free + free,
			count: invoice.count + 1,
		});
		const due = part.days > 0 ? free : 0;
		currencies.set(currency, (currencies.get(currency) || 0) + due);
	}
	if (all) {
		for (const [currency, free] of currencies) {
			options.push({
				value: ["", 0, currency].join(SEPARATOR),
				label:
					currencies.size > 1
						? __("All that is open in {0}", [currency])
						: __("All that is open"),
				free,
				currency,
			});
		}
	}
	for (const [invoice, { currency, free, count }] of invoices) {
		if (count > 1) {
			options.push({
				value: [invoice, 0, currency].join(SEPARATOR),
				label: __("{0}, whole invoice", [invoice]),
				free,
				currency,
			});
		}
	}
	for (const part of installments) {
		options.push({
			value: [part.sales_invoice, part.installment_no, part.currency].join(SEPARATOR),
			label: `${part.sales_invoice} · ${__("No. {0}", [part.installment_no])} · ${frappe.datetime.str_to_user(
				part.due_date
			)} · ${format_currency(part.outstanding, part.currency)}`,
			free: part.free,
			currency: part.currency,
		});
	}
	return {
		options,
		field: {
			fieldtype: "Select",
			fieldname: "subject",
			label,
			options: options.map(({ value, label }) => ({ value, label })),
			default: options[0]?.value,
			reqd: 1,
		},
		find: (value) => options.find((option) => option.value === value),
	};
}

function about(subject) {
	const [sales_invoice, installment_no, currency] = subject.split(SEPARATOR);
	return {
		sales_invoice: sales_invoice || null,
		installment_no: cint(installment_no),
		currency,
	};
}

/** The subject, and an amount in its currency that follows it until somebody types one. */
function subject_and_amount(choice, amount_label) {
	const first = choice.options[0];
	return [
		{
			...choice.field,
			onchange() {
				const chosen = choice.find(this.get_value());
				const amount = cur_dialog?.get_field("amount");
				if (!chosen || !amount) return;
				amount.df.label = `${amount_label} (${chosen.currency})`;
				amount.refresh();
				amount.set_value(chosen.free);
			},
		},
		{
			fieldtype: "Float",
			fieldname: "amount",
			label: `${amount_label} (${first.currency})`,
			precision: 2,
			default: first.free,
			reqd: 1,
		},
	];
}

function note(data) {
	const names = people(data);
	return dialog({
		title: __("Note a Call"),
		fields: [
			{
				fieldtype: "Select",
				fieldname: "note_type",
				label: __("Type", null, "Collection Note"),
				options: ["Call", "Visit", "Mail", "Message", "Other"].map((value) => ({
					value,
					label: __(value, null, "Collection Note"),
				})),
				default: "Call",
				reqd: 1,
			},
			{
				fieldtype: "Select",
				fieldname: "contact",
				label: __("With", null, "Collection Note"),
				options: ["", ...names],
				default: names[0],
				hidden: names.length ? 0 : 1,
			},
			{ fieldtype: "Small Text", fieldname: "note", label: __("What was said"), reqd: 1 },
			{ fieldtype: "Data", fieldname: "next_step", label: __("Next Step") },
			{
				fieldtype: "Date",
				fieldname: "next_date",
				label: __("On", null, "Collection Note"),
				description: __("The customer leaves the list until this day."),
			},
		],
		label: __("Save"),
		done: __("Noted"),
		run: ({ contact, ...values }) =>
			insert("Collection Note", data, {
				...values,
				contact: contact_of(data, contact),
				noted_on: frappe.datetime.now_datetime(),
				collector: frappe.session.user,
			}),
	});
}

function promise(data) {
	const choice = subjects(data, { all: true, label: __("For", null, "Promise to Pay") });
	return dialog({
		title: __("Promise to Pay"),
		fields: [
			...subject_and_amount(choice, __("Amount")),
			{ fieldtype: "Date", fieldname: "pay_by", label: __("Pay By"), reqd: 1 },
			{
				fieldtype: "Data",
				fieldname: "promised_by",
				label: __("Promised By"),
				default: people(data)[0],
			},
			{ fieldtype: "Small Text", fieldname: "remarks", label: __("Remarks") },
		],
		label: __("Save"),
		done: __("The promise is kept in mind"),
		run: ({ subject, ...values }) =>
			insert("Promise to Pay", data, {
				...about(subject),
				...values,
				contact: contact_of(data, values.promised_by),
				promised_on: frappe.datetime.get_today(),
				collector: frappe.session.user,
			}),
	});
}

function dispute(data) {
	const choice = subjects(data, { label: __("About", null, "Receivable Dispute") });
	return dialog({
		title: __("Dispute"),
		fields: [
			...subject_and_amount(choice, __("Disputed Amount")),
			{
				fieldtype: "Select",
				fieldname: "reason",
				label: __("Reason"),
				options: [
					"Price",
					"Quality",
					"Delivery",
					"Quantity",
					"Not Ordered",
					"Already Paid",
					"Other",
				].map((value) => ({ value, label: __(value, null, "Receivable Dispute") })),
				default: "Price",
				reqd: 1,
			},
			{ fieldtype: "Small Text", fieldname: "details", label: __("What the customer says") },
			{
				fieldtype: "Link",
				fieldname: "dispute_owner",
				label: __("Who Settles It"),
				options: "User",
				get_query: () => ({ filters: { enabled: 1, user_type: "System User" } }),
				default: frappe.session.user,
			},
			{ fieldtype: "Date", fieldname: "due_date", label: __("Settled By") },
		],
		label: __("Save"),
		done: __("The dispute is open"),
		run: ({ subject, amount, ...values }) =>
			insert("Receivable Dispute", data, {
				...about(subject),
				...values,
				disputed_amount: amount,
			}),
	});
}

function pause(data) {
	const choice = subjects(data, { all: true, label: __("For", null, "Promise to Pay") });
	const seen = new Set();
	choice.field.options = choice.field.options.filter(({ value }) => {
		// A pause of everything has no currency.
		const key = value.split(SEPARATOR).slice(0, 2).join(SEPARATOR);
		return !seen.has(key) && seen.add(key);
	});
	choice.field.options[0].label = __("All that is open");
	return dialog({
		title: __("Pause"),
		fields: [
			choice.field,
			{
				fieldtype: "Date",
				fieldname: "until_date",
				label: __("Until"),
				reqd: 1,
				description: __("No reminders and no calls up to and including this day."),
			},
			{ fieldtype: "Small Text", fieldname: "reason", label: __("Why"), reqd: 1 },
		],
		label: __("Pause"),
		done: __("Paused"),
		run: ({ subject, ...values }) => {
			const { sales_invoice, installment_no } = about(subject);
			return insert("Collection Pause", data, { sales_invoice, installment_no, ...values });
		},
	});
}

function hand_over(data) {
	return dialog({
		title: __("Hand Over {0}", [data.customer_name]),
		fields: [
			{
				fieldtype: "Link",
				fieldname: "collector",
				label: __("Collector"),
				options: "User",
				reqd: 1,
				get_query: () => ({ query: "sales_crm_accounts.api.worklist.collectors" }),
			},
			{ fieldtype: "Small Text", fieldname: "reason", label: __("Why") },
		],
		label: __("Hand Over"),
		done: __("Handed over"),
		run: ({ collector, reason }) =>
			worklist.call("hand_over", {
				company: data.company,
				customer: data.customer,
				collector,
				reason: reason || "",
			}),
	});
}

/** The statement as a PDF, in a window of its own. */
async function statement({ company, customer }) {
	const query = new URLSearchParams({ company, customer });
	window.open(`/api/method/sales_crm_accounts.api.statements.download?${query}`);
}
