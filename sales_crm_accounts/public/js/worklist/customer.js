frappe.provide("sales_crm_accounts.worklist");

const worklist = sales_crm_accounts.worklist;
const { detail } = sales_crm_accounts;
const { esc } = worklist;
const FEW = 4;

/** One customer with all that the call needs, and the buttons to say what came of it. */
worklist.Customer = class Customer {
	constructor({ wrapper, changed, back, next }) {
		this.wrapper = wrapper;
		this.changed = changed;
		wrapper.on("click", ".sca-back", back);
		wrapper.on("click", ".sca-next", () => next(this.data.customer));
		wrapper.on("click", "[data-action]", (event) =>
			this.act($(event.currentTarget).attr("data-action"))
		);
	}

	clear() {
		this.data = null;
		this.wrapper.html(
			`<div class="sca-empty sca-choose">${__("Choose a customer to see what the call is about.")}</div>`
		);
	}

	async show(company, customer, row) {
		this.row = row;
		if (this.data?.customer !== customer) {
			this.wrapper.html(`<div class="sca-empty">${__("Loading...")}</div>`);
		}
		const turn = (this.turn = (this.turn || 0) + 1);
		let data;
		try {
			data = await worklist.call("customer", { company, customer });
		} catch (error) {
			this.clear(); // the server has said why
			return;
		}
		if (turn !== this.turn) return;
		this.data = data;
		this.render();
	}

	/** The list has come: its score is shown over the call. */
	scored(row) {
		this.row = row;
		if (this.data) this.wrapper.find(".sca-why-call").html(this.why());
	}

	async act(action) {
		await worklist.act(action, this.data);
		this.changed();
	}

	render() {
		const { data } = this;
		const sections = [
			[__("Contacts"), this.contacts()],
			[__("Open Installments"), this.installments()],
			[__("How They Pay"), sales_crm_accounts.payer.html(data.payer)],
			[__("Promises"), this.promises()],
			[__("Disputes"), this.disputes()],
			[__("Pauses"), this.pauses()],
			[__("Notes"), this.notes()],
			[__("Letters"), this.letters()],
			[__("Deals"), this.deals()],
		];
		this.wrapper.html(`
			${this.head()}
			<div class="sca-why-call">${this.why()}</div>
			${this.figures()}
			${detail.sections(sections)}
			${this.buttons()}`);
		this.wrapper.attr("data-customer", data.customer).scrollTop(0);
	}

	head() {
		const { data } = this;
		const about = [
			data.customer === data.customer_name ? "" : data.customer,
			data.customer_group,
			data.territory,
			data.collector_name ? __("with {0}", [data.collector_name]) : __("nobody's yet"),
		];
		return `
			<header class="sca-detail-head">
				<div class="sca-call-nav">
					<button type="button" class="btn btn-sm btn-default sca-back">‹ ${__("Back")}</button>
					<button type="button" class="btn btn-sm btn-default sca-next">${__("Next Customer")} ›</button>
				</div>
				<div class="sca-detail-title">${worklist.link("Customer", data.customer, data.customer_name)}</div>
				<div class="sca-note">${about.filter(Boolean).map(esc).join(" · ")}</div>
				${this.warnings()}
			</header>`;
	}

	/** What is to be known before anything else. */
	warnings() {
		const { came_back, on_hold } = this.data;
		const hold = on_hold
			? `<p class="sca-waits">${worklist.pill(__("Credit Hold"), "red")}</p>`
			: "";
		if (!came_back.length) return hold;
		return `${hold}<p class="sca-waits">${worklist.pill(__("Mail Came Back"), "red")} <span class="sca-note">${__(
			"Ask for another address: {0}",
			[came_back.map(esc).join(", ")]
		)}</span></p>`;
	}

	/** Why the customer is on the list, or what is waited for. */
	why() {
		const { row, data } = this;
		const { standing } = data;
		if (standing.state === "Waiting") {
			const until = standing.wakes_on
				? __("until {0}", [worklist.day(standing.wakes_on)])
				: "";
			return `<p class="sca-waits">${standing.waits_for
				.map((text) => worklist.pill(text, "blue"))
				.join(" ")} <span class="sca-note">${until}</span></p>`;
		}
		if (!standing.state)
			return `<p class="sca-waits sca-note">${__("Nothing is overdue.")}</p>`;
		if (!row?.reasons) return "";
		return `
			<div class="sca-points">
				<span class="sca-score heat-${worklist.heat(row.score)}" title="${__("Score {0} of 100", [
					row.score,
				])}">${row.score}</span>
				<ul>${row.reasons
					.map((reason) => `<li><b>+${reason.points}</b> ${esc(reason.text)}</li>`)
					.join("")}</ul>
			</div>`;
	}

	figures() {
		const { data } = this;
		const { standing, currency } = data;
		const money = (value, one = currency) => worklist.money(value, one);
		const cards = [
			[__("To Ask For"), money(standing.overdue), standing.overdue > 0 ? "bad" : ""],
			[__("Open", null, "Open Installment"), money(standing.open)],
		];
		if (standing.held > 0)
			cards.push([__("Held", null, "Open Installment"), money(standing.held)]);
		for (const { currency: one, amount } of data.on_account) {
			cards.push([__("On Account"), money(amount, one), "good"]);
		}
		if (data.credit_limit > 0) {
			const tone = standing.open > data.credit_limit ? "bad" : "";
			cards.push([__("Credit Limit"), money(data.credit_limit), tone]);
		}
		if (data.days_late != null) {
			const text =
				data.days_late > 0 ? __("{0} days late", [data.days_late]) : __("on time");
			cards.push([__("Pays on Average"), text]);
		}
		return `<div class="sca-cards sca-call-cards">${cards
			.map((card) => detail.card(...card))
			.join("")}</div>`;
	}

	contacts() {
		const { contacts } = this.data;
		if (!contacts.length) {
			return `<div class="sca-note">${__("No contact with phone or mail is known.")}</div>`;
		}
		return `<ul class="sca-contacts">${contacts
			.map((person) => {
				const numbers = [...new Set([person.mobile_no, person.phone].filter(Boolean))];
				const ways = numbers.map(
					(number) =>
						`<a class="btn btn-default btn-sm" href="tel:${encodeURIComponent(
							number.replace(/[^\d+]/g, "")
						)}">${frappe.utils.icon("call", "xs")} ${esc(number)}</a>`
				);
				if (person.email_id) {
					ways.push(
						`<a class="btn btn-default btn-sm" href="mailto:${esc(person.email_id)}">${frappe.utils.icon(
							"mail",
							"xs"
						)} ${esc(person.email_id)}</a>`
					);
				}
				return `<li>
					<div>${worklist.link("Contact", person.name, person.full_name)}
						<span class="sca-note">${esc(person.designation)}</span></div>
					<div class="sca-ways">${ways.join("")}</div>
				</li>`;
			})
			.join("")}</ul>`;
	}

	installments() {
		const { installments } = this.data;
		const line = (part) => {
			const tags = part.kinds.map((text) => worklist.pill(text, "blue"));
			if (part.held > 0 && part.held < part.outstanding) {
				tags.push(
					`<span class="sca-note">${__("{0} held", [format_currency(part.held, part.currency)])}</span>`
				);
			}
			if (part.covered > 0) {
				tags.push(
					`<span class="sca-note">${__("{0} covered by money on account", [
						format_currency(part.covered, part.currency),
					])}</span>`
				);
			}
			const late =
				part.days > 0
					? `<span class="sca-late">${__("{0} days overdue", [part.days])}</span>`
					: `<span class="sca-note">${part.days === 0 ? __("due today") : __("not due")}</span>`;
			return `<tr>
				<td>${worklist.link("Sales Invoice", part.sales_invoice)}
					<span class="sca-note">${__("No. {0}", [part.installment_no])}</span>
					${tags.length ? `<div class="sca-tags">${tags.join("")}</div>` : ""}</td>
				<td>${worklist.day(part.due_date)}<div>${late}</div></td>
				<td class="num">${worklist.money(part.outstanding, part.currency)}</td>
			</tr>`;
		};
		if (!installments.length) return `<div class="sca-note">${__("Nothing is open.")}</div>`;
		return `<table class="sca-lines sca-open">
			<thead><tr><th>${__("Invoice")}</th><th>${__("Due", null, "Open Installment")}</th><th class="num">${__("Outstanding")}</th></tr></thead>
			<tbody>${installments.map(line).join("")}</tbody></table>`;
	}

	promises() {
		return this.list(this.data.promises, (promise) => ({
			head: `${worklist.link("Promise to Pay", promise.name)}
				${worklist.money(promise.amount, promise.currency)}
				${worklist.pill(__(promise.status, null, "Promise to Pay"), sales_crm_accounts.collections.promise_colors[promise.status])}`,
			note: [
				__("by {0}", [worklist.day(promise.pay_by)]),
				promise.promised_by,
				promise.sales_invoice,
				promise.received_amount > 0
					? __("{0} received", [
							format_currency(promise.received_amount, promise.currency),
						])
					: "",
			],
			text: promise.remarks,
		}));
	}

	disputes() {
		return this.list(this.data.disputes, (dispute) => ({
			head: `${worklist.link("Receivable Dispute", dispute.name)}
				${worklist.money(dispute.disputed_amount, dispute.currency)}
				${worklist.pill(dispute.reason_text, dispute.status === "Open" ? "orange" : "gray")}`,
			note: [
				dispute.sales_invoice,
				dispute.owner_name,
				dispute.status === "Open" && dispute.due_date
					? __("by {0}", [worklist.day(dispute.due_date)])
					: dispute.outcome_text,
			],
			text: dispute.details,
		}));
	}

	pauses() {
		return this.list(this.data.pauses, (pause) => ({
			head: `${worklist.link("Collection Pause", pause.name, pause.sales_invoice || __("Everything", null, "Collection Pause"))}
				<span class="sca-note">${__("until {0}", [worklist.day(pause.until_date)])}</span>`,
			note: [],
			text: pause.reason,
		}));
	}

	notes() {
		return this.list(this.data.notes, (note) => ({
			head: `${worklist.link("Collection Note", note.name, note.type_text)}
				<span class="sca-note">${esc(note.collector_name)} · ${worklist.day(note.noted_on)}</span>`,
			note: [
				note.next_step || (note.next_date ? __("Next Step") : ""),
				worklist.day(note.next_date),
				note.sales_invoice,
			],
			text: note.note,
		}));
	}

	letters() {
		return this.list(this.data.letters, (letter) => ({
			head: `${worklist.link("Dunning Message", letter.name, letter.level_title || letter.name)}
				<span class="sca-note">${worklist.day(letter.message_date)}</span>`,
			note: [format_currency(letter.total_due, letter.currency), __(letter.status)],
		}));
	}

	deals() {
		return this.list(this.data.deals, (deal) => ({
			head: `${worklist.link("Deal", deal.name, deal.title || deal.name)}
				${worklist.money(deal.base_grand_total, this.data.currency)}
				${worklist.pill(deal.status_text, deal.has_open ? "orange" : "gray")}`,
			note: [deal.owner_name],
		}));
	}

	/** The first few, the rest folded away. */
	list(rows, describe) {
		if (!rows.length) return "";
		const items = rows.map((row) => {
			const { head, note, text } = describe(row);
			const about = note.filter(Boolean).map(esc).join(" · ");
			return `<li><div class="sca-item-head">${head}</div>
				${about ? `<div class="sca-note">${about}</div>` : ""}
				${text ? `<div class="sca-quote">${esc(text)}</div>` : ""}</li>`;
		});
		const rest = items.slice(FEW);
		return `<ul class="sca-items">${items.slice(0, FEW).join("")}</ul>
			${
				rest.length
					? `<details class="sca-more"><summary>${__("{0} more", [rest.length])}</summary>
						<ul class="sca-items">${rest.join("")}</ul></details>`
					: ""
			}`;
	}

	buttons() {
		const buttons = worklist.buttons(this.data);
		if (!buttons.length) return "";
		const html = ({ action, label, css }) =>
			`<button type="button" class="btn ${css}" data-action="${action}">${label}</button>`;
		const rest = buttons.slice(2);
		return `
			<footer class="sca-detail-actions sca-call-actions">
				${buttons.slice(0, 2).map(html).join("")}
				<span class="sca-wide">${rest.map(html).join("")}</span>
				<div class="dropup sca-narrow">
					<button type="button" class="btn btn-default dropdown-toggle" data-toggle="dropdown"
						aria-haspopup="true" aria-expanded="false">${__("More")}</button>
					<div class="dropdown-menu dropdown-menu-right">${rest
						.map(
							({ action, label }) =>
								`<button type="button" class="dropdown-item" data-action="${action}">${label}</button>`
						)
						.join("")}</div>
				</div>
			</footer>`;
	}
};
