from datetime import date, timedelta
from decimal import Decimal as D
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.installments import (
	BILLED,
	CANCELLED,
	OVERDUE,
	PAID,
	PARTLY_PAID,
	PLANNED,
	READY,
	STATUSES,
	WRITTEN_OFF,
	Closings,
	ScheduleRow,
	allocate,
	status,
)
from sales_crm_accounts.core.money import ZERO

DAY = date(2026, 1, 31)


def money(low, high):
	return st.decimals(low, high, allow_nan=False, allow_infinity=False, places=2)


def thirds():
	return [
		ScheduleRow(date(2026, 1, 31), D("300.00"), "First"),
		ScheduleRow(date(2026, 2, 28), D("300.00"), "Second"),
		ScheduleRow(date(2026, 3, 31), D("300.00"), "Third"),
	]


def outstanding(**closings):
	return [row.outstanding for row in allocate(D("900.00"), thirds(), Closings(**closings), 2)]


class TestAllocate:
	def test_nothing_paid(self):
		assert outstanding() == [300, 300, 300]

	def test_money_closes_the_oldest_first(self):
		assert outstanding(paid=D(450)) == [0, 150, 300]

	def test_a_payment_of_a_term_closes_that_term(self):
		assert outstanding(paid=D(300), by_term={"Second": D(300)}) == [300, 0, 300]

	def test_what_a_term_cannot_take_closes_the_oldest(self):
		assert outstanding(paid=D(400), by_term={"Second": D(400)}) == [200, 0, 300]

	def test_a_term_that_the_schedule_does_not_know_closes_the_oldest(self):
		assert outstanding(paid=D(100), by_term={"Other": D(100)}) == [200, 300, 300]

	def test_a_write_off_of_a_due_date_closes_that_row_and_stays_there(self):
		"""300 of the second are written off; then 450 are paid: the first and half of the third, never the second."""
		off = {"written_off": D(300), "by_due": {date(2026, 2, 28): D(300)}}
		assert outstanding(**off) == [300, 0, 300]
		rows = allocate(D("900.00"), thirds(), Closings(paid=D(450), **off), 2)
		assert [(row.paid, row.written_off) for row in rows] == [(300, 0), (0, 300), (150, 0)]

	def test_of_a_half_paid_row_the_rest_is_written_off(self):
		"""450 paid, the open 150 of the second written off: the payment stays on the first two."""
		rows = allocate(
			D("900.00"), thirds(), Closings(D(450), ZERO, D(150), by_due={date(2026, 2, 28): D(150)}), 2
		)
		assert [(row.paid, row.written_off) for row in rows] == [(300, 0), (150, 150), (0, 0)]

	def test_what_a_due_date_cannot_take_closes_the_oldest(self):
		"""A payment of the second term goes before its write-off; a day that no row has is none."""
		assert outstanding(written_off=D(400), by_due={date(2026, 2, 28): D(400)}) == [200, 0, 300]
		assert outstanding(written_off=D(100), by_due={date(2026, 2, 1): D(100)}) == [200, 300, 300]
		rows = allocate(
			D("900.00"),
			thirds(),
			Closings(D(200), ZERO, D(300), {"Second": D(200)}, {date(2026, 2, 28): D(300)}),
			2,
		)
		assert [(row.paid, row.written_off) for row in rows] == [(0, 200), (200, 100), (0, 0)]

	def test_payments_then_credits_then_write_offs(self):
		rows = allocate(D("900.00"), thirds(), Closings(paid=D(200), credited=D(150), written_off=D(400)), 2)
		assert [(row.paid, row.credited, row.written_off, row.outstanding) for row in rows] == [
			(200, 100, 0, 0),
			(0, 50, 250, 0),
			(0, 0, 150, 150),
		]

	def test_too_much_money_stands_on_the_last_row(self):
		assert outstanding(paid=D(1000)) == [0, 0, -100]

	def test_a_refund_opens_the_last_row(self):
		assert outstanding(paid=D(-50)) == [300, 300, 350]

	def test_a_credit_note_is_one_negative_row(self):
		[row] = allocate(D("-120.00"), [ScheduleRow(DAY, D(1))], Closings(paid=D("-20.00")), 2)
		assert (row.amount, row.paid, row.outstanding) == (D("-120.00"), D("-20.00"), D("-100.00"))

	def test_the_last_row_takes_what_rounding_leaves(self):
		rows = allocate(D("100.00"), thirds(), Closings(), 2)
		assert [row.amount for row in rows] == [D("33.33"), D("33.34"), D("33.33")]


@st.composite
def invoices(draw, positive=False):
	"""Amount, schedule with different due dates, and closings that may be negative or far too much."""
	count = draw(st.integers(1, 12))
	days = draw(st.lists(st.integers(0, 4000), min_size=count, max_size=count, unique=True))
	terms = ["A", "B", "C", None]
	schedule = [
		ScheduleRow(DAY + timedelta(days=day), draw(money("0", "100000")), draw(st.sampled_from(terms)))
		for day in days
	]
	amount = draw(money("0" if positive else "-500000", "500000"))
	closing = money("0" if positive else "-600000", "600000")
	by_term = draw(st.dictionaries(st.sampled_from(["A", "B", "C", "D"]), closing))
	by_due = draw(st.dictionaries(st.sampled_from([row.due_date for row in schedule]), closing))
	paid, written_off = draw(closing), draw(closing)
	if positive:
		paid += sum(by_term.values(), D(0))
		written_off += sum(by_due.values(), D(0))
	return amount, schedule, Closings(paid, draw(closing), written_off, by_term, by_due)


@given(invoices())
def test_the_columns_sum_to_the_ledger_whatever_closed_the_invoice(case):
	amount, schedule, closings = case
	rows = allocate(amount, schedule, closings, 2)
	assert len(rows) == len(schedule)
	assert sum(row.amount for row in rows) == amount
	assert sum(row.paid for row in rows) == closings.paid
	assert sum(row.credited for row in rows) == closings.credited
	assert sum(row.written_off for row in rows) == closings.written_off
	assert all(row.outstanding == row.amount - row.paid - row.credited - row.written_off for row in rows)


@given(invoices(positive=True))
def test_no_row_before_the_last_is_closed_too_much(case):
	amount, schedule, closings = case
	rows = allocate(amount, schedule, closings, 2)
	assert [row.due_date for row in rows] == sorted(row.due_date for row in schedule)
	for row in rows[:-1]:
		assert 0 <= row.outstanding <= row.amount
		assert min(row.paid, row.credited, row.written_off) >= 0
	if amount >= closings.paid + closings.credited + closings.written_off:
		assert rows[-1].outstanding >= 0


@given(invoices(positive=True))
def test_without_terms_a_row_is_touched_only_when_all_older_ones_are_closed(case):
	amount, schedule, closings = case
	rows = allocate(amount, schedule, Closings(closings.paid, closings.credited, closings.written_off), 2)
	for older, younger in pairwise(rows):
		assert older.outstanding == 0 or younger.outstanding == younger.amount


@given(
	invoices().flatmap(lambda case: st.tuples(st.just(case), st.permutations(case[1]))),
)
def test_the_order_of_the_schedule_does_not_matter(cases):
	(amount, schedule, closings), shuffled = cases
	assert allocate(amount, schedule, closings, 2) == allocate(amount, shuffled, closings, 2)


@pytest.mark.parametrize(
	("figures", "expected"),
	[
		({}, PLANNED),
		({"ready": True}, READY),
		({"cancelled": True, "billed": D(100)}, CANCELLED),
		({"billed": D(100)}, BILLED),
		({"billed": D(100), "paid": D(1)}, PARTLY_PAID),
		({"billed": D(100), "credited": D(1)}, PARTLY_PAID),
		({"billed": D(100), "due_date": DAY, "today": DAY}, BILLED),
		({"billed": D(100), "due_date": DAY, "today": DAY + timedelta(days=1)}, OVERDUE),
		({"billed": D(100), "paid": D(99), "due_date": DAY, "today": DAY + timedelta(days=1)}, OVERDUE),
		({"billed": D(100), "paid": D(100), "due_date": DAY, "today": DAY + timedelta(days=1)}, PAID),
		({"billed": D(100), "paid": D(120)}, PAID),
		({"billed": D(100), "paid": D(50), "credited": D(50)}, PAID),
		({"billed": D(100), "paid": D(40), "credited": D(60)}, CANCELLED),
		({"billed": D(100), "credited": D(100)}, CANCELLED),
		({"billed": D(100), "written_off": D(100)}, WRITTEN_OFF),
		({"billed": D(100), "paid": D(40), "written_off": D(60)}, WRITTEN_OFF),
		({"billed": D(100), "credited": D(50), "written_off": D(50)}, WRITTEN_OFF),
	],
)
def test_status(figures, expected):
	assert status(**figures) == expected


@given(
	st.booleans(),
	st.booleans(),
	money("0", "100"),
	money("-100", "100"),
	money("-100", "100"),
	money("-100", "100"),
	st.sampled_from([None, DAY]),
	st.sampled_from([None, DAY, DAY + timedelta(days=1)]),
)
def test_every_state_has_one_name_and_an_open_one_is_never_called_closed(
	cancelled, ready, billed, paid, credited, written_off, due, today
):
	name = status(
		cancelled=cancelled,
		ready=ready,
		billed=billed,
		paid=paid,
		credited=credited,
		written_off=written_off,
		due_date=due,
		today=today,
	)
	assert name in STATUSES
	if not cancelled and billed:
		is_open = billed - paid - credited - written_off > 0
		assert (name in (BILLED, PARTLY_PAID, OVERDUE)) == is_open
