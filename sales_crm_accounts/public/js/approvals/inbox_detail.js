frappe.provide("sales_crm_accounts.approvals");

const approvals = sales_crm_accounts.approvals;
const { detail } = sales_crm_accounts;
const { esc } = approvals;
const LINES = 12;
const text = (html) => esc(frappe.utils.html2text(String(html ?? "")));

/** One request with all that an approver needs to decide, and the buttons to do so. */
approvals.InboxDetail = class InboxDetail {
	constructor({ wrapper, decided, back }) {
		this.wrapper = wrapper;
		this.decided = decided;
		wrapper.on("click", ".sca-back", back);
		wrapper.on("click", "[data-approval]", (event) =>
			this.act($(event.currentTarget).attr("data-approval"))
		);
	}

	clear() {
		this.data = null;
		this.wrapper.html(
			`<div class="sca-empty sca-choose">${__("Choose a request to see what it is about.")}</div>`
		);
	}

	async show(request) {
		if (this.data?.request.name !== request) {
			this.wrapper.html(`<div class="sca-empty">${__("Loading...")}</div>`);
		}
		const turn = (this.turn = (this.turn || 0) + 1);
		let data;
		try {
			data = await approvals.call("briefing", { request });
		} catch (error) {
			this.clear(); // the server has said why
			return;
		}
		if (turn !== this.turn) return;
		this.data = data;
		this.render();
	}

	async act(action) {
		await approvals.act(action, this.data, { channel: "Inbox" });
		this.decided();
	}

	render() {
		const { data } = this;
		const sections = [
			[
				__("Changed Since the Last Round"),
				data.request.previous_request && approvals.changes_html(data.changes),
			],
			[__("What It Is About"), this.facts()],
			[__("Customer"), this.exposure()],
			[esc(data.rows.label), this.rows()],
			[__("What Will Be Posted"), this.ledger()],
			[__("Attachments"), this.attachments()],
			[__("Route", null, "Approval Request"), approvals.route_html(data.request.levels)],
			[__("History"), approvals.steps_html(data.request.steps)],
		];
		this.wrapper.html(`
			${this.head()}
			${detail.sections(sections)}
			${this.buttons()}`);
		this.wrapper.scrollTop(0);
	}

	head() {
		const { request, why, acting_for, can, questions, gone } = this.data;
		const standing = (acting_for || []).map((person) => person.full_name).join(", ");
		const about = [
			__("asked by {0}, {1}", [
				request.requester_name,
				approvals.time(request.requested_on),
			]),
			request.chain,
		];
		if (request.round > 1) about.unshift(__("Round {0}", [request.round]));
		return `
			<header class="sca-detail-head">
				<button type="button" class="btn btn-sm btn-default sca-back">‹ ${__("Back")}</button>
				<div class="sca-detail-title">
					${approvals.document_link(request.reference_doctype, request.reference_name)}
					${approvals.pill(request.status)}
					${request.action === "Cancel" ? `<span class="indicator-pill no-indicator-dot red">${__("Cancelling")}</span>` : ""}
				</div>
				${request.amount ? `<div class="sca-detail-amount">${approvals.money(request.amount, request.currency)}</div>` : ""}
				<div class="sca-note">${about.filter(Boolean).map(esc).join(" · ")}</div>
				<p class="sca-why">${esc(why)}</p>
				${can.approve && standing ? `<p class="sca-behalf">${esc(__("You stand in for {0}.", [standing]))}</p>` : ""}
				${gone ? `<div class="alert alert-warning">${__("The document is gone.")}</div>` : ""}
				${approvals.questions_html(questions)}
			</header>`;
	}

	facts() {
		const { document, margin } = this.data;
		const facts = document.map(({ label, value }) => [label, text(value)]);
		if (margin?.discount_percent != null) {
			facts.push([__("Discount"), `${format_number(margin.discount_percent, null, 2)}%`]);
		}
		if (margin?.margin_percent != null) {
			facts.push([
				__("Planned Margin"),
				`${format_number(margin.margin_percent, null, 2)}%`,
			]);
		}
		if (!facts.length) return "";
		return `<dl class="sca-facts">${facts
			.map(([label, value]) => `<div><dt>${esc(label)}</dt><dd>${value}</dd></div>`)
			.join("")}</dl>`;
	}

	exposure() {
		const { exposure, request } = this.data;
		if (!exposure) return "";
		const cards = [
			[__("Outstanding"), exposure.outstanding, ""],
			[__("Overdue"), exposure.overdue, exposure.overdue > 0 ? "bad" : ""],
			[__("To Be Billed"), exposure.billed_later, ""],
		];
		if (exposure.credit_limit) {
			const after = exposure.outstanding + exposure.billed_later;
			cards.push([
				__("Credit Limit"),
				exposure.credit_limit,
				after > exposure.credit_limit ? "bad" : "",
			]);
		}
		return `<div class="sca-cards">${cards
			.map(([label, value, tone]) =>
				detail.card(label, approvals.money(value, request.currency), tone)
			)
			.join("")}</div>`;
	}

	rows() {
		const { columns, rows, more } = this.data.rows;
		if (!rows.length) return "";
		const css = (index) => (columns[index].number ? ` class="num"` : "");
		return `
			<div class="sca-scroll"><table class="sca-lines">
				<thead><tr>${columns
					.map((column, index) => `<th${css(index)}>${esc(column.label)}</th>`)
					.join("")}</tr></thead>
				<tbody>${rows
					.map(
						(row) =>
							`<tr>${row.map((value, index) => `<td${css(index)}>${text(value)}</td>`).join("")}</tr>`
					)
					.join("")}</tbody>
			</table></div>
			${more ? `<div class="sca-note">${__("{0} more rows", [more])}</div>` : ""}`;
	}

	ledger() {
		const { ledger, request } = this.data;
		if (!ledger.length) return "";
		const money = (value) => (value ? approvals.money(value, request.currency) : "");
		const line = (row) => `<tr>
			<td>${esc(row.account)}${
				row.party || row.cost_center
					? `<div class="sca-note">${[row.party, row.cost_center].filter(Boolean).map(esc).join(" · ")}</div>`
					: ""
			}</td>
			<td class="num">${money(row.debit)}</td>
			<td class="num">${money(row.credit)}</td>
		</tr>`;
		const table = (rows) => `
			<div class="sca-scroll"><table class="sca-lines">
				<thead><tr>
					<th>${__("Account")}</th><th class="num">${__("Debit")}</th><th class="num">${__("Credit")}</th>
				</tr></thead>
				<tbody>${rows.map(line).join("")}</tbody>
			</table></div>`;
		if (ledger.length <= LINES) return table(ledger);
		return `${table(ledger.slice(0, LINES))}
			<details class="sca-more"><summary>${__("{0} more lines", [ledger.length - LINES])}</summary>
			${table(ledger.slice(LINES))}</details>`;
	}

	attachments() {
		const { attachments } = this.data;
		if (!attachments.length) return "";
		return `<ul class="sca-files">${attachments
			.map(
				(file) =>
					`<li><a href="${esc(encodeURI(file.file_url))}" target="_blank" rel="noopener">${esc(file.file_name)}</a></li>`
			)
			.join("")}</ul>`;
	}

	buttons() {
		const buttons = approvals.buttons(this.data);
		if (!buttons.length) return "";
		const large = buttons.filter(({ action }) =>
			["approve", "reject", "answer", "request"].includes(action)
		);
		const rest = buttons.filter((button) => !large.includes(button));
		return `
			<footer class="sca-detail-actions">
				${
					rest.length
						? `<div class="dropup">
							<button type="button" class="btn btn-default dropdown-toggle" data-toggle="dropdown"
								aria-haspopup="true" aria-expanded="false">${__("More")}</button>
							<div class="dropdown-menu">${rest
								.map(
									({ action, label }) =>
										`<button type="button" class="dropdown-item" data-approval="${action}">${label}</button>`
								)
								.join("")}</div>
						</div>`
						: ""
				}
				${large
					.reverse()
					.map(
						({ action, label, css }) =>
							`<button type="button" class="btn ${css}" data-approval="${action}">${label}</button>`
					)
					.join("")}
			</footer>`;
	}
};
