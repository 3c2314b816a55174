frappe.provide("sales_crm_accounts.deal");

const esc = (text) => frappe.utils.escape_html(String(text ?? ""));

/**
 * Profit of one deal: what was planned, what the ledger has, category by category, in the company's currency.
 *
 * Everything shown comes from `api.profit.deal_profit`; whoever may not see the profit of the deal gets no section at all.
 */
sales_crm_accounts.deal.ProfitPanel = class ProfitPanel {
	constructor({ frm, wrapper }) {
		this.frm = frm;
		this.wrapper = $(wrapper);
		this.wrapper.on("click", "[data-accounts]", (event) =>
			this.open_ledger($(event.currentTarget).attr("data-accounts"))
		);
	}

	async refresh() {
		const name = this.frm.doc.name;
		const data = await frappe.xcall("sales_crm_accounts.api.profit.deal_profit", {
			deal: name,
		});
		// The user may have gone to another deal while the answer was on its way.
		if (name !== this.frm.doc.name) return;
		this.frm.set_df_property("section_profit", "hidden", data ? 0 : 1);
		if (data) this.render(data);
	}

	render(data) {
		this.data = data;
		this.wrapper.html(`
			<div class="sca-cash">
				<div class="sca-cards">${this.cards()}</div>
				${this.table()}
				${this.notes()}
			</div>
		`);
	}

	money(value) {
		return sales_crm_accounts.deal.money(value, this.data.currency);
	}

	cards() {
		const { data } = this;
		const percent = (value) => `${format_number(value, null, 1)}%`;
		const cards = [
			{
				label: __("Revenue"),
				value: this.money(data.revenue + data.credit_notes),
				note: data.credit_notes
					? __("Credited {0}", [format_currency(-data.credit_notes, data.currency)])
					: "",
			},
			{
				label: __("Expenses"),
				value: this.money(data.expenses),
				note: __("Planned {0}", [format_currency(data.planned_costs, data.currency)]),
				tone: data.planned_costs && data.expenses > data.planned_costs ? "bad" : "",
			},
			{
				label: __("Profit"),
				value: this.money(data.profit),
				note: data.margin === null ? "" : __("Margin {0}", [percent(data.margin)]),
				tone: data.profit < 0 ? "bad" : data.profit > 0 ? "good" : "",
			},
			{
				label: __("Planned Margin"),
				value: this.money(data.planned_margin),
				note: __("Difference {0}", [format_currency(data.difference, data.currency)]),
			},
		];
		if (data.waiting_rate) {
			cards.push({
				label: __("Cost of Waiting (Not Booked)"),
				value: this.money(data.waiting),
				note: __("Profit after it {0}", [
					format_currency(data.profit_after_waiting, data.currency),
				]),
			});
		}
		return cards
			.map(({ label, value, tone, note }) =>
				sales_crm_accounts.detail.card(label, value, tone, note || "")
			)
			.join("");
	}

	table() {
		const { data } = this;
		if (!data.categories.length) return "";
		const total = {
			category: __("Total"),
			planned: data.planned_costs,
			actual: data.expenses,
			difference: data.planned_costs - data.expenses,
			accounts: [],
			total: true,
		};
		const heads = [
			[__("Expense Category")],
			[__("Planned"), "num"],
			[__("Actual"), "num"],
			[__("Left of Plan"), "num"],
		];
		return `
			<table class="sca-table">
				<thead><tr>${heads
					.map(([label, css]) => `<th class="${css || ""}">${label}</th>`)
					.join("")}</tr></thead>
				<tbody>${[...data.categories, total].map((row) => this.row(row)).join("")}</tbody>
			</table>`;
	}

	row(row) {
		const cell = (label, html, css) =>
			`<td class="${css || ""}" data-label="${label}">${html}</td>`;
		const name = row.total ? `<b>${esc(row.category)}</b>` : esc(__(row.category));
		const actual = this.money(row.actual);
		const linked =
			this.data.can_read_ledger && row.accounts.length && row.actual
				? `<a data-accounts="${esc(JSON.stringify(row.accounts))}">${actual}</a>`
				: actual;
		const over = row.difference < 0 ? "text-danger" : "";
		return `
			<tr>
				<td class="sca-title">${name}</td>
				${cell(__("Planned"), this.money(row.planned), "num")}
				${cell(__("Actual"), linked, "num")}
				${cell(__("Left of Plan"), `<span class="${over}">${this.money(row.difference)}</span>`, "num")}
			</tr>`;
	}

	notes() {
		const { data } = this;
		const amount = (value) => format_currency(value, data.currency);
		const notes = [];
		if (data.interest) notes.push(__("Interest and fees: {0}", [amount(data.interest)]));
		if (data.write_offs) notes.push(__("Written off: {0}", [amount(data.write_offs)]));
		if (data.provisions)
			notes.push(__("Provision for expected losses: {0}", [amount(data.provisions)]));
		if (data.exchange) notes.push(__("Exchange differences: {0}", [amount(data.exchange)]));
		if (data.discounts) notes.push(__("Discounts given: {0}", [amount(data.discounts)]));
		if (data.by_voucher) {
			notes.push(
				__("Found by voucher, without the deal on the ledger row: {0}", [
					amount(data.by_voucher),
				])
			);
		}
		return notes.map((note) => `<div class="sca-remark">${note}</div>`).join("");
	}

	open_ledger(accounts) {
		const { data } = this;
		frappe.route_options = {
			company: data.company,
			from_date: data.from_date,
			to_date: data.to_date,
			account: JSON.parse(accounts),
			deal: [this.frm.doc.name],
			include_dimensions: 1,
		};
		frappe.set_route("query-report", "General Ledger");
	}
};
