frappe.provide("sales_crm_accounts.deal");

const esc = (text) => frappe.utils.escape_html(String(text ?? ""));
const api = (method, args) => frappe.xcall(`sales_crm_accounts.api.deal.${method}`, args);

// What several forms and the cash panel do with a deal or an installment.
Object.assign(sales_crm_accounts.deal, {
	async win(frm) {
		if (frm.is_dirty()) await frm.save();
		const dialog = new sales_crm_accounts.deal.PreviewDialog({
			frm,
			confirm: async () => {
				frappe.dom.freeze(__("Winning the deal ..."));
				let result;
				try {
					result = await api("win", { deal: frm.doc.name });
				} finally {
					frappe.dom.unfreeze();
				}
				await frm.reload_doc();
				frappe.show_alert({
					message: result.queued
						? __("The deal is won. What is due is being billed.")
						: __("The deal is won."),
					indicator: "green",
				});
				if (result.queued) sales_crm_accounts.deal.wait_for_billing(frm);
			},
		});
		await dialog.show();
	},

	/** Billing runs in the background: look a few times whether an invoice has come, then show it. */
	async wait_for_billing(frm, tries = 8) {
		const name = frm.doc.name;
		const before = flt(frm.doc.billed_amount);
		for (let look = 0; look < tries; look++) {
			await new Promise((resolve) => setTimeout(resolve, 1500));
			if (frm.doc.name !== name || frm.is_dirty()) return;
			const { message } = await frappe.db.get_value("Deal", name, "billed_amount");
			if (flt(message?.billed_amount) !== before) return frm.reload_doc();
		}
		if (frm.doc.name === name) frm.cash_panel?.refresh();
	},

	preview(frm) {
		return new sales_crm_accounts.deal.PreviewDialog({ frm }).show();
	},

	lose(frm) {
		const dialog = new frappe.ui.Dialog({
			title: __("Lose {0}", [frm.doc.title]),
			fields: [
				{
					fieldtype: "Table MultiSelect",
					fieldname: "reasons",
					label: __("Lost Reasons"),
					options: "Opportunity Lost Reason Detail",
					reqd: 1,
				},
				{ fieldtype: "Small Text", fieldname: "detail", label: __("Details") },
			],
			primary_action_label: __("Set as Lost"),
			async primary_action({ reasons, detail }) {
				await api("lose", {
					deal: frm.doc.name,
					reasons: reasons.map((row) => row.lost_reason),
					detail: detail || "",
				});
				dialog.hide();
				await frm.reload_doc();
			},
		});
		dialog.show();
	},

	async reopen(frm) {
		await api("reopen", { deal: frm.doc.name });
		await frm.reload_doc();
	},

	async make_customer(frm) {
		await api("make_customer", { deal: frm.doc.name });
		await frm.reload_doc();
	},

	async bill(frm) {
		sales_crm_accounts.deal.show_billing(await api("bill", { deal: frm.doc.name }));
		await frm.reload_doc();
	},

	/** Tell what billing did, row by row where something was not billed. */
	show_billing(results) {
		results = results || [];
		const raised = results.filter((row) => row.outcome === "Invoiced");
		const rest = results.filter((row) => row.outcome !== "Invoiced");
		if (!results.length) {
			frappe.show_alert({
				message: __("Nothing is ready to be billed today."),
				indicator: "blue",
			});
			return;
		}
		if (!rest.length) {
			frappe.show_alert({
				message:
					raised.length === 1
						? __("Invoice {0} is raised.", [esc(raised[0].sales_invoice)])
						: __("{0} invoices are raised.", [raised.length]),
				indicator: "green",
			});
			return;
		}
		frappe.msgprint({
			title: __("Not Everything Was Billed"),
			indicator: "orange",
			message: rest
				.map(
					(row) =>
						`<p><b>${esc(row.installment)}</b>: ${esc(
							frappe.utils.html2text(row.reason || __(row.outcome))
						)}</p>`
				)
				.join(""),
		});
	},

	/** Confirm, take back, hold, release or bill one installment; resolves when the server has answered. */
	async installment_action(action, installment, { deal, milestone } = {}) {
		if (action === "bill") {
			const results = await api("bill", { deal, installment });
			return sales_crm_accounts.deal.show_billing(results);
		}
		if (action === "release") return api("release", { installment });
		if (action === "unconfirm") return api("unconfirm", { installment });
		const ask = {
			confirm: {
				title: milestone ? __("Confirm {0}", [milestone]) : __("Confirm the Delivery"),
				label: __("Confirm"),
				field: {
					fieldtype: "Date",
					fieldname: "value",
					label: __("Reached On"),
					default: frappe.datetime.get_today(),
					reqd: 1,
					description: __("The installment is ready to be billed from this day."),
				},
				args: (value) => ({ installment, on: value }),
			},
			hold: {
				title: __("Hold the Installment"),
				label: __("Hold"),
				field: {
					fieldtype: "Small Text",
					fieldname: "value",
					label: __("Reason"),
					reqd: 1,
				},
				args: (value) => ({ installment, reason: value }),
			},
		}[action];
		return new Promise((resolve, reject) => {
			const dialog = new frappe.ui.Dialog({
				title: ask.title,
				fields: [ask.field],
				primary_action_label: ask.label,
				primary_action({ value }) {
					dialog.hide();
					api(action, ask.args(value)).then(resolve, reject);
				},
			});
			dialog.show();
		});
	},

	/** What keeps the deal from being cancelled. Resolves to true when nothing does. */
	async obstacles(frm, { quiet } = {}) {
		const obstacles = await api("obstacles", { deal: frm.doc.name });
		if (!obstacles.length) {
			if (!quiet) {
				frappe.show_alert({
					message: __("Nothing stands in the way of cancelling this deal."),
					indicator: "green",
				});
			}
			return true;
		}
		const invoices = obstacles.some((row) => row.creditable);
		const dialog = new frappe.ui.Dialog({
			title: __("What Stands in the Way"),
			fields: [{ fieldtype: "HTML", fieldname: "list" }],
			primary_action_label: invoices ? __("Make Credit Notes") : __("Close"),
			async primary_action() {
				dialog.hide();
				if (!invoices) return;
				sales_crm_accounts.deal.credit(frm);
			},
		});
		dialog.fields_dict.list.$wrapper.html(`
			<p>${__("The deal can be cancelled when these are cancelled or credited:")}</p>
			<ul class="sca-obstacles">${obstacles
				.map(
					(row) =>
						`<li>${sales_crm_accounts.deal.link(row.doctype, row.name, `${__(row.doctype)} ${row.name}`)}
						<div class="text-muted">${esc(frappe.utils.html2text(row.text || ""))}</div></li>`
				)
				.join("")}</ul>`);
		dialog.show();
		return false;
	},

	async credit(frm) {
		const notes = await api("make_credit_notes", { deal: frm.doc.name });
		if (!notes.length) {
			frappe.show_alert({
				message: __("No invoice of this deal is left to credit."),
				indicator: "blue",
			});
			return;
		}
		frappe.msgprint({
			title: __("Credit Notes"),
			indicator: "blue",
			message: `<p>${__("These drafts are ready. Check and submit them:")}</p><ul>${notes
				.map((name) => `<li>${sales_crm_accounts.deal.link("Sales Invoice", name)}</li>`)
				.join("")}</ul>`,
		});
		await frm.reload_doc();
	},

	/** On the document a deal came from: a link to each deal. */
	async show_deals_of(frm, fieldname) {
		if (!frappe.model.can_read("Deal")) return;
		const name = frm.doc.name;
		const deals = await frappe.db.get_list("Deal", {
			filters: { [fieldname]: name, docstatus: ["<", 2] },
			fields: ["name", "title", "status"],
			limit: 5,
		});
		if (frm.doc.name !== name) return;
		for (const row of deals) {
			frm.add_custom_button(
				`${__("Deal")} ${row.name}`,
				() => frappe.set_route("Form", "Deal", row.name),
				__("View")
			);
		}
	},
});
