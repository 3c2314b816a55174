"""On which days statements of account go out."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

WEEKLY, MONTHLY = "Weekly", "Monthly"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def on_or_after(start: date, frequency: str, weekday: str | None = None, month_day: int = 1) -> date:
	"""First day from `start` on which statements are to go out; in a month without day 29 to 31, its last day."""
	if frequency == WEEKLY:
		return start + timedelta(days=(WEEKDAYS.index(weekday) - start.weekday()) % 7)
	if frequency != MONTHLY:
		raise ValueError(f"{frequency} is no frequency of statements")
	if not 1 <= month_day <= 31:
		raise ValueError("a day of the month is 1 to 31")
	found = _in_month(start.year, start.month, month_day)
	if found < start:
		found = _in_month(start.year + start.month // 12, start.month % 12 + 1, month_day)
	return found


def latest(
	next_date: date, today: date, frequency: str, weekday: str | None = None, month_day: int = 1
) -> date | None:
	"""The day whose statements are to go out today: the last one from `next_date` to `today`; None if none has come.

	After days without a run only the last one is made up for, so that nobody gets two statements at once.
	"""
	found, day = None, next_date
	while day <= today:
		found = day
		day = on_or_after(day + timedelta(days=1), frequency, weekday, month_day)
	return found


def _in_month(year: int, month: int, day: int) -> date:
	return date(year, month, min(day, monthrange(year, month)[1]))
