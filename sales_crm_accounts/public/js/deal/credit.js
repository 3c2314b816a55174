frappe.provide("sales_crm_accounts.deal");

/**
 * A line at the head of Deal, Quotation, Sales Order and Delivery Note: whether the customer is on credit hold; on the first two
 * also what the customer owes and will owe, against the credit limit.
 *
 * Red for a hold, or where the limit is exceeded with this document; orange where something is overdue.
 */
sales_crm_accounts.deal.show_credit = async (frm) => {
	const { doctype, name } = frm.doc;
	if (frm.is_new() || frm.doc.docstatus === 2) return;
	const credit = await frappe.xcall("sales_crm_accounts.api.credit.of_document", {
		doctype,
		name,
	});
	if (!credit || frm.doc.name !== name) return;
	const { hold } = credit;
	const lines = [];
	if (hold && frm.doc.docstatus === 0) lines.push(hold_text(hold));
	if (credit.limit) lines.push(limit_text(credit));
	if (!lines.length) return;
	const red = (hold && frm.doc.docstatus === 0) || credit.excess;
	frm.dashboard.set_headline(
		lines.join("<br>"),
		red ? "red" : credit.overdue ? "orange" : "blue"
	);
};

function hold_text({ reason, set_on, action }) {
	const texts = {
		Warn: __("Nothing stops you; think of asking for the money first."),
		"Ask for Approval": __("Selling to them takes an approval."),
		Stop: __("Nothing new is sold to them until it is lifted."),
	};
	return `<b>${__("Customer on credit hold since {0}: {1}", [
		frappe.datetime.str_to_user(set_on.split(" ")[0]),
		frappe.utils.escape_html(reason),
	])}</b> ${texts[action]}`;
}

function limit_text(credit) {
	const money = (value) => format_currency(value, credit.currency);
	const parts = [
		[__("open invoices"), credit.receivables],
		[__("money on account"), -credit.on_account],
		[__("billed later under won deals"), credit.billed_later],
		[__("open orders"), credit.orders],
	]
		.filter(([, value]) => value)
		.map(([label, value]) => `${label} ${money(value)}`)
		.join(", ");
	let text = credit.more
		? __("Credit limit {0}. Exposure {1}, with this document {2}.", [
				money(credit.limit),
				money(credit.total),
				money(credit.total + credit.more),
			])
		: __("Credit limit {0}. Exposure {1}.", [money(credit.limit), money(credit.total)]);
	if (credit.excess) text += ` <b>${__("{0} above the limit.", [money(credit.excess)])}</b>`;
	if (credit.overdue) text += ` ${__("{0} is overdue.", [money(credit.overdue)])}`;
	if (parts) text += ` <span class="text-muted">(${parts})</span>`;
	return text;
}
