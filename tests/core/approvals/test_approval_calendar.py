from datetime import date, datetime, time, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.approvals.calendar import WorkingTime, add_hours, hours_between
from sales_crm_accounts.core.approvals.reminders import ESCALATE, REMIND, due
from sales_crm_accounts.core.problems import RuleError

WEEKENDS = frozenset(
	day for day in (date(2025, 1, 1) + timedelta(days=n) for n in range(730)) if day.weekday() >= 5
)
OFFICE = WorkingTime(time(9), time(17), WEEKENDS | {date(2025, 12, 25), date(2025, 12, 26)})
FRIDAY = datetime(2025, 6, 6, 16)


def test_over_a_weekend():
	assert add_hours(FRIDAY, 1, OFFICE) == datetime(2025, 6, 6, 17)
	assert add_hours(FRIDAY, 2, OFFICE) == datetime(2025, 6, 9, 10)
	assert hours_between(FRIDAY, datetime(2025, 6, 9, 10), OFFICE) == 2


def test_over_holidays():
	assert add_hours(datetime(2025, 12, 24, 16), D("1.5"), OFFICE) == datetime(2025, 12, 29, 9, 30)


def test_from_outside_working_time():
	saturday, early, late = datetime(2025, 6, 7, 12), datetime(2025, 6, 9, 6), datetime(2025, 6, 6, 20)
	for moment in (saturday, early, late):
		assert add_hours(moment, 0, OFFICE) == datetime(2025, 6, 9, 9)
		assert add_hours(moment, 8, OFFICE) == datetime(2025, 6, 9, 17)
	assert hours_between(saturday, early, OFFICE) == 0
	assert hours_between(late, saturday, OFFICE) == 0


def test_many_days_at_once():
	assert hours_between(datetime(2025, 1, 1, 9), datetime(2026, 1, 1, 9), OFFICE) == (261 - 2) * 8


def test_backwards():
	assert hours_between(datetime(2025, 6, 9, 10), FRIDAY, OFFICE) == -2
	with pytest.raises(ValueError, match="below 0"):
		add_hours(FRIDAY, -1, OFFICE)


def test_a_day_that_ends_before_it_starts():
	with pytest.raises(RuleError, match="ends at 08:00, but starts at 17:00"):
		WorkingTime(time(17), time(8))


moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 6, 30)).map(
	lambda one: one.replace(microsecond=0)
)
hours = st.integers(0, 60 * 24 * 4).map(lambda quarters: D(quarters) / 4)


@st.composite
def workings(draw):
	start = draw(st.integers(0, 22 * 60))
	end = draw(st.integers(start + 1, 24 * 60 - 1))
	first = date(2025, 1, 1)
	off = draw(st.sets(st.integers(0, 600), max_size=40))
	return WorkingTime(
		time(*divmod(start, 60)),
		time(*divmod(end, 60)),
		frozenset(first + timedelta(days=n) for n in off) | WEEKENDS,
	)


@given(moments, hours, workings())
def test_adding_is_undone_by_counting(moment, amount, working):
	end = add_hours(moment, amount, working)
	assert end >= moment and working.is_working(end)
	assert hours_between(moment, end, working) == amount


@given(moments, moments, workings())
def test_counting_is_undone_by_adding(a, b, working):
	a, b = sorted((a, b))
	spent = hours_between(a, b, working)
	end = add_hours(a, spent, working)
	# The same moment, or the end of one working day for the hours before the next.
	assert hours_between(a, end, working) == spent
	if working.is_working(b) and b.time() != working.start:
		assert end == max(b, add_hours(a, 0, working))


@given(moments, moments, moments, workings())
def test_parts_sum_to_the_whole(a, b, c, working):
	a, b, c = sorted((a, b, c))
	whole = hours_between(a, c, working)
	assert abs(hours_between(a, b, working) + hours_between(b, c, working) - whole) < D("1e-20")


@given(moments, st.integers(0, 3 * 24 * 60), workings())
def test_counting_is_what_minute_by_minute_counting_finds(start, minutes, working):
	start = start.replace(second=0)
	ticks = (start + timedelta(minutes=n) for n in range(minutes))
	working_minutes = sum(
		tick.date() not in working.holidays and working.start <= tick.time() < working.end for tick in ticks
	)
	found = hours_between(start, start + timedelta(minutes=minutes), working)
	assert abs(found - D(working_minutes) / 60) < D("1e-20")


class TestReminders:
	monday = datetime(2025, 6, 9, 9)

	def due(self, now, remind=8, escalate=16, reminded=None, escalated=False):
		return due(self.monday, D(remind), D(escalate), reminded, escalated, now, OFFICE)

	def test_after_the_working_hours_that_are_set(self):
		assert self.due(datetime(2025, 6, 9, 16, 59)) is None
		assert self.due(datetime(2025, 6, 9, 17)) == REMIND
		assert self.due(datetime(2025, 6, 10, 17)) == ESCALATE

	def test_again_after_as_many(self):
		reminded = datetime(2025, 6, 9, 17)
		assert self.due(datetime(2025, 6, 10, 16), reminded=reminded, escalate=0) is None
		assert self.due(datetime(2025, 6, 10, 17), reminded=reminded, escalate=0) == REMIND

	def test_missed_runs_bring_one(self):
		late = datetime(2025, 6, 30, 10)
		assert self.due(late, escalate=0) == REMIND
		assert self.due(late, escalate=0, reminded=late) is None

	def test_escalation_comes_once(self):
		now = datetime(2025, 6, 10, 17)
		assert self.due(now, escalated=True) == REMIND
		assert self.due(now, escalated=True, reminded=now) is None

	def test_nothing_set_nothing_due(self):
		assert self.due(datetime(2026, 6, 9), remind=0, escalate=0) is None
