frappe.ui.form.on("Company Receivables Settings", {
	setup(frm) {
		frm.set_query("employee_payable_account", () => ({
			filters: { company: frm.doc.company, is_group: 0, disabled: 0, account_type: "Payable" },
		}));
	},
});
