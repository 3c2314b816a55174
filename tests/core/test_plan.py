from datetime import date, timedelta
from decimal import Decimal as D
from fractions import Fraction
from string import Formatter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sales_crm_accounts.core.dates import DUE_RULES, END_OF_MONTH, FIXED_DATE, SAME_DAY_AFTER_MONTHS
from sales_crm_accounts.core.money import split, unit
from sales_crm_accounts.core.plan import (
	AMOUNT,
	FURTHEST_YEARS,
	MAX_AMOUNT,
	MAX_ROWS,
	ON_DATE,
	ON_DELIVERY,
	ON_MILESTONE,
	PERCENT,
	REMAINDER,
	TRIGGERS,
	PlanRow,
	amounts,
	check_one_invoice,
	check_rows,
)
from sales_crm_accounts.core.problems import RuleError

WON = date(2026, 1, 31)


def percent(value, **more):
	return PlanRow(f"{value} %", percent=D(value), **more)


def amount(value, **more):
	return PlanRow(str(value), AMOUNT, amount=D(value), **more)


def remainder(**more):
	return PlanRow("Rest", REMAINDER, **more)


def number(low, high, places):
	return st.decimals(low, high, allow_nan=False, allow_infinity=False, places=places)


def refusal(total, rows, precision=2):
	with pytest.raises(RuleError) as caught:
		amounts(D(total), rows, precision)
	return caught.value.problems


class TestAmounts:
	@pytest.mark.parametrize(
		("total", "rows", "expected"),
		[
			("100.00", [percent("33.33"), percent("33.33"), percent("33.34")], ["33.33", "33.33", "33.34"]),
			# Three typed thirds are 99.99 %; what two decimals hide is made good by largest remainder.
			("100.00", [percent("33.33")] * 3, ["33.34", "33.33", "33.33"]),
			("1000000.00", [percent("33.33")] * 3, ["333333.34", "333333.33", "333333.33"]),
			("900.00", [percent(30), percent(30), percent(40)], ["270", "270", "360"]),
			("900.00", [amount(100), percent(50), remainder()], ["100", "450", "350"]),
			("900.00", [amount(450), percent(50)], ["450", "450"]),
			("900.00", [remainder()], ["900"]),
			("900.00", [amount("899.99"), remainder()], ["899.99", "0.01"]),
			("0.03", [percent(40), percent(30), percent(30)], ["0.01", "0.01", "0.01"]),
		],
	)
	def test_shares(self, total, rows, expected):
		assert amounts(D(total), rows, 2) == [D(part) for part in expected]

	@pytest.mark.parametrize(
		("total", "rows", "code", "words"),
		[
			("0", [percent(100)], "total", "The deal amount is 0. It must be more than 0"),
			("-5", [percent(100)], "total", "The deal amount is -5."),
			("100", [], "plan-empty", "Add rows or choose a plan template"),
			("100", [percent(50)] * (MAX_ROWS + 1), "plan-too-long", "601 rows; at most 600"),
			("100", [percent(50), percent(49)], "sum", "sums to 99.00, the deal to 100.00: 1.00 is missing"),
			("100", [percent(50), percent(60)], "sum", "sums to 110.00, the deal to 100.00: 10.00"),
			("100", [amount(60), amount(50)], "sum", "sums to 110.00, the deal to 100.00: 10.00"),
			("100", [amount(100), percent(10)], "sum", "sums to 110.00"),
			("100", [amount(120), percent(10)], "sum", "sums to 130.00"),
			("100", [percent(100), remainder()], "no-remainder", "row 2: nothing remains"),
			("100", [remainder(), remainder()], "two-remainders", "row 2: row 1 already takes the remainder"),
			("100", [percent(0), remainder()], "percent", "row 1: the percentage must be more than 0"),
			("100", [remainder(), percent(101)], "percent", "row 2: the percentage is more than 100"),
			("100", [remainder(), amount(-1)], "amount", "row 2: the amount must be more than 0"),
			("100", [amount("1E+15")], "amount", "row 1: the amount 1000000000000000 is too large"),
			("100", [amount("99.995"), remainder()], "decimals", "row 1: 99.995 has more decimals"),
			(
				"0.02",
				[percent(40), percent(30), percent(30)],
				"too-small",
				"row 3: its share of 0.02 is less than 0.01",
			),
			(
				"100",
				[PlanRow("x", "Half")],
				"basis",
				"row 1: share by Percent, Amount or Remainder, not Half",
			),
		],
	)
	def test_refusals_name_row_and_remedy(self, total, rows, code, words):
		problems = refusal(total, rows)
		assert [problem.code for problem in problems] == [code]
		assert words in problems[0].message()

	def test_every_wrong_row_is_told_at_once(self):
		problems = refusal(100, [percent(0), amount(0), PlanRow("x", "Half"), remainder()])
		assert [problem.row for problem in problems] == [1, 2, 3]


@st.composite
def plans(draw):
	"""A total and rows that share all of it: percents with two decimals, amounts, at most one remainder."""
	precision = draw(st.sampled_from([0, 2, 3]))
	total = draw(number("1", "9999999999", precision))
	shares = split(D("100.00"), draw(st.lists(number("0.1", "100", 2), min_size=1, max_size=20)), 2)
	rows = [PlanRow("part", percent=share) for share in shares]
	for index in draw(st.sets(st.integers(0, len(rows) - 1))):
		exact = split(total, shares, precision)[index]
		rows[index] = PlanRow("part", AMOUNT, amount=exact)
	if draw(st.booleans()):
		rows[draw(st.integers(0, len(rows) - 1))] = remainder()
	return total, rows, precision


@given(plans())
def test_the_parts_are_the_deal_exactly(case):
	total, rows, precision = case
	try:
		parts = amounts(total, rows, precision)
	except RuleError as error:
		# A row that would bill nothing, or a rounded amount beside percents of a small deal.
		assert {problem.code for problem in error.problems} <= {
			"too-small",
			"no-remainder",
			"amount",
			"sum",
			"percent",
		}
		return
	assert sum(parts) == total
	smallest = unit(precision)
	assert all(part >= smallest for part in parts)
	has_rest = any(row.basis == REMAINDER for row in rows)
	for row, part in zip(rows, parts, strict=True):
		if row.basis == AMOUNT:
			assert part == row.amount
		elif row.basis == PERCENT and has_rest:
			assert (
				abs(Fraction(part) - Fraction(total) * Fraction(row.percent) / 100) <= Fraction(smallest) / 2
			)


@given(number("0.10", "999999999", 2), st.lists(number("0.01", "100", 2), min_size=1, max_size=30))
def test_percents_alone_miss_their_share_by_less_than_a_unit(total, weights):
	shares = split(D("100.00"), weights, 2)
	assume(all(total * share / 100 >= D("0.01") for share in shares))
	parts = amounts(total, [PlanRow("part", percent=share) for share in shares], 2)
	assert sum(parts) == total
	for share, part in zip(shares, parts, strict=True):
		assert abs(Fraction(part) - Fraction(total) * Fraction(share) / 100) < Fraction("0.01")


@given(number("1.00", "999999999", 2), st.integers(2, 36))
def test_equal_percents_with_two_decimals_are_equal_to_a_unit(total, count):
	"""The percentages as a person types them: 100 / n with two decimals."""
	assume(total >= D("0.01") * count)
	typed = (D(100) / count).quantize(D("0.01"))
	parts = amounts(total, [PlanRow("part", percent=typed)] * count, 2)
	assert sum(parts) == total
	assert max(parts) - min(parts) <= D("0.01")


class TestRows:
	@pytest.mark.parametrize(
		("row", "code", "words"),
		[
			({"trigger": "Someday"}, "trigger", "Someday is not a way to bill"),
			({"trigger": ON_MILESTONE, "milestone": " "}, "milestone", "name the milestone"),
			({"due_days": -1}, "negative-days", "must not be negative"),
			({"trigger_months": FURTHEST_YEARS * 12 + 1}, "far-date", "more than 50 years away"),
			({"due_days": 10**9}, "far-date", "more than 50 years away"),
			(
				{"trigger": ON_DATE, "trigger_date": date(9999, 12, 31)},
				"far-date",
				"9999-12-31 is more than 50 years away",
			),
			({"due_rule": "Never"}, "due-rule", "Never is not a due rule"),
			({"due_rule": FIXED_DATE}, "fixed-date", "give the fixed due date"),
			(
				{"trigger": ON_DATE, "trigger_date": date(2025, 12, 31)},
				"date-before-deal",
				"2025-12-31 is before the deal was opened (2026-01-01)",
			),
			(
				{"due_rule": FIXED_DATE, "fixed_due_date": date(2025, 12, 31)},
				"date-before-deal",
				"2025-12-31 is before the deal was opened",
			),
			(
				{
					"trigger": ON_DATE,
					"trigger_date": date(2026, 5, 1),
					"due_rule": FIXED_DATE,
					"fixed_due_date": date(2026, 4, 1),
				},
				"due-before-invoice",
				"due on 2026-04-01, before it is billed on 2026-05-01",
			),
		],
	)
	def test_each_mistake_is_named_with_its_row(self, row, code, words):
		[problem] = check_rows([percent(50), percent(50, **row)], date(2026, 1, 1))
		assert (problem.code, problem.row) == (code, 2)
		assert "row 2:" in problem.message()
		assert words in problem.message()

	def test_a_good_plan_has_no_problems(self):
		rows = [
			percent(30),
			percent(30, trigger=ON_MILESTONE, milestone="Roof on"),
			percent(30, trigger=ON_DELIVERY, due_rule=END_OF_MONTH, due_months=1),
			percent(10, trigger=ON_DATE, trigger_months=12, due_rule=SAME_DAY_AFTER_MONTHS, due_months=1),
		]
		assert check_rows(rows, date(2026, 1, 1)) == []

	def test_planned_dates(self):
		assert percent(100).planned_invoice_date(WON) == WON
		assert percent(100, trigger=ON_DATE, trigger_months=1).planned_invoice_date(WON) == date(2026, 2, 28)
		assert percent(100, trigger=ON_DATE, trigger_date=date(2025, 1, 1)).planned_invoice_date(WON) == WON
		milestone = percent(100, trigger=ON_MILESTONE, milestone="Roof on")
		assert milestone.planned_invoice_date(WON) is None
		assert milestone.due_date(None) is None
		assert milestone.planned_invoice_date(WON, date(2026, 4, 1)) == date(2026, 4, 1)
		assert (
			milestone.planned_invoice_date(WON, date(2025, 4, 1)) == WON
		)  # confirmed before the deal was won

	def test_monthly_rows_on_the_31st_do_not_drift(self):
		rows = [percent(25, trigger=ON_DATE, trigger_months=months) for months in range(4)]
		assert [row.planned_invoice_date(WON) for row in rows] == [
			date(2026, 1, 31),
			date(2026, 2, 28),
			date(2026, 3, 31),
			date(2026, 4, 30),
		]


class TestOneInvoice:
	def test_two_rows_due_on_one_day(self):
		rows = [percent(50, due_days=28), percent(50, due_rule=END_OF_MONTH, due_months=1)]
		[problem] = check_one_invoice(rows, WON)
		assert problem.code == "same-due-date"
		assert "rows 1 and 2 are both due on 2026-02-28" in problem.message()

	def test_a_milestone_has_no_date_yet(self):
		rows = [percent(50), percent(50, trigger=ON_DELIVERY)]
		[problem] = check_one_invoice(rows, WON)
		assert (problem.code, problem.row) == ("unknown-date", 2)

	def test_different_days_are_a_schedule(self):
		assert check_one_invoice([percent(50), percent(50, due_days=1)], WON) == []


DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
ANY_ROW = st.builds(
	PlanRow,
	description=st.just("row"),
	basis=st.sampled_from([PERCENT, AMOUNT, REMAINDER, "Half", ""]),
	percent=number("-10", "200", 2),
	amount=st.one_of(number("-10", "200", 3), st.just(MAX_AMOUNT * 10)),
	trigger=st.sampled_from([*TRIGGERS, "Someday"]),
	trigger_date=st.none() | DAYS,
	trigger_months=st.integers(-1, 700),
	trigger_days=st.integers(-1, 20000),
	milestone=st.sampled_from(["", " ", "Roof on"]),
	due_rule=st.sampled_from([*DUE_RULES, "Never"]),
	due_days=st.integers(-1, 20000),
	due_months=st.integers(-1, 700),
	fixed_due_date=st.none() | DAYS,
)


@given(st.lists(ANY_ROW, max_size=6), number("-10", "500", 2), st.none() | DAYS)
def test_whatever_is_typed_gets_parts_of_the_deal_or_messages_that_name_their_row(rows, total, opened_on):
	try:
		assert sum(amounts(total, rows, 2)) == total
		problems = []
	except RuleError as error:
		problems = error.problems
	problems += check_rows(rows, opened_on)
	for problem in problems:
		message = problem.message()
		fields = {name for _text, name, _spec, _conversion in Formatter().parse(problem.text) if name}
		assert fields == set(problem.values), "a text and its values do not fit"
		if problem.row:
			assert f"row {problem.row}" in message
			assert 1 <= problem.row <= len(rows)


@given(st.lists(ANY_ROW, min_size=1, max_size=6), DAYS)
def test_rows_without_problems_have_dates_in_order(rows, won_on):
	rows = [row for row in rows if not check_rows([row])]
	for row in rows:
		planned = row.planned_invoice_date(won_on, confirmed_on=won_on + timedelta(days=3))
		assert planned >= won_on
		assert row.due_date(planned) >= planned
	for problem in check_one_invoice(rows, won_on):
		assert f"{problem.row} " in problem.message() or f"{problem.row}:" in problem.message()
