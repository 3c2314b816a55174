"""Expected credit loss: figures worked out by hand, and what holds whatever the figures."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables import credit_loss as rules
from sales_crm_accounts.core.receivables.ageing import open_after
from sales_crm_accounts.core.receivables.credit_loss import Flow, Shares

D = Decimal


def test_buckets_are_those_of_the_ageing_with_what_is_not_due():
	assert rules.LABELS == ("Not Due", "1-30", "31-60", "61-90", "91-120", ">120")
	assert rules.LAST == 5


def test_month_ends():
	assert rules.month_ends(date(2026, 3, 31), 2) == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
	# A day in the month: the month that is over is the last one.
	assert rules.month_ends(date(2026, 3, 30), 1) == [date(2026, 1, 31), date(2026, 2, 28)]
	assert rules.first_of_next_month(date(2026, 12, 31)) == date(2027, 1, 1)


def test_shares_weigh_months_by_their_amounts():
	"""1,000 of which 100 rolled, and 100 of which 100 rolled: 200 of 1,100, not the average of 10 % and 100 %."""
	found = rules.shares(
		[
			Flow(0, 1, D(1000), aged=D(1000), rolled=D(100)),
			Flow(1, 1, D(150), aged=D(100), rolled=D(100)),
			Flow(2, 1, D(70)),
		]
	)
	assert found[1] == Shares(D(200) / D(1100), D(0), 2)
	assert [place for place in rules.PLACES if found[place]] == [1]


def test_shares_never_leave_what_there_was():
	found = rules.shares([Flow(0, 2, D(100), aged=D(100), rolled=D(130), lost=D(20))])
	assert (found[2].rolled, found[2].lost, found[2].collected) == (D("0.8"), D("0.2"), 0)


def test_chain_by_hand():
	"""Half of each bucket rolls on; of the last one 20 % are collected a month, and after two months the rest is lost.

	Last: 0.8 x 0.8 = 64 %. 91-120: 32 %, 61-90: 16 %, 31-60: 8 %, 1-30: 4 %, not due: 2 %.
	"""
	half = Shares(D("0.5"), D(0), 3)
	found = [half] * 5 + [Shares(D("0.8"), D(0), 3)]
	assert rules.historic_rates(found, 2) == [2, 4, 8, 16, 32, 64]


def test_what_is_written_off_on_the_way_is_lost():
	"""10 % of 91-120 are written off, 30 % roll into the last bucket; there half is written off a month and half stays: all is lost."""
	found = [None] * 4 + [Shares(D("0.3"), D("0.1"), 3), Shares(D("0.5"), D("0.5"), 3)]
	assert rules.historic_rates(found, 12) == [None, None, None, None, 40, 100]


def test_a_later_bucket_without_history_loses_everything():
	"""A quarter rolled from 1-30 and nothing is known of what came then: 25 %. Where nothing rolled it does not matter: 0."""
	found = [Shares(D(0), D(0), 3), Shares(D("0.25"), D(0), 1), None, None, None, None]
	assert rules.historic_rates(found, 12) == [0, 25, None, None, None, None]


def test_thirds_are_rounded_once_at_the_end():
	third = Shares(D(1) / D(3), D(0), 3)
	assert rules.historic_rates([third] * 5 + [Shares(D(1), D(0), 3)], 1)[3:] == [
		D("11.1111"),
		D("33.3333"),
		100,
	]


def test_no_months_until_lost():
	with pytest.raises(ValueError):
		rules.historic_rates([None] * 6, 0)


@pytest.mark.parametrize(
	("arguments", "rate", "basis"),
	[
		((D(4), 3), "4", rules.HISTORY),
		((D(4), 2), "4", rules.SHORT_HISTORY),
		((D(4), 3, D(5)), "5", rules.FLOOR),
		((None, 0, D(5)), "5", rules.NO_HISTORY),
		((None, 0), "0", rules.NO_RATE),
		((D(4), 3, D(0), rules.POINTS, D("1.5")), "5.5", rules.HISTORY),
		((D(4), 3, D(0), rules.POINTS, D(-10)), "0", rules.HISTORY),
		((D(4), 3, D(5), rules.FACTOR, D("1.2")), "6", rules.FLOOR),
		((D(80), 3, D(0), rules.FACTOR, D(2)), "100", rules.HISTORY),
	],
)
def test_rate(arguments, rate, basis):
	assert rules.rate_of(*arguments) == rules.Rate(D(rate), basis)


def test_deals_share_the_loss_of_their_bucket():
	"""10.00 over 100, 100 and 100 of two deals and none: 3.34, 3.33, 3.33; a customer's 50.00 all on one deal."""
	found = rules.allocate(
		{1: D("10.00"), "Insolvent": D("50.00"), 2: D(0)},
		{1: {"B": D(100), "A": D(100), "": D(100)}, "Insolvent": {"B": D(7)}},
		2,
	)
	assert found == {"": D("3.34"), "A": D("3.33"), "B": D("53.33")}


def test_movements_release_what_is_not_expected_any_more():
	rows = rules.movements({"A": D(30), "": D(5)}, {"B": D(8), "A": D(10)})
	assert [(row.deal, row.amount) for row in rows] == [("A", 20), ("B", -8), ("", 5)]


def test_an_invoice_of_two_installments_month_by_month():
	"""600 and 400, due 10 days before the first month end and 5 after it; 700 came in the first month, then 100 were written off and 50 paid.

	End 0: 600 in 1-30 and 400 not due. End 1: 300 of the second, 1-30; the first is paid. End 2: 150, 31-60. So 1-30 in month 0: 600 aged,
	nothing rolled; not due 400 aged, 300 rolled; 1-30 in month 1: 300 aged, 150 rolled, 100 lost. At 1.25 all of it is 1.25 times as much.
	"""
	ends = rules.month_ends(date(2026, 5, 31), 2)
	due = [date(2026, 3, 21).toordinal(), date(2026, 4, 5).toordinal()]
	invoice = rules.Invoice(
		"",
		D("1.25"),
		[(0, 100000), (2, -15000), (1, -70000)],
		[(due[0], 60000), (due[1], 40000)],
		{2: D(10000)},
	)
	assert rules.flows_of([invoice], ends, 2) == {
		"": [
			Flow(0, 0, D(500), D(500), D(375)),
			Flow(0, 1, D(750), D(750), D(0)),
			Flow(1, 1, D(375), D(375), D("187.5"), D(125)),
			Flow(2, 2, D("187.5")),
		]
	}


def test_what_stays_in_its_bucket_says_nothing():
	"""Due in three months: not due at both ends. One day overdue on 31 January is 29 days overdue on 28 February: still 1-30."""
	ends = [date(2026, 1, 31), date(2026, 2, 28)]
	parts = [(date(2026, 1, 30).toordinal(), 100), (date(2026, 5, 1).toordinal(), 100)]
	assert rules.flows_of([rules.Invoice("", D(1), [(0, 200)], parts)], ends, 2)[""] == [
		Flow(0, 0, D(1)),
		Flow(0, 1, D(1)),
		Flow(1, 0, D(1)),
		Flow(1, 1, D(1)),
	]


# What always holds

UNITS = st.integers(1, 500)


@given(
	st.lists(
		st.tuples(
			st.lists(st.tuples(st.integers(-200, 100), UNITS), min_size=1, max_size=3),
			st.lists(st.tuples(st.integers(0, 3), UNITS), max_size=4),
		),
		max_size=4,
	)
)
def test_month_ends_are_the_ageing_of_that_day(book):
	"""Balances are those of the ageing's own rule, and what rolls or is lost was there."""
	ends = rules.month_ends(date(2026, 6, 30), 3)
	invoices = []
	for parts, paid in book:
		parts = sorted((ends[0].toordinal() + offset, units) for offset, units in parts)
		moves = [(0, sum(units for _due, units in parts)), *((month, -units) for month, units in paid)]
		invoices.append(rules.Invoice("", D(1), moves, parts, {month: D(units) for month, units in paid}))
	flows = rules.flows_of(invoices, ends, 0).get("", [])
	for month, end in enumerate(ends):
		wanted = dict.fromkeys(rules.PLACES, D(0))
		for invoice in invoices:
			left = D(sum(units for number, units in invoice.moves if number <= month))
			if left <= 0:
				continue
			still = open_after([D(units) for _due, units in invoice.parts], left)
			for (due, _units), amount in zip(invoice.parts, still, strict=True):
				wanted[rules.BUCKETS.index(end.toordinal() - due)] += amount
		assert {flow.place: flow.balance for flow in flows if flow.month == month} == {
			place: amount for place, amount in wanted.items() if amount
		}
	for flow in flows:
		assert 0 <= flow.rolled <= flow.aged <= flow.balance
		assert 0 <= flow.lost <= flow.aged - flow.rolled


SHARE = st.builds(
	lambda rolled, lost: Shares(D(rolled) / 1000, D(min(lost, 1000 - rolled)) / 1000, 3),
	st.integers(0, 1000),
	st.integers(0, 1000),
)
CHAIN = st.lists(st.none() | SHARE, min_size=6, max_size=6)
CENTS = st.integers(0, 10**9).map(lambda units: D(units).scaleb(-2))


@given(CHAIN, st.integers(1, 36))
def test_rates_are_percents_and_longer_waiting_never_costs_more(found, months):
	rates, later = rules.historic_rates(found, months), rules.historic_rates(found, months + 1)
	for rate, other, own in zip(rates, later, found, strict=True):
		assert (rate is None) == (own is None)
		if rate is not None:
			assert 0 <= other <= rate <= 100


@given(st.lists(SHARE, min_size=6, max_size=6), st.integers(0, 5), st.integers(1, 24))
def test_rolling_more_never_lowers_a_rate(found, place, months):
	worse = [*found]
	worse[place] = Shares(D(1) - found[place].lost, found[place].lost, 3)
	for before, after in zip(
		rules.historic_rates(found, months), rules.historic_rates(worse, months), strict=True
	):
		assert after >= before


@given(
	st.lists(st.tuples(st.integers(0, 11), st.integers(0, 5), CENTS, CENTS, CENTS), max_size=40),
)
def test_shares_sum_to_one(rows):
	for own in rules.shares([Flow(month, place, aged, aged, a, b) for month, place, aged, a, b in rows]):
		if own is not None:
			assert own.rolled >= 0 and own.lost >= 0 and own.collected > -D("1e-20")


@given(
	st.dictionaries(
		st.integers(0, 5),
		st.tuples(CENTS, st.dictionaries(st.sampled_from("ABCDE"), CENTS.filter(bool), min_size=1)),
		min_size=1,
	),
	st.dictionaries(st.sampled_from("ABCDEF"), CENTS),
)
def test_deals_and_movements_tie(buckets, in_ledger):
	losses = {place: amount for place, (amount, _deals) in buckets.items()}
	found = rules.allocate(losses, {place: deals for place, (_amount, deals) in buckets.items()}, 2)
	assert sum(found.values()) == sum(losses.values())
	moved = rules.movements(found, in_ledger)
	assert sum(row.amount for row in moved) == sum(losses.values()) - sum(in_ledger.values())


@given(CENTS, st.integers(0, 10**6).map(lambda units: D(units).scaleb(-4)))
def test_a_loss_is_never_more_than_the_exposure(exposure, rate):
	assert 0 <= rules.loss(exposure, rate, 2) <= exposure
