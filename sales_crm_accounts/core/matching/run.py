"""Many receipts against one book: what is sure is taken out of it, and the next one sees what is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sales_crm_accounts.core.matching.book import Book
from sales_crm_accounts.core.matching.propose import propose
from sales_crm_accounts.core.matching.rows import Proposal, Receipt, Rules

#: From this score on, what a receipt would pay is less likely to be what a later one pays.
CLAIMS = 50.0


@dataclass(frozen=True, slots=True)
class Matched:
	"""The proposals of a receipt, the likeliest first; `sure` says that the first reaches the threshold."""

	receipt: Receipt
	proposals: tuple[Proposal, ...]
	sure: bool


def match(book: Book, receipts: Iterable[Receipt], rules: Rules | None = None) -> list[Matched]:
	"""Proposals of every receipt, in the order given. The book is left with what the sure ones do not close.

	Receipts are read in the order in which the money came, since earlier money closes the older installment, and each sees what
	the sure ones before it have left, and what those that are not sure would take.
	"""
	rules = rules or Rules()
	receipts = list(receipts)
	found: dict[str, Matched] = {}
	for one in sorted(receipts, key=lambda each: (each.on, each.name)):
		proposals = tuple(propose(book, one, rules))
		sure = bool(proposals) and proposals[0].score >= rules.threshold
		if sure:
			for row in proposals[0].rows:
				book.take(book.position(*row.key), row.amount)
		elif proposals and proposals[0].score >= CLAIMS:
			for row in proposals[0].rows:
				if row.amount > 0:
					book.claim(book.position(*row.key), row.amount, proposals[0].score / 100)
		found[one.name] = Matched(one, proposals, sure)
	return [found[one.name] for one in receipts]
