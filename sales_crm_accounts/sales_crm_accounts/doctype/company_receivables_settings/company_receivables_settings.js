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
		const of_company = (extra) => () => ({
			filters: { company: frm.doc.company, is_group: 0, disabled: 0, ...extra },
		});
		frm.set_query("write_off_account", of_company({ root_type: "Expense" }));
		frm.set_query("write_off_cost_center", of_company({}));
		frm.set_query(
			"provision_account",
			of_company({
				root_type: ["in", ["Asset", "Liability"]],
				account_type: ["not in", ["Receivable", "Payable"]],
			})
		);
		frm.set_query("provision_expense_account", of_company({ root_type: "Expense" }));
		frm.set_query("provision_cost_center", of_company());
	},

	refresh(frm) {
		// A choice only where HRMS is installed.
		frm.toggle_display(
			"repay_employees_by",
			Boolean(frappe.boot.versions?.hrms || frm.doc.repay_employees_by)
		);
	},
});
