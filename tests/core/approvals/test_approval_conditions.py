from datetime import date, datetime
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.approvals.conditions import (
	CANCEL,
	CHECK,
	DATE,
	NUMBER,
	OPERATORS,
	SUBMIT,
	TREE,
	ChainScope,
	Condition,
	holds,
	match,
	problems,
)
from sales_crm_accounts.core.problems import RuleError

ABOVE = {"Berlin": ["Germany", "All Territories"], "Germany": ["All Territories"]}


def met(operator, value, *values):
	return holds(Condition("field", operator, value), values, lambda name: ABOVE.get(name, ()))


@pytest.mark.parametrize(
	"actual, operator, value, expected",
	[
		# numbers by their value
		(100, "=", "100.00", True),
		(D("0.10"), "=", ".1", True),
		(0.1, "=", "0.1", True),
		(99.5, "<", "100", True),
		(9, ">", "10", False),
		(-5, "<=", "-5", True),
		(3, "in", "1, 2, 3.0", True),
		(4, "not in", "1,2,3", True),
		(5, ">", "ten", False),
		(5, "!=", "ten", True),
		# checks
		(1, "=", "1", True),
		(True, "=", "1", True),
		(0, "is set", "", False),
		# dates
		(date(2025, 3, 1), ">=", "2025-03-01", True),
		("2025-03-01", "<", "2025-12-01", True),
		(datetime(2025, 3, 1, 18, 30), "=", "2025-03-01", True),
		(datetime(2025, 3, 1, 18, 30), ">", "2025-03-01 18:00", True),
		("2025-03-01 18:30:00", ">", "2025-03-01", False),
		(date(2025, 3, 1), "=", "soon", False),
		# text
		("Hospitals", "=", "hospitals ", True),
		("007", "=", "7", False),
		("1e3", "=", "1000", False),
		("100", ">", "20", True),  # a text field that holds numbers
		("Nan", ">", "1", True),
		("Foo, Inc.", "in", 'Bar, "Foo, Inc."', True),
		("Foo, Inc.", "in", "Bar\nBaz", False),
		("Urgent order", "contains", "urgent", True),
		("Urgent order", "contains", "late", False),
		# trees
		("Berlin", "under", "Berlin", True),
		("Berlin", "under", "Germany", True),
		("Germany", "under", "Berlin", False),
		# empty
		(None, "<", "100", True),
		(None, "=", "0", True),
		("", "<", "100", False),
		(None, "=", "a", False),
		("", "!=", "a", True),
		("", "not in", "a,b", True),
		(None, "contains", "a", False),
		("", "under", "Germany", False),
		("  ", "is set", "", False),
		("x", "is set", "", True),
		([], "is not set", "", True),
	],
)
def test_one_value(actual, operator, value, expected):
	assert met(operator, value, actual) is expected


def test_any_row_of_a_table_suffices_but_every_row_must_differ():
	assert met("=", "A", "B", "A") and met(">", "10", 5, 20) and met("is set", "", "", "x")
	assert not met("!=", "A", "B", "A") and met("!=", "A", "B", "C")
	assert not met("not in", "A,C", "B", "C") and met("not in", "A,C", "B")
	assert not met("is not set", "", "", "x") and met("is not set", "", "", None)


def test_a_table_without_rows_meets_only_what_denies():
	assert [operator for operator in OPERATORS if met(operator, "a")] == ["!=", "not in", "is not set"]


@given(
	st.sampled_from((("=", "!="), ("in", "not in"), ("is set", "is not set"))),
	st.text(),
	st.lists(
		st.one_of(
			st.integers(),
			st.text(),
			st.dates(),
			st.none(),
			st.decimals(allow_nan=False, allow_infinity=False),
		),
		max_size=3,
	),
)
def test_of_two_opposites_exactly_one_holds(pair, value, values):
	value = f'"{value}"'.replace('"', "'") or "x"
	assert met(pair[0], value, *values) != met(pair[1], value, *values)


@given(st.decimals(-1000, 1000, places=3), st.decimals(-1000, 1000, places=2))
def test_numbers_compare_as_numbers(actual, expected):
	text = f"{expected:f}"
	assert met("<", text, actual) == (actual < expected)
	assert met(">=", text, float(actual)) == (actual >= expected)


def test_what_cannot_be_judged_is_no_pass():
	with pytest.raises(RuleError, match="unknown operator like"):
		met("like", "a", "a")
	with pytest.raises(RuleError, match="no tree"):
		holds(Condition("customer", "under", "a"), ["a"])


@pytest.mark.parametrize(
	"operator, value, kind, code",
	[
		("=", "x", "", None),
		("is set", "", "", None),
		(">", "10.5", NUMBER, None),
		(">", "2025-01-31", "", None),
		("in", 'a, "b, c"', "", None),
		("=", "1", CHECK, None),
		("under", "Germany", TREE, None),
		("contains", "5", NUMBER, None),
		("like", "x", "", "operator"),
		("=", " ", "", "value"),
		(">", "many", "", "value"),
		("=", "many", NUMBER, "value"),
		("=", "1,000", NUMBER, "value"),
		("=", "1_000", NUMBER, "value"),
		("=", "nan", NUMBER, "value"),
		("in", "1, two", NUMBER, "value"),
		("=", "yes", CHECK, "value"),
		("=", "31.01.2025", DATE, "value"),
		("=", "2025-02-30", DATE, "value"),
		("in", "a,,b", "", "list"),
		("in", '"a, b', "", "list"),
		("under", "Germany", NUMBER, "no-tree"),
	],
)
def test_problems_of_a_row(operator, value, kind, code):
	found = problems(Condition("total", operator, value), kind)
	assert [problem.code for problem in found] == ([code] if code else [])
	assert all("total" in problem.message() for problem in found)


def test_a_row_without_a_field():
	assert [problem.code for problem in problems(Condition(" ", "=", "x"))] == ["field"]


def names(*chains, action=SUBMIT, company="Blue", day=date(2025, 6, 1)):
	return [chain.name for chain in match(chains, action=action, company=company, day=day)]


def test_scope():
	assert names(ChainScope("A"), ChainScope("B", company="Red"), ChainScope("C", company="Blue")) == [
		"C",
		"A",
	]
	assert names(ChainScope("A"), ChainScope("B", on_submit=False, on_cancel=True), action=CANCEL) == ["B"]
	first, last = date(2025, 6, 1), date(2025, 6, 30)
	chain = ChainScope("A", valid_from=first, valid_to=last)
	assert names(chain, day=first) == names(chain, day=last) == ["A"]
	assert names(chain, day=date(2025, 5, 31)) == names(chain, day=date(2025, 7, 1)) == []
	with pytest.raises(ValueError, match="action"):
		names(action="Save")


def test_precedence():
	assert names(
		ChainScope("B"), ChainScope("A"), ChainScope("C", company="Blue"), ChainScope("Z", priority=1)
	) == ["Z", "C", "A", "B"]


@given(
	st.permutations(
		[ChainScope("B"), ChainScope("A"), ChainScope("C", company="Blue"), ChainScope("D", priority=2)]
	)
)
def test_the_order_of_the_list_does_not_matter(chains):
	assert names(*chains) == ["D", "C", "A", "B"]
