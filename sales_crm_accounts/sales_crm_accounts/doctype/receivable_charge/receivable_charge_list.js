// Copyright (c) 2026, sales_crm_accounts contributors
// License: GPL-3.0. See LICENSE

frappe.listview_settings["Receivable Charge"] = {
	add_fields: ["status", "currency", "charge_invoice", "last_error", "customer_name"],
	hide_name_column: true,

	get_indicator(doc) {
		if (doc.last_error && !doc.charge_invoice) {
			return [__("Not Invoiced"), "red", "last_error,is,set"];
		}
		const colors = {
			Claimed: "orange",
			Invoiced: "blue",
			"Partly Waived": "purple",
			Waived: "gray",
			Paid: "green",
			Cancelled: "gray",
		};
		return [__(doc.status), colors[doc.status], `status,=,${doc.status}`];
	},

	onload(list) {
		if (frappe.model.can_create("Receivable Charge")) {
			list.page.add_inner_button(__("Charge Interest"), () => ask(list));
		}
		if (frappe.model.can_create("Sales Invoice")) {
			list.page.add_actions_menu_item(__("Make Invoices"), () => invoice(list), false);
		}
		list.page.add_menu_item(__("Totals"), () =>
			frappe.set_route("query-report", "Receivable Charges")
		);
	},
};

// The days and amounts that would be claimed are shown before anything is written.
function ask(list) {
	const dialog = new frappe.ui.Dialog({
		title: __("Charge Interest"),
		size: "large",
		fields: [
			{
				fieldname: "company",
				label: __("Company"),
				fieldtype: "Link",
				options: "Company",
				default: frappe.defaults.get_user_default("Company"),
				reqd: 1,
			},
			{
				fieldname: "customer",
				label: __("Customer"),
				fieldtype: "Link",
				options: "Customer",
				description: __("Empty: all customers."),
			},
			{ fieldtype: "Column Break" },
			{
				fieldname: "as_of",
				label: __("Up To"),
				fieldtype: "Date",
				default: frappe.datetime.get_today(),
				reqd: 1,
			},
			{ fieldtype: "Section Break" },
			{ fieldname: "found", fieldtype: "HTML" },
		],
		primary_action_label: __("Preview"),
		primary_action: (values) => preview(dialog, list, values),
	});
	dialog.show();
}

async function preview(dialog, list, values) {
	const found = await frappe.xcall("sales_crm_accounts.api.charges.preview", values);
	const $found = dialog.fields_dict.found.$wrapper;
	if (!found.count) {
		$found.html(
			`<p class="text-muted">${__("No interest is owed that is not claimed yet.")}</p>`
		);
		return;
	}
	const escape = frappe.utils.escape_html;
	const rows = found.rows.map(
		(row) => `<tr>
			<td>${escape(row.customer)}</td>
			<td>${escape(row.sales_invoice)} / ${row.installment_no}</td>
			<td>${frappe.datetime.str_to_user(row.period_from)} - ${frappe.datetime.str_to_user(row.period_to)}</td>
			<td class="text-right">${row.days}</td>
			<td class="text-right">${format_currency(row.amount, row.currency)}</td>
		</tr>`
	);
	const totals = found.totals.map((row) => format_currency(row.amount, row.currency)).join(", ");
	$found.html(`
		<p>${__("{0} claims, together {1}", [found.count, totals])}</p>
		<div style="max-height: 40vh; overflow: auto"><table class="table table-sm">
			<thead><tr><th>${__("Customer")}</th><th>${__("Invoice")}</th><th>${__("Days")}</th><th></th><th></th></tr></thead>
			<tbody>${rows.join("")}</tbody>
		</table></div>`);
	dialog.set_primary_action(__("Claim"), async () => {
		dialog.disable_primary_action();
		const { names, queued } = await frappe.xcall(
			"sales_crm_accounts.api.charges.charge",
			values
		);
		dialog.hide();
		frappe.show_alert({
			message: queued
				? __("{0} claims are written in the background", [queued])
				: __("{0} claims written", [names.length]),
			indicator: queued ? "blue" : "green",
		});
		list.refresh();
	});
}

async function invoice(list) {
	const names = list.get_checked_items(true);
	const results = await frappe.xcall("sales_crm_accounts.api.charges.make_invoices", { names });
	const made = results.filter((result) => result.invoice);
	const failed = results.filter((result) => !result.invoice);
	const link = (result) => frappe.utils.get_form_link("Sales Invoice", result.invoice, true);
	const lines = [
		...made.map((result) => `<li>${link(result)}</li>`),
		...failed.map(
			(result) =>
				`<li>${frappe.utils.escape_html(`${result.charges.join(", ")}: ${result.reason}`)}</li>`
		),
	];
	frappe.msgprint({
		title: __("Make Invoices"),
		message: lines.length
			? `<ul>${lines.join("")}</ul>`
			: __("None of these charges is left to be invoiced."),
		indicator: failed.length ? "orange" : "green",
	});
	list.refresh();
}
