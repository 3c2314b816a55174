frappe.provide("sales_crm_accounts.worklist");

const worklist = sales_crm_accounts.worklist;
const { esc } = worklist;
const PAGE = 50;
const REASONS = 3;
const REMEMBERED = "sca-collections";

/** Whom to call today and why; a list and, beside it or in its place, everything for the call. */
worklist.Worklist = class Worklist {
	constructor(wrapper) {
		this.page = wrapper.page;
		this.state = "Call";
		this.search = "";
		this.rows = [];
		const kept = JSON.parse(localStorage.getItem(REMEMBERED) || "{}");
		this.company = kept.company;
		this.scope = kept.scope;
		this.body = $(`
			<div class="sca-inbox sca-collections">
				<div class="sca-inbox-list">
					<div class="sca-tabs" role="tablist" aria-label="${__("Collections")}"></div>
					<div class="sca-inbox-tools">
						<select class="form-control sca-scope" aria-label="${__("Whose customers")}"></select>
						<select class="form-control sca-company" aria-label="${__("Company")}"></select>
						<input type="search" class="form-control" placeholder="${__("Search")}"
							aria-label="${__("Search by customer")}">
					</div>
					<div class="sca-note sca-sum" aria-live="polite"></div>
					<ol class="sca-inbox-cards"></ol>
					<div class="sca-inbox-more"></div>
				</div>
				<div class="sca-inbox-detail"></div>
			</div>`).appendTo(this.page.main);
		this.detail = new worklist.Customer({
			wrapper: this.body.find(".sca-inbox-detail"),
			changed: () => this.changed(),
			back: () => frappe.set_route("collections"),
			next: (customer) => this.next(customer),
		});
		this.bind();
		this.page.set_secondary_action(__("Refresh"), () => this.changed(), "refresh");
		this.page.add_menu_item(__("Customer Collectors"), () =>
			frappe.set_route("List", "Customer Collector")
		);
		this.page.add_menu_item(__("Rules and Digest"), () =>
			frappe.set_route("Form", "Company Receivables Settings", this.company)
		);
	}

	bind() {
		const { body } = this;
		body.on("click", "[role=tab]", (event) => {
			this.state = $(event.currentTarget).attr("data-state");
			this.rows = [];
			this.load();
		});
		body.on("change", ".sca-scope", (event) => this.choose({ scope: event.target.value }));
		body.on("change", ".sca-company", (event) => {
			this.choose({ company: event.target.value });
			frappe.set_route("collections");
		});
		body.on(
			"input",
			"input[type=search]",
			frappe.utils.debounce((event) => {
				this.search = event.target.value.trim();
				this.load();
			}, 350)
		);
		body.on("click", ".sca-inbox-more button", () => this.load(true));
	}

	choose(values) {
		Object.assign(this, values);
		this.remember();
		this.rows = [];
		this.load();
	}

	remember() {
		localStorage.setItem(
			REMEMBERED,
			JSON.stringify({ company: this.company, scope: this.scope })
		);
	}

	/** The page is shown: the list, and the customer that the address names. */
	async show() {
		const customer = frappe.get_route()[1];
		this.body.toggleClass("with-detail", Boolean(customer));
		if (!this.companies) await this.read_companies();
		if (!this.company) return;
		if (!customer) this.detail.clear();
		else this.detail.show(this.company, customer, this.row_of(customer));
		await this.reload();
	}

	async read_companies() {
		this.companies = await worklist.call("companies");
		if (!this.companies.includes(this.company)) this.company = this.companies[0];
		this.body
			.find(".sca-company")
			.html(this.companies.map((name) => `<option>${esc(name)}</option>`).join(""))
			.val(this.company)
			.prop("hidden", this.companies.length < 2);
		if (!this.company) {
			this.body
				.find(".sca-inbox-cards")
				.html(`<li class="sca-empty">${__("You have no right on a company.")}</li>`);
		}
	}

	row_of(customer) {
		return this.rows.find((row) => row.customer === customer);
	}

	async reload() {
		await this.load(false, Math.max(PAGE, this.rows.length));
	}

	/** Read the first page, or with `more` the next one; an answer that is overtaken by another is dropped. */
	async load(more = false, page_length = PAGE) {
		const turn = (this.turn = (this.turn || 0) + 1);
		const answer = await worklist.call("worklist", {
			company: this.company,
			scope: this.scope || "mine",
			state: this.state,
			search: this.search,
			start: more ? this.rows.length : 0,
			page_length: Math.min(page_length, 200),
		});
		if (turn !== this.turn) return;
		if (!this.scope) {
			// Nobody was given customers yet: everybody sees all.
			this.scope = answer.scopes.mine ? "mine" : "all";
			if (this.scope !== "mine") return this.load(more, page_length);
		}
		this.answer = answer;
		this.rows = more ? this.rows.concat(answer.rows) : answer.rows;
		this.render();
	}

	render() {
		const { counts, scopes, total, overdue, currency } = this.answer;
		const tabs = [
			["Call", __("To Call"), counts.Call],
			["Waiting", __("Waiting", null, "Promise to Pay"), counts.Waiting],
		];
		this.body
			.find(".sca-tabs")
			.html(sales_crm_accounts.detail.tabs(tabs, this.state, "state"));
		const choices = [
			["mine", __("My Customers ({0})", [scopes.mine])],
			["unassigned", __("Nobody's ({0})", [scopes.unassigned])],
			["all", __("All Customers ({0})", [scopes.all])],
		];
		this.body
			.find(".sca-scope")
			.html(
				choices
					.map(([value, label]) => `<option value="${value}">${label}</option>`)
					.join("")
			)
			.val(this.scope);
		this.body
			.find(".sca-sum")
			.html(
				total && this.state === "Call"
					? __("{0} overdue and free to be asked for", [
							worklist.money(overdue, currency),
						])
					: ""
			);
		this.body
			.find(".sca-inbox-cards")
			.html(this.rows.map((row) => this.card(row)).join("") || this.empty());
		const left = total - this.rows.length;
		this.body
			.find(".sca-inbox-more")
			.html(
				left > 0
					? `<button type="button" class="btn btn-default btn-sm">${__("Show More ({0} Left)", [left])}</button>`
					: ""
			);
		this.mark();
		const shown = frappe.get_route()[1];
		if (shown) this.detail.scored(this.row_of(shown));
	}

	card(row) {
		const { currency } = this.answer;
		const waiting = row.state === "Waiting";
		const about = [];
		if (row.last_contact) about.push(__("spoken with {0}", [worklist.ago(row.last_contact)]));
		if (row.last_letter) about.push(__("letter {0}", [worklist.ago(row.last_letter)]));
		if (this.scope !== "mine") about.push(row.collector_name || __("nobody's yet"));
		const tags = waiting
			? row.waits_for.map((text) => worklist.pill(text, "blue"))
			: row.reasons
					.slice(0, REASONS)
					.map((reason) => `<span class="sca-reason">${esc(reason.text)}</span>`);
		if (waiting && row.wakes_on) {
			tags.push(
				`<span class="sca-note">${__("until {0}", [worklist.day(row.wakes_on)])}</span>`
			);
		}
		if (!waiting && row.held > 0) {
			tags.push(
				worklist.pill(__("{0} held", [format_currency(row.held, currency)]), "blue")
			);
		}
		if (row.on_hold) tags.push(worklist.pill(__("Credit Hold"), "red"));
		if (row.came_back.length) tags.push(worklist.pill(__("Mail Came Back"), "red"));
		return `
			<li class="sca-inbox-card" data-customer="${esc(row.customer)}">
				<a href="/app/collections/${encodeURIComponent(row.customer)}">
					<span class="sca-card-top">
						<span class="sca-who">${waiting ? "" : this.score(row)}<b>${esc(row.customer_name)}</b></span>
						<b class="sca-card-amount">${worklist.money(
							waiting ? row.total_overdue : row.overdue,
							currency
						)}</b>
					</span>
					<span class="sca-tags">${tags.join("")}</span>
					${about.length ? `<span class="sca-note">${about.map(esc).join(" · ")}</span>` : ""}
				</a>
			</li>`;
	}

	score(row) {
		return `<span class="sca-score heat-${worklist.heat(row.score)}" title="${__(
			"Score {0} of 100",
			[row.score]
		)}">${row.score}</span>`;
	}

	empty() {
		if (this.search)
			return `<li class="sca-empty">${__("Nothing is found for this search.")}</li>`;
		const texts = {
			Call: __("Nobody is to be called. Well done."),
			Waiting: __("Nothing is promised, disputed or paused."),
		};
		return `<li class="sca-empty">${texts[this.state]}</li>`;
	}

	mark() {
		const shown = frappe.get_route()[1];
		this.body.find(".sca-inbox-card").each((index, card) => {
			const here = card.dataset.customer === shown;
			$(card)
				.toggleClass("here", here)
				.find("a")
				.attr("aria-current", here ? "true" : null);
		});
	}

	/** The customer after this one in the list, or its first one. */
	next(customer) {
		const index = this.rows.findIndex((row) => row.customer === customer);
		const row = this.rows[index + 1] || this.rows[0];
		if (!row || row.customer === customer) frappe.set_route("collections");
		else frappe.set_route("collections", row.customer);
	}

	/** Something was done: list and call are read anew. */
	async changed() {
		const customer = frappe.get_route()[1];
		await Promise.all([
			this.reload(),
			customer && this.detail.show(this.company, customer, this.row_of(customer)),
		]);
		if (customer) this.detail.scored(this.row_of(customer));
	}
};
