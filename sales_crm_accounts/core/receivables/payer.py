"""How a customer pays: days late over the installments that were paid, and a score from 0 to 100 with its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sales_crm_accounts.core.money import ZERO, quantize

#: Days that behaviour looks back, and those that count as recent.
WINDOW_MONTHS, RECENT_MONTHS = 12, 3
#: Fewer paid installments than this say too little for a judgement.
ENOUGH = 3

PROMPT, SLOW, LATE, VERY_LATE, UNKNOWN = "Prompt", "Slow", "Late", "Very Late", "Not Known"
CLASSES = (PROMPT, SLOW, LATE, VERY_LATE, UNKNOWN)
#: Class by average days late: up to and including.
_CLASS_LIMITS = ((3, PROMPT), (15, SLOW), (45, LATE))

#: Kinds of reasons for a score.
DAYS_LATE, LATE_SHARE, WORSENING, OVERDUE = "Days Late", "Late Share", "Worsening", "Overdue Now"


@dataclass(frozen=True, slots=True)
class Settled:
	"""Installments paid in full after the same number of days: late positive, early negative; `amount` in company currency."""

	days_late: int
	count: int
	amount: Decimal
	recent: bool = False


@dataclass(frozen=True, slots=True)
class Behaviour:
	"""What the paid installments of the last twelve months say; averages are None where nothing was paid.

	`average_days_late` is weighted by amount, early payment counts negative; `median_days_late` counts installments.
	`recent_days_late` is the average of the last three months.
	"""

	paid: int = 0
	late: int = 0
	amount: Decimal = ZERO
	average_days_late: Decimal | None = None
	median_days_late: int | None = None
	worst_days_late: int | None = None
	recent_days_late: Decimal | None = None

	@property
	def late_share(self) -> Decimal | None:
		"""Part of the paid installments that came after their due date, 0 to 1."""
		return Decimal(self.late) / self.paid if self.paid else None

	@property
	def trend(self) -> Decimal | None:
		"""Days by which the last three months are later (positive) than the whole year."""
		if self.recent_days_late is None or self.average_days_late is None:
			return None
		return self.recent_days_late - self.average_days_late

	@property
	def payer_class(self) -> str:
		if self.paid < ENOUGH or self.average_days_late is None:
			return UNKNOWN
		return next((name for limit, name in _CLASS_LIMITS if self.average_days_late <= limit), VERY_LATE)

	def expected_delay(self) -> int:
		"""Whole days after the due date at which this customer is expected to pay; 0 where too little is known."""
		if self.paid < ENOUGH or self.average_days_late is None:
			return 0
		return int(self.average_days_late.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Reason:
	"""Points that a score lost, and the figure they follow from."""

	kind: str
	points: int
	figure: Decimal


def behaviour(groups: Iterable[Settled]) -> Behaviour:
	"""Behaviour of one customer. A weight of nothing (all amounts 0) falls back to counting installments."""
	groups = sorted(groups, key=lambda group: group.days_late)
	paid = sum(group.count for group in groups)
	if not paid:
		return Behaviour()
	return Behaviour(
		paid=paid,
		late=sum(group.count for group in groups if group.days_late > 0),
		amount=sum((group.amount for group in groups), ZERO),
		average_days_late=_average(groups),
		median_days_late=_median(groups, paid),
		worst_days_late=groups[-1].days_late,
		recent_days_late=_average([group for group in groups if group.recent]),
	)


def score(found: Behaviour, overdue_share: Decimal = ZERO) -> tuple[int | None, list[Reason]]:
	"""(score, what it lost points for): 100 is a customer that always pays in time; None where too little is known.

	A point for each average day late (at most 50), up to 20 for the share of installments that came late, a point for each day
	by which the last three months are worse (at most 15), and up to 15 for `overdue_share`, the part of what is open now that is
	overdue (0 to 1). Our own rule; every point can be read from its reason.
	"""
	if found.paid < ENOUGH or found.average_days_late is None:
		return None, []
	trend = found.trend or ZERO
	late_share = found.late_share or ZERO
	candidates = (
		(DAYS_LATE, min(Decimal(50), max(ZERO, found.average_days_late)), found.average_days_late),
		(LATE_SHARE, 20 * late_share, quantize(100 * late_share, 1)),
		(WORSENING, min(Decimal(15), max(ZERO, trend)), trend),
		(OVERDUE, 15 * min(Decimal(1), max(ZERO, overdue_share)), quantize(100 * overdue_share, 1)),
	)
	reasons = [Reason(kind, int(quantize(points, 0)), figure) for kind, points, figure in candidates]
	reasons = [reason for reason in reasons if reason.points]
	return max(0, 100 - sum(reason.points for reason in reasons)), reasons


def average_days_late(weighted_days: Decimal, amount: Decimal) -> Decimal:
	"""Days late times amount, summed, over the amount; to a tenth of a day."""
	return quantize(weighted_days / amount, 1)


def _average(groups) -> Decimal | None:
	weights = sum((group.amount for group in groups), ZERO)
	if weights > 0:
		return average_days_late(sum((group.days_late * group.amount for group in groups), ZERO), weights)
	count = sum(group.count for group in groups)
	if not count:
		return None
	return quantize(Decimal(sum(group.days_late * group.count for group in groups)) / count, 1)


def _median(groups, paid: int) -> int:
	"""The lower one where the number is even."""
	seen = 0
	for group in groups:
		seen += group.count
		if 2 * seen >= paid:
			return group.days_late
	raise AssertionError("groups hold fewer installments than they say")
