frappe.provide("sales_crm_accounts.approvals");

const approvals = sales_crm_accounts.approvals;
const { esc } = approvals;
const PAGE = 20;
const LIVE_DELAY = 1500;

/** What waits for the user, what they asked for, what is done; a list and, beside it or in its place, one request. */
approvals.Inbox = class Inbox {
	constructor(wrapper) {
		this.page = wrapper.page;
		this.filter = "mine";
		this.search = "";
		this.rows = [];
		this.selected = new Set();
		this.body = $(`
			<div class="sca-inbox">
				<div class="sca-inbox-list">
					<div class="sca-tabs" role="tablist" aria-label="${__("Approvals")}"></div>
					<div class="sca-inbox-tools">
						<label class="sca-check sca-select-all" hidden>
							<input type="checkbox"><span class="sr-only">${__("Select all")}</span>
						</label>
						<input type="search" class="form-control" placeholder="${__("Search")}"
							aria-label="${__("Search by title, party or number")}">
					</div>
					<ul class="sca-inbox-cards" aria-live="polite"></ul>
					<div class="sca-inbox-more"></div>
					<div class="sca-bulk" hidden></div>
				</div>
				<div class="sca-inbox-detail"></div>
			</div>`).appendTo(this.page.main);
		this.detail = new approvals.InboxDetail({
			wrapper: this.body.find(".sca-inbox-detail"),
			decided: () => this.decided(),
			back: () => frappe.set_route("approvals"),
		});
		this.bind();
		this.menu();
	}

	bind() {
		const { body } = this;
		body.on("click", "[role=tab]", (event) =>
			this.go($(event.currentTarget).attr("data-filter"))
		);
		body.on(
			"input",
			"input[type=search]",
			frappe.utils.debounce((event) => {
				this.search = event.target.value.trim();
				this.load();
			}, 350)
		);
		body.on("change", ".sca-inbox-card input", (event) => {
			const { value, checked } = event.target;
			this.selected[checked ? "add" : "delete"](value);
			this.show_bulk();
		});
		body.on("change", ".sca-select-all input", (event) => {
			this.selected = new Set(
				event.target.checked ? this.rows.map((row) => row.request) : []
			);
			this.render();
		});
		body.on("click", ".sca-inbox-more button", () => this.load(true));
		body.on("click", ".sca-bulk [data-decision]", (event) =>
			this.decide_selected($(event.currentTarget).attr("data-decision"))
		);
		body.on("click", ".sca-bulk .sca-none", () => {
			this.selected.clear();
			this.render();
		});
		const live = frappe.utils.debounce(() => this.shown() && this.reload(), LIVE_DELAY);
		$(document).on("sca-approval", () => this.shown() && live());
	}

	menu() {
		this.page.set_secondary_action(__("Refresh"), () => this.reload(), "refresh");
		this.page.add_menu_item(__("When I Am Away"), () =>
			frappe.set_route("List", "Approval Delegation")
		);
		this.page.add_menu_item(__("How I Am Told"), async () => {
			const user = frappe.session.user;
			if (await frappe.db.exists("Approval Preference", user)) {
				frappe.set_route("Form", "Approval Preference", user);
			} else frappe.new_doc("Approval Preference", { user });
		});
	}

	shown() {
		return this.body.is(":visible");
	}

	/** The page is shown: its list, and the request that the address names. */
	async show() {
		const request = frappe.get_route()[1];
		this.body.toggleClass("with-detail", Boolean(request));
		const loads = [this.reload()];
		if (request) loads.push(this.detail.show(request));
		else this.detail.clear();
		this.mark(request);
		await Promise.all(loads);
	}

	go(filter) {
		if (filter === this.filter) return;
		this.filter = filter;
		this.selected.clear();
		this.rows = [];
		this.load();
	}

	async reload() {
		await this.load(false, Math.max(PAGE, this.rows.length));
	}

	/** Read the first page, or with `more` the next one; an answer that is overtaken by another is dropped. */
	async load(more = false, page_length = PAGE) {
		const turn = (this.turn = (this.turn || 0) + 1);
		const answer = await approvals.call("inbox", {
			filter: this.filter,
			start: more ? this.rows.length : 0,
			page_length: Math.min(page_length, 100),
			search: this.search,
		});
		if (turn !== this.turn) return;
		this.rows = more ? this.rows.concat(answer.rows) : answer.rows;
		this.total = answer.total;
		this.counts = answer.counts;
		const there = new Set(this.rows.map((row) => row.request));
		this.selected = new Set([...this.selected].filter((name) => there.has(name)));
		this.render();
	}

	render() {
		const tabs = [
			["mine", __("Waiting for Me"), this.counts?.mine],
			["asked", __("I Asked"), this.counts?.asked],
			["done", __("Done", null, "Approval Request"), 0],
		];
		this.body
			.find(".sca-tabs")
			.html(sales_crm_accounts.detail.tabs(tabs, this.filter, "filter"));
		const selectable = this.filter === "mine" && this.rows.length > 1;
		this.body.find(".sca-select-all").prop("hidden", !selectable);
		this.body
			.find(".sca-select-all input")
			.prop("checked", selectable && this.selected.size === this.rows.length);
		this.body
			.find(".sca-inbox-cards")
			.html(this.rows.map((row) => this.card(row)).join("") || this.empty());
		const left = this.total - this.rows.length;
		this.body
			.find(".sca-inbox-more")
			.html(
				left > 0
					? `<button type="button" class="btn btn-default btn-sm">${__("Show More ({0} Left)", [left])}</button>`
					: ""
			);
		this.mark(frappe.get_route()[1]);
		this.show_bulk();
	}

	card(row) {
		const selectable = this.filter === "mine";
		const tags = [];
		if (this.filter !== "mine") tags.push(approvals.pill(row.status));
		if (row.action === "Cancel") {
			tags.push(
				`<span class="indicator-pill no-indicator-dot red">${__("Cancelling")}</span>`
			);
		}
		if (row.round > 1) {
			tags.push(
				`<span class="indicator-pill no-indicator-dot blue">${__("Round {0}", [row.round])}</span>`
			);
		}
		if (row.overdue_amount > 0) {
			tags.push(
				`<span class="indicator-pill no-indicator-dot red">${__("Overdue {0}", [
					format_currency(row.overdue_amount, row.currency),
				])}</span>`
			);
		}
		const title = row.title || row.document;
		const lines = [`${__(row.doctype)}${title === row.document ? "" : ` ${row.document}`}`];
		if (row.party_name && row.party_name !== title) lines.push(row.party_name);
		return `
			<li class="sca-inbox-card" data-request="${esc(row.request)}">
				${
					selectable
						? `<label class="sca-check"><input type="checkbox" value="${esc(row.request)}" ${
								this.selected.has(row.request) ? "checked" : ""
							}><span class="sr-only">${__("Select {0}", [esc(row.document)])}</span></label>`
						: ""
				}
				<a href="/app/approvals/${encodeURIComponent(row.request)}">
					<span class="sca-card-top">
						<b>${esc(title)}</b>
						<b class="sca-card-amount">${row.amount ? approvals.money(row.amount, row.currency) : ""}</b>
					</span>
					<span class="sca-note">${lines.map(esc).join(" · ")}</span>
					<span class="sca-note">${this.standing(row).filter(Boolean).map(esc).join(" · ")}</span>
					${
						row.on_behalf_of
							? `<span class="sca-behalf">${esc(__("On behalf of {0}", [row.on_behalf_of_name]))}</span>`
							: ""
					}
					${tags.length ? `<span class="sca-tags">${tags.join("")}</span>` : ""}
				</a>
			</li>`;
	}

	standing(row) {
		if (row.status !== "Open") {
			return [
				this.filter === "done" && row.requester !== frappe.session.user
					? row.requester_name
					: "",
				approvals.time(row.completed_on),
			];
		}
		const waits = __("waits {0}", [approvals.waiting_text(row.waiting_hours)]);
		if (this.filter === "mine") return [row.requester_name, row.level_title, waits];
		const names = row.waiting_for.slice(0, 2).join(", ");
		const more = row.waiting_for.length - 2;
		return [
			more > 0 ? __("for {0} and {1} others", [names, more]) : __("for {0}", [names]),
			row.level_title,
			waits,
		];
	}

	empty() {
		const texts = {
			mine: __("Nothing waits for you."),
			asked: __("You have asked for nothing that is still open."),
			done: __("Nothing is done yet."),
		};
		return `<li class="sca-empty">${
			this.search ? __("Nothing is found for this search.") : texts[this.filter]
		}</li>`;
	}

	mark(request) {
		this.body.find(".sca-inbox-card").each((index, card) => {
			const here = card.dataset.request === request;
			$(card)
				.toggleClass("here", here)
				.find("a")
				.attr("aria-current", here ? "true" : null);
		});
	}

	show_bulk() {
		const count = this.selected.size;
		this.body.toggleClass("with-bulk", count > 0);
		this.body
			.find(".sca-bulk")
			.prop("hidden", !count)
			.html(
				count
					? `<button type="button" class="btn btn-sm btn-default sca-none" aria-label="${__("Select none")}">✕</button>
					<span>${__("{0} selected", [count])}</span>
					<button type="button" class="btn btn-danger" data-decision="Rejected">${__("Reject")}</button>
					<button type="button" class="btn btn-primary" data-decision="Approved">${__("Approve")}</button>`
					: ""
			);
	}

	async decide_selected(decision) {
		const names = [...this.selected];
		const rows = this.rows.filter((row) => this.selected.has(row.request));
		const approving = decision === "Approved";
		const results = await approvals.dialog({
			title: approving
				? __("Approve {0} Requests", [names.length])
				: __("Reject {0} Requests", [names.length]),
			fields: [
				{
					fieldtype: "HTML",
					options: `<ul>${rows
						.map(
							(row) =>
								`<li>${esc(row.title || row.document)} ${approvals.money(row.amount, row.currency)}</li>`
						)
						.join("")}</ul>`,
				},
				{
					fieldtype: "Small Text",
					fieldname: "comment",
					label: approving
						? __("Comment", null, "Approval Step")
						: __("Why they are rejected"),
					reqd: approving ? 0 : 1,
				},
			],
			label: approving ? __("Approve") : __("Reject"),
			danger: !approving,
			run: ({ comment }) =>
				approvals.call("decide_many", {
					requests: names,
					decision,
					comment: comment || "",
				}),
		});
		this.selected.clear();
		this.tell(results, approving);
		this.decided();
	}

	tell(results, approving) {
		const failed = results.filter((result) => !result.done);
		const done = results.length - failed.length;
		if (done) {
			frappe.show_alert({
				message: approving ? __("{0} approved", [done]) : __("{0} rejected", [done]),
				indicator: "green",
			});
		}
		if (!failed.length) return;
		const titles = new Map(this.rows.map((row) => [row.request, row.title || row.document]));
		frappe.msgprint({
			title: __("Not All Were Decided"),
			indicator: "orange",
			message: failed
				.map(
					(result) =>
						`<p><b>${esc(titles.get(result.name) || result.name)}</b>: ${esc(result.message)}</p>`
				)
				.join(""),
		});
	}

	/** Something was decided: the list is read anew; the request that is open shows what came of it. */
	async decided() {
		await this.reload();
		const request = frappe.get_route()[1];
		if (request) await this.detail.show(request);
	}
};
