frappe.ui.form.on("Customer", {
	refresh(frm) {
		if (frm.is_new()) return;
		show_holds(frm);
		if (!frappe.model.can_read("Open Installment")) return;
		// Salespeople see their own deals only, a statement shows everything; the server checks again.
		const roles = [
			...["Deal Manager", "Accounts User", "Accounts Manager", "Auditor"],
			...["Collector", "Collections Manager", "System Manager"],
		];
		if (!frappe.user.has_role(roles)) return;
		frm.add_custom_button(
			__("Statement of Account"),
			() => download_statement(frm),
			__("View")
		);
		show_payer(frm);
	},
});

async function show_holds(frm) {
	if (!frappe.model.can_read("Credit Hold")) return;
	const { name } = frm.doc;
	const holds = await frappe.xcall("sales_crm_accounts.api.credit_hold.of_customer", {
		customer: name,
	});
	if (frm.doc.name !== name) return;
	if (frappe.model.can_create("Credit Hold")) {
		frm.add_custom_button(
			__("Credit Hold"),
			() => frappe.new_doc("Credit Hold", { customer: name }),
			__("Create")
		);
	}
	if (!holds.length) return;
	const lines = holds.map(({ name, company, reason, set_on }) => {
		const text = __("On credit hold in {0} since {1}: {2}", [
			frappe.utils.escape_html(company),
			frappe.datetime.str_to_user(set_on.split(" ")[0]),
			frappe.utils.escape_html(reason),
		]);
		return `<a href="${frappe.utils.get_form_link("Credit Hold", name)}">${text}</a>`;
	});
	frm.dashboard.set_headline(lines.join("<br>"), "red");
	for (const hold of holds.filter(({ can_lift }) => can_lift)) {
		frm.add_custom_button(
			__("Lift Credit Hold in {0}", [hold.company]),
			() => sales_crm_accounts.collections.lift_hold(hold.name, () => frm.reload_doc()),
			__("Actions")
		);
	}
}

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

async function download_statement(frm) {
	const customer = frm.doc.name;
	const company = await frappe.xcall("sales_crm_accounts.api.statements.default_company", {
		customer,
	});
	frappe.prompt(
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: company,
			reqd: 1,
		},
		({ company }) => {
			const query = new URLSearchParams({ customer, company });
			window.open(
				frappe.urllib.get_full_url(
					`/api/method/sales_crm_accounts.api.statements.download?${query}`
				)
			);
		},
		__("Statement of Account"),
		__("Open", null, "Customer")
	);
}
