frappe.ui.form.on("Company Receivables Settings", {
	setup(frm) {
		frm.set_query("employee_payable_account", () => ({
			filters: {
				company: frm.doc.company,
				is_group: 0,
				disabled: 0,
				account_type: "Payable",
			},
		}));
	},

	refresh(frm) {
		// A choice only where HRMS is installed.
		frm.toggle_display(
			"repay_employees_by",
			Boolean(frappe.boot.versions?.hrms || frm.doc.repay_employees_by)
		);
	},
});
