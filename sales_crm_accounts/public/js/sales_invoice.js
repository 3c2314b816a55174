frappe.ui.form.on("Sales Invoice", {
	async refresh(frm) {
		const { doc } = frm;
		if (frm.is_new()) return;
		if (doc.deal) {
			frm.add_custom_button(
				__("Deal"),
				() => frappe.set_route("Form", "Deal", doc.deal),
				__("View")
			);
		}
		if (doc.docstatus === 1 && !doc.is_return) {
			sales_crm_accounts.collections.add_buttons(
				frm,
				{ sales_invoice: doc.name },
				flt(doc.outstanding_amount) > 0
			);
		}
		if (doc.docstatus !== 1 || !frappe.model.can_read("Open Installment")) return;
		// The payment schedule of ERPNext does not follow the ledger; these rows do.
		const rows = await frappe.db.get_list("Open Installment", {
			filters: { sales_invoice: doc.name },
			fields: ["due_date", "amount", "outstanding_amount", "account_currency"],
			order_by: "installment_no asc",
			limit: 50,
		});
		if (frm.doc.name !== doc.name || rows.length < 2) return;
		const today = frappe.datetime.get_today();
		for (const row of rows) {
			const open = flt(row.outstanding_amount);
			const color = open <= 0 ? "green" : row.due_date < today ? "red" : "orange";
			frm.dashboard.add_indicator(
				__("{0}: {1} of {2} open", [
					frappe.datetime.str_to_user(row.due_date),
					format_currency(open, row.account_currency),
					format_currency(row.amount, row.account_currency),
				]),
				color
			);
		}
	},
});
