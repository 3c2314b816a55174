"""Indicators of collection: every figure worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest

from sales_crm_accounts.core.receivables.indicators import (
	Period,
	best_possible,
	count_back,
	days_delinquent,
	days_sales_outstanding,
	effectiveness,
	indicators,
	share,
)


def D(value):
	return Decimal(str(value))


def test_balance_method():
	"""50,000 open of 150,000 sold in 90 days: a third of 90."""
	assert days_sales_outstanding(D(50000), D(150000), 90) == 30
	assert days_sales_outstanding(D(50000), D(0), 90) is None
	assert days_sales_outstanding(D(0), D(10), 90) == 0


def test_count_back():
	"""90 open in July: 50 of July (31 days), then 40 of June's 80: half of 30 days. 46 in all."""
	months = [(D(50), 31), (D(80), 30), (D(100), 31)]
	assert count_back(D(90), months) == 46
	assert count_back(D(25), months) == D("15.5")
	assert count_back(D(50), months) == 31
	assert count_back(D(230), months) == 92
	assert count_back(D(231), months) is None
	assert count_back(D(0), months) == 0
	assert count_back(D(-5), months) == 0


def test_count_back_passes_months_without_sales():
	"""A month of more credits than sales has its days and exhausts nothing: 31 + 30 + 10 / 20 x 31 = 76.5."""
	assert count_back(D(60), [(D(50), 31), (D(-10), 30), (D(20), 31)]) == D("76.5")


def test_best_possible_and_delinquent():
	"""20,000 not due of 150,000 in 90 days: 12; the other 18 of 30 are lateness."""
	assert best_possible(D(20000), D(150000), 90) == 12
	assert days_delinquent(D(30), D(12)) == 18
	assert days_delinquent(None, D(12)) is None


def test_effectiveness():
	"""(100 + 60 - 80) / (100 + 60 - 50) = 80 / 110 = 72.7 %; nothing overdue is 100 %."""
	assert effectiveness(D(100), D(60), D(80), D(50)) == D("72.7")
	assert effectiveness(D(100), D(60), D(80), D(80)) == 100
	assert effectiveness(D(0), D(50), D(50), D(50)) is None


def test_share():
	assert share(D(1), D(3)) == D("33.3")
	assert share(D(1), D(0)) is None


#: Sales of 310, 280 and 310; then a part of April with 100.
YEAR = [
	Period(date(2026, 1, 1), date(2026, 1, 31), D(310), D(310), D(310)),
	Period(date(2026, 2, 1), date(2026, 2, 28), D(280), D(400), D(280), D(120)),
	Period(date(2026, 3, 1), date(2026, 3, 31), D(310), D(450), D(300), D(200), D(50)),
	Period(date(2026, 4, 1), date(2026, 4, 10), D(100), D(100), D(100)),
]


def test_by_month():
	"""March, by two months of sales: 590 in 59 days, a day is 10.

	DSO 450 / 10 = 45, best 300 / 10 = 30, 15 delinquent. Counted back: 310 of March (31 days), 140 of February's 280 (14): 45.
	Collected 400 + 310 - 450 = 260; CEI 260 / (400 + 310 - 300) = 63.4 %. 200 of 500 overdue, 50 at risk; 50 of the receivable are
	credits. April has ten days: 100 of 410 sold in 41 days.
	"""
	march, april = indicators(YEAR, 2, window=2)
	assert (march.collected, march.dso, march.count_back) == (260, 45, 45)
	assert (march.best_possible, march.days_delinquent) == (30, 15)
	assert (march.effectiveness, march.overdue_share, march.at_risk_share) == (D("63.4"), 40, 10)
	assert (april.period.days, april.dso, april.count_back) == (10, 10, 10)
	assert (april.effectiveness, april.overdue_share) == (100, 0)


def test_the_first_month_has_no_opening():
	first, *_others = indicators(YEAR, 9)
	assert len(_others) == 3
	assert (first.collected, first.effectiveness) == (None, None)
	assert first.dso == 31


def test_wrong_arguments():
	for wrong in ({"shown": 0}, {"shown": 1, "window": 0}):
		with pytest.raises(ValueError):
			indicators(YEAR, **wrong)
	assert indicators([], 3) == []
