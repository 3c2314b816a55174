"""Late payment interest: figures worked out by hand, and that no way of splitting a time changes what it costs."""

from datetime import date, timedelta
from decimal import Decimal as D
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.installments import ScheduleRow
from sales_crm_accounts.core.money import quantize
from sales_crm_accounts.core.receivables.interest import (
	ACTUAL_360,
	ACTUAL_365,
	ACTUAL_ACTUAL,
	DAY_COUNTS,
	THIRTY_360,
	Claimed,
	Movement,
	Rate,
	Terms,
	claims,
	movements_by_installment,
	pieces,
	to_places,
	uncovered,
)

DUE = date(2026, 3, 1)
TEN = (Rate(date(2020, 1, 1), D(10)),)


def terms(**values):
	return Terms(**{"rates": TEN, **values})


def claim(amount, as_of, movements=(), claimed=(), due=DUE, **values):
	(found,) = claims(D(amount), due, movements, terms(**values), as_of, claimed)
	return found


class TestByHand:
	def test_thirty_days(self):
		"""1,000 due 1 March, looked at on 31 March: 30 days at 10 % = 1000 * 0.10 * 30 / 365 = 8.2192."""
		found = claim("1000", date(2026, 3, 31))
		assert (found.first, found.last) == (date(2026, 3, 2), date(2026, 3, 31))
		assert [piece.days for piece in found.pieces] == [30]
		assert (found.amount, found.exact) == (D("8.22"), D("8.219178082"))

	def test_a_part_payment(self):
		"""400 of 1,000 come on 11 March: 10 days on 1,000 (2.7397), then 20 days on 600 (3.2877) = 6.0274."""
		found = claim("1000", date(2026, 3, 31), [Movement(date(2026, 3, 11), D(400))])
		assert [(p.first.day, p.last.day, p.balance) for p in found.pieces] == [(2, 11, 1000), (12, 31, 600)]
		assert found.amount == D("6.03")
		assert found.amounts == (D("2.74"), D("3.29"))

	def test_paid_late_and_whole(self):
		"""Interest ends with the payment, though nobody looked until June."""
		found = claim("1000", date(2026, 6, 1), [Movement(date(2026, 3, 31), D(1000))])
		assert (found.last, found.amount) == (date(2026, 3, 31), D("8.22"))

	def test_a_payment_that_is_taken_back(self):
		"""1,000 come on 11 March and bounce on 21 March: 10 days, then 10 days from 22 to 31 March = 5.4795."""
		found = claim(
			"1000",
			date(2026, 3, 31),
			[Movement(date(2026, 3, 11), D(1000)), Movement(date(2026, 3, 21), D(-1000))],
		)
		assert [(p.first.day, p.last.day) for p in found.pieces] == [(2, 11), (22, 31)]
		assert found.amount == D("5.48")

	def test_the_rate_changes(self):
		"""9.12 % until 30 June, 9.27 % from 1 July: 1000 * (9.12 * 30 + 9.27 * 31) / 36500 = 15.3690."""
		rates = (Rate(date(2026, 7, 1), D("9.27")), Rate(date(2026, 1, 1), D("9.12")))
		found = claim("1000", date(2026, 7, 31), due=date(2026, 5, 31), rates=rates)
		assert [(p.days, p.percent) for p in found.pieces] == [(30, D("9.12")), (31, D("9.27"))]
		assert found.amount == D("15.37")

	def test_no_rate_no_interest(self):
		"""The table begins on 22 March: 10 days = 2.7397."""
		found = claim("1000", date(2026, 3, 31), rates=(Rate(date(2026, 3, 22), D(10)),))
		assert (found.first, found.amount) == (date(2026, 3, 22), D("2.74"))
		assert claims(D(1000), DUE, [], terms(rates=()), date(2026, 3, 31)) == []

	@pytest.mark.parametrize(
		("day_count", "expected"),
		[
			# 31 December 2023 to 31 January 2024: 31 days, of which all are days of 2024.
			(ACTUAL_365, "84.93"),  # 10000 * 10 % * 31 / 365 = 84.9315
			(ACTUAL_360, "86.11"),  # 31 / 360 = 86.1111
			(ACTUAL_ACTUAL, "84.70"),  # 31 / 366 = 84.6995
			(THIRTY_360, "83.33"),  # a month of 30 days: 30 / 360 = 83.3333
		],
	)
	def test_day_counts(self, day_count, expected):
		found = claim("10000", date(2024, 1, 31), due=date(2023, 12, 31), day_count=day_count)
		assert found.amount == D(expected)

	def test_actual_actual_over_the_turn_of_a_leap_year(self):
		"""16 to 31 December 2023 are 16 of 365 days, 1 to 15 January 2024 are 15 of 366: 43.8356 + 40.9836 = 84.8192."""
		found = claim("10000", date(2024, 1, 15), due=date(2023, 12, 15), day_count=ACTUAL_ACTUAL)
		assert [piece.days for piece in found.pieces] == [16, 15]
		assert found.amount == D("84.82")

	def test_thirty_360_over_february(self):
		"""28 February to 1 March is 3 days of months of 30 days (30E/360): 10000 * 10 % * 3 / 360 = 8.3333."""
		found = claim("10000", date(2026, 3, 1), due=date(2026, 2, 28), day_count=THIRTY_360)
		assert (found.pieces[0].days, found.amount) == (3, D("8.33"))

	def test_grace(self):
		"""5 days of grace: on 6 March nothing yet; on 7 March 6 days from the due date = 1.6438."""
		assert claims(D(1000), DUE, [], terms(grace_days=5), date(2026, 3, 6)) == []
		assert claim("1000", date(2026, 3, 7), grace_days=5).amount == D("1.64")

	def test_paid_within_the_grace_days(self):
		"""400 on 6 March is in time and costs nothing; the 600 left cost 30 days = 4.9315."""
		paid = [Movement(date(2026, 3, 6), D(400))]
		found = claim("1000", date(2026, 3, 31), paid, grace_days=5)
		assert [(p.balance, p.days) for p in found.pieces] == [(600, 30)]
		assert found.amount == D("4.93")
		assert claims(D(400), DUE, paid, terms(grace_days=5), date(2026, 12, 31)) == []

	def test_cap(self):
		"""5 % of 1,000 is 50, 30 is lower. 30 are claimed once, then no more."""
		first = claim("1000", date(2027, 3, 1), cap_percent=D(5))
		assert (first.amount, first.capped, sum(first.amounts)) == (D("50.00"), True, D("50.00"))
		first = claim("1000", date(2027, 3, 1), cap_percent=D(5), cap_amount=D(30))
		assert first.amount == D("30.00")
		stands = [Claimed(first.first, first.last, first.amount, first.exact)]
		assert claims(D(1000), DUE, [], terms(cap_amount=D(30)), date(2028, 3, 1), stands) == []

	def test_what_is_left_below_the_cap(self):
		"""8.22 stand, 10 is the cap: 1.78 more."""
		stands = [Claimed(date(2026, 3, 2), date(2026, 3, 31), D("8.22"), D("8.219178082"))]
		found = claim("1000", date(2026, 6, 1), claimed=stands, cap_amount=D(10))
		assert (found.first, found.amount) == (date(2026, 4, 1), D("1.78"))

	def test_minimum_waits_until_it_has_added_up(self):
		"""8.22 is less than 10 and waits; 37 days are 10.1370, from the first day on."""
		assert claims(D(1000), DUE, [], terms(minimum=D(10)), date(2026, 3, 31)) == []
		found = claim("1000", date(2026, 4, 7), minimum=D(10))
		assert (found.first, found.amount) == (date(2026, 3, 2), D("10.14"))

	def test_not_before(self):
		"""Only from 22 March on: 10 days = 2.7397."""
		found = claim("1000", date(2026, 3, 31), not_before=date(2026, 3, 22))
		assert (found.first, found.amount) == (date(2026, 3, 22), D("2.74"))

	def test_the_next_claim_begins_where_the_last_ended_and_carries_what_rounding_left(self):
		"""Day by day 0.2740 each: 0.27 four times are 1.08, but four days are 1.0959, so one of them is 0.28."""
		stands = []
		for day in range(2, 6):
			found = claim("1000", date(2026, 3, day), claimed=stands)
			assert (found.first, found.last) == (date(2026, 3, day), date(2026, 3, day))
			stands.append(Claimed(found.first, found.last, found.amount, found.exact))
		assert [one.amount for one in stands] == [D("0.27"), D("0.28"), D("0.27"), D("0.28")]
		assert sum(one.amount for one in stands) == claim("1000", date(2026, 3, 5)).amount

	def test_a_claim_taken_back_leaves_its_days_to_the_next(self):
		stands = [
			Claimed(date(2026, 3, 2), date(2026, 3, 11), D("2.74"), D("2.739726027")),
			Claimed(date(2026, 3, 22), date(2026, 3, 31), D("2.74"), D("2.739726027")),
		]
		found = claim("1000", date(2026, 3, 31), claimed=stands)
		assert (found.first, found.last, found.amount) == (date(2026, 3, 12), date(2026, 3, 21), D("2.74"))

	def test_yen(self):
		"""100,000 yen, 30 days at 3 % = 246.58, without decimals 247."""
		found = claim("100000", date(2026, 3, 31), precision=0, rates=(Rate(date(2020, 1, 1), D(3)),))
		assert found.amount == D(247)

	def test_nothing_open(self):
		assert claims(D(-500), DUE, [], terms(), date(2026, 3, 31)) == []
		assert claims(D(500), DUE, [Movement(date(2026, 2, 1), D(900))], terms(), date(2026, 3, 31)) == []
		assert claims(D(500), DUE, [], terms(), DUE) == []


class TestInstallments:
	ROWS = (
		ScheduleRow(date(2026, 3, 1), D(300), "A"),
		ScheduleRow(date(2026, 4, 1), D(300), "B"),
		ScheduleRow(date(2026, 5, 1), D(300), "C"),
	)

	def test_the_oldest_first_and_by_term(self):
		"""200 for B, then 350 for nobody: 300 to A, 50 to B."""
		found = movements_by_installment(
			self.ROWS,
			[Movement(date(2026, 4, 20), D(350)), Movement(date(2026, 4, 10), D(200), "B")],
			2,
		)
		assert found == [
			[Movement(date(2026, 4, 20), D(300))],
			[Movement(date(2026, 4, 10), D(200)), Movement(date(2026, 4, 20), D(50))],
			[],
		]

	def test_a_write_off_that_names_a_due_date_closes_that_row(self):
		"""The second row (300 of 1 April) is written off on the 3rd; 350 on the 20th close the first and 50 of the third."""
		due = self.ROWS[1].due_date
		found = movements_by_installment(
			self.ROWS,
			[Movement(date(2026, 4, 20), D(350)), Movement(date(2026, 4, 3), D(300), due=due)],
			2,
		)
		assert found == [
			[Movement(date(2026, 4, 20), D(300))],
			[Movement(date(2026, 4, 3), D(300))],
			[Movement(date(2026, 4, 20), D(50))],
		]

	def test_several_on_one_day_are_one_movement(self):
		day = date(2026, 3, 5)
		found = movements_by_installment(self.ROWS, [Movement(day, D(100)), Movement(day, D(250))], 2)
		assert found == [[Movement(day, D(300))], [Movement(day, D(50))], []]


# Properties

MONEY = st.integers(1, 10_000_000).map(lambda cents: D(cents).scaleb(-2))
DAYS = st.integers(-40, 900).map(lambda days: DUE + timedelta(days=days))
MOVEMENTS = st.lists(st.builds(Movement, DAYS, st.one_of(MONEY, MONEY, MONEY.map(lambda m: -m))), max_size=6)
RATES = st.lists(
	st.builds(
		Rate,
		st.integers(-300, 700).map(lambda days: DUE + timedelta(days=days)),
		st.integers(0, 3000).map(lambda n: D(n).scaleb(-2)),
	),
	min_size=1,
	max_size=5,
	unique_by=lambda rate: rate.from_date,
)
TERMS = st.builds(
	Terms,
	rates=RATES,
	day_count=st.sampled_from(DAY_COUNTS),
	grace_days=st.integers(0, 30),
	precision=st.sampled_from([0, 2, 3]),
)


def interest(run):
	return sum((piece.interest for piece in run), Fraction(0))


@given(MONEY, MOVEMENTS, TERMS, st.lists(st.integers(0, 800), min_size=2, max_size=6, unique=True))
def test_splitting_a_time_changes_nothing(amount, movements, rules, cuts):
	cuts = [DUE + timedelta(days=cut) for cut in sorted(cuts)]
	one_day = timedelta(days=1)
	parts = [
		interest(pieces(amount, DUE, movements, rules, first + one_day, last))
		for first, last in pairwise(cuts)
	]
	assert sum(parts) == interest(pieces(amount, DUE, movements, rules, cuts[0] + one_day, cuts[-1]))


@given(MONEY, MOVEMENTS, TERMS, st.lists(st.integers(31, 800), min_size=1, max_size=6, unique=True))
def test_claims_one_after_the_other_are_the_rounded_whole(amount, movements, rules, looks):
	looks = [DUE + timedelta(days=look) for look in sorted(looks)]
	stands = []
	for look in looks:
		stands += [
			Claimed(one.first, one.last, one.amount, one.exact)
			for one in claims(amount, DUE, movements, rules, look, stands)
		]
	whole = interest(pieces(amount, DUE, movements, rules, DUE, looks[-1]))
	claimed = sum((one.amount for one in stands), D(0))
	# Half a unit, and the ninth decimal that the exact interest of each claim is kept with.
	assert abs(Fraction(claimed) - whole) <= Fraction(1, 2 * 10**rules.precision) + Fraction(
		len(looks), 10**9
	)
	days = [one.first for one in stands] + [one.last for one in stands]
	assert all(DUE < day <= looks[-1] for day in days)
	spans = sorted((one.first, one.last) for one in stands)
	assert all(before[1] < after[0] for before, after in pairwise(spans))


@given(MONEY, MOVEMENTS, TERMS, st.integers(31, 800))
def test_day_by_day(amount, movements, rules, days):
	"""The sum over single days, each with the balance at its beginning and its own rate."""
	last = DUE + timedelta(days=days)
	total = Fraction(0)
	for number in range(1, days + 1):
		day = DUE + timedelta(days=number)
		in_time = DUE + timedelta(days=rules.grace_days)
		balance = amount - sum((m.amount for m in movements if m.on < day or m.on <= in_time), D(0))
		percent = max(
			(rate for rate in rules.rates if rate.from_date <= day),
			key=lambda rate: rate.from_date,
			default=Rate(day, D(0)),
		).percent
		if balance <= 0:
			continue
		before = day - timedelta(days=1)
		if rules.day_count == THIRTY_360:
			counted, basis = (
				(day.year - before.year) * 360
				+ (day.month - before.month) * 30
				+ min(day.day, 30)
				- min(before.day, 30),
				360,
			)
		else:
			counted = 1
			leap = date(day.year, 12, 31).timetuple().tm_yday
			basis = {ACTUAL_365: 365, ACTUAL_360: 360, ACTUAL_ACTUAL: leap}[rules.day_count]
		total += Fraction(balance) * Fraction(percent) * counted / (100 * basis)
	assert interest(pieces(amount, DUE, movements, rules, DUE, last)) == total


@given(MONEY, MOVEMENTS, TERMS, MONEY, st.integers(31, 800))
def test_the_parts_shown_are_the_claim_and_no_cap_is_exceeded(amount, movements, rules, cap, days):
	rules = Terms(rules.rates, rules.day_count, rules.grace_days, cap, None, D(0), rules.precision)
	for one in claims(amount, DUE, movements, rules, DUE + timedelta(days=days)):
		assert sum(one.amounts) == one.amount
		assert 0 < one.amount <= quantize(cap, rules.precision)


@given(st.lists(MONEY, min_size=1, max_size=5), MOVEMENTS)
def test_movements_of_installments_sum_to_those_of_the_invoice(amounts, movements):
	rows = [
		ScheduleRow(DUE + timedelta(days=30 * index), amount, f"T{index % 3}")
		for index, amount in enumerate(amounts)
	]
	found = movements_by_installment(rows, movements, 2)
	for day in {move.on for move in movements}:
		assert sum(m.amount for row in found for m in row if m.on <= day) == sum(
			m.amount for m in movements if m.on <= day
		)


@given(
	st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=8),
	st.integers(0, 30),
	st.integers(0, 60),
)
def test_uncovered_days(spans, start, length):
	day = lambda number: DUE + timedelta(days=number)  # noqa: E731
	covered = [(day(first), day(first + more)) for first, more in spans]
	found = uncovered(day(start), day(start + length), covered)
	left = {n for first, last in found for n in range((first - DUE).days, (last - DUE).days + 1)}
	taken = {n for first, more in spans for n in range(first, first + more + 1)}
	assert left == set(range(start, start + length + 1)) - taken


def test_to_places():
	assert to_places(Fraction(1, 3), 4) == D("0.3333")
	assert to_places(Fraction(1, 2), 0) == D(1)
	assert to_places(Fraction(-1, 2), 0) == D(-1)
