"""Who paid: the customers that a receipt points to, each with its reasons."""

from __future__ import annotations

from sales_crm_accounts.core.matching.book import Book
from sales_crm_accounts.core.matching.rows import Reason, Receipt
from sales_crm_accounts.core.matching.text import account_number

#: Weights in decibans.
PARTY, ACCOUNT, NAME, NAME_WORD_FOR_WORD, NAME_IN_TEXT = 30.0, 18.0, 14.0, 2.0, 10.0
SOMEBODY_ELSE = -20.0
#: From here on a customer is known, and one that is not pointed to speaks against itself.
KNOWN = 9.0


def customers(book: Book, receipt: Receipt) -> dict[str, list[Reason]]:
	"""Customer -> reasons from the document, the payer's account and the payer's name."""
	if receipt.customer:
		return {receipt.customer: [Reason("party", PARTY)]}
	found: dict[str, list[Reason]] = {}
	if receipt.account:
		for customer in book.accounts.get(account_number(receipt.account), ()):
			found.setdefault(customer, []).append(Reason("account", ACCOUNT, (receipt.account,)))
	names: dict[str, Reason] = {}
	if receipt.payer:
		for customer, likeness, word_for_word in book.names.find(receipt.payer):
			if likeness == 1.0:
				weight = NAME + (NAME_WORD_FOR_WORD if word_for_word else 0)
				names[customer] = Reason("name", weight, (receipt.payer,))
			else:
				names[customer] = Reason(
					"name_similar", round((likeness - 0.5) * 24, 1), (receipt.payer, round(likeness * 100))
				)
	if receipt.text and not names:
		for customer in book.names.inside(receipt.text):
			names[customer] = Reason("name_in_text", NAME_IN_TEXT)
	for customer, reason in names.items():
		found.setdefault(customer, []).append(reason)
	return found


def weight(reasons: list[Reason]) -> float:
	return sum(reason.weight for reason in reasons)
