"""From the levels of a chain to people: who may sign, why they may, and how many must."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..money import ZERO
from ..problems import Problem, _
from .directory import COST_CENTER, DEPARTMENT, Directory
from .matching import fill

ANY, ALL, N_OF_M = "Any One", "All", "N of M"
RULES = (ANY, ALL, N_OF_M)

USER, ROLE, USER_GROUP, DOCUMENT_FIELD = "User", "Role", "User Group", "Document Field"
MANAGER = "Manager of Requester"
COST_CENTER_HEAD, DEPARTMENT_HEAD = "Head of Cost Center", "Head of Department"
SOURCES = (USER, ROLE, USER_GROUP, DOCUMENT_FIELD, MANAGER, COST_CENTER_HEAD, DEPARTMENT_HEAD)
#: Sources that say nothing without a value; a head without one is that of the document's own cost centre or department.
NEED_VALUE = (USER, ROLE, USER_GROUP, DOCUMENT_FIELD)

ADMINISTRATOR, GUEST = "Administrator", "Guest"

#: Why a candidate is on the route, by the code in `Candidate.reason`.
REASONS = {
	"user": _("named in the chain"),
	"role": _("has the role {via}"),
	"user-group": _("belongs to the group {via}"),
	"field": _("named by the field {via} of the document"),
	"manager": _("is the manager of {via}"),
	"cost-center": _("is head of the cost center {via}"),
	"department": _("is head of the department {via}"),
	"own-cost-center": _("is head of the document's cost center"),
	"own-department": _("is head of the document's department"),
	"climbed": _("may sign the amount, found by the line of managers {via}"),
}


@dataclass(frozen=True, slots=True)
class Level:
	"""A row of a chain. Rows with the same `number` run in parallel; a `max_amount` of 0 is without limit."""

	row: str
	number: int
	title: str = ""
	source: str = USER
	value: str = ""
	rule: str = ANY
	required: int = 1
	min_amount: Decimal = ZERO
	max_amount: Decimal = ZERO
	climb: bool = False
	requester_may_approve: bool = False
	skip_if_approved: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
	"""Somebody who may sign for a group; `reason` is a key of REASONS and `via` what its text names."""

	user: str
	reason: str
	via: str = ""

	def why(self) -> Problem:
		"""The reason as a text to translate."""
		return Problem(self.reason, REASONS[self.reason], {"via": self.via})


@dataclass(frozen=True, slots=True)
class Group:
	"""What one row asks for: `needed` signatures of different candidates."""

	row: str
	number: int
	title: str
	rule: str
	needed: int
	candidates: tuple[Candidate, ...]
	skip_if_approved: bool = True
	requester_may_approve: bool = False

	@property
	def label(self) -> str:
		return label(self.number, self.title)

	@property
	def users(self) -> tuple[str, ...]:
		return tuple(candidate.user for candidate in self.candidates)

	@property
	def signatures(self) -> int:
		"""Signatures needed where nobody is skipped; All means everybody, also who was added to the request."""
		return max(1, self.needed, len(self.candidates) if self.rule == ALL else 0)


@dataclass(frozen=True, slots=True)
class Route:
	"""Groups in the order they run: rising numbers, those of one number in parallel. Nobody must sign where there are none."""

	groups: tuple[Group, ...] = ()


def label(number: int, title: str) -> str:
	"""A level as messages name it."""
	return f"{number} ({title})" if title else str(number)


def covers(level: Level, amount: Decimal) -> bool:
	"""Whether the amount lies in the level's band, whose lower bound belongs to it and whose upper bound to the next one.

	The size counts: a credit note of -5,000 is approved like an invoice of 5,000.
	"""
	size = abs(amount)
	return level.min_amount <= size and (not level.max_amount or size < level.max_amount)


def resolve(
	levels: Sequence[Level],
	amount: Decimal,
	requester: str,
	authors: frozenset[str],
	directory: Directory,
) -> tuple[Route, list[Problem]]:
	"""Who must sign an amount that the requester asks for, and what keeps somebody from being found.

	`authors` wrote the document or ask for it; they sign only where a level lets them. Levels whose band does not cover the
	amount are left out; a route without groups and without problems means that nobody must sign.
	"""
	groups, problems = [], []
	for level in sorted(levels, key=lambda level: level.number):
		if not covers(level, amount):
			continue
		search = _Search(level, abs(amount), requester, authors, directory)
		group = search.group()
		groups.append(group)
		problem = search.problem(group)
		if problem:
			problems.append(problem)
	route = Route(tuple(groups))
	return route, problems or shortages(route)


class _Search:
	"""People of one level, and who was met on the way but may not sign."""

	def __init__(
		self, level: Level, amount: Decimal, requester: str, authors: Collection[str], directory: Directory
	):
		self.level, self.amount, self.requester, self.directory = level, amount, requester, directory
		self.barred = () if level.requester_may_approve else {requester, *authors}
		self.reason, self.via, self.found = self._source()
		self.candidates: dict[str, Candidate] = {}
		self.disabled: list[str] = []
		self.authors: list[str] = []
		self.stuck: list[str] = []
		self.cycle: list[str] = []

	def group(self) -> Group:
		level = self.level
		for user in sorted(set(self.found)):
			if level.climb:
				self._climb(user)
			elif self._may_sign(user):
				self._add(user, self.reason, self.via)
		candidates = tuple(self.candidates.values())
		needed = {ANY: 1, ALL: len(candidates)}.get(level.rule, level.required)
		return Group(
			level.row,
			level.number,
			level.title,
			level.rule,
			max(1, needed),
			candidates,
			level.skip_if_approved,
			level.requester_may_approve,
		)

	def _source(self) -> tuple[str, str, Collection[str]]:
		"""Reason, what it names, and the users found."""
		source, value, directory = self.level.source, self.level.value, self.directory
		if source == USER:
			return "user", value, (value,) if value else ()
		if source == ROLE:
			users = (user for user in directory.users_with_role(value) if user != ADMINISTRATOR)
			return "role", value, tuple(users)
		if source == USER_GROUP:
			return "user-group", value, directory.members_of(value)
		if source == DOCUMENT_FIELD:
			return "field", value, directory.field_users(value)
		if source == MANAGER:
			manager = directory.manager_of(self.requester)
			return "manager", self.requester, (manager,) if manager else ()
		if source == COST_CENTER_HEAD:
			reason = "cost-center" if value else "own-cost-center"
			return reason, value, directory.heads_of(COST_CENTER, value)
		if source == DEPARTMENT_HEAD:
			reason = "department" if value else "own-department"
			return reason, value, directory.heads_of(DEPARTMENT, value)
		raise ValueError(f"unknown source of approvers {source!r}")

	def _may_sign(self, user: str) -> bool:
		if user == GUEST or not self.directory.is_enabled(user):
			self.disabled.append(user)
			return False
		if user in self.barred:
			self.authors.append(user)
			return False
		return True

	def _add(self, user: str, reason: str, via: str) -> None:
		if user not in self.candidates:
			self.candidates[user] = Candidate(user, reason, via)

	def _climb(self, start: str) -> None:
		"""The first from `start` upwards who may sign and whose limit covers the amount."""
		line: dict[str, None] = {self.requester: None} if self.level.source == MANAGER else {}
		user: str | None = start
		while user and user not in line:
			line[user] = None
			limit = self.directory.limit_of(user)
			if limit is not None and limit >= self.amount and self._may_sign(user):
				if user == start:
					self._add(user, self.reason, self.via)
				else:
					self._add(user, "climbed", " → ".join(line))
				return
			user = self.directory.manager_of(user)
		if user and not self.cycle:
			met = list(line)
			self.cycle = [*met[met.index(user) :], user]
		self.stuck.append(start)

	def problem(self, group: Group) -> Problem | None:
		"""Why the group has fewer candidates than signatures, or lacks one that All asks for."""
		level, found = self.level, len(group.candidates)
		short = found < group.needed or (level.rule == ALL and self.stuck)
		if not short:
			return None
		values = {
			"level": group.label,
			"value": level.value,
			"needed": group.needed,
			"count": found,
			"requester": self.requester,
			"amount": f"{self.amount:f}",
		}
		if self.cycle:
			return Problem("manager-cycle", MANAGER_CYCLE, {**values, "users": " → ".join(self.cycle)})
		if self.stuck and not self.authors:
			return Problem("no-limit", NO_LIMIT, {**values, "users": ", ".join(self.stuck)})
		if found and not self.stuck:
			return Problem("too-few", TOO_FEW, {**values, "users": ", ".join(group.users)})
		if self.authors:
			return Problem("only-authors", ONLY_AUTHORS, {**values, "users": ", ".join(self.authors)})
		if self.disabled:
			return Problem("only-disabled", ONLY_DISABLED, {**values, "users": ", ".join(self.disabled)})
		return Problem("no-approver", NOBODY[self.reason], values)


MANAGER_CYCLE = _(
	"Level {level}: the line of managers goes in a circle: {users}. Correct “Reports to” in one of their employee records."
)
NO_LIMIT = _(
	"Level {level}: from {users} upwards, no manager may sign {amount}. Set an approver limit for one of them, or “Reports to” in the employee record of the last one."
)
TOO_FEW = _(
	"Level {level}: {needed} must sign, but only {count} can: {users}. Name more approvers, or ask for fewer."
)
ONLY_AUTHORS = _(
	"Level {level}: only {users} could approve, but who writes a document or asks for its approval does not approve it. Name somebody else, or let the requester approve on this level."
)
ONLY_DISABLED = _(
	"Level {level}: everybody who could approve is disabled: {users}. Enable one of them, or name somebody else."
)
NOBODY = {
	"user": _("Level {level}: no user is named. Choose one in the chain."),
	"role": _(
		"Level {level}: no approver, because nobody has the role {value}. Give it to somebody, or name somebody else in the chain."
	),
	"user-group": _(
		"Level {level}: no approver, because the group {value} has no members. Add some, or name somebody else in the chain."
	),
	"field": _(
		"Level {level}: no approver, because the field {value} of the document leads to no user. Fill it, or name somebody else in the chain."
	),
	"manager": _(
		"Level {level}: no approver, because {requester} has no manager. Fill “Reports to” in the employee record of {requester}, or name somebody else in the chain."
	),
	"cost-center": _(
		"Level {level}: no approver, because the cost center {value} has no head. Set one, or name somebody else in the chain."
	),
	"department": _(
		"Level {level}: no approver, because the department {value} has no head. Set one, or name somebody else in the chain."
	),
	"own-cost-center": _(
		"Level {level}: no approver, because the document names no cost center that has a head. Fill it, set its head, or name somebody else in the chain."
	),
	"own-department": _(
		"Level {level}: no approver, because the document names no department that has a head. Fill it, set its head, or name somebody else in the chain."
	),
}


def rigid(
	route: Route, used: Collection[str] = (), after: int | None = None, earlier: Collection[str] = ()
) -> tuple[dict[int, int], dict[int, list[str]]]:
	"""What nothing can lessen: signatures needed and people left, by a group's place in the route.

	A group that skips who approved before asks for less when its candidates sign on an earlier level; it counts here only
	where none of them can. `used` have signed, on levels up to `after`; `earlier` may still sign there.
	"""
	before, stage, number = set(earlier), set(), None
	needs: dict[int, int] = {}
	people: dict[int, list[str]] = {}
	for place, group in enumerate(route.groups):
		if after is not None and group.number <= after:
			continue
		if group.number != number:
			before |= stage
			stage, number = set(), group.number
		left = [user for user in group.users if user not in used]
		stage.update(left)
		if not group.skip_if_approved:
			needs[place], people[place] = group.signatures, left
		elif before.isdisjoint(left):
			needs[place], people[place] = min(group.signatures, len(left)), left
	return needs, people


def shortages(route: Route) -> list[Problem]:
	"""Levels that can never all be signed, because every signature of a chain belongs to a different person."""
	needs, people = rigid(route)
	return [
		Problem(
			"shared",
			_(
				"Levels {level}: every signature of a chain must come from a different person, but {users} cannot give all that these levels ask for. Name more approvers."
			),
			{
				"level": ", ".join(route.groups[place].label for place in sorted(short.groups)),
				"users": ", ".join(short.people),
			},
		)
		for short in fill(needs, people, {})
	]


def check(levels: Sequence[Level]) -> list[Problem]:
	"""What is wrong with the rows of a chain, whatever document comes; rows count from 1."""
	problems = []
	if not levels:
		problems.append(Problem("no-levels", _("The chain has no levels. Add one that says who approves.")))
	for number, level in enumerate(levels, 1):
		values = {"row": number, "source": level.source, "min": level.min_amount, "max": level.max_amount}
		values["required"] = level.required

		def add(code: str, text: str, values=values, number=number) -> None:
			problems.append(Problem(code, text, values, number))

		if level.number < 1:
			add("number", _("Row {row}: the level must be 1 or more."))
		if level.source not in SOURCES:
			add("source", _("Row {row}: choose where the approver comes from."))
		elif level.source in NEED_VALUE and not level.value.strip():
			add("value", _("Row {row}: the approver by {source} is empty. Fill it."))
		if level.rule not in RULES:
			add("rule", _("Row {row}: choose how many must approve: any one, all, or N of M."))
		elif level.rule == N_OF_M and level.required < 1:
			add("required", _("Row {row}: N of M needs a number of 1 or more, but has {required}."))
		if level.min_amount < 0 or level.max_amount < 0:
			add(
				"band", _("Row {row}: an amount below 0 cannot bound a level. The size of the amount counts.")
			)
		elif level.max_amount and level.max_amount <= level.min_amount:
			add(
				"band",
				_(
					"Row {row}: the amount ends at {max}, but begins at {min}. Enter an end above the beginning, or 0 for no end."
				),
			)
	return problems
