frappe.provide("sales_crm_accounts.deal");

/**
 * A line at the head of a Deal or a Quotation: what the customer owes and will owe, against the credit limit.
 *
 * Shown only where there is a limit; red where it is exceeded with this document, orange where something is overdue.
 */
sales_crm_accounts.deal.show_credit = async (frm) => {
	const { doctype, name } = frm.doc;
	if (frm.is_new() || frm.doc.docstatus === 2) return;
	const credit = await frappe.xcall("sales_crm_accounts.api.credit.of_document", {
		doctype,
		name,
	});
	if (!credit || frm.doc.name !== name) return;
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
	frm.dashboard.set_headline(text, credit.excess ? "red" : credit.overdue ? "orange" : "blue");
};
