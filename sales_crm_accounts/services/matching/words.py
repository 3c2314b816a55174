"""Reasons of a proposal in words."""

import frappe
from frappe import _

from sales_crm_accounts.core.matching.rows import Reason
from sales_crm_accounts.services.matching.units import amount

#: Codes whose first value is an amount in units.
_AMOUNTS = {"discount", "discount_only", "fee", "fee_only", "over_payment", "credit_note"}


def texts() -> dict[str, str]:
	return {
		"party": _("The payment itself names the customer."),
		"account": _("The customer pays from account {0}."),
		"name": _("The payer's name, {0}, is the customer's."),
		"name_similar": _("The payer's name, {0}, is like the customer's ({1} %)."),
		"name_in_text": _("The customer's name stands in the text."),
		"other_payer": _("The payer, {0}, is somebody else."),
		"reference_exact": _("The text names it: {0}."),
		"reference_number": _("The text has its number: {0}."),
		"reference_joined": _("The text has its number run together or cut short: {0}."),
		"reference_typo": _("The text has a number that is one mistake away: {0}."),
		"reference_near": _("The text has a number that is two mistakes away: {0}."),
		"reference_tail": _("The text has its running number: {0}."),
		"installment": _("The text names installment {0}."),
		"amount_exact": _("The amount is exactly what is open of what is named."),
		"amount_first": _("The amount is exactly the {0} oldest of {1} installments that are named."),
		"amount_one": _("The amount is exactly {0} of {1} installments that are named."),
		"amount_some": _("The amount is exactly the sum of {0} of {1} installments that are named."),
		"amount_only": _("The amount is exactly that of one open installment."),
		"amount_anywhere": _("Nothing but the amount speaks for it."),
		"discount": _("The amount is right less a discount of {0} in time."),
		"discount_only": _("The amount is that of one open installment less a discount of {0} in time."),
		"fee": _("The amount is {0} short: a fee of the bank."),
		"fee_only": _("The amount is that of one open installment, {0} short: a fee of the bank."),
		"exchange": _("The amount is right but for the exchange rate."),
		"sum_oldest": _("The amount is exactly the sum of the {0} oldest open installments."),
		"sum_exact": _("The amount is exactly the sum of {0} open installments."),
		"rest_pays": _("What is left pays {0} more exactly."),
		"part_payment": _("Part payment: the oldest due of what is named comes first."),
		"oldest_first": _("Nothing says what it pays: the oldest due comes first."),
		"over_payment": _("Over-payment: {0} stays on account."),
		"nothing_open": _("The customer has nothing open: all of it stays on account."),
		"not_named": _("The text names other installments."),
		"names_another": _("The text names what another customer owes."),
		"names_unknown": _("The text names what is not open: {0}."),
		"habit_several": _("The customer often pays several at once ({0} of {1} payments)."),
		"habit_single": _("The customer has never paid several at once ({0} payments)."),
		"habit_deducted": _("The customer often deducts something ({0} of {1} payments)."),
		"claimed": _("An earlier receipt may pay this already ({0} %)."),
		"others_paid": _("Counted after what earlier receipts may pay."),
		"credit_note": _("Credit notes of {0} are taken off."),
		"credit_left_out": _("The text names a credit note that this leaves out."),
		"several_customers": _("The text names invoices of {0} customers: one pays for the others."),
		"twin": _("The same line is there twice: {0}. Look whether the bank has booked it twice."),
		"search_cut": _("The search for sums was cut short; there may be others."),
	}


def in_words(reasons: tuple[Reason, ...], currency: str, known: dict[str, str] | None = None) -> str:
	"""One reason a line, what speaks against it marked so."""
	known = known or texts()
	lines = []
	for reason in reasons:
		values = list(reason.values)
		if reason.code in _AMOUNTS and values:
			values[0] = frappe.format_value(amount(values[0]), "Currency", currency=currency)
		sign = "+" if reason.weight >= 0 else "−"
		lines.append(f"{sign} {known[reason.code].format(*values)}")
	return "\n".join(lines)
