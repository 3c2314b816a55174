frappe.ui.form.on("Delivery Note", {
	refresh: (frm) => sales_crm_accounts.deal.show_credit(frm),
});
