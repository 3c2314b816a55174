"""What came after reminders: stories by hand, and what holds for every story."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables.dunning_effect import (
	Ask,
	Effect,
	Message,
	Outcome,
	Promise,
	credited_to,
	outcomes,
)

START = date(2026, 3, 1)


def day(number: int) -> date:
	return START + timedelta(days=number)


def D(value) -> Decimal:
	return Decimal(str(value))


def ask(number: int, amount, message: str | None = None) -> Ask:
	return Ask(day(number), D(amount), message)


def test_money_counts_for_the_last_reminder_before_it():
	"""300 late on day 0; asked for on days 10 and 20.

	50 come by themselves on day 4; 100 on day 15, five days after the first reminder; 100 on day 40, twenty days after the second.
	50 are open. The first passes 150 on to the second, the due date passes 250 on to the first.
	"""
	by_itself, first, second = outcomes(
		[ask(0, 300), ask(10, 250, "M1"), ask(20, 150, "M2")],
		[(day(15), D(100)), (day(4), D(50)), (day(40), D(100))],
		D(50),
	)
	assert by_itself == Outcome(None, D(300), ((4, D(50)),), again=D(250))
	assert first == Outcome("M1", D(250), ((5, D(100)),), again=D(150))
	assert second == Outcome("M2", D(150), ((20, D(100)),), open=D(50))


def test_money_of_the_same_day_came_before_the_reminder():
	first, second = outcomes([ask(0, 80, "M1"), ask(7, 80, "M2")], [(day(7), D(80))])
	assert (first.came, first.again) == (((7, D(80)),), 0)
	assert (second.came, second.otherwise) == ((), 80)


def test_money_before_every_reminder_counts_for_none():
	(only,) = outcomes([ask(5, 60, "M1")], [(day(2), D(40)), (day(5), D(40))], D(60))
	assert (only.paid, only.open, only.otherwise) == (0, 60, 0)


def test_what_goes_beyond_counts_for_the_reminder_that_asked_for_more():
	"""300 are asked for, 200 of them promised, the other 100 asked for again; then all of it comes."""
	first, second = outcomes([ask(0, 300, "M1"), ask(10, 100, "M2")], [(day(12), D(310))])
	assert (second.came, first.came, first.again) == (((2, D(100)),), ((12, D(200)),), 100)


def test_a_broken_promise_is_asked_for_again():
	"""The third asks for all: it takes over 100 of the second and 200 that only the first had asked for."""
	first, second, third = outcomes([ask(0, 300, "M1"), ask(10, 100, "M2"), ask(20, 300, "M3")], [], D(300))
	assert (first.again, second.again, third.open) == (300, 100, 300)
	assert (first.otherwise, second.otherwise) == (0, 0)


def test_credit_notes_are_no_effect():
	"""100 asked for, 60 credited, 40 paid."""
	(only,) = outcomes([ask(0, 100, "M1")], [(day(3), D(40))])
	assert (only.paid, only.otherwise) == (40, 60)


def test_in_another_currency_nothing_is_lost():
	"""33.33, 33.33 and 33.34 EUR at 1.0833 are 108.33 USD together."""
	came = ((1, D("33.33")), (2, D("33.33")), (3, D("33.34")))
	found = Outcome("M1", D(100), came).converted(D("1.0833"), 2)
	assert (found.asked, found.paid, found.otherwise) == (D("108.33"), D("108.33"), 0)
	assert found.came[0] == (1, D("36.11"))


def test_sums_of_a_group():
	"""500 asked for: 100 after 3 days, 50 after 14, 150 after 20, 100 after 31. Half of 400 is there after 20 days."""
	effect = Effect()
	effect.add(Outcome("M1", D(300), ((3, D(100)), (14, D(50)), (31, D(100))), open=D(50)), "C1")
	effect.add(Outcome("M1", D(200), ((20, D(150)),), again=D(40), otherwise=D(10)), "C1")
	assert effect.within == {7: 100, 14: 150, 30: 300}
	assert (effect.paid, effect.share_paid, effect.median_days) == (400, D("0.8"), 20)
	assert (effect.messages, effect.customers, effect.installments) == ({"M1"}, {"C1"}, 2)
	assert effect.asked == effect.paid + effect.again + effect.open + effect.otherwise


def test_nothing_asked_is_no_share():
	assert (Effect().share_paid, Effect().median_days) == (None, None)


def test_promises_count_for_the_last_reminder_that_asked():
	messages = [
		Message("M1", "A", day(0), frozenset({"I1", "I2"})),
		Message("M2", "A", day(10), frozenset({"I1"})),
		Message("M3", "B", day(10), frozenset({"I9"})),
	]
	promises = [
		Promise("all", "A", day(12)),
		Promise("second invoice", "A", day(12), "I2"),
		Promise("same day", "A", day(10), "I1"),
		Promise("before", "A", day(-1)),
		Promise("too late", "A", day(41)),
		Promise("never asked", "A", day(12), "I3"),
		Promise("nobody wrote", "C", day(12)),
	]
	assert credited_to(promises, messages) == {"all": "M2", "second invoice": "M1", "same day": "M2"}


CENTS = st.integers(0, 50_000).map(lambda cents: Decimal(cents).scaleb(-2))
DAYS = st.integers(0, 90)
ASKS = st.lists(st.tuples(DAYS, CENTS), max_size=6).map(
	lambda rows: [Ask(day(number), amount, f"M{index}") for index, (number, amount) in enumerate(rows)]
)
MONEY = st.lists(st.tuples(DAYS.map(day), CENTS), max_size=8)


@given(ASKS, MONEY, CENTS)
def test_parts_sum_to_what_was_asked_and_no_money_counts_twice(asks, money, still_open):
	found = outcomes(asks, money, still_open)
	assert sorted(one.message for one in found) == sorted(one.message for one in asks)
	for one in found:
		assert one.asked == one.paid + one.again + one.open + one.otherwise
		assert min(one.paid, one.again, one.open, one.otherwise) >= 0
		assert all(days > 0 for days, _amount in one.came)
	assert sum(one.paid for one in found) <= sum(amount for _day, amount in money)
	assert sum(one.open for one in found) <= still_open


@given(ASKS, MONEY, CENTS, DAYS, CENTS)
def test_more_money_is_never_less_effect(asks, money, still_open, when, more):
	before = sum(one.paid for one in outcomes(asks, money, still_open))
	assert sum(one.paid for one in outcomes(asks, [*money, (day(when), more)], still_open)) >= before


@given(ASKS, MONEY, CENTS, st.decimals("0.01", "20", places=4), st.integers(0, 3))
def test_converted_parts_sum_to_the_converted_amount(asks, money, still_open, rate, precision):
	for one in outcomes(asks, money, still_open):
		other = one.converted(rate, precision)
		assert other.asked == other.paid + other.again + other.open + other.otherwise
