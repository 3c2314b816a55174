"""A small company in memory, and strategies that draw routes and plays for the property tests."""

from dataclasses import dataclass, field
from decimal import Decimal as D

from hypothesis import strategies as st

from sales_crm_accounts.core.approvals.route import ALL, ANY, N_OF_M, Candidate, Group, Level, Route


@dataclass
class Company:
	"""The directory of the core, from dicts."""

	roles: dict = field(default_factory=dict)
	groups: dict = field(default_factory=dict)
	managers: dict = field(default_factory=dict)
	limits: dict = field(default_factory=dict)
	heads: dict = field(default_factory=dict)
	fields: dict = field(default_factory=dict)
	disabled: set = field(default_factory=set)

	def users_with_role(self, role):
		return self.roles.get(role, ())

	def members_of(self, group):
		return self.groups.get(group, ())

	def manager_of(self, user):
		return self.managers.get(user)

	def limit_of(self, user):
		limit = self.limits.get(user)
		return None if limit is None else D(limit)

	def heads_of(self, kind, name):
		return self.heads.get((kind, name), ())

	def is_enabled(self, user):
		return user not in self.disabled

	def field_users(self, path):
		return self.fields.get(path, ())


def group(row, number, rule, needed, users, skip=True, requester=False):
	candidates = tuple(Candidate(user, "user", user) for user in users)
	return Group(row, number, "", rule, needed, candidates, skip, requester)


def any_one(number, users, skip=True):
	return group(f"any-{number}-{users}", number, ANY, 1, users, skip)


def everyone(number, users, skip=True):
	return group(f"all-{number}-{users}", number, ALL, len(users), users, skip)


def some(number, needed, users, skip=True):
	return group(f"some-{number}-{users}", number, N_OF_M, needed, users, skip)


def route(*groups):
	return Route(tuple(groups))


PEOPLE = "abcdef"


@st.composite
def groups(draw, skip=None):
	users = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True))
	rule = draw(st.sampled_from((ANY, ALL, N_OF_M)))
	needed = {ANY: 1, ALL: len(users)}.get(rule) or draw(st.integers(1, len(users)))
	return (
		draw(st.integers(1, 3)),
		rule,
		needed,
		tuple(sorted(users)),
		draw(st.booleans() if skip is None else skip),
	)


@st.composite
def routes(draw, skip=None):
	"""Routes of few people, so that they meet themselves again on other levels."""
	drawn = sorted(draw(st.lists(groups(skip), min_size=1, max_size=4)), key=lambda one: one[0])
	return route(
		*(
			group(str(row), number, rule, needed, users, skips)
			for row, (number, rule, needed, users, skips) in enumerate(drawn, 1)
		)
	)


@st.composite
def levels(draw):
	"""Rows of a chain over the whole company of `companies`."""
	low = draw(st.sampled_from((0, 0, 100, 1000)))
	source, value = draw(
		st.sampled_from(
			(
				*(("User", user) for user in PEOPLE),
				*(("Role", role) for role in ("Finance", "Sales")),
				("User Group", "Board"),
				("Document Field", "account_manager"),
				("Manager of Requester", ""),
				("Head of Cost Center", ""),
				("Head of Department", "North"),
			)
		)
	)
	return {
		"number": draw(st.integers(1, 3)),
		"source": source,
		"value": value,
		"rule": draw(st.sampled_from((ANY, ANY, ALL, N_OF_M))),
		"required": draw(st.integers(1, 3)),
		"min_amount": D(low),
		"max_amount": D(draw(st.sampled_from((0, 0, low + 900)))),
		"climb": draw(st.booleans()),
		"requester_may_approve": draw(st.sampled_from((False, False, True))),
		"skip_if_approved": draw(st.booleans()),
	}


def chains():
	return st.lists(levels(), min_size=1, max_size=5).map(
		lambda rows: [Level(row=str(index), **row) for index, row in enumerate(rows, 1)]
	)


@st.composite
def companies(draw):
	some_people = st.lists(st.sampled_from(PEOPLE), max_size=4, unique=True)
	person = st.sampled_from(PEOPLE)
	return Company(
		roles={"Finance": draw(some_people), "Sales": draw(some_people)},
		groups={"Board": draw(some_people)},
		managers=draw(st.dictionaries(person, person, max_size=6)),
		limits=draw(st.dictionaries(person, st.sampled_from((100, 1000, "Infinity")), max_size=6)),
		heads={("Cost Center", ""): draw(some_people), ("Department", "North"): draw(some_people)},
		fields={"account_manager": draw(st.lists(person, max_size=1))},
		disabled=set(draw(st.lists(person, max_size=2))),
	)
