"""What is held of an open row, and what is left to ask for."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables.holds import (
	DISPUTE,
	PAUSE,
	PROMISE,
	Claim,
	Hold,
	free_amount,
	held,
	left_over,
)
from sales_crm_accounts.core.receivables.rows import OpenRow

TODAY = date(2026, 3, 10)


def row(
	invoice="INV-1",
	no=1,
	outstanding="100",
	due=date(2026, 3, 1),
	posted=date(2026, 2, 1),
	customer="Ann",
	**more,
):
	amount = Decimal(outstanding)
	return OpenRow(
		invoice, no, "Co", customer, posted, due, more.pop("currency", "EUR"), amount, amount, **more
	)


def promise(amount, name="P1", customer="Ann", **values):
	return Claim(PROMISE, name, customer, amount=Decimal(amount), **values)


def dispute(amount, invoice="INV-1", no=0, name="D1"):
	return Claim(DISPUTE, name, "Ann", invoice, no, Decimal(amount))


def amounts(found):
	return {key: [(hold.name, hold.amount) for hold in holds] for key, holds in found.items()}


def test_a_promise_of_one_installment_leaves_the_others():
	rows = [row(no=1), row(no=2)]
	found = held(rows, [promise("100", sales_invoice="INV-1", installment_no=2, until=TODAY)], TODAY)
	assert found == {("INV-1", 2): [Hold(PROMISE, "P1", Decimal(100), TODAY)]}


def test_a_promise_of_an_invoice_is_laid_over_its_rows_oldest_first():
	"""Three rows of 100, promised 150: 100 of the first, 50 of the second, nothing of the third."""
	rows = [row(no=no, due=date(2026, 3, no)) for no in (3, 1, 2)]
	found = held(rows, [promise("150", sales_invoice="INV-1")], TODAY)
	assert amounts(found) == {("INV-1", 1): [("P1", Decimal(100))], ("INV-1", 2): [("P1", Decimal(50))]}
	assert free_amount(Decimal(100), found["INV-1", 2]) == Decimal(50)


def test_a_promise_of_a_customer_is_about_what_was_there_then_and_about_its_currency():
	rows = [
		row("OLD"),
		row("NEW", posted=date(2026, 3, 5)),
		row("USD", currency="USD"),
		row("NOTE", outstanding="-40", is_return=True),
		row("BOB", customer="Bob"),
	]
	claim = promise("500", currency="EUR", since=date(2026, 3, 4))
	assert amounts(held(rows, [claim], TODAY)) == {("OLD", 1): [("P1", Decimal(100))]}
	assert left_over(rows, [claim]) == {"P1": Decimal(400)}


def test_what_is_disputed_is_not_promised_as_well():
	"""100 open, 30 disputed, all of it promised: 30 and 70, nothing left to ask for."""
	found = held([row()], [promise("100", sales_invoice="INV-1"), dispute("30")], TODAY)
	assert amounts(found) == {("INV-1", 1): [("D1", Decimal(30)), ("P1", Decimal(70))]}
	assert free_amount(Decimal(100), found["INV-1", 1]) == 0


def test_a_pause_holds_all_of_every_row_until_its_last_day():
	pause = Claim(PAUSE, "S1", "Ann", until=TODAY)
	found = held([row(), row("INV-2")], [pause], TODAY)
	assert found["INV-2", 1] == [Hold(PAUSE, "S1", None, TODAY)]
	assert free_amount(Decimal(100), found["INV-1", 1]) == 0
	assert held([row()], [pause], date(2026, 3, 11)) == {}


def test_narrow_claims_find_their_room_before_wide_ones():
	"""Two rows of 100. The invoice's dispute of 100 moves to row 2, because row 1 has a dispute of its own."""
	rows = [row(no=1), row(no=2, due=date(2026, 4, 1))]
	claims = [dispute("100", name="WIDE"), dispute("100", no=1, name="NARROW")]
	assert left_over(rows, claims) == {"WIDE": 0, "NARROW": 0}
	assert amounts(held(rows, claims, TODAY)) == {
		("INV-1", 1): [("NARROW", Decimal(100))],
		("INV-1", 2): [("WIDE", Decimal(100))],
	}
	assert left_over(rows, [*claims, dispute("0.01", no=2, name="MORE")])["WIDE"] == Decimal("0.01")


cents = st.integers(0, 20000).map(lambda value: Decimal(value).scaleb(-2))


@given(
	st.lists(cents, min_size=1, max_size=5),
	st.lists(st.tuples(st.sampled_from([PROMISE, DISPUTE]), st.integers(0, 5), cents), max_size=6),
)
def test_no_part_is_held_twice_and_nothing_gets_lost(open_amounts, wanted):
	rows = [row(no=no, outstanding=str(amount)) for no, amount in enumerate(open_amounts, 1)]
	claims = [
		Claim(kind, f"C{index}", "Ann", "INV-1", no, amount)
		for index, (kind, no, amount) in enumerate(wanted)
	]
	found, left = held(rows, claims, TODAY), left_over(rows, claims)
	for one in rows:
		in_row = sum((hold.amount for hold in found.get(one.key, ())), Decimal(0))
		assert in_row <= one.outstanding
		assert free_amount(one.outstanding, found.get(one.key, ())) == one.outstanding - in_row
	for claim in claims:
		laid = sum(
			(hold.amount for holds in found.values() for hold in holds if hold.name == claim.name), Decimal(0)
		)
		assert laid + left[claim.name] == claim.amount
