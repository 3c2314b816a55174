from decimal import Decimal as D
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from people import PEOPLE, Company, chains, companies

from sales_crm_accounts.core.approvals.route import (
	ALL,
	ANY,
	COST_CENTER_HEAD,
	DEPARTMENT_HEAD,
	DOCUMENT_FIELD,
	MANAGER,
	N_OF_M,
	ROLE,
	USER,
	USER_GROUP,
	Level,
	check,
	covers,
	resolve,
)

FIRM = Company(
	roles={"Finance": {"fay", "finn", "Administrator"}, "Empty": ()},
	groups={"Board": ["bea", "bob"]},
	managers={"rita": "mona", "mona": "carl", "carl": "ceo", "x": "y", "y": "x"},
	limits={"mona": 1000, "carl": 10000, "ceo": "Infinity", "fay": 500},
	heads={("Cost Center", "Main"): ["hana"], ("Department", ""): ["dora"]},
	fields={"account_manager": ["amy"]},
	disabled={"off"},
)


def resolved(*levels, amount=5000, requester="rita", authors=("rita",), firm=FIRM):
	return resolve(levels, D(amount), requester, frozenset(authors), firm)


def level(source=USER, value="", number=1, rule=ANY, **more):
	return Level(f"row-{number}", number, "", source, value, rule, **more)


def users(*levels, **more):
	route, problems = resolved(*levels, **more)
	assert not problems
	return [group.users for group in route.groups]


def codes(*levels, **more):
	return [problem.code for problem in resolved(*levels, **more)[1]]


def message(*levels, **more):
	(problem,) = resolved(*levels, **more)[1]
	return problem.message()


@pytest.mark.parametrize(
	"source, value, found, why",
	[
		(USER, "ann", ("ann",), "named in the chain"),
		(ROLE, "Finance", ("fay", "finn"), "has the role Finance"),
		(USER_GROUP, "Board", ("bea", "bob"), "belongs to the group Board"),
		(DOCUMENT_FIELD, "account_manager", ("amy",), "named by the field account_manager of the document"),
		(MANAGER, "", ("mona",), "is the manager of rita"),
		(COST_CENTER_HEAD, "Main", ("hana",), "is head of the cost center Main"),
		(DEPARTMENT_HEAD, "", ("dora",), "is head of the document's department"),
	],
)
def test_every_source_finds_its_people_and_says_why(source, value, found, why):
	route, problems = resolved(level(source, value))
	assert not problems
	assert route.groups[0].users == found
	assert {candidate.why().message() for candidate in route.groups[0].candidates} == {why}


def test_rules_say_how_many_sign():
	route, _ = resolved(
		level(ROLE, "Finance", 1, ANY),
		level(USER_GROUP, "Board", 2, ALL),
		level(USER_GROUP, "Board", 3, N_OF_M, required=1),
	)
	assert [group.needed for group in route.groups] == [1, 2, 1]


def test_levels_run_by_number_whatever_their_order():
	route, _ = resolved(level(USER, "b", 2), level(USER, "a", 1))
	assert [group.number for group in route.groups] == [1, 2]


class TestBands:
	def test_the_lower_bound_belongs_to_the_band_and_the_upper_to_the_next(self):
		small = level(USER, "a", min_amount=D(0), max_amount=D(1000))
		large = level(USER, "b", min_amount=D(1000))
		assert users(small, large, amount="999.99") == [("a",)]
		assert users(small, large, amount=1000) == [("b",)]

	def test_below_every_band_nobody_must_sign(self):
		route, problems = resolved(level(USER, "a", min_amount=D(6000)))
		assert not route.groups and not problems

	def test_a_credit_note_counts_by_its_size(self):
		assert users(level(USER, "a", min_amount=D(1000)), amount=-5000) == [("a",)]

	@given(
		st.lists(st.decimals("0.01", 10**6, places=2), min_size=1, max_size=6, unique=True),
		st.decimals(-(10**6), 10**6, places=2),
	)
	def test_bands_side_by_side_cover_every_amount_once(self, bounds, amount):
		bounds = [D(0), *sorted(bounds), D(0)]
		levels = [level(USER, "a", min_amount=low, max_amount=high) for low, high in pairwise(bounds)]
		assert sum(covers(one, amount) for one in levels) == 1


class TestClimbing:
	def test_to_the_first_whose_limit_covers_the_amount(self):
		assert users(level(MANAGER, climb=True), amount=1000) == [("mona",)]
		assert users(level(MANAGER, climb=True), amount="1000.01") == [("carl",)]
		assert users(level(MANAGER, climb=True), amount=10**9) == [("ceo",)]

	def test_the_way_is_told(self):
		route, _ = resolved(level(MANAGER, climb=True))
		assert route.groups[0].candidates[0].why().message() == (
			"may sign the amount, found by the line of managers rita → mona → carl"
		)

	def test_from_anybody_who_is_named(self):
		assert users(level(USER, "mona", climb=True)) == [("carl",)]

	def test_over_authors_and_disabled_users(self):
		firm = Company(managers=FIRM.managers, limits=FIRM.limits, disabled={"carl"})
		assert users(level(MANAGER, climb=True), firm=firm) == [("ceo",)]
		assert users(level(MANAGER, climb=True), authors=("rita", "carl")) == [("ceo",)]

	def test_several_ways_to_one_person_are_one_signature(self):
		assert users(
			level(USER_GROUP, "G", rule=ALL, climb=True),
			firm=Company(groups={"G": ["u", "v"]}, managers={"u": "w", "v": "w"}, limits={"w": 9000}),
		) == [("w",)]

	def test_a_circle_of_managers_ends(self):
		assert message(level(MANAGER, climb=True), requester="x", authors=("x",)) == (
			"Level 1: the line of managers goes in a circle: x → y → x. "
			"Correct “Reports to” in one of their employee records."
		)

	def test_a_circle_does_no_harm_where_the_limit_is_found_before(self):
		firm = Company(managers={"r": "s", "s": "r"}, limits={"s": 9000})
		assert users(level(MANAGER, climb=True), requester="r", authors=("r",), firm=firm) == [("s",)]

	def test_nobody_may_sign_so_much(self):
		firm = Company(managers={"rita": "mona"}, limits={"mona": 10})
		assert codes(level(MANAGER, climb=True), firm=firm) == ["no-limit"]

	def test_all_is_not_made_up_for_by_others(self):
		"""Where All asks for two and one line of managers ends too low, a signature would be missing."""
		firm = Company(groups={"G": ["u", "v"]}, limits={"u": 9000, "v": 1})
		assert codes(level(USER_GROUP, "G", rule=ALL, climb=True), firm=firm) == ["no-limit"]
		assert users(level(USER_GROUP, "G", rule=ANY, climb=True), firm=firm) == [("u",)]


class TestNobody:
	@pytest.mark.parametrize(
		"source, value, text",
		[
			(ROLE, "Empty", "nobody has the role Empty"),
			(USER_GROUP, "Nobody", "the group Nobody has no members"),
			(DOCUMENT_FIELD, "owner_name", "the field owner_name of the document leads to no user"),
			(COST_CENTER_HEAD, "East", "the cost center East has no head"),
			(COST_CENTER_HEAD, "", "the document names no cost center that has a head"),
			(DEPARTMENT_HEAD, "East", "the department East has no head"),
			(USER, "", "no user is named"),
		],
	)
	def test_the_message_says_what_was_looked_for(self, source, value, text):
		assert text in message(level(source, value))

	def test_no_manager(self):
		assert "ceo has no manager" in message(level(MANAGER), requester="ceo", authors=("ceo",))

	def test_disabled(self):
		assert codes(level(USER, "off")) == ["only-disabled"]

	def test_administrator_only_by_name_and_guest_never(self):
		firm = Company(roles={"R": ["Administrator", "Guest"]})
		assert codes(level(ROLE, "R"), firm=firm) == ["only-disabled"]
		assert users(level(USER, "Administrator")) == [("Administrator",)]
		assert codes(level(USER, "Guest")) == ["only-disabled"]

	def test_fewer_than_asked_for(self):
		assert message(level(USER_GROUP, "Board", rule=N_OF_M, required=3)) == (
			"Level 1: 3 must sign, but only 2 can: bea, bob. Name more approvers, or ask for fewer."
		)

	def test_authors(self):
		assert codes(level(USER, "rita")) == ["only-authors"]
		assert codes(level(USER, "editor"), authors=("rita", "owner", "editor")) == ["only-authors"]
		assert codes(level(USER, "rita"), authors=()) == [
			"only-authors"
		]  # who asks is one, whatever the host says
		assert users(level(USER, "rita", requester_may_approve=True)) == [("rita",)]

	def test_an_unknown_source_is_no_pass(self):
		with pytest.raises(ValueError, match="source"):
			resolved(level("Horoscope"))


class TestDifferentPeople:
	def test_one_person_on_two_parallel_rows(self):
		assert message(level(USER, "ann"), level(USER, "ann")) == (
			"Levels 1, 1: every signature of a chain must come from a different person, but ann cannot give all that "
			"these levels ask for. Name more approvers."
		)

	def test_one_person_on_two_levels_that_do_not_skip(self):
		assert codes(level(USER, "ann"), level(USER, "ann", 2, skip_if_approved=False)) == ["shared"]

	def test_one_person_on_two_levels_that_skip_is_fine(self):
		assert users(level(USER, "ann"), level(USER, "ann", 2)) == [("ann",), ("ann",)]

	def test_a_level_that_skips_takes_from_a_later_one_that_does_not(self):
		assert codes(level(USER, "ann", 2), level(USER, "ann", 3, skip_if_approved=False)) == ["shared"]

	def test_three_for_two(self):
		two_of_board = level(USER_GROUP, "Board", 1, ALL)
		assert codes(two_of_board, level(USER_GROUP, "Board", 2, skip_if_approved=False)) == ["shared"]


@given(chains(), companies(), st.sampled_from((50, 500, 5000)), st.sets(st.sampled_from(PEOPLE), max_size=2))
def test_without_a_problem_every_level_has_enough_people_who_may_sign(chain, company, amount, others):
	authors = frozenset({"a", *others})
	route, problems = resolve(chain, D(amount), "a", authors, company)
	wanted = [one for one in chain if covers(one, D(amount))]
	assert sorted(group.row for group in route.groups) == sorted(one.row for one in wanted)
	assume(not problems)
	by_row = {one.row: one for one in wanted}
	for group in route.groups:
		source = by_row[group.row]
		assert len(set(group.users)) == len(group.candidates) >= group.needed >= 1
		assert group.needed == (source.required if source.rule == N_OF_M else group.needed)
		for user in group.users:
			assert company.is_enabled(user)
			assert source.requester_may_approve or user not in authors
			if source.climb:
				assert company.limit_of(user) >= amount


@given(companies(), st.sampled_from((50, 500, 5000)))
def test_climbing_finds_the_first_who_covers_the_amount(company, amount):
	"""Against a walk that is written down naively."""
	expected, user, met = None, company.manager_of("a"), {"a"}
	while user and user not in met and expected is None:
		met.add(user)
		limit = company.limit_of(user)
		if limit is not None and limit >= amount and company.is_enabled(user):
			expected = user
		user = company.manager_of(user)
	route, problems = resolve([level(MANAGER, climb=True)], D(amount), "a", frozenset("a"), company)
	assert route.groups[0].users == ((expected,) if expected else ())
	assert bool(problems) == (expected is None)


def test_check_finds_what_is_wrong_with_the_rows():
	problems = check(
		[
			level(USER, ""),
			level(ROLE, "Finance", 0),
			level(ROLE, "Finance", rule=N_OF_M, required=0),
			level(ROLE, "Finance", min_amount=D(100), max_amount=D(100)),
			level(ROLE, "Finance", min_amount=D(-1)),
			level("Horoscope", rule="Some"),
			level(MANAGER),
		]
	)
	assert [(problem.row, problem.code) for problem in problems] == [
		(1, "value"),
		(2, "number"),
		(3, "required"),
		(4, "band"),
		(5, "band"),
		(6, "source"),
		(6, "rule"),
	]
	assert [problem.code for problem in check([])] == ["no-levels"]
	assert all(problem.message() for problem in problems)
