"""Write-offs: which installments are proposed, what tax goes back, and the rows of the Journal Entries.

Amounts are Decimal. `amount` is in the currency of the receivable account, `base` in the company's.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO, quantize
from sales_crm_accounts.core.receivables.rows import OpenRow, oldest_first

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Rule:
	"""What a company proposes to write off.

	Overdue for more than `older_than` days; customers whose rows come to more than `most_per_customer` (company currency, 0: no
	limit) are left out as a whole; with `after_last_level` only rows that were told the last level of their ladder.
	"""

	older_than: int
	most_per_customer: Decimal = ZERO
	after_last_level: bool = False


def propose(
	rows: Iterable[OpenRow],
	rule: Rule,
	today: date,
	passed: Collection[Key] = (),
	told_last: Collection[Key] = (),
	with_credit: Collection[tuple[str, str]] = (),
) -> list[OpenRow]:
	"""The rows that the rule proposes, oldest first.

	`passed` are rows that something holds (promise, dispute, pause, another proposal), `told_last` those that were told the last
	level, `with_credit` the (customer, currency) that have money on account or open credit notes: that is matched first.
	"""
	found, sums = [], {}
	for row in oldest_first(rows):
		if row.is_return or row.outstanding <= 0 or row.days_overdue(today) <= rule.older_than:
			continue
		if row.key in passed or (row.customer, row.currency) in with_credit:
			continue
		if rule.after_last_level and row.key not in told_last:
			continue
		sums[row.customer] = sums.get(row.customer, ZERO) + row.base_outstanding
		found.append(row)
	if not rule.most_per_customer:
		return found
	return [row for row in found if sums[row.customer] <= rule.most_per_customer]


@dataclass(frozen=True, slots=True)
class Tax:
	"""What an invoice charged on one tax account, in company currency."""

	account: str
	amount: Decimal


def relief(
	taxes: Sequence[Tax], total: Decimal, before: Decimal, base: Decimal, places: int
) -> list[tuple[str, Decimal]]:
	"""(tax account, amount) that goes back when `base` of an invoice of `total` is written off after `before` of it was.

	Each account's share is rounded on the running total, so that all write-offs of an invoice together give back its tax to the
	cent, never more. A negative `base` takes back what was given. Accounts of nothing are left out.
	"""
	if total <= 0:
		return []
	low, high = (max(ZERO, min(total, value)) for value in (before, before + base))
	found: dict[str, Decimal] = {}
	for tax in taxes:
		part = quantize(tax.amount * high / total, places) - quantize(tax.amount * low / total, places)
		found[tax.account] = found.get(tax.account, ZERO) + part
	return [(account, part) for account, part in found.items() if part]


@dataclass(frozen=True, slots=True)
class Item:
	"""A row to be posted; `bearer` is what its ledger rows carry (deal, project and the like), as a hashable value."""

	customer: str
	account: str
	currency: str
	amount: Decimal
	base: Decimal
	taxes: tuple[tuple[str, Decimal], ...] = ()
	bearer: Hashable = None

	@property
	def cost(self) -> Decimal:
		"""What the company bears: without the tax that goes back."""
		return self.base - sum((amount for _account, amount in self.taxes), ZERO)


@dataclass(frozen=True, slots=True)
class Debit:
	"""A row against the receivables: `account` None is the write-off account."""

	account: str | None
	bearer: Hashable
	amount: Decimal


@dataclass(frozen=True, slots=True)
class Journal:
	"""One Journal Entry: the numbers of the items that it credits, and its debits; both sides are equal."""

	account: str
	currency: str
	items: tuple[int, ...]
	debits: tuple[Debit, ...]


def journals(items: Sequence[Item], most_rows: int) -> list[Journal]:
	"""A journal for each receivable account and currency, in the order of the items; more where it would have too many rows."""
	groups: dict[tuple[str, str], list[list[int]]] = {}
	for number, item in enumerate(items):
		parts = groups.setdefault((item.account, item.currency), [[]])
		if parts[-1] and _rows(items, [*parts[-1], number]) > most_rows:
			parts.append([])
		parts[-1].append(number)
	return [
		Journal(account, currency, tuple(part), tuple(_debits(items, part)))
		for (account, currency), parts in groups.items()
		for part in parts
	]


def _rows(items: Sequence[Item], part: Sequence[int]) -> int:
	return len(part) + len(_debits(items, part))


def _debits(items: Sequence[Item], part: Sequence[int]) -> list[Debit]:
	"""The write-off account and each tax account, once for each bearer; rows of nothing are left out."""
	sums: dict[tuple[str | None, Hashable], Decimal] = {}
	for number in part:
		item = items[number]
		for account, amount in ((None, item.cost), *item.taxes):
			sums[account, item.bearer] = sums.get((account, item.bearer), ZERO) + amount
	return [Debit(account, bearer, amount) for (account, bearer), amount in sums.items() if amount]
