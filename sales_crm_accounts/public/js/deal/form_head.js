frappe.provide("sales_crm_accounts.deal");

// The head of a saved deal's form: its state, and the buttons that the user may press now.
sales_crm_accounts.deal.show_head = async (frm) => {
	show_indicators(frm);
	await add_buttons(frm);
};

function show_indicators(frm) {
	const { doc } = frm;
	const { deal_colors } = sales_crm_accounts.deal;
	if (doc.docstatus < 2) frm.page.set_indicator(__(doc.status), deal_colors[doc.status]);
	if (doc.docstatus === 1 && flt(doc.overdue_amount) > 0) {
		frm.page.set_indicator(
			__("{0} overdue", [
				frappe.utils.html2text(format_currency(doc.overdue_amount, doc.currency)),
			]),
			"red"
		);
	}
}

async function add_buttons(frm) {
	const { deal } = sales_crm_accounts;
	const name = frm.doc.name;
	const can = await frappe.xcall("sales_crm_accounts.api.desk.form_state", { deal: name });
	if (frm.doc.name !== name || frm.is_dirty()) return;

	if (can.can_win) frm.page.set_primary_action(__("Win the Deal"), () => deal.win(frm));
	else if (frm.doc.docstatus === 0) frm.page.clear_primary_action();

	const button = (allowed, label, action, group) => {
		if (allowed) frm.add_custom_button(label, action, group);
	};
	button(can.can_preview, __("Preview"), () => deal.preview(frm));
	button(can.can_lose, __("Lost"), () => deal.lose(frm));
	button(can.can_reopen, __("Reopen"), () => deal.reopen(frm));
	button(can.can_make_customer, __("Make Customer"), () => deal.make_customer(frm));
	button(can.can_bill, __("Bill Now"), () => deal.bill(frm));
	button(
		can.can_change,
		__("Change the Plan"),
		() => frappe.new_doc("Deal Change", { deal: name }),
		__("Actions")
	);
	button(
		!["Lost", "Cancelled"].includes(frm.doc.status) && frappe.model.can_create("Deal Expense"),
		__("Add Expense"),
		() => frappe.new_doc("Deal Expense", { deal: name }),
		__("Actions")
	);
	button(
		frappe.model.can_read("Deal Expense"),
		__("Expenses"),
		() => frappe.set_route("List", "Deal Expense", { deal: name }),
		__("View")
	);
	button(can.can_credit, __("Make Credit Notes"), () => deal.credit(frm), __("Actions"));
	button(
		can.can_hand_over,
		__("Hand Over"),
		() => deal.hand_over([name], () => frm.reload_doc()),
		__("Actions")
	);
	button(
		can.can_see_obstacles,
		__("What Stands in the Way"),
		() => deal.obstacles(frm),
		__("Actions")
	);
	button(
		frm.doc.docstatus === 1,
		__("Installments"),
		() =>
			frappe.set_route("query-report", "Deal Installments", {
				deal: name,
				company: frm.doc.company,
			}),
		__("View")
	);
	button(
		frm.doc.docstatus === 1 && frappe.model.can_read("GL Entry"),
		__("Accounting Ledger"),
		() =>
			frappe.set_route("query-report", "General Ledger", {
				company: frm.doc.company,
				deal: [name],
				from_date: frm.doc.won_on,
				to_date: frappe.datetime.add_months(frappe.datetime.get_today(), 1),
				group_by: "",
			}),
		__("View")
	);
}
