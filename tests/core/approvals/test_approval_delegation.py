from datetime import date
from decimal import Decimal as D
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.approvals.delegation import Delegation, acting_for, check, cycle

JUNE, JULY = (date(2025, 6, 1), date(2025, 6, 30)), (date(2025, 7, 1), date(2025, 7, 31))


def give(delegator, delegate, period=JUNE, doctypes=(), limit=None, name=""):
	return Delegation(
		name or f"{delegator}-{delegate}",
		delegator,
		delegate,
		*period,
		frozenset(doctypes),
		limit and D(limit),
	)


def principals(actor, *delegations, day=date(2025, 6, 15), doctype="Deal", amount=100):
	found = acting_for(actor, delegations, day=day, doctype=doctype, amount=D(amount))
	return {user: [one.name for one in path] for user, path in found.items()}


def test_from_the_first_day_to_the_last():
	one = give("a", "b")
	for day in JUNE:
		assert principals("b", one, day=day) == {"a": ["a-b"]}
	assert principals("b", one, day=date(2025, 5, 31)) == principals("b", one, day=JULY[0]) == {}
	assert principals("a", one) == {}


def test_doctypes_and_amount():
	one = give("a", "b", doctypes=["Deal"], limit=1000)
	assert principals("b", one, amount=1000) == principals("b", one, amount=-1000) == {"a": ["a-b"]}
	assert principals("b", one, amount="1000.01") == principals("b", one, doctype="Sales Invoice") == {}


def test_on_and_on_while_all_between_are_away():
	chain = [give("a", "b"), give("b", "c"), give("c", "d", JULY)]
	assert principals("c", *chain) == {"b": ["b-c"], "a": ["a-b", "b-c"]}
	assert principals("d", *chain) == {}
	assert principals("c", give("a", "b", limit=50), give("b", "c")) == {"b": ["b-c"]}


def test_the_shortest_way_counts():
	assert principals("c", give("a", "b"), give("b", "c"), give("a", "c"))["a"] == ["a-c"]


def test_a_circle_ends():
	circle = [give("a", "b"), give("b", "c"), give("c", "a")]
	assert principals("c", *circle) == {"b": ["b-c"], "a": ["a-b", "b-c"]}


def test_circles_are_found_where_they_can_happen():
	assert cycle([give("a", "b"), give("b", "c"), give("c", "a")]) == ["a", "b", "c", "a"]
	assert cycle([give("a", "a")]) == ["a", "a"]
	assert cycle([give("a", "b"), give("b", "c"), give("a", "c")]) is None
	assert cycle([give("a", "b"), give("b", "a", JULY)]) is None
	assert cycle([give("a", "b", doctypes=["Deal"]), give("b", "a", doctypes=["Sales Invoice"])]) is None
	assert cycle([give("a", "b", doctypes=["Deal"]), give("b", "a")]) == ["a", "b", "a"]
	assert cycle([give("a", "b"), give("b", "a", (date(2025, 6, 20), date(2025, 7, 5)))]) == ["a", "b", "a"]


def test_check():
	def codes(*args):
		return [problem.code for problem in check(*args) if problem.message()]

	assert codes(give("a", "a")) == ["self"]
	assert codes(give("a", "b", JUNE[::-1])) == ["dates"]
	assert codes(give("b", "a"), [give("a", "b")]) == ["cycle"]
	assert codes(give("a", "b"), [give("b", "a", name="a-b")]) == []  # the same one as it was before
	assert codes(give("a", "b"), [give("b", "c")]) == []


def some_delegations():
	person = st.sampled_from("abcde")
	period = st.sampled_from((JUNE, JULY, (JUNE[0], JULY[1])))
	one = st.builds(
		give,
		person,
		person,
		period,
		st.sampled_from(((), ("Deal",), ("Sales Invoice",))),
		st.sampled_from((None, 50)),
	)
	return st.lists(one, max_size=7, unique_by=lambda each: each.name)


@given(some_delegations(), st.sampled_from("abcde"), st.sampled_from((JUNE[0], JULY[0])))
def test_paths_lead_from_the_principal_to_the_actor(delegations, actor, day):
	found = acting_for(actor, delegations, day=day, doctype="Deal", amount=D(100))
	assert actor not in found
	for principal, path in found.items():
		people = [principal, *(one.delegate for one in path)]
		assert people[-1] == actor and len(set(people)) == len(people)
		assert [one.delegator for one in path] == people[:-1]
		assert all(one.covers(day, "Deal", D(100)) for one in path)
	# Nobody is missing: whoever gives to the actor or to one of the found is found as well.
	for one in delegations:
		if one.covers(day, "Deal", D(100)) and one.delegate in {actor, *found}:
			assert one.delegator in {actor, *found}


@given(some_delegations())
def test_a_circle_is_one_and_without_one_nobody_comes_back_to_themselves(delegations):
	found = cycle(delegations)
	if found:
		pairs = {(one.delegator, one.delegate) for one in delegations}
		assert found[0] == found[-1] and set(pairwise(found)) <= pairs
		return
	for day in (JUNE[0], JULY[0]):
		for doctype in ("Deal", "Sales Invoice"):
			edges = {(d.delegator, d.delegate) for d in delegations if d.covers(day, doctype, D(0))}
			reach = set(edges)
			for _ in "abcde":
				reach |= {(a, d) for a, b in reach for c, d in edges if b == c}
			assert all(a != b for a, b in reach)
