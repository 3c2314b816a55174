"""What an invoice had open at the end of several past days at once: today's figures with what moved later taken back.

The rule of `ageing.open_after` for each day; days are ordinals (`date.toordinal`), because a large company has millions of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO, split_running
from sales_crm_accounts.core.receivables.ageing import CREDIT, Ageing, Buckets, open_after


@dataclass(frozen=True, slots=True)
class Part:
	"""An installment as it is now; `amount` and `outstanding` in the currency of the account, `base` in the company's."""

	due: int
	amount: Decimal
	outstanding: Decimal
	base: Decimal


@dataclass(frozen=True, slots=True)
class Move:
	"""What changed the open amount of the invoice on a day: a payment is negative."""

	day: int
	amount: Decimal
	base: Decimal


def open_on_days(
	posted: int, parts: Sequence[Part], moves: Iterable[Move], days: Sequence[int], precision: int
) -> Iterator[tuple[int, int, list[tuple[int, Decimal]]]]:
	"""(first, last, [(due, open amount in company currency)]): the same was open on `days[first]` to `days[last]`.

	`days` are in order of time, the latest come first in the answer; days on which nothing was open are not in it. `moves` may leave
	out what is not after the first of the days.
	"""
	moves = sorted(moves, key=lambda move: move.day)
	amount = base = ZERO
	found = [(part.due, part.base) for part in parts if part.outstanding]
	last = len(days) - 1
	while last >= 0 and days[last] >= posted:
		if moves and moves[-1].day > days[last]:
			while moves and moves[-1].day > days[last]:
				move = moves.pop()
				amount += move.amount
				base += move.base
			found = _before(parts, amount, base, precision)
		changed = max(posted, moves[-1].day) if moves else posted
		first = bisect_left(days, changed, 0, last)
		if found:
			yield first, last, found
		last = first - 1


def _before(
	parts: Sequence[Part], amount: Decimal, base: Decimal, precision: int
) -> list[tuple[int, Decimal]]:
	"""The open parts before so much moved."""
	whole = sum([part.outstanding for part in parts], ZERO) - amount
	if not whole:
		return []
	amounts = [part.amount for part in parts]
	base_whole = sum([part.base for part in parts], ZERO) - base
	opened = amounts if whole == sum(amounts, ZERO) else open_after(amounts, whole)
	shares = opened if base_whole == whole else split_running(base_whole, opened, precision)
	return [
		(part.due, share)
		for part, outstanding, share in zip(parts, opened, shares, strict=True)
		if outstanding
	]


class Days:
	"""Sums of what many invoices had open on each of the days, by how long it was overdue then."""

	def __init__(self, days: Sequence[int], buckets: Buckets, precision: int):
		self.days, self.buckets, self.precision = days, buckets, precision
		self._open: dict[tuple[int, int, int, bool], Decimal] = defaultdict(lambda: ZERO)

	def add(self, posted: int, parts: Sequence[Part], moves: Iterable[Move]) -> None:
		for first, last, opened in open_on_days(posted, parts, moves, self.days, self.precision):
			for due, amount in opened:
				self._open[first, last, due, amount < 0] += amount

	def sums(self) -> list[Ageing]:
		"""One for each day."""
		found = [Ageing(self.buckets) for _day in self.days]
		for (first, last, due, is_credit), amount in self._open.items():
			for index in range(first, last + 1):
				place = CREDIT if is_credit else self.buckets.index(self.days[index] - due)
				found[index].add(place, amount)
		return found
