"""Ageing: figures worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest

from sales_crm_accounts.core.receivables.ageing import (
	CREDIT,
	NOT_DUE,
	ON_ACCOUNT,
	Ageing,
	Buckets,
	gather,
	open_after,
	parse_limits,
)

TODAY = date(2026, 7, 31)


def D(*values):
	return [Decimal(str(value)) for value in values]


def test_labels():
	assert Buckets((30, 60, 90)).labels == ["1-30", "31-60", "61-90", ">90"]
	assert Buckets((7,)).labels == ["1-7", ">7"]


@pytest.mark.parametrize(
	("days", "bucket"),
	[(-5, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (90, 3), (120, 4), (121, 5), (4000, 5)],
)
def test_bucket_of_a_day(days, bucket):
	"""Due today is not overdue; each range ends with its limit."""
	assert Buckets().index(days) == bucket


def test_negative_amounts_have_no_age():
	buckets = Buckets()
	old = date(2025, 1, 1)
	assert buckets.place(Decimal(-5), old, TODAY) == CREDIT
	assert buckets.place(Decimal(-5), old, TODAY, of_invoice=False) == ON_ACCOUNT
	assert buckets.place(Decimal(5), old, TODAY, of_invoice=False) == 5
	assert buckets.place(Decimal(5), TODAY, TODAY) == NOT_DUE


def test_sums():
	"""100 not due, 40 + 2 in the first bucket, 7 in the last, 30 credit, 50 on account: 149 owed, 69 stand in the books."""
	rows = [
		("A", NOT_DUE, 100), ("A", 1, 40), ("B", 1, 9), ("A", 1, 2), ("A", 5, 7), ("A", CREDIT, -30), ("A", ON_ACCOUNT, -50),
	]  # fmt: skip
	found = gather(((key, place, Decimal(amount)) for key, place, amount in rows), Buckets())
	assert list(found) == ["A", "B"]
	first = found["A"]
	assert first.overdue_by_bucket == D(42, 0, 0, 0, 7)
	assert (first.not_due, first.overdue, first.outstanding, first.balance) == (100, 49, 149, 69)
	assert (first.credits, first.on_account) == (-30, -50)
	assert found["B"].balance == 9
	assert Ageing(Buckets()).balance == 0


def test_open_after():
	"""900 in thirds: with 500 open, 400 closed the first and 100 of the second; more than all stands on the last."""
	thirds = D(300, 300, 300)
	assert open_after(thirds, Decimal(900)) == thirds
	assert open_after(thirds, Decimal(500)) == D(0, 200, 300)
	assert open_after(thirds, Decimal(0)) == D(0, 0, 0)
	assert open_after(thirds, Decimal(-50)) == D(0, 0, -50)
	assert open_after(thirds, Decimal(950)) == D(300, 300, 350)
	assert open_after(D(-900), Decimal(-400)) == D(-400)


def test_limits_of_a_filter():
	assert parse_limits(None) == parse_limits(" ") == Buckets()
	assert parse_limits("15, 45").limits == (15, 45)
	for wrong in ("30, 30", "60, 30", "0, 30", "a", "30,,60"):
		with pytest.raises(ValueError):
			parse_limits(wrong)
