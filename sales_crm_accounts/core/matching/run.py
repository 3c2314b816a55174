"""Many receipts against one book: what is sure is taken first, and what others would have taken is looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sales_crm_accounts.core.matching.book import Book
from sales_crm_accounts.core.matching.propose import propose
from sales_crm_accounts.core.matching.rows import Proposal, Receipt, Rules


@dataclass(frozen=True, slots=True)
class Matched:
	"""The proposals of a receipt, the likeliest first; `sure` says that the first reaches the threshold and nobody else took it."""

	receipt: Receipt
	proposals: tuple[Proposal, ...]
	sure: bool


def match(book: Book, receipts: Iterable[Receipt], rules: Rules | None = None) -> list[Matched]:
	"""Proposals of every receipt, in the order given. The book is left with what the sure ones do not close."""
	rules = rules or Rules()
	receipts = list(receipts)
	found = {one.name: propose(book, one, rules) for one in receipts}
	taken: set[tuple[str, int]] = set()
	sure: set[str] = set()
	ready = [one for one in receipts if found[one.name] and found[one.name][0].score >= rules.threshold]
	# The surest first; of equals the money that came first.
	for one in sorted(ready, key=lambda each: (-found[each.name][0].score, each.on, each.name)):
		if _take(book, found[one.name][0], taken):
			sure.add(one.name)
	for one in sorted(receipts, key=lambda each: (each.on, each.name)):
		if one.name in sure:
			continue
		if any(row.key in taken for proposal in found[one.name] for row in proposal.rows):
			found[one.name] = propose(book, one, rules)
			best = found[one.name][0] if found[one.name] else None
			if best and best.score >= rules.threshold and _take(book, best, taken):
				sure.add(one.name)
	return [Matched(one, tuple(found[one.name]), one.name in sure) for one in receipts]


def _take(book: Book, proposal: Proposal, taken: set[tuple[str, int]]) -> bool:
	positions = [book.position(*row.key) for row in proposal.rows]
	if any(book.open[at] < row.amount for at, row in zip(positions, proposal.rows, strict=True)):
		return False
	for at, row in zip(positions, proposal.rows, strict=True):
		book.take(at, row.amount)
		taken.add(row.key)
	return True
