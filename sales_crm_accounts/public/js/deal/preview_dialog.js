frappe.provide("sales_crm_accounts.deal");

const esc = (text) => frappe.utils.escape_html(String(text ?? ""));

/**
 * What winning the deal would post: invoices, taxes, schedule and ledger lines, as ERPNext itself computes them.
 *
 * With `confirm` the dialog ends in the button that wins the deal.
 */
sales_crm_accounts.deal.PreviewDialog = class PreviewDialog {
	constructor({ frm, confirm }) {
		this.frm = frm;
		this.confirm = confirm;
	}

	async show() {
		const preview = await frappe.xcall("sales_crm_accounts.api.deal.preview", {
			deal: this.frm.doc.name,
		});
		this.preview = preview;
		this.dialog = new frappe.ui.Dialog({
			title: this.confirm
				? __("Win {0}", [this.frm.doc.title])
				: __("What Winning Would Post"),
			size: "extra-large",
			fields: [{ fieldtype: "HTML", fieldname: "preview" }],
			primary_action_label: this.confirm ? __("Win the Deal") : __("Close"),
			primary_action: async () => {
				if (!this.confirm) return this.dialog.hide();
				this.dialog.disable_primary_action();
				try {
					await this.confirm();
					this.dialog.hide();
				} finally {
					this.dialog.enable_primary_action();
				}
			},
		});
		if (this.confirm && preview.blocker) this.dialog.get_primary_btn().addClass("hidden");
		this.dialog.fields_dict.preview.$wrapper.html(this.html());
		this.dialog.$wrapper.addClass("sca-preview-dialog");
		this.dialog.show();
	}

	money(value) {
		return sales_crm_accounts.deal.money(value, this.preview.currency);
	}

	html() {
		const { preview } = this;
		const problems = preview.invoices.filter((invoice) => invoice.problem);
		return `
			<div class="sca-preview">
				${this.summary()}
				${preview.blocker ? `<div class="alert alert-warning">${esc(preview.blocker)}</div>` : ""}
				${problems.length ? this.warning(problems) : ""}
				${preview.invoices.map((invoice, index) => this.invoice(invoice, index)).join("")}
			</div>`;
	}

	summary() {
		const { preview } = this;
		const today = frappe.datetime.get_today();
		const now = preview.invoices.filter(
			(invoice) => invoice.known && invoice.posting_date && invoice.posting_date <= today
		).length;
		const count = preview.invoices.length;
		const lines = [
			count === 1 ? __("1 invoice in all") : __("{0} invoices in all", [count]),
			!preview.automatic
				? __("raised by hand")
				: preview.submitted
					? __("{0} raised and submitted now", [now])
					: __("{0} raised as a draft now", [now]),
			preview.policy
				? __("Billing policy {0}", [esc(preview.policy)])
				: __("No billing policy: an invoice per installment"),
		];
		const { totals } = preview;
		return `
			<div class="sca-preview-summary">
				<div class="text-muted">${lines.join(" · ")}</div>
				${preview.rate ? `<div class="text-muted">${this.rate(preview)}</div>` : ""}
				<div class="sca-preview-totals">
					<span>${__("Net Total")} <b>${this.money(totals.net_total)}</b></span>
					<span>${__("Taxes and Charges")} <b>${this.money(totals.total_taxes_and_charges)}</b></span>
					<span>${__("Grand Total")} <b>${this.money(totals.grand_total)}</b></span>
					${preview.incomplete ? `<span class="text-muted">${__("without the invoices that could not be computed")}</span>` : ""}
				</div>
			</div>`;
	}

	/** The exchange rate that the deal's amounts in company currency count at, and why it is that one. */
	rate({ rate, currency, company_currency }) {
		const number = (value) => String(flt(value, 9));
		const text = __(
			"The deal counts at 1 {0} = {1} {2}",
			[currency, number(rate.rate), company_currency].map(esc)
		);
		const why = {
			Kept: __("rate as typed or quoted"),
			Asked: __("rate that approval was asked with"),
			"Of the Day": __("rate of today, frozen by winning"),
			Frozen: __("rate frozen when the deal was won"),
			Missing: __("rate of the draft; there is none of today"),
		}[rate.why];
		const moved = flt(rate.drafted, 9) && flt(rate.drafted, 9) !== flt(rate.rate, 9);
		return [
			text,
			why,
			moved ? __("the draft has {0}", [number(rate.drafted)]) : "",
			__("invoices are posted at the rate of their own day"),
		]
			.filter(Boolean)
			.join(" · ");
	}

	warning(problems) {
		return `<div class="alert alert-warning">${__(
			"{0} of the invoices could not be raised as things stand. The reason stands beside it.",
			[problems.length]
		)}</div>`;
	}

	invoice(invoice, index) {
		const deal = sales_crm_accounts.deal;
		const dates = invoice.known
			? `${deal.date(invoice.posting_date)}${
					invoice.due_date ? ` · ${__("due {0}", [deal.date(invoice.due_date)])}` : ""
				}`
			: __("Waits for {0}", [esc(invoice.waits_for)]);
		return `
			<details class="sca-invoice" ${index === 0 || invoice.problem ? "open" : ""}>
				<summary>
					<span class="sca-invoice-title">${esc(invoice.title)}</span>
					<span class="text-muted">${dates}</span>
					<b class="sca-invoice-total">${
						invoice.computed
							? this.money(invoice.rounded_total || invoice.grand_total)
							: "–"
					}</b>
				</summary>
				${invoice.problem ? `<div class="alert alert-warning">${esc(frappe.utils.html2text(invoice.problem))}</div>` : ""}
				${this.lines(invoice)}
				${this.schedule(invoice)}
				${this.ledger(invoice)}
			</details>`;
	}

	lines(invoice) {
		if (!invoice.items?.length) return "";
		const items = invoice.items
			.map(
				(item) => `<tr>
					<td>${esc(item.item_name || item.item_code)}</td>
					<td class="num">${format_number(item.qty, null, item.qty % 1 ? 3 : 0)} ${esc(__(item.uom || ""))}</td>
					<td class="num wide">${this.money(item.rate)}</td>
					<td class="num">${this.money(item.amount)}</td>
				</tr>`
			)
			.join("");
		const taxes = (invoice.taxes || [])
			.map(
				(tax) => `<tr class="text-muted">
					<td colspan="2">${esc(tax.description || tax.account_head)}</td>
					<td class="wide"></td>
					<td class="num">${this.money(tax.tax_amount)}</td>
				</tr>`
			)
			.join("");
		return `
			<table class="sca-lines">
				<thead><tr>
					<th>${__("Item")}</th><th class="num">${__("Quantity")}</th>
					<th class="num wide">${__("Rate")}</th><th class="num">${__("Amount")}</th>
				</tr></thead>
				<tbody>${items}${taxes}</tbody>
			</table>`;
	}

	schedule(invoice) {
		if ((invoice.schedule || []).length < 2) return "";
		const rows = invoice.schedule
			.map(
				(row) => `<tr>
					<td>${esc(row.description || "")}</td>
					<td>${sales_crm_accounts.deal.date(row.due_date)}</td>
					<td class="num">${this.money(row.payment_amount)}</td>
				</tr>`
			)
			.join("");
		return `
			<div class="sca-subhead">${__("Payment Schedule")}</div>
			<table class="sca-lines"><tbody>${rows}</tbody></table>`;
	}

	ledger(invoice) {
		if (!invoice.gl?.length) return "";
		const currency = this.preview.company_currency;
		const money = (value) => (value ? sales_crm_accounts.deal.money(value, currency) : "");
		const rows = invoice.gl
			.map(
				(line) => `<tr>
					<td>${esc(line.account)}${line.party ? `<div class="text-muted">${esc(line.party)}</div>` : ""}</td>
					<td class="text-muted wide">${esc(line.cost_center || "")}</td>
					<td class="num">${money(line.debit)}</td>
					<td class="num">${money(line.credit)}</td>
				</tr>`
			)
			.join("");
		return `
			<div class="sca-subhead">${__("General Ledger")} (${esc(currency)})</div>
			<table class="sca-lines">
				<thead><tr>
					<th>${__("Account")}</th><th class="wide">${__("Cost Center")}</th>
					<th class="num">${__("Debit")}</th><th class="num">${__("Credit")}</th>
				</tr></thead>
				<tbody>${rows}</tbody>
			</table>`;
	}
};
