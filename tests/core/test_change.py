from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.change import (
	Standing,
	check_dates,
	check_total,
	differences,
	keeps_trigger,
	planned_date,
	share,
	with_tax,
)
from sales_crm_accounts.core.dates import FIXED_DATE
from sales_crm_accounts.core.money import split
from sales_crm_accounts.core.plan import (
	AMOUNT,
	ON_DATE,
	ON_DELIVERY,
	ON_MILESTONE,
	ON_WINNING,
	REMAINDER,
	TRIGGERS,
	PlanRow,
)
from sales_crm_accounts.core.problems import RuleError

WON, TODAY = date(2026, 1, 15), date(2026, 3, 1)


def money(low, high):
	return st.decimals(low, high, allow_nan=False, allow_infinity=False, places=2)


def by_amount(value, **more):
	return PlanRow("row", AMOUNT, amount=D(value), **more)


class TestTotal:
	def test_less_than_what_is_not_billed_may_be_taken_off(self):
		assert check_total(D("600.00"), D("-600.00"), 2) == []
		assert check_total(D("600.00"), D("250.50"), 2) == []

	def test_more_may_not(self):
		[problem] = check_total(D("600.00"), D("-600.01"), 2)
		assert problem.message().startswith("Only 600.00 is not billed yet, so 600.01 cannot be taken off.")

	def test_decimals_of_the_currency(self):
		[problem] = check_total(D("600"), D("0.5"), 0)
		assert "0.5 has more decimals than the currency (0)" in problem.message()


class TestShare:
	def test_nothing_left_needs_no_rows(self):
		assert share(D(0), [], 2) == []
		with pytest.raises(RuleError, match="Nothing is left to bill. Delete all rows"):
			share(D(0), [by_amount(1)], 2)

	def test_the_words_are_those_of_a_change(self):
		with pytest.raises(RuleError, match=r"The rows sum to 500\.00, but 600\.00 is to be billed: 100\.00"):
			share(D("600.00"), [by_amount(500)], 2)
		with pytest.raises(RuleError, match="There are no rows, but an amount is left to bill"):
			share(D("600.00"), [], 2)

	@given(money("1", "9999999"), st.lists(st.integers(1, 9), min_size=1, max_size=12))
	def test_the_rows_take_exactly_what_is_left(self, total, weights):
		parts = [part for part in split(total, [D(weight) for weight in weights], 2) if part]
		rows = [by_amount(part) for part in parts]
		assert share(total, rows, 2) == parts
		rows[-1] = PlanRow("rest", REMAINDER)
		assert share(total, rows, 2) == parts


ROWS = st.builds(
	PlanRow,
	description=st.just("row"),
	trigger=st.sampled_from(TRIGGERS),
	trigger_date=st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
	trigger_months=st.integers(0, 24),
	milestone=st.sampled_from(["Roof on", "Roof on ", "Handed over"]),
)


class TestDates:
	def test_what_a_row_keeps_stays_as_planned(self):
		standing = Standing(PlanRow("row"), D(100), WON)
		assert planned_date(PlanRow("row"), TODAY, standing) == WON
		assert planned_date(PlanRow("row"), TODAY) == TODAY

	def test_a_new_rule_counts_from_the_change(self):
		standing = Standing(PlanRow("row"), D(100), WON)
		assert planned_date(PlanRow("row", trigger=ON_DATE, trigger_months=1), TODAY, standing) == date(
			2026, 4, 1
		)
		assert planned_date(PlanRow("row", trigger=ON_DELIVERY), TODAY, standing) is None

	def test_a_confirmed_milestone_keeps_its_day_and_a_renamed_one_does_not(self):
		confirmed = Standing(
			PlanRow("row", trigger=ON_MILESTONE, milestone="Roof on"),
			D(100),
			date(2026, 2, 2),
			date(2026, 2, 2),
		)
		kept = PlanRow("row", trigger=ON_MILESTONE, milestone=" Roof on")
		assert planned_date(kept, TODAY, confirmed) == date(2026, 2, 2)
		assert planned_date(replace(kept, milestone="Walls up"), TODAY, confirmed) is None

	def test_only_a_day_that_was_moved_must_lie_ahead(self):
		past, ahead = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
		dated = PlanRow("row", trigger=ON_DATE, trigger_date=past)
		standing = Standing(dated, D(100), past)
		assert check_dates([dated], [standing], TODAY) == []
		assert check_dates([replace(dated, trigger_date=ahead)], [standing], TODAY) == []
		[problem] = check_dates([PlanRow("first"), dated], [None, None], TODAY)
		assert problem.message() == "Row 2: 2026-02-28 is in the past. Choose today or a later day."
		fixed = PlanRow("row", due_rule=FIXED_DATE, fixed_due_date=past)
		assert [p.row for p in check_dates([fixed], [None], TODAY)] == [1]
		assert check_dates([fixed], [Standing(fixed, D(1))], TODAY) == []

	@given(ROWS, st.dates(date(2026, 1, 1), date(2027, 12, 31)))
	def test_an_unchanged_row_moves_nothing(self, row, planned):
		standing = Standing(row, D(100), planned)
		assert keeps_trigger(row, standing)
		assert planned_date(row, TODAY, standing) == planned
		assert check_dates([row], [standing], TODAY) == []

	@given(ROWS, ROWS, st.dates(date(2026, 1, 1), date(2027, 12, 31)))
	def test_a_row_is_planned_as_it_was_or_not_before_the_change(self, row, before, planned):
		day = planned_date(row, TODAY, Standing(before, D(100), planned))
		assert day is None or day == planned or day >= TODAY

	def test_on_winning_is_kept_by_on_winning_only(self):
		assert not keeps_trigger(
			PlanRow("row", trigger=ON_WINNING), Standing(PlanRow("row", trigger=ON_DATE), D(1))
		)


class TestTax:
	@pytest.mark.parametrize(
		("new_net", "old_net", "old_gross", "expected"),
		[
			("600", "600", "713.99", "713.99"),  # rounding of what was planned stays
			("300", "600", "714.00", "357.00"),
			("900", "600", "714.00", "1071.00"),
			("100", "0", "0", "119.00"),  # nothing was left: at the rate of the whole deal, 1190 on 1000
			("0", "600", "714.00", "0"),
		],
	)
	def test_planned_total(self, new_net, old_net, old_gross, expected):
		assert with_tax(D(new_net), D(old_net), D(old_gross), D(1000), D(1190), 2) == D(expected)

	def test_without_a_deal_amount_there_is_no_rate(self):
		assert with_tax(D(100), D(0), D(0), D(0), D(0), 2) == D(100)


class TestDifferences:
	written = {"D-02": Standing(PlanRow("a"), D(300)), "D-03": Standing(PlanRow("b"), D(200))}

	def test_nothing_happened(self):
		confirmed = {name: replace(one, confirmed_on=TODAY) for name, one in self.written.items()}
		assert differences(self.written, confirmed, {}) == []

	def test_each_thing_that_happened_is_named(self):
		now = {"D-03": replace(self.written["D-03"], net_amount=D(250)), "D-04": Standing(PlanRow("c"), D(1))}
		texts = [problem.message() for problem in differences(self.written, now, {"D-02": "INV-7"})]
		assert [text.split(". ")[0] for text in texts] == [
			"Installment D-02 was billed meanwhile by invoice INV-7",
			"Installment D-03 was changed meanwhile",
			"Installment D-04 is to be billed too, but is not in this change",
		]
		[cancelled] = differences({"D-02": self.written["D-02"]}, {}, {})
		assert "Installment D-02 was cancelled meanwhile" in cancelled.message()
