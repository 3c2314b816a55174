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
		show_payer(frm);
	},
});

/** How the customer pays, with each company that sells to them. */
async function show_payer(frm) {
	const customer = frm.doc.name;
	const scores = await frappe.xcall("sales_crm_accounts.api.payers.scores", { customer });
	if (frm.doc.name !== customer || !scores.length) return;
	const html = scores.map((score) => {
		const company = frappe.utils.escape_html(score.company);
		const head = scores.length > 1 ? `<div class="sca-note">${company}</div>` : "";
		return `${head}${sales_crm_accounts.payer.html(score)}`;
	});
	// A form that was refreshed while an answer was on its way gets two.
	frm.sca_payer?.closest(".form-dashboard-section").remove();
	frm.sca_payer = frm.dashboard.add_section(html.join(""), __("How They Pay"));
	frm.dashboard.show();
}

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
