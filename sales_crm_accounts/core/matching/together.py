"""Explanations of more than one kind of open item: invoices less credit notes, and what one customer pays for several.

They work on a search of `propose`, which holds the receipt, what its text names, and who may have paid.
"""

from __future__ import annotations

import math

from sales_crm_accounts.core.matching import amounts, evidence, references
from sales_crm_accounts.core.matching.rows import Reason

#: One payment for several customers is rare, and only what the text names counts.
SEVERAL_CUSTOMERS = -3.0
_STRONG = ("exact", "number", "joined")
CREDIT_NAMED, CREDIT_UNNAMED, CREDIT_LEFT_OUT = 3.0, -6.0, -6.0
#: Ways of agreeing that a credit note which the text does not name may be part of.
_EXACTLY = {
	"amount_exact",
	"amount_first",
	"amount_one",
	"amount_only",
	"sum_oldest",
	"sum_exact",
	"discount",
}
#: Customers that one payment pays for at most.
WIDTH = 8


def netted(search, customer, currency, target, positions, payer, hits) -> None:
	"""Invoices less credit notes: those that the text names, else one of them, or all, where that agrees exactly."""
	credits = search.book.credits_of(customer, currency)
	told = [at for at in credits if at in search.text.credits]
	if not positions or not credits or not (told or hits or customer in search.known):
		return
	sets = [told] if told else [[at] for at in credits[:4]] + ([credits] if len(credits) > 1 else [])
	for chosen in sets:
		less = -sum(search.book.open[at] for at in chosen)
		if hits:
			named, used = references.narrowest(hits)
			reasons = [*payer, references.reason(used)]
			ways = amounts.fits(search.book, named, target + less, search.receipt.on, search.rules, False)
		else:
			reasons = list(payer)
			ways = amounts.blind(search.book, positions, target + less, search.receipt.on, search.rules)
		weight = CREDIT_NAMED if told else CREDIT_UNNAMED - 10 * math.log10(len(sets))
		for fit in ways:
			if not told and fit.reasons[0].code not in _EXACTLY:
				continue
			rows = {**fit.rows, **{at: (search.book.open[at], 0, 0) for at in chosen}}
			net = amounts.Fit(rows, fit.on_account, [*fit.reasons], fit.cut, fit.alike)
			net.reasons.append(Reason("credit_note", weight, (less,)))
			search.add(customer, currency, net, reasons)


def several_customers(search) -> None:
	"""A payer who pays for others as well: every invoice is named, and together they are exactly what came in."""
	search.claims = {at: claim for one in search.named for at, claim in search.book.claims_of(one).items()}
	if any(_jointly(search, qualities, []) for qualities in (_STRONG, _STRONG[:1])) or not search.claims:
		return
	with search.claims_taken() as given:
		_jointly(search, _STRONG, given)


def _jointly(search, qualities: tuple[str, ...], given: list[Reason]) -> bool:
	currency, by_customer, used = search.receipt.currency, {}, []
	for customer, hits in search.named.items():
		strong = [
			hit
			for hit in map(search.still_open, hits)
			if hit.quality in qualities
			and hit.kind == "invoice"
			and hit.positions
			and search.book.items[hit.positions[0]].currency == currency
		]
		if strong:
			by_customer[customer], known = references.narrowest(strong)
			used += known
	if not 2 <= len(by_customer) <= WIDTH:
		return False
	everything = [at for positions in by_customer.values() for at in positions]
	oldest: dict[str, int] = {}
	for at in sorted(everything):
		oldest.setdefault(search.book.items[at].sales_invoice, at)
	for chosen in (everything, list(oldest.values())):
		if sum(search.book.open[at] for at in chosen) == search.receipt.amount:
			break
	else:
		return False
	parts = {
		customer: sum(search.book.open[at] for at in chosen if search.customer_of(at) == customer)
		for customer in by_customer
	}
	payers = {one: evidence.weight(search.payers[one]) for one in by_customer if one in search.payers}
	first = max(payers or parts, key=lambda one: ((payers or parts)[one], one))
	reasons = [*search.payers.get(first, ()), *given]
	if search.known and not payers:
		reasons.append(Reason("other_payer", evidence.SOMEBODY_ELSE, (search.receipt.payer,)))
	reasons.append(references.reason(used))
	fit = amounts.Fit(amounts.full(search.book, chosen), 0)
	fit.reasons.append(Reason("amount_exact", amounts.EXACT, (len(chosen),)))
	fit.reasons.append(Reason("several_customers", SEVERAL_CUSTOMERS, (len(parts),)))
	others = sorted(one for one in parts if one != first)
	search.add(first, currency, fit, reasons, (first, *others))
	return True
