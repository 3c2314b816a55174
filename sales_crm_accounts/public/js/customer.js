frappe.ui.form.on("Customer", {
	refresh(frm) {
		if (frm.is_new() || !frappe.model.can_read("Open Installment")) return;
		// Salespeople see their own deals only, a statement shows everything; the server checks again.
		const roles = [
			...["Deal Manager", "Accounts User", "Accounts Manager", "Auditor"],
			...["Collector", "Collections Manager", "System Manager"],
		];
		if (!frappe.user.has_role(roles)) return;
		frm.add_custom_button(__("Statement of Account"), () => download_statement(frm), __("View"));
	},
});

function download_statement(frm) {
	frappe.prompt(
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: frappe.defaults.get_user_default("Company"),
			reqd: 1,
		},
		({ company }) => {
			const query = new URLSearchParams({ customer: frm.doc.name, company });
			window.open(
				frappe.urllib.get_full_url(`/api/method/sales_crm_accounts.api.statements.download?${query}`)
			);
		},
		__("Statement of Account"),
		__("Open")
	);
}
