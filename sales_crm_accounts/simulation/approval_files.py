"""approvals.yaml: people, and the chains that ask them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time
from decimal import Decimal
from typing import Any

from ..core.approvals import conditions, route
from ..core.approvals.conditions import ChainScope, Condition
from ..core.approvals.delegation import cycle
from ..core.approvals.route import Level
from ..core.problems import RuleError, _
from . import reader
from .approvers import AMOUNT_FIELDS, DEAL_FIELDS, MARGIN_FIELDS, Absence, Approvers, Chain, Person

FILE = "approvals.yaml"
KEYS = (
	"seed",
	"working_day",
	"holidays",
	"weekends_off",
	"people",
	"groups",
	"departments",
	"cost_centers",
	"chains",
)
PERSON_KEYS = ("name", "roles", "manager", "limit", "hours", "away", "rejects", "enabled")
AWAY_KEYS = ("from", "to", "delegate", "max_amount")
CONDITION_KEYS = ("field", "operator", "value")
CHAIN_KEYS = ("name", "priority", "valid_from", "valid_to", "conditions", "amount_field", "levels")
LEVEL_KEYS = (
	"level",
	"title",
	"approver_source",
	"value",
	"rule",
	"required_count",
	"min_amount",
	"max_amount",
	"climb_to_limit",
	"requester_may_approve",
	"skip_if_approved",
)
UNLIMITED = "unlimited"
TEXT_FIELDS = {"title", "customer", "customer_group", "territory", "deal_owner", "currency", "plan"}


class ApprovalFiles:
	"""Part of the Loader."""

	def read_approvals(self):
		if not (self.folder / FILE).exists():
			return
		values = self.yaml(FILE, KEYS)
		approvers = self.company.approvers = Approvers(seed=self.whole(FILE, values, "seed", 0))
		approvers.weekends_off = self.flag(FILE, values, "weekends_off", True)
		self.read_working_day(approvers, values)
		approvers.holidays |= self.day_list(FILE, values, "holidays")
		self.read_people(approvers, values)
		self.read_units(approvers, values)
		for number, entry in enumerate(self.entries(values, "chains", CHAIN_KEYS), 1):
			self.read_chain(approvers, entry, number)
		if cycle(approvers.delegations()):
			self.wrong(_("the delegates stand for each other in a circle. Change one."), "delegate")

	# Pieces

	def wrong(self, text: str, column: str, **values):
		self.problems.add(FILE, text, None, column, **values)

	def listed(self, values: dict[str, Any], key: str) -> list[Any]:
		value = values.get(key)
		return value if isinstance(value, list) else [] if value is None else [value]

	def entries(self, values: dict[str, Any], key: str, known: Collection[str]) -> list[dict[str, Any]]:
		"""Mappings of a list; what is none, and entries that are not known, are problems."""
		found = []
		for entry in self.listed(values, key):
			if not isinstance(entry, dict):
				self.wrong(_("each entry must hold 'name: value' lines."), key)
				continue
			for name in entry:
				if name not in known:
					self.unknown_word(key, str(name), known)
			found.append(entry)
		return found

	def unknown_word(self, column: str, word: str, known: Collection[str]):
		guess = reader.closest(word, known)
		if guess:
			self.wrong(
				_("'{word}' is not known here. Did you mean '{guess}'?"), column, word=word, guess=guess
			)
		else:
			self.wrong(
				_("'{cell}' is not known here. Write one of: {choices}."),
				column,
				cell=word,
				choices=", ".join(known),
			)

	def person(self, approvers: Approvers, column: str, values: dict[str, Any]) -> str:
		name = self.text(FILE, values, column)
		if name and name not in approvers.people:
			self.unknown_word(column, name, approvers.people)
		return name

	def number(self, column: str, value: Any) -> Decimal:
		try:
			return reader.amount(str(value))
		except reader.CellError as error:
			self.wrong(error.text, column, **error.values)
		return Decimal(0)

	# People

	def read_working_day(self, approvers: Approvers, values: dict[str, Any]):
		if "working_day" not in values:
			return
		try:
			approvers.start, approvers.end = (time.fromisoformat(str(one)) for one in values["working_day"])
			approvers.working_times(self.days.parse("2025-01-01"), self.days.parse("2025-01-01"))
		except RuleError as error:
			self.problems.add_problem(FILE, error.problems[0], None, "working_day")
			approvers.start, approvers.end = Approvers().start, Approvers().end
		except (TypeError, ValueError):
			self.wrong(_('write the start and the end in quotes, as ["09:00", "17:00"].'), "working_day")

	def read_people(self, approvers: Approvers, values: dict[str, Any]):
		entries = self.entries(values, "people", PERSON_KEYS)
		for entry in entries:
			name = self.text(FILE, entry, "name")
			if not name or name in approvers.people:
				self.wrong(_("each person needs a name of their own; '{word}' is none."), "people", word=name)
				continue
			person = approvers.people[name] = Person(name, tuple(map(str, self.listed(entry, "roles"))))
			person.enabled = self.flag(FILE, entry, "enabled", True)
			if "limit" in entry:
				limit = entry["limit"]
				person.limit = Decimal("Infinity") if limit == UNLIMITED else self.number("limit", limit)
			hours = [self.number("hours", value) for value in self.listed(entry, "hours")] or [
				person.hours[0]
			]
			if len(hours) > 2 or hours[0] > hours[-1]:
				self.wrong(_("write one number of hours, or the least and the most, as [1, 8]."), "hours")
			person.hours = hours[0], hours[-1]
			person.rejects = self.read_conditions(entry, "rejects")
		for entry in entries:
			person = approvers.people.get(str(entry.get("name") or "").strip())
			if person:
				person.manager = self.person(approvers, "manager", entry) or None
				person.away = self.read_absences(approvers, entry)

	def read_absences(self, approvers: Approvers, entry: dict[str, Any]) -> list[Absence]:
		found = []
		for away in self.entries(entry, "away", AWAY_KEYS):
			first, last = self.day(FILE, away, "from"), self.day(FILE, away, "to")
			if not first or not last or last < first:
				self.wrong(
					_("give the first and the last day, as from: 2025-07-14 and to: 2025-08-01."), "away"
				)
				continue
			delegate = self.person(approvers, "delegate", away)
			found.append(Absence(first, last, delegate, self.money(FILE, away, "max_amount")))
		return found

	def read_units(self, approvers: Approvers, values: dict[str, Any]):
		"""Members of groups, heads of departments and cost centers."""
		for key in ("groups", "departments", "cost_centers"):
			units = values.get(key) or {}
			if not isinstance(units, dict):
				self.wrong(_("the file must hold 'name: value' lines."), key)
				continue
			for name, value in units.items():
				people = tuple(self.person(approvers, key, {key: one}) for one in self.listed(units, name))
				if key == "groups":
					approvers.groups[str(name)] = people
				elif len(people) != 1:
					self.wrong(_("{word} needs one head; '{cell}' is none."), key, word=name, cell=value)
				else:
					getattr(approvers, key)[str(name)] = people[0]

	# Chains

	def read_chain(self, approvers: Approvers, entry: dict[str, Any], number: int):
		name = self.text(FILE, entry, "name", f"Chain {number}")
		if name in {chain.scope.name for chain in approvers.chains}:
			self.wrong(_("{word} stands twice. Give each chain its own name."), "name", word=name)
		scope = ChainScope(
			name,
			priority=self.whole(FILE, entry, "priority", 0),
			valid_from=self.day(FILE, entry, "valid_from"),
			valid_to=self.day(FILE, entry, "valid_to"),
		)
		if scope.valid_from and scope.valid_to and scope.valid_to < scope.valid_from:
			self.wrong_value(
				FILE, entry, "valid_to", _("the last day is before the first. Correct one of the two.")
			)
		chain = Chain(scope, self.read_conditions(entry, "conditions"))
		chain.amount_field = self.choice(FILE, entry, "amount_field", AMOUNT_FIELDS, chain.amount_field)
		for place, row in enumerate(self.entries(entry, "levels", LEVEL_KEYS), 1):
			chain.levels.append(self.read_level(approvers, row, place))
		for problem in route.check(chain.levels):
			self.problems.add_problem(FILE, problem, None, name)
		approvers.chains.append(chain)

	def read_level(self, approvers: Approvers, row: dict[str, Any], place: int) -> Level:
		level = Level(
			str(place),
			self.whole(FILE, row, "level", place),
			self.text(FILE, row, "title"),
			self.text(FILE, row, "approver_source", route.USER),
			self.text(FILE, row, "value"),
			self.text(FILE, row, "rule", route.ANY),
			self.whole(FILE, row, "required_count", 1),
			self.money(FILE, row, "min_amount"),
			self.money(FILE, row, "max_amount"),
			self.flag(FILE, row, "climb_to_limit"),
			self.flag(FILE, row, "requester_may_approve"),
			self.flag(FILE, row, "skip_if_approved", True),
		)
		roles = {role for person in approvers.people.values() for role in person.roles}
		known = {
			route.USER: approvers.people,
			route.ROLE: roles,
			route.USER_GROUP: approvers.groups,
			route.DOCUMENT_FIELD: ("deal_owner",),
			route.COST_CENTER_HEAD: approvers.cost_centers,
			route.DEPARTMENT_HEAD: approvers.departments,
		}.get(level.source, ())
		if level.source not in route.SOURCES:
			self.unknown_word("approver_source", level.source, route.SOURCES)
		elif level.source != route.MANAGER and level.value not in known:
			self.unknown_word("value", level.value, sorted(known))
		return level

	def read_conditions(self, entry: dict[str, Any], key: str) -> list[Condition]:
		found = []
		for row in self.entries(entry, key, CONDITION_KEYS):
			value = row.get("value")
			text = (
				", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
			)
			condition = Condition(self.text(FILE, row, "field"), self.text(FILE, row, "operator"), text)
			kind = "" if condition.field in TEXT_FIELDS or "." in condition.field else conditions.NUMBER
			if condition.field not in DEAL_FIELDS:
				self.unknown_word(key, condition.field, DEAL_FIELDS)
				continue
			if condition.operator == conditions.UNDER:
				kind = kind or "text"  # groups and territories stand beside each other here
			if condition.field in MARGIN_FIELDS and not self.company.costs:
				self.wrong(
					_("{word} needs the costs of items. Add the column cost to items.csv."),
					key,
					word=condition.field,
				)
			problems = conditions.problems(condition, kind)
			for problem in problems:
				self.problems.add_problem(FILE, problem, None, key)
			if not problems:
				found.append(condition)
		return found
