frappe.ui.form.on("Sales Order", {
	refresh: (frm) => sales_crm_accounts.deal.show_credit(frm),
});
