from datetime import date, datetime
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.pipeline import IS_SET, OPERATORS, Condition, holds, missing, seconds_in_stage


@pytest.mark.parametrize(
	("actual", "operator", "value", "expected"),
	[
		("Acme", IS_SET, "", True),
		("", IS_SET, "", False),
		(None, IS_SET, "", False),
		([], IS_SET, "", False),
		([{"item": "A"}], IS_SET, "", True),
		(100.0, "=", "100", True),
		(D("100.00"), ">=", "100", True),
		(9, "<", "10", True),  # as numbers; as text 9 would come after 10
		("9", "<", "10", True),
		(date(2026, 9, 30), "<", "2026-10-01", True),
		("Berlin", "!=", "Hamburg", True),
		("Nan", "=", "Nan", True),  # a town, not a number
		("Infinity", "!=", "Nan", True),
		("Berlin", "in", "Hamburg, Berlin", True),
		("Bremen", "in", "Hamburg, Berlin", False),
		(0, "in", "0, 1", True),
		(5.0, "in", "5, 10", True),
		("", "in", "Hamburg,", False),
		(None, "in", "", False),
		("", "=", "", False),
		("", "<", "5", False),
		(None, "!=", "5", True),
		(0, "<", "5", True),
	],
)
def test_conditions(actual, operator, value, expected):
	assert holds(Condition("field", operator, value), {"field": actual}) is expected


@given(
	st.sampled_from(OPERATORS),
	st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats(), st.dates(), st.decimals()),
	st.text(max_size=5),
)
def test_any_value_gets_an_answer(operator, actual, value):
	assert holds(Condition("field", operator, value), {"field": actual}) in (True, False)


@given(
	st.sampled_from([op for op in OPERATORS if op not in ("!=",)]),
	st.sampled_from([None, ""]),
	st.text(max_size=5),
)
def test_nothing_but_unequal_holds_for_an_empty_value(operator, actual, value):
	assert not holds(Condition("field", operator, value), {"field": actual})


def test_what_is_missing_says_field_stage_and_remedy():
	conditions = [
		Condition("customer"),
		Condition("probability", ">=", "50"),
		Condition("territory", "=", "Berlin", "Only Berlin sells this."),
		Condition("title"),
	]
	values = {"probability": 20, "territory": "Bonn", "title": "Clinic"}
	problems = missing("Negotiation", conditions, values, label=str.title)
	assert [problem.message() for problem in problems] == [
		"Customer must be filled before the deal enters the stage Negotiation.",
		"Probability must be >= 50 before the deal enters the stage Negotiation.",
		"Only Berlin sells this.",
	]


def test_a_message_of_the_user_may_hold_braces():
	[problem] = missing("Won", [Condition("x", message="Fill {x} first: 100 %")], {})
	assert problem.message() == "Fill {x} first: 100 %"


def test_seconds_in_stage_never_go_back():
	entered = datetime(2026, 3, 29, 1, 59, 30)
	assert seconds_in_stage(entered, datetime(2026, 3, 29, 2, 0, 0, 900_000)) == 30
	assert seconds_in_stage(entered, datetime(2026, 3, 28)) == 0
