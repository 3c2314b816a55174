"""Days of statements."""

from datetime import date

import pytest

from sales_crm_accounts.core.receivables.statement_days import MONTHLY, WEEKLY, latest, on_or_after


@pytest.mark.parametrize(
	("start", "day", "expected"),
	[
		(date(2026, 1, 15), 31, date(2026, 1, 31)),
		(date(2026, 2, 1), 31, date(2026, 2, 28)),
		(date(2028, 2, 1), 30, date(2028, 2, 29)),
		(date(2026, 3, 2), 1, date(2026, 4, 1)),
		(date(2026, 12, 2), 1, date(2027, 1, 1)),
		(date(2026, 11, 15), 15, date(2026, 11, 15)),
	],
)
def test_monthly(start, day, expected):
	assert on_or_after(start, MONTHLY, month_day=day) == expected


def test_weekly():
	"""27 November 2026 is a Friday."""
	friday = date(2026, 11, 27)
	assert on_or_after(friday, WEEKLY, "Friday") == friday
	assert on_or_after(friday, WEEKLY, "Monday") == date(2026, 11, 30)
	assert on_or_after(friday, WEEKLY, "Thursday") == date(2026, 12, 3)


def test_a_missed_day_is_made_up_for_once():
	first = date(2026, 11, 2)
	assert latest(first, date(2026, 11, 1), WEEKLY, "Monday") is None
	assert latest(first, first, WEEKLY, "Monday") == first
	assert latest(first, date(2026, 11, 4), WEEKLY, "Monday") == first
	assert latest(first, date(2026, 11, 25), WEEKLY, "Monday") == date(2026, 11, 23)
	assert latest(date(2026, 8, 31), date(2026, 10, 1), MONTHLY, month_day=31) == date(2026, 9, 30)


def test_wrong_arguments():
	with pytest.raises(ValueError):
		on_or_after(date(2026, 1, 1), "Daily")
	with pytest.raises(ValueError):
		on_or_after(date(2026, 1, 1), MONTHLY, month_day=32)
