frappe.ui.form.on("Deal Expense Category", {
	setup(frm) {
		const of_company = (_doc, cdt, cdn) => ({ company: locals[cdt][cdn].company });
		frm.set_query("expense_account", "accounts", (doc, cdt, cdn) => ({
			filters: { ...of_company(doc, cdt, cdn), is_group: 0, root_type: "Expense" },
		}));
		frm.set_query("tax_template", "accounts", (doc, cdt, cdn) => ({
			filters: { ...of_company(doc, cdt, cdn), disabled: 0 },
		}));
		frm.set_query("cost_center", "accounts", (doc, cdt, cdn) => ({
			filters: { ...of_company(doc, cdt, cdn), is_group: 0, disabled: 0 },
		}));
	},
});
