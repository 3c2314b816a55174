from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP
from decimal import Decimal as D

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sales_crm_accounts.core.billing import (
	BY_QUANTITY,
	BY_RATE,
	Line,
	Rounding,
	exact_rows,
	invoice_lines,
	is_ready,
	quantity_rows,
	split_lines,
)
from sales_crm_accounts.core.money import quantize, split

TODAY = date(2026, 6, 1)
ROUNDINGS = st.builds(
	Rounding,
	quantity=st.just(3),
	rate=st.sampled_from([2, 3, 6]),
	amount=st.sampled_from([0, 2]),
	mode=st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
)


def number(low, high, places):
	return st.decimals(low, high, allow_nan=False, allow_infinity=False, places=places)


def billed(rows, rounding):
	"""What ERPNext makes of the rows: quantity x rate, rounded line by line."""
	return sum((rounding.line_amount(quantity, rate) for quantity, rate in rows), D(0))


@pytest.mark.parametrize(
	("planned", "days_ahead", "expected"),
	[
		(None, 30, False),
		(TODAY, 0, True),
		(TODAY + timedelta(days=1), 0, False),
		(TODAY + timedelta(days=5), 5, True),
	],
)
def test_is_ready(planned, days_ahead, expected):
	assert is_ready(planned, TODAY, days_ahead) is expected


class TestExactRows:
	def test_one_row_where_a_rate_gives_the_amount(self):
		assert exact_rows(D(4), D("10.00"), Rounding()) == [(D(4), D("2.50"))]

	def test_one_unit_apart_takes_the_rest(self):
		assert exact_rows(D(3), D("33.34"), Rounding()) == [(D(2), D("11.11")), (D(1), D("11.12"))]

	def test_one_row_only(self):
		"""Where a second row of an item is refused: 33.34 is one piece, 33.33 three at 11.11, 10.00 four at 2.50."""
		rounding = Rounding(one_row=True)
		for quantity, amount, rows in (
			(3, "33.34", (1, "33.34")),
			(3, "33.33", (3, "11.11")),
			(4, "10.00", (4, "2.50")),
		):
			assert exact_rows(D(quantity), D(amount), rounding) == [(D(rows[0]), D(rows[1]))]
			lines = [Line(D(quantity), D("100.00"), D("100.00") * quantity)]
			(row,) = invoice_lines(lines, [lines[0].amount], [D(quantity)], D(amount), BY_RATE, rounding)
			assert (row.quantity, row.rate, row.amount) == (D(rows[0]), D(rows[1]), D(amount))

	def test_the_agreed_rate_is_kept_where_it_gives_the_amount(self):
		# 2.5 hours at 33.33 are 83.325, on the invoice 83.33; the exact rate 33.332 would be shown as 33.33 as well.
		assert quantity_rows(D("2.5"), D("33.33"), D("83.33"), Rounding()) == [(D("2.5"), D("33.33"))]

	@given(number("0.001", "100000", 3), number("0", "100000000", 2), ROUNDINGS)
	def test_the_amount_is_met_to_the_smallest_unit(self, quantity, amount, rounding):
		amount = quantize(amount, rounding.amount)
		rows = exact_rows(quantity, amount, rounding)
		assert billed(rows, rounding) == amount
		assert len(rows) <= 2
		assert all(row_quantity > 0 and rate >= 0 for row_quantity, rate in rows)
		assert all(rate == quantize(rate, max(rounding.rate, rounding.amount)) for _quantity, rate in rows)

	@given(number("1", "100000", 3), number("0", "100000000", 2), ROUNDINGS)
	def test_the_quantity_is_kept(self, quantity, amount, rounding):
		rows = exact_rows(quantity, quantize(amount, rounding.amount), rounding)
		assert sum(row_quantity for row_quantity, _rate in rows) == quantity


@st.composite
def deals(draw):
	"""Items, rounding and the parts of a plan that sum to the items."""
	rounding = draw(ROUNDINGS)
	lines = []
	for _index in range(draw(st.integers(1, 6))):
		quantity = draw(st.one_of(number("1", "500", 0), number("0.001", "500", 3)))
		rate = draw(st.one_of(st.just(D(0)), number("0.01", "20000", 2)))
		amount = rounding.line_amount(quantity, rate)
		if amount and draw(st.booleans()):  # a share of the deal's discount
			amount = max(D(1).scaleb(-rounding.amount), quantize(amount * D("0.937"), rounding.amount))
		lines.append(Line(quantity, rate, amount, whole_number=draw(st.booleans())))
	total = sum((line.amount for line in lines), D(0))
	assume(total > 0)
	weights = draw(st.lists(number("0.01", "100", 2), min_size=1, max_size=24))
	parts = [part for part in split(total, weights, rounding.amount) if part]
	return lines, parts, rounding


def bill_all(lines, parts, method, rounding):
	"""Invoice after invoice, as the billing service does it: yields rows, and what is left after each."""
	left = [line.amount for line in lines]
	left_quantity = [line.quantity for line in lines]
	for index, part in enumerate(parts):
		rows = invoice_lines(lines, left, left_quantity, part, method, rounding, first=index == 0)
		for row in rows:
			left[row.item] -= row.amount
			left_quantity[row.item] -= row.quantity
		yield part, rows, list(left), list(left_quantity)


@given(deals(), st.sampled_from([BY_RATE, BY_QUANTITY]))
def test_invoices_over_any_plan_take_every_line_to_exactly_zero(deal, method):
	lines, parts, rounding = deal
	left = None
	for part, rows, left, _quantities in bill_all(lines, parts, method, rounding):
		assert sum((row.amount for row in rows), D(0)) == part
		assert all(row.amount == rounding.line_amount(row.quantity, row.rate) for row in rows)
		assert all(amount >= 0 for amount in left)
		assert all(row.quantity > 0 for row in rows)
	assert left == [0] * len(lines)


@given(deals(), st.sampled_from([BY_RATE, BY_QUANTITY]))
def test_free_lines_are_on_the_first_invoice_once(deal, method):
	lines, parts, rounding = deal
	free = {index for index, line in enumerate(lines) if line.amount == 0}
	for number_, (_part, rows, _left, _quantities) in enumerate(bill_all(lines, parts, method, rounding)):
		found = {row.item for row in rows if row.amount == 0 and lines[row.item].amount == 0}
		assert found == (free if number_ == 0 else set())


@given(deals())
def test_split_by_rate_shows_the_whole_quantity_each_time(deal):
	lines, parts, rounding = deal
	for _part, rows, _left, _quantities in bill_all(lines, parts, BY_RATE, rounding):
		for index, line in enumerate(lines):
			shown = [row.quantity for row in rows if row.item == index]
			if shown and line.quantity >= 1:
				assert sum(shown) == line.quantity


@st.composite
def hours(draw):
	"""Items worth more than rounding can move, in parts of at least a hundredth."""
	rounding = draw(ROUNDINGS)
	lines = []
	for _index in range(draw(st.integers(1, 5))):
		quantity, rate = draw(number("1", "500", 3)), draw(number("10000", "20000", 2))
		lines.append(Line(quantity, rate, rounding.line_amount(quantity, rate)))
	weights = draw(st.lists(st.integers(1, 8).map(D), min_size=1, max_size=12))
	return lines, split(sum(line.amount for line in lines), weights, rounding.amount), rounding


@given(hours())
def test_split_by_quantity_bills_as_much_as_was_sold(deal):
	"""What is worth less than the smallest quantity is billed as one piece, so only parts above that keep the count."""
	lines, parts, rounding = deal
	quantities = None
	for _part, _rows, _left, quantities in bill_all(lines, parts, BY_QUANTITY, rounding):
		assert all(quantity >= 0 for quantity in quantities)
	assert quantities == [0] * len(lines)


def test_a_machine_is_split_by_rate_even_where_the_policy_says_quantity():
	lines = [Line(D(1), D("900.00"), D("900.00"), whole_number=True)]
	rows = [rows for _part, rows, _left, _quantity in bill_all(lines, [D(300)] * 3, BY_QUANTITY, Rounding())]
	assert [[(row.quantity, row.rate) for row in invoice] for invoice in rows] == [[(1, 300)]] * 3


def test_hours_are_split_by_quantity_at_the_agreed_rate():
	lines = [Line(D(30), D("80.00"), D("2400.00"))]
	rows = [
		rows for _part, rows, _left, _quantity in bill_all(lines, [D(800), D(1600)], BY_QUANTITY, Rounding())
	]
	assert [[(row.quantity, row.rate) for row in invoice] for invoice in rows] == [[(10, 80)], [(20, 80)]]


@given(st.lists(number("0", "100000", 2), min_size=1, max_size=8), number("0", "1", 4))
def test_a_part_takes_no_more_from_a_line_than_it_has(left, share):
	total = sum(left, D(0))
	assume(total > 0)
	parts = split_lines(left, quantize(total * share, 2), 2)
	assert all(0 <= part <= line for part, line in zip(parts, left, strict=True))
