"""What was open at the end of several days: by hand, and the same as one day at a time."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables.ageing import Buckets, open_after
from sales_crm_accounts.core.receivables.past import Days, Move, Part, open_on_days


def D(value) -> Decimal:
	return Decimal(str(value))


def test_two_payments_taken_back():
	"""300.00 in three, posted on day 5. 100.00 came on day 12, 150.00 on day 22: 50.00 are open."""
	parts = [Part(10, D(100), D(0), D(0)), Part(20, D(100), D(0), D(0)), Part(30, D(100), D(50), D(50))]
	moves = [Move(12, D(-100), D(-100)), Move(22, D(-150), D(-150))]
	assert list(open_on_days(5, parts, moves, [4, 5, 11, 12, 22, 40], 2)) == [
		(4, 5, [(30, 50)]),
		(3, 3, [(20, 100), (30, 100)]),
		(1, 2, [(10, 100), (20, 100), (30, 100)]),
	]


def test_in_company_currency_the_parts_sum_to_the_books():
	"""100.00 in three parts at 1.0833: 108.33, shared by running totals."""
	parts = [
		Part(10, D("33.33"), D(0), D(0)),
		Part(20, D("33.33"), D(0), D(0)),
		Part(30, D("33.34"), D(0), D(0)),
	]
	moves = [Move(50, D(-100), D("-108.33"))]
	assert list(open_on_days(1, parts, moves, [40, 60], 2)) == [
		(0, 0, [(10, D("36.11")), (20, D("36.10")), (30, D("36.12"))])
	]


def test_closed_now_and_untouched_is_nothing():
	assert list(open_on_days(1, [Part(10, D(5), D(0), D(0))], [], [5, 9], 2)) == []


def test_sums_of_each_day_by_its_own_age():
	"""100.00 due on day 10 and 50.00 due on day 30 until day 45; a credit of 20.00 stands apart."""
	sums = Days([10, 25, 45], Buckets((10,)), 2)
	sums.add(1, [Part(10, D(100), D(100), D(100)), Part(30, D(50), D(0), D(0))], [Move(40, D(-50), D(-50))])
	sums.add(20, [Part(20, D(-20), D(-20), D(-20))], [])
	first, second, third = sums.sums()
	assert (first.not_due, first.overdue, first.credits) == (150, 0, 0)
	assert (second.not_due, second.overdue_by_bucket, second.credits) == (50, [0, 100], -20)
	assert (third.not_due, third.overdue_by_bucket, third.balance) == (0, [0, 100], 80)


CENTS = st.integers(1, 90_000).map(lambda cents: Decimal(cents).scaleb(-2))
PAYMENTS = st.lists(st.tuples(st.integers(0, 60), CENTS), max_size=5)


@given(
	st.lists(CENTS, min_size=1, max_size=4), PAYMENTS, st.lists(st.integers(0, 60), min_size=1, max_size=6)
)
def test_the_same_as_day_by_day(amounts, payments, days):
	days = sorted(set(days))
	now = open_after(amounts, sum(amounts) - sum(amount for _day, amount in payments))
	parts = [
		Part(10 * number, amount, left, left)
		for number, (amount, left) in enumerate(zip(amounts, now, strict=True), 1)
	]
	moves = [Move(day, -amount, -amount) for day, amount in payments]
	found = {
		index: rows
		for first, last, rows in open_on_days(3, parts, moves, days, 2)
		for index in range(first, last + 1)
	}
	for index, day in enumerate(days):
		left = sum(amounts) - sum(amount for when, amount in payments if when <= day)
		expected = open_after(amounts, left)
		rows = [(10 * number, amount) for number, amount in enumerate(expected, 1) if amount]
		if day < 3 or (not left and sum(amount for when, amount in payments if when > day)):
			rows = []
		assert found.get(index, []) == rows
