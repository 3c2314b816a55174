frappe.provide("sales_crm_accounts.deal");

const esc = (text) => frappe.utils.escape_html(String(text ?? ""));

/**
 * Figures, progress, chart and installments of one deal.
 *
 * Everything shown comes from `api.deal.cash_panel`, which asks for no more than the right to read the deal.
 */
sales_crm_accounts.deal.CashPanel = class CashPanel {
	constructor({ frm, wrapper }) {
		this.frm = frm;
		this.wrapper = $(wrapper);
		this.wrapper.on("click", "[data-action]", (event) => this.run($(event.currentTarget)));
	}

	async refresh() {
		if (this.frm.doc.docstatus === 0) {
			this.wrapper.html(
				`<div class="sca-empty">${__(
					"Nothing is billed before the deal is won. Preview shows the invoices that winning would raise."
				)}</div>`
			);
			return;
		}
		const name = this.frm.doc.name;
		const data = await frappe.xcall("sales_crm_accounts.api.deal.cash_panel", { deal: name });
		// The user may have gone to another deal while the answer was on its way.
		if (name === this.frm.doc.name) this.render(data);
	}

	render(data) {
		this.data = data;
		this.wrapper.html(`
			<div class="sca-cash">
				<div class="sca-cards">${this.cards()}</div>
				${this.progress()}
				<div class="sca-chart"></div>
				${this.table()}
			</div>
		`);
		this.chart();
	}

	cards() {
		const { data } = this;
		const money = (value) => sales_crm_accounts.deal.money(value, data.currency);
		const cards = [
			{ label: __("Planned"), value: money(data.planned), note: __("Including tax") },
			{
				label: __("Billed"),
				value: money(data.billed),
				note: __("{0}% of planned", [format_number(data.per_billed || 0, null, 0)]),
			},
			{
				label: __("Collected"),
				value: money(data.collected),
				note: __("{0}% of planned", [format_number(data.per_collected || 0, null, 0)]),
				tone: data.collected > 0 ? "good" : "",
			},
			{ label: __("Outstanding"), value: money(data.outstanding), note: this.relief_note() },
			{
				label: __("Overdue"),
				value: money(data.overdue),
				tone: data.overdue > 0 ? "bad" : "",
			},
			{
				label: __("Next Due"),
				value: data.next_due_date ? sales_crm_accounts.deal.date(data.next_due_date) : "–",
				note: data.next_due_date
					? format_currency(data.next_due_amount, data.currency)
					: "",
			},
		];
		return cards
			.map(({ label, value, tone, note }) =>
				sales_crm_accounts.detail.card(label, value, tone, note || "")
			)
			.join("");
	}

	relief_note() {
		const { data } = this;
		const parts = [];
		if (data.outstanding < 0) parts.push(__("Owed to the customer"));
		if (data.credited)
			parts.push(__("Credited {0}", [format_currency(data.credited, data.currency)]));
		if (data.written_off) {
			parts.push(__("Written off {0}", [format_currency(data.written_off, data.currency)]));
		}
		return parts.join(", ");
	}

	// One bar of the whole deal: what came in, what is open, what is still to be billed.
	progress() {
		const { data } = this;
		const open = Math.max(0, data.outstanding - data.overdue);
		const parts = [
			{ label: __("Collected"), value: data.collected, css: "collected" },
			{
				label: __("Credited or Written Off"),
				value: data.credited + data.written_off,
				css: "relieved",
			},
			{ label: __("Overdue"), value: data.overdue, css: "overdue" },
			{ label: __("Not Due Yet"), value: open, css: "open" },
			{ label: __("To Be Billed"), value: data.to_bill, css: "to-bill" },
		].filter((part) => part.value > 0);
		const total = parts.reduce((sum, part) => sum + part.value, 0);
		if (!total) return "";
		const bar = parts
			.map(
				(part) =>
					`<div class="${part.css}" style="width: ${(part.value / total) * 100}%" title="${
						part.label
					}: ${format_currency(part.value, data.currency)}"></div>`
			)
			.join("");
		const legend = parts
			.map(
				(part) =>
					`<span><i class="${part.css}"></i>${part.label} <b>${format_currency(
						part.value,
						data.currency
					)}</b></span>`
			)
			.join("");
		return `<div class="sca-progress" role="img" aria-label="${__("Collected {0}%", [
			format_number(data.per_collected || 0, null, 0),
		])}">${bar}</div><div class="sca-legend">${legend}</div>`;
	}

	// Installments by the month they are due in; a plan within one month needs no chart.
	chart() {
		const today = frappe.datetime.get_today();
		const months = new Map();
		for (const row of this.data.rows) {
			const day = row.due_date || row.planned_invoice_date;
			if (!day || row.status === "Cancelled") continue;
			const month = day.slice(0, 7);
			const sums = months.get(month) || { paid: 0, overdue: 0, open: 0, planned: 0 };
			sums.paid += row.paid;
			sums[day < today ? "overdue" : "open"] += row.outstanding;
			if (!row.billed) sums.planned += row.planned_amount;
			months.set(month, sums);
		}
		const element = this.wrapper.find(".sca-chart")[0];
		if (months.size < 2) return element.remove();
		const labels = [...months.keys()].sort();
		const dataset = (name, key) => ({
			name,
			values: labels.map((month) => flt(months.get(month)[key], 2)),
		});
		const draw = () =>
			new frappe.Chart(element, {
				type: "bar",
				height: 170,
				animate: false,
				showLegend: 0,
				colors: ["green", "red", "orange", "#c0c6cc"],
				barOptions: { stacked: 1, spaceRatio: 0.6 },
				axisOptions: { xAxisMode: "tick", xIsSeries: 0, shortenYAxisNumbers: 1 },
				tooltipOptions: {
					formatTooltipY: (value) => format_currency(value || 0, this.data.currency),
				},
				data: {
					labels,
					datasets: [
						dataset(__("Collected"), "paid"),
						dataset(__("Overdue"), "overdue"),
						dataset(__("Not Due Yet"), "open"),
						dataset(__("To Be Billed"), "planned"),
					],
				},
			});
		// A chart drawn in a hidden tab has no width.
		const observer = new IntersectionObserver((entries) => {
			if (!entries.some((entry) => entry.isIntersecting)) return;
			observer.disconnect();
			draw();
		});
		observer.observe(element);
	}

	table() {
		const { rows } = this.data;
		if (!rows.length) return "";
		const heads = [
			[__("Installment")],
			[__("Status")],
			[__("Invoice")],
			[__("Due Date")],
			[__("Planned"), "num"],
			[__("Paid"), "num"],
			[__("Outstanding"), "num"],
			[""],
		];
		return `
			<table class="sca-table">
				<thead><tr>${heads
					.map(([label, css]) => `<th class="${css || ""}">${label}</th>`)
					.join("")}</tr></thead>
				<tbody>${rows.map((row) => this.row(row)).join("")}</tbody>
			</table>`;
	}

	row(row) {
		const { deal } = sales_crm_accounts;
		const money = (value) => deal.money(value, this.data.currency);
		const cell = (label, html, css) =>
			`<td class="${css || ""}" data-label="${label}">${html}</td>`;
		return `
			<tr class="${row.status === "Cancelled" ? "sca-gone" : ""}">
				<td class="sca-title">
					${deal.link("Deal Installment", row.installment, `${row.sequence}. ${row.title}`)}
					${this.remarks(row)}
				</td>
				${cell(__("Status"), deal.pill(row.status, deal.installment_colors))}
				${cell(__("Invoice"), this.invoice(row))}
				${cell(__("Due Date"), deal.date(row.due_date) || "–", "sca-day")}
				${cell(__("Planned"), money(row.planned_amount), "num")}
				${cell(__("Paid"), money(row.paid), "num")}
				${cell(__("Outstanding"), money(row.outstanding), "num")}
				<td class="sca-actions">${this.actions(row)}</td>
			</tr>`;
	}

	remarks(row) {
		const remarks = [];
		const waiting = !row.billed && row.status !== "Cancelled";
		if (row.billing_trigger === "On Milestone") {
			remarks.push(
				row.confirmed_on
					? __("Milestone {0} reached on {1}", [
							esc(row.milestone),
							sales_crm_accounts.deal.date(row.confirmed_on),
						])
					: __("Billed when the milestone {0} is confirmed", [esc(row.milestone)])
			);
		} else if (row.billing_trigger === "On Delivery" && waiting && !row.confirmed_on) {
			remarks.push(__("Billed on delivery"));
		}
		if (row.credited) {
			remarks.push(__("Credited {0}", [format_currency(row.credited, this.data.currency)]));
		}
		if (row.written_off) {
			remarks.push(
				__("Written off {0}", [format_currency(row.written_off, this.data.currency)])
			);
		}
		let html = remarks.map((text) => `<div class="sca-remark">${text}</div>`).join("");
		if (row.on_hold && waiting) {
			html += `<div class="sca-remark sca-hold">${__("On hold: {0}", [esc(row.hold_reason)])}</div>`;
		}
		if (row.last_error && waiting) {
			html += `<div class="sca-remark sca-error">${__("Could not be billed: {0}", [
				frappe.utils.xss_sanitise(frappe.utils.html2text(row.last_error)),
			])}</div>`;
		}
		if (
			row.status === "Ready" &&
			waiting &&
			!row.sales_invoice &&
			!row.on_hold &&
			!row.last_error
		) {
			html += `<div class="sca-remark">${__("Billed by the next background job, or at once with Bill Now.")}</div>`;
		}
		return html;
	}

	// The day it is planned for; its own day and its number once there is one.
	invoice(row) {
		const day =
			sales_crm_accounts.deal.date(row.invoice_date || row.planned_invoice_date) || "–";
		if (!row.sales_invoice) return `<div class="sca-day">${day}</div>`;
		// Without the right to read invoices a link would lead to an error page.
		const name = this.data.can_read_invoices
			? sales_crm_accounts.deal.link("Sales Invoice", row.sales_invoice)
			: esc(row.sales_invoice);
		const draft = row.invoice_docstatus === 0 ? ` (${__("Draft")})` : "";
		return `<div class="sca-day">${day}<div class="sca-remark">${name}${draft}</div></div>`;
	}

	actions(row) {
		if (this.frm.doc.docstatus !== 1 || row.sales_invoice || row.status === "Cancelled")
			return "";
		const button = (action, label, css) =>
			`<button class="btn btn-xs ${css || "btn-default"}" data-action="${action}" data-name="${esc(
				row.installment
			)}">${label}</button>`;
		const buttons = [];
		const by_event = ["On Milestone", "On Delivery"].includes(row.billing_trigger);
		if (row.on_hold) {
			if (this.data.can_bill) buttons.push(button("release", __("Release")));
			return buttons.join(" ");
		}
		if (by_event && !row.confirmed_on && this.data.can_confirm) {
			buttons.push(button("confirm", __("Confirm"), "btn-primary"));
		}
		if (row.status === "Ready" && this.data.can_bill) {
			buttons.push(button("bill", __("Bill Now"), "btn-primary"));
		}
		if (by_event && row.confirmed_on && this.data.can_confirm) {
			buttons.push(button("unconfirm", __("Take Back")));
		}
		if (this.data.can_confirm) buttons.push(button("hold", __("Hold")));
		return buttons.join(" ");
	}

	async run(button) {
		const row = this.data.rows.find((each) => each.installment === button.attr("data-name"));
		const action = button.attr("data-action");
		await sales_crm_accounts.deal.installment_action(action, row.installment, {
			deal: this.frm.doc.name,
			milestone: row.milestone,
		});
		await this.frm.reload_doc();
		if (action === "confirm") sales_crm_accounts.deal.wait_for_billing(this.frm);
	}
};
