"""Promises judged by money: what counts, for whom, and what is said of it."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.installments import Closings, ScheduleRow
from sales_crm_accounts.core.receivables.promises import (
	BROKEN,
	CANCELLED,
	KEPT,
	OPEN,
	PARTLY_KEPT,
	Movement,
	Promise,
	Receipt,
	Received,
	course,
	judge,
	paid_by_day,
	received,
	rows_on,
)


def day(number):
	return date(2026, 3, number)


def promise(amount="600", name="P1", made=2, last=10, **values):
	return Promise(name, "Co", "Ann", "EUR", Decimal(amount), day(made), day(last), **values)


def receipt(amount, when=5, invoice=None, no=0, **values):
	return Receipt("Co", "Ann", "EUR", day(when), Decimal(amount), invoice, no, **values)


def amounts(promises, receipts):
	return {name: got.amount for name, got in received(promises, receipts).items()}


class TestReceived:
	def test_money_counts_from_the_day_of_the_promise_to_its_last_day(self):
		one = promise(sales_invoice="A")
		money = [receipt("10", when, "A", 1) for when in (1, 2, 10, 11)]
		assert amounts([one], money) == {"P1": Decimal(20)}

	def test_money_on_another_invoice_or_installment_is_not_the_promised_one(self):
		one = promise(sales_invoice="A", installment_no=2)
		money = [receipt("10", 5, "A", 1), receipt("20", 5, "A", 2), receipt("40", 5, "B", 2)]
		assert amounts([one], money) == {"P1": Decimal(20)}

	def test_of_a_whole_customer_money_on_account_counts_and_money_for_later_invoices_does_not(self):
		"""10 on an invoice of March 1 and 20 on account; 40 paid an invoice of March 4, made after the promise of March 2."""
		money = [
			receipt("10", 5, "A", 1, posting_date=day(1)),
			receipt("20"),
			receipt("40", 5, "B", 1, posting_date=day(4)),
		]
		assert received([promise()], money) == {"P1": Received(Decimal(30), Decimal(20))}

	def test_money_counts_once_the_nearest_day_first(self):
		"""600 open, 300 promised for the 5th and 300 for the 10th; 400 come on the 4th: 300 and 100."""
		first = promise("300", "FIRST", last=5, sales_invoice="A")
		second = promise("300", "SECOND", last=10, sales_invoice="A")
		assert amounts([second, first], [receipt("400", 4, "A", 1)]) == {"FIRST": 300, "SECOND": 100}

	def test_what_was_taken_back_does_not_count(self):
		"""300 on the 4th, of which 100 went back on the 6th."""
		money = [receipt("300", 4, "A", 1), receipt("-100", 6, "A", 1)]
		assert amounts([promise(sales_invoice="A")], money) == {"P1": 200}

	@given(
		st.lists(
			st.tuples(st.integers(1, 20), st.integers(-300, 300), st.sampled_from([None, "A", "B"])),
			max_size=8,
		),
		st.lists(
			st.tuples(
				st.integers(1, 200), st.integers(1, 9), st.integers(9, 20), st.sampled_from([None, "A", "B"])
			),
			max_size=5,
		),
	)
	def test_no_cent_counts_twice(self, moves, wanted):
		money = [receipt(amount, when, invoice, 1 if invoice else 0) for when, amount, invoice in moves]
		promises = [
			promise(amount, f"P{index}", made, last, sales_invoice=invoice)
			for index, (amount, made, last, invoice) in enumerate(wanted)
		]
		found = received(promises, money)
		assert sum(got.amount for got in found.values()) <= sum(max(one.amount, 0) for one in money)
		for one in promises:
			assert 0 <= found[one.name].on_account <= found[one.name].amount <= one.amount


class TestJudge:
	def verdict(self, got, still_open, today, on_account="0", amount="600"):
		return judge(
			promise(amount), Received(Decimal(got), Decimal(on_account)), Decimal(still_open), day(today)
		)

	def test_kept_as_soon_as_all_of_it_came(self):
		assert self.verdict("600", "300", 5) == KEPT

	def test_open_until_its_last_day_is_over(self):
		assert self.verdict("200", "700", 10) == OPEN
		assert self.verdict("200", "700", 11) == PARTLY_KEPT
		assert self.verdict("0", "900", 11) == BROKEN

	def test_what_was_credited_need_not_be_paid(self):
		"""600 promised; 100 were credited, 500 came: nothing is open, so it is kept."""
		assert self.verdict("500", "0", 5) == KEPT
		assert self.verdict("400", "100", 11) == PARTLY_KEPT

	def test_it_falls_away_where_nothing_is_owed_any_more(self):
		assert self.verdict("0", "0", 5) == CANCELLED
		assert self.verdict("0", "0", 11) == CANCELLED

	def test_money_on_account_covers_what_is_still_open(self):
		"""600 promised, 200 of them credited: 400 stand open, and 400 came on account."""
		assert self.verdict("400", "400", 5, on_account="400") == KEPT


SCHEDULE = [ScheduleRow(day(1), Decimal(300), "T1"), ScheduleRow(day(20), Decimal(600), "T2")]


class TestCourse:
	def test_money_closes_the_oldest_first_day_by_day(self):
		"""300 + 600; 200 on the 3rd, 200 on the 5th: 200 for the first, then 100 and 100."""
		moves = [Movement(day(5), Decimal(200)), Movement(day(3), Decimal(200))]
		steps = course(SCHEDULE, Closings(paid=Decimal(400)), moves, 2)
		assert paid_by_day(steps) == [(day(3), 1, 200), (day(5), 1, 100), (day(5), 2, 100)]
		assert [row.outstanding for row in rows_on(steps, day(4))] == [100, 600]
		assert [row.outstanding for row in rows_on(steps, day(1))] == [300, 600]

	def test_a_payment_term_that_is_named_comes_first(self):
		moves = [Movement(day(3), Decimal(200), terms={"T2": Decimal(200)})]
		assert paid_by_day(course(SCHEDULE, Closings(paid=Decimal(200)), moves, 2)) == [(day(3), 2, 200)]

	def test_a_write_off_that_names_a_due_date_leaves_the_money_to_the_others(self):
		"""The first 300 are written off on the 4th; 200 paid on the 5th are for the second."""
		off = {"written_off": Decimal(300), "dues": {day(1): Decimal(300)}}
		moves = [Movement(day(4), **off), Movement(day(5), Decimal(200))]
		steps = course(SCHEDULE, Closings(Decimal(200), written_off=Decimal(300)), moves, 2)
		assert paid_by_day(steps) == [(day(5), 2, 200)]
		assert [row.outstanding for row in rows_on(steps, day(4))] == [0, 600]

	def test_credits_are_no_money_and_what_no_voucher_dates_was_there_from_the_beginning(self):
		"""50 were taken in the invoice itself; 100 credited on the 4th; 100 paid on the 5th."""
		moves = [Movement(day(4), credited=Decimal(100)), Movement(day(5), Decimal(100))]
		steps = course(SCHEDULE, Closings(paid=Decimal(150), credited=Decimal(100)), moves, 2)
		assert paid_by_day(steps) == [(day(5), 1, 100)]
		assert [row.outstanding for row in rows_on(steps, day(3))] == [250, 600]
		assert [row.outstanding for row in rows_on(steps, day(5))] == [50, 600]
