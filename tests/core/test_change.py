"""A new plan for what is not billed yet."""

from datetime import date
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core import change
from sales_crm_accounts.core.plan import (
	AMOUNT,
	ON_DATE,
	ON_MILESTONE,
	ON_WINNING,
	PERCENT,
	REMAINDER,
	PlanRow,
)
from sales_crm_accounts.core.problems import RuleError

TODAY = date(2026, 11, 23)


def standing(row: PlanRow, net: str = "300", planned: date | None = None, confirmed: date | None = None):
	return change.Standing(row, D(net), planned, confirmed)


def codes(error) -> list[str]:
	return [problem.code for problem in error.value.problems]


def test_more_can_be_taken_off_than_is_left():
	assert not change.check_total(D(600), D(-600), 2)
	assert [problem.code for problem in change.check_total(D(600), D("-600.01"), 2)] == ["too-much-off"]
	assert [problem.code for problem in change.check_total(D(600), D("0.001"), 2)] == ["decimals"]


def test_nothing_left_has_no_rows():
	assert change.share(D(0), [], 2) == []
	with pytest.raises(RuleError) as error:
		change.share(D(0), [PlanRow("A", REMAINDER)], 2)
	assert codes(error) == ["nothing-left"]
	with pytest.raises(RuleError) as error:
		change.share(D(5), [], 2)
	assert codes(error) == ["plan-empty"]


def test_a_sum_that_is_off_says_what_is_to_be_billed():
	with pytest.raises(RuleError) as error:
		change.share(D("600.0"), [PlanRow("A", AMOUNT, amount=D("500.0"))], 2)
	text = error.value.problems[0].message()
	assert text.startswith(
		"The rows sum to 500.00, but 600.00 is to be billed: 100.00 is missing or too much."
	)


@given(
	total=st.decimals("1", "1000000", places=2),
	parts=st.lists(st.integers(1, 100), min_size=1, max_size=12),
)
def test_rows_always_sum_to_what_is_to_be_billed(total, parts):
	rows = [PlanRow(str(n), PERCENT, percent=D(part) / 20) for n, part in enumerate(parts)]
	rows.append(PlanRow("Rest", REMAINDER))
	try:
		shares = change.share(total, rows, 2)
	except RuleError as error:
		assert {problem.code for problem in error.problems} <= {"too-small", "no-remainder"}
		return
	assert sum(shares) == total
	assert all(share > 0 for share in shares)


def test_a_kept_row_keeps_its_day_and_a_new_rule_counts_from_the_change():
	won, planned = date(2026, 9, 1), date(2026, 10, 1)
	on_winning = PlanRow("A", trigger=ON_WINNING)
	assert change.planned_date(on_winning, TODAY, standing(on_winning, planned=won)) == won
	assert change.planned_date(on_winning, TODAY) == TODAY
	on_date = PlanRow("A", trigger=ON_DATE, trigger_date=planned)
	assert change.planned_date(on_date, TODAY, standing(on_date, planned=planned)) == planned
	later = PlanRow("A", trigger=ON_DATE, trigger_months=2)
	assert change.planned_date(later, TODAY, standing(on_date, planned=planned)) == date(2027, 1, 23)
	milestone = PlanRow("A", trigger=ON_MILESTONE, milestone="Go live")
	confirmed = standing(milestone, planned=planned, confirmed=planned)
	assert change.planned_date(milestone, TODAY, confirmed) == planned
	assert (
		change.planned_date(PlanRow("A", trigger=ON_MILESTONE, milestone="Handover"), TODAY, confirmed)
		is None
	)


def test_only_moved_dates_must_lie_ahead():
	past = PlanRow("A", trigger=ON_DATE, trigger_date=date(2026, 11, 1))
	assert not change.check_dates([past], [standing(past)], TODAY)
	found = change.check_dates(
		[past, past], [standing(PlanRow("A", trigger=ON_DATE, trigger_date=TODAY)), None], TODAY
	)
	assert [(problem.row, problem.code) for problem in found] == [
		(1, "date-in-the-past"),
		(2, "date-in-the-past"),
	]
	due = PlanRow("A", due_rule="Fixed Date", fixed_due_date=date(2026, 11, 22))
	assert [problem.row for problem in change.check_dates([due], [None], TODAY)] == [1]
	assert not change.check_dates([due], [standing(due)], TODAY)


@pytest.mark.parametrize(
	("new_net", "expected"),
	[("600", "660"), ("900", "990"), ("100", "110"), ("0", "0")],
)
def test_planned_total_with_tax_keeps_the_rate(new_net, expected):
	assert change.with_tax(D(new_net), D(600), D(660), D(900), D(990), 2) == D(expected)


def test_planned_total_with_tax_where_nothing_was_left():
	assert change.with_tax(D(50), D(0), D(0), D(900), D(990), 2) == D(55)
	assert change.with_tax(D(50), D(0), D(0), D(0), D(0), 2) == D(50)


def test_what_happened_meanwhile():
	row = PlanRow("A", trigger=ON_MILESTONE, milestone="M")
	written = {"D-02": standing(row), "D-03": standing(row), "D-04": standing(row), "D-05": standing(row)}
	now = {
		"D-02": standing(row, confirmed=TODAY, planned=TODAY),
		"D-03": standing(row, "200"),
		"D-06": standing(row),
	}
	texts = [problem.message() for problem in change.differences(written, now, {"D-04": "INV-1"})]
	assert [text.split(".")[0] for text in texts] == [
		"Installment D-03 was changed meanwhile",
		"Installment D-04 was billed meanwhile by invoice INV-1",
		"Installment D-05 was cancelled meanwhile",
		"Installment D-06 is to be billed too, but is not in this change",
	]
	assert not change.differences(written, dict(written), {})
