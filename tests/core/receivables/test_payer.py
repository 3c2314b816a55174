"""How a customer pays: figures worked out by hand."""

from decimal import Decimal

from sales_crm_accounts.core.receivables import payer
from sales_crm_accounts.core.receivables.payer import Behaviour, Settled, behaviour, score

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
	assert score(found) == (None, [])


def test_two_payments_are_too_few_for_a_judgement():
	found = behaviour([Settled(40, 2, Decimal(10))])
	assert found.average_days_late == 40
	assert found.payer_class == payer.UNKNOWN
	assert score(found) == (None, [])


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
	"""9.6 days -> 10 points, 80 % late -> 16, 10.4 days worse -> 10, half of the open overdue -> 7.5 -> 8: 100 - 44 = 56."""
	points, reasons = score(behaviour(MIXED), Decimal("0.5"))
	assert points == 56
	assert [(reason.kind, reason.points, reason.figure) for reason in reasons] == [
		(payer.DAYS_LATE, 10, Decimal("9.6")),
		(payer.LATE_SHARE, 16, Decimal("80.0")),
		(payer.WORSENING, 10, Decimal("10.4")),
		(payer.OVERDUE, 8, Decimal("50.0")),
	]


def test_score_ends():
	assert score(behaviour([Settled(-3, 5, Decimal(5))])) == (100, [])
	# 50 for the days, 20 for the share, 15 for what is overdue; nothing got worse.
	assert score(behaviour([Settled(400, 5, Decimal(5), recent=True)]), Decimal(3))[0] == 15
