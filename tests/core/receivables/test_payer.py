"""How a customer pays: figures worked out by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables import payer
from sales_crm_accounts.core.receivables.payer import Behaviour, Record, Score, Settled, behaviour, score

#: 100 paid 2 days early, 300 paid 10 days late, 100 paid 20 days late and lately.
MIXED = [
	Settled(10, 3, Decimal(300)),
	Settled(-2, 1, Decimal(100)),
	Settled(20, 1, Decimal(100), recent=True),
]


def test_averages_median_and_worst():
	"""(3000 - 200 + 2000) / 500 = 9.6; the third of five is 10 days; 4 of 5 are late."""
	found = behaviour(MIXED)
	assert (found.paid, found.late, found.amount) == (5, 4, 500)
	assert found.average_days_late == Decimal("9.6")
	assert (found.median_days_late, found.worst_days_late) == (10, 20)
	assert found.recent_days_late == 20
	assert found.trend == Decimal("10.4")
	assert found.late_share == Decimal("0.8")
	assert found.payer_class == payer.SLOW
	assert found.expected_delay() == 10


def test_nothing_paid_is_not_known():
	found = behaviour([])
	assert found == Behaviour()
	assert found.average_days_late is None and found.trend is None and found.late_share is None
	assert found.payer_class == payer.UNKNOWN
	assert found.expected_delay() == 0
	assert score(found) == Score()
	assert score(found).grade is None


def test_two_payments_are_too_few_for_a_judgement():
	found = behaviour([Settled(40, 2, Decimal(10))])
	assert found.average_days_late == 40
	assert found.payer_class == payer.UNKNOWN
	assert score(found) == Score()
	assert score(found).grade is None


def test_without_amounts_installments_are_counted():
	"""(0 * 1 + 9 * 2) / 3 = 6."""
	assert behaviour([Settled(0, 1, Decimal(0)), Settled(9, 2, Decimal(0))]).average_days_late == 6


def test_the_lower_middle_is_the_median_of_an_even_number():
	assert behaviour([Settled(1, 2, Decimal(1)), Settled(5, 2, Decimal(1))]).median_days_late == 1


def test_classes_by_average():
	def of(days):
		return behaviour([Settled(days, 3, Decimal(1))]).payer_class

	assert [of(days) for days in (-5, 3, 4, 15, 16, 45, 46)] == [
		payer.PROMPT,
		payer.PROMPT,
		payer.SLOW,
		payer.SLOW,
		payer.LATE,
		payer.LATE,
		payer.VERY_LATE,
	]


def test_score_and_its_reasons():
	"""9.6 days -> 10 points, 80 % late -> 16, half of the open overdue -> 7.5 -> 8, one promise of two -> 5, one dispute of two -> 2.5
	-> 3, nine months of twelve -> 2.5 -> 3: 100 - 45 = 55.
	"""
	found = score(behaviour(MIXED), Record(Decimal("0.5"), 1, 1, 9))
	assert [(reason.kind, reason.points, reason.figure) for reason in found.reasons] == [
		(payer.DAYS_LATE, 10, Decimal("9.6")),
		(payer.ON_TIME, 16, Decimal("20.0")),
		(payer.OVERDUE, 8, Decimal("50.0")),
		(payer.BROKEN, 5, Decimal(1)),
		(payer.DISPUTES, 3, Decimal(1)),
		(payer.HISTORY, 3, Decimal(9)),
	]
	assert (found.points, found.grade) == (55, "C")


def test_score_ends():
	best = score(behaviour([Settled(-3, 5, Decimal(5))]))
	assert (best.points, best.grade, {reason.points for reason in best.reasons}) == (100, "A", {0})
	worst = score(behaviour([Settled(400, 5, Decimal(5))]), Record(Decimal(3), 9, 9, 0))
	assert (worst.points, worst.grade) == (0, "E")
	assert all(reason.points == reason.most for reason in worst.reasons)
	assert sum(payer.MOST.values()) == 100


def test_months_between():
	found = [
		payer.months_between(date(2026, 1, 31), last)
		for last in (
			date(2026, 1, 31),
			date(2026, 2, 28),
			date(2026, 3, 31),
			date(2027, 1, 30),
			date(2025, 1, 1),
		)
	]
	assert found == [0, 0, 2, 11, 0]


def test_grades():
	assert [Score(points).grade for points in (100, 85, 84, 70, 69, 50, 49, 30, 29, 0)] == list("AABBCCDDEE")


GROUPS = st.lists(
	st.builds(
		Settled,
		st.integers(-60, 200),
		st.integers(1, 5),
		st.integers(0, 10**6).map(lambda cents: Decimal(cents).scaleb(-2)),
		st.booleans(),
	),
	min_size=1,
	max_size=6,
)
RECORDS = st.builds(
	Record,
	st.integers(0, 100).map(lambda percent: Decimal(percent) / 100),
	st.integers(0, 4),
	st.integers(0, 4),
	st.integers(0, 30),
)


@given(GROUPS, RECORDS)
def test_a_score_is_what_its_reasons_leave(groups, record):
	found = score(behaviour(groups), record)
	if found.points is None:
		assert sum(group.count for group in groups) < payer.ENOUGH
		return
	assert 0 <= found.points <= 100
	assert found.points == 100 - sum(reason.points for reason in found.reasons)
	assert [reason.kind for reason in found.reasons] == list(payer.KINDS)
	assert all(0 <= reason.points <= reason.most for reason in found.reasons)


@given(GROUPS, RECORDS, st.data())
def test_paying_later_never_raises_the_score(groups, record, data):
	index = data.draw(st.integers(0, len(groups) - 1))
	later = data.draw(st.integers(1, 300))
	worse = [*groups]
	worse[index] = replace(groups[index], days_late=groups[index].days_late + later)
	before, after = score(behaviour(groups), record), score(behaviour(worse), record)
	assert (before.points is None) == (after.points is None)
	if before.points is not None:
		assert after.points <= before.points
		assert after.grade >= before.grade


@given(GROUPS, RECORDS, RECORDS)
def test_a_worse_record_never_raises_the_score(groups, one, other):
	worse = Record(
		max(one.overdue_share, other.overdue_share),
		max(one.broken_promises, other.broken_promises),
		max(one.rejected_disputes, other.rejected_disputes),
		min(one.months, other.months),
	)
	found = behaviour(groups)
	assert (score(found, worse).points or 0) <= (score(found, one).points or 0)
