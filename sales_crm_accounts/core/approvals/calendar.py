"""Working hours: the same working day on every day that is no holiday."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from ..problems import Problem, RuleError, _

MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_HOUR = 3_600_000_000
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingTime:
	"""The working day and the days off, weekly ones included. A working day begins with `start`, and `end` still belongs to it.

	Raises RuleError for a day that does not end after it starts.
	"""

	start: time
	end: time
	holidays: frozenset[date] = frozenset()
	days_off: tuple[date, ...] = field(init=False, repr=False, compare=False)

	def __post_init__(self):
		if self.end <= self.start:
			raise RuleError(
				Problem(
					"working-day",
					_(
						"The working day ends at {end}, but starts at {start}. Enter an end that is after the start."
					),
					{"start": f"{self.start:%H:%M}", "end": f"{self.end:%H:%M}"},
				)
			)
		object.__setattr__(self, "days_off", tuple(sorted(self.holidays)))

	@property
	def length(self) -> timedelta:
		return datetime.combine(date.min, self.end) - datetime.combine(date.min, self.start)

	def bounds(self, day: date, tzinfo=None) -> tuple[datetime, datetime]:
		return datetime.combine(day, self.start, tzinfo), datetime.combine(day, self.end, tzinfo)

	def days_off_between(self, first: date, last: date) -> int:
		"""Days off from `first` to `last`, both included."""
		return max(0, bisect_right(self.days_off, last) - bisect_left(self.days_off, first))

	def is_working(self, moment: datetime) -> bool:
		return moment.date() not in self.holidays and self.start <= moment.time() <= self.end


def add_hours(moment: datetime, hours: Decimal | int, working: WorkingTime) -> datetime:
	"""The moment when `hours` of working time have passed, always in working time.

	From outside working time it counts from the next start; what is full exactly at the end of a day ends there and not on the
	next morning. To the microsecond. Raises ValueError for hours below 0.
	"""
	if hours < 0:
		raise ValueError(f"hours below 0: {hours}")
	left = int((Decimal(hours) * MICROSECONDS_PER_HOUR).to_integral_value(ROUND_HALF_EVEN)) * MICROSECOND
	day = moment.date()
	while True:
		if day not in working.holidays:
			start, end = working.bounds(day, moment.tzinfo)
			begin = max(moment, start)
			if begin <= end:
				if left <= end - begin:
					return begin + left
				left -= end - begin
		day += DAY


def hours_between(a: datetime, b: datetime, working: WorkingTime) -> Decimal:
	"""Working hours from `a` to `b`, below 0 where `b` comes first."""
	if b < a:
		return -hours_between(b, a, working)
	first, last = a.date(), b.date()
	if first == last:
		spent = _within(a, b, working)
	else:
		full = (last - first).days - 1
		full -= working.days_off_between(first + DAY, last - DAY)
		spent = full * working.length
		spent += _within(a, working.bounds(first, a.tzinfo)[1], working)
		spent += _within(working.bounds(last, b.tzinfo)[0], b, working)
	return Decimal(spent // MICROSECOND) / MICROSECONDS_PER_HOUR


def _within(a: datetime, b: datetime, working: WorkingTime) -> timedelta:
	"""Working time from `a` to `b` on the day of `a`."""
	if a.date() in working.holidays:
		return timedelta()
	start, end = working.bounds(a.date(), a.tzinfo)
	return max(timedelta(), min(b, end) - max(a, start))
