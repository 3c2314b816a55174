"""How a customer pays: days late over the installments that were paid, and a score from 0 to 100 with its reasons.

The score starts at 100 and loses points for six things, each with its most points; together they are 100. Paying later, breaking
one more promise or owing more that is overdue never raises it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
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

#: Kinds of reasons for a score, in the order in which they are shown.
DAYS_LATE, ON_TIME, OVERDUE, BROKEN, DISPUTES, HISTORY = (
	*("Days Late", "On Time", "Overdue Now"),
	*("Broken Promises", "Disputes", "History"),
)
KINDS = (DAYS_LATE, ON_TIME, OVERDUE, BROKEN, DISPUTES, HISTORY)
#: Points that each can cost at most.
MOST = {DAYS_LATE: 40, ON_TIME: 20, OVERDUE: 15, BROKEN: 10, DISPUTES: 5, HISTORY: 10}
#: What costs all of them: days late on average, broken promises, rejected disputes; and the months after which history costs none.
FULL_DAYS_LATE, FULL_BROKEN, FULL_DISPUTES, FULL_HISTORY = 40, 2, 2, 12
#: Grade by score: from.
GRADES = ((85, "A"), (70, "B"), (50, "C"), (30, "D"), (0, "E"))


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
class Record:
	"""What else is known of a customer; the part of what is open now that is overdue is 0 to 1.

	Disputes are those that were rejected: whoever was right to object pays as well as anybody. Months are those since the first
	invoice.
	"""

	overdue_share: Decimal = ZERO
	broken_promises: int = 0
	rejected_disputes: int = 0
	months: int = FULL_HISTORY


@dataclass(frozen=True, slots=True)
class Reason:
	"""One part of a score: the figure that was seen, the points it cost, and the most that it could have cost."""

	kind: str
	points: int
	figure: Decimal

	@property
	def most(self) -> int:
		return MOST[self.kind]


@dataclass(frozen=True, slots=True)
class Score:
	"""`points` is None where too little is known, and there are no reasons then."""

	points: int | None = None
	reasons: tuple[Reason, ...] = ()

	@property
	def grade(self) -> str | None:
		"""A (best) to E."""
		if self.points is None:
			return None
		return next(grade for limit, grade in GRADES if self.points >= limit)


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


def score(found: Behaviour, record: Record | None = None) -> Score:
	"""The score with all six reasons, also those that cost nothing. Our own rule; every point can be read from its reason.

	Points grow evenly: a point for each average day late (at most 40), 20 for the share of installments that came late, 15 for the part
	of what is open that is overdue, 5 for each broken promise (at most 10), 2.5 for each rejected dispute (at most 5), and 10 for a
	history that begins this month, none after twelve. Only whole points are taken.
	"""
	if found.paid < ENOUGH or found.average_days_late is None:
		return Score()
	record = record or Record()
	late_share, days = found.late_share or ZERO, found.average_days_late
	seen = (
		(DAYS_LATE, days / FULL_DAYS_LATE, days),
		(ON_TIME, late_share, quantize(100 - 100 * late_share, 1)),
		(OVERDUE, record.overdue_share, quantize(100 * record.overdue_share, 1)),
		(BROKEN, Decimal(record.broken_promises) / FULL_BROKEN, Decimal(record.broken_promises)),
		(DISPUTES, Decimal(record.rejected_disputes) / FULL_DISPUTES, Decimal(record.rejected_disputes)),
		(HISTORY, 1 - Decimal(record.months) / FULL_HISTORY, Decimal(record.months)),
	)
	reasons = tuple(
		Reason(kind, int(quantize(MOST[kind] * min(Decimal(1), max(ZERO, part)), 0)), figure)
		for kind, part, figure in seen
	)
	return Score(100 - sum(reason.points for reason in reasons), reasons)


def months_between(first: date, last: date) -> int:
	"""Whole months from one day to a later one."""
	months = 12 * (last.year - first.year) + last.month - first.month
	return max(0, months - (last.day < first.day))


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
