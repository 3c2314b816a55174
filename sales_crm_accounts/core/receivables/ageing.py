"""Ageing of what is open: by the due date of each installment, as of any date; credits and money on account stand apart."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_crm_accounts.core.installments import close_oldest
from sales_crm_accounts.core.money import ZERO

#: Last day of each bucket but the last, which has no end.
DEFAULT_LIMITS = (30, 60, 90, 120)
#: Places beside the buckets: what is due today or later, credit notes and overpaid invoices, money that belongs to no invoice yet.
NOT_DUE, CREDIT, ON_ACCOUNT = 0, -1, -2


@dataclass(frozen=True, slots=True)
class Buckets:
	"""Ranges of days overdue: with limits (30, 60) these are 1-30, 31-60 and over 60."""

	limits: tuple[int, ...] = DEFAULT_LIMITS

	def __post_init__(self):
		if not self.limits or any(
			limit < 1 or limit <= before
			for before, limit in zip((0, *self.limits), self.limits, strict=False)
		):
			raise ValueError("limits of ageing are days that grow, from 1")

	@property
	def labels(self) -> list[str]:
		starts = (0, *self.limits)
		ranges = [f"{start + 1}-{end}" for start, end in zip(starts, self.limits, strict=False)]
		return [*ranges, f">{self.limits[-1]}"]

	@property
	def count(self) -> int:
		return len(self.limits) + 1

	def index(self, days_overdue: int) -> int:
		"""0 for what is not due (today is not overdue), else the number of the bucket from 1."""
		if days_overdue <= 0:
			return NOT_DUE
		return next((n for n, limit in enumerate(self.limits, 1) if days_overdue <= limit), self.count)

	def place(self, amount: Decimal, due_date: date, as_of: date, of_invoice: bool = True) -> int:
		"""Where an open amount belongs; negative ones are credits or money on account, whatever their age."""
		if amount < 0:
			return CREDIT if of_invoice else ON_ACCOUNT
		return self.index((as_of - due_date).days)


class Ageing:
	"""Sums of one customer, deal, or whatever rows are gathered by."""

	def __init__(self, buckets: Buckets):
		self.not_due = self.credits = self.on_account = ZERO
		self.overdue_by_bucket = [ZERO] * buckets.count

	def add(self, place: int, amount: Decimal) -> None:
		if place == NOT_DUE:
			self.not_due += amount
		elif place == CREDIT:
			self.credits += amount
		elif place == ON_ACCOUNT:
			self.on_account += amount
		else:
			self.overdue_by_bucket[place - 1] += amount

	@property
	def overdue(self) -> Decimal:
		return sum(self.overdue_by_bucket, ZERO)

	@property
	def outstanding(self) -> Decimal:
		"""What is owed, before credits and money on account."""
		return self.not_due + self.overdue

	@property
	def balance(self) -> Decimal:
		"""What stands in the books: the total of ERPNext's Accounts Receivable. Credits and money on account are negative."""
		return self.outstanding + self.credits + self.on_account


def gather(placed: Iterable[tuple[Hashable, int, Decimal]], buckets: Buckets) -> dict[Hashable, Ageing]:
	"""key -> sums, in the order in which keys come first; `placed` are (key, place, amount)."""
	found: dict[Hashable, Ageing] = {}
	for key, place, amount in placed:
		if key not in found:
			found[key] = Ageing(buckets)
		found[key].add(place, amount)
	return found


def open_after(amounts: list[Decimal], outstanding: Decimal) -> list[Decimal]:
	"""What was open of each installment when so much was open of the whole invoice: money closes the oldest first.

	The rule by which a past day is seen; the last installment takes what is too much, so that the rows sum to `outstanding`.
	"""
	closed = sum(amounts, ZERO) - outstanding
	parts = close_oldest(amounts, closed, ZERO, ZERO)
	return [amount - part[0] for amount, part in zip(amounts, parts, strict=True)]


def parse_limits(text: str | None) -> Buckets:
	"""Buckets of a filter like "30, 60, 90"; the usual ones where it is empty. Raises ValueError for anything else."""
	if not (text or "").strip():
		return Buckets()
	return Buckets(tuple(int(part) for part in text.split(",")))
