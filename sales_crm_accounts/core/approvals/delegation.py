"""Who may decide for whom while they are away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ..problems import Problem, _


@dataclass(frozen=True, slots=True)
class Delegation:
	"""`delegate` decides for `delegator` from the first to the last day; for every DocType where none is named, and for any
	amount where `max_amount` is None or 0."""

	name: str
	delegator: str
	delegate: str
	from_date: date
	to_date: date
	doctypes: frozenset[str] = frozenset()
	max_amount: Decimal | None = None

	def covers(self, day: date, doctype: str, amount: Decimal) -> bool:
		return (
			self.from_date <= day <= self.to_date
			and (not self.doctypes or doctype in self.doctypes)
			and (not self.max_amount or abs(amount) <= self.max_amount)
		)


def acting_for(
	actor: str, delegations: Iterable[Delegation], *, day: date, doctype: str, amount: Decimal
) -> dict[str, tuple[Delegation, ...]]:
	"""Everybody for whom `actor` may decide, with the delegations from them down to the actor.

	Delegations are transitive, and the shortest way counts, by name among equals. A circle ends where it comes back to somebody
	met before, so nobody is ever their own principal. The size of the amount counts.
	"""
	given_to: dict[str, list[Delegation]] = {}
	for delegation in sorted(delegations, key=lambda one: one.name):
		if delegation.covers(day, doctype, amount):
			given_to.setdefault(delegation.delegate, []).append(delegation)
	paths: dict[str, tuple[Delegation, ...]] = {actor: ()}
	level = [actor]
	while level:
		above = []
		for person in level:
			for delegation in given_to.get(person, ()):
				if delegation.delegator not in paths:
					paths[delegation.delegator] = (delegation, *paths[person])
					above.append(delegation.delegator)
		level = above
	del paths[actor]
	return paths


def cycle(delegations: Sequence[Delegation]) -> list[str] | None:
	"""People who delegate to each other in a circle on the same day and for the same DocType, the first again at the end."""
	for day in sorted({delegation.from_date for delegation in delegations}):
		active = [one for one in delegations if one.from_date <= day <= one.to_date]
		# Where no DocType is named every one is meant, so those without a name are a circle by themselves ("").
		for doctype in sorted({"", *(name for one in active for name in one.doctypes)}):
			graph: dict[str, list[str]] = {}
			for one in active:
				if not one.doctypes or doctype in one.doctypes:
					graph.setdefault(one.delegator, []).append(one.delegate)
			found = _circle(graph)
			if found:
				return found
	return None


def _circle(graph: dict[str, list[str]]) -> list[str] | None:
	done: set[str] = set()
	for start in sorted(graph):
		path, ahead = [start], [iter(sorted(graph[start]))]
		on_path = {start}
		while path:
			following = next(ahead[-1], None) if path[-1] not in done else None
			if following is None:
				ahead.pop()
				done.add(path[-1])
				on_path.discard(path.pop())
			elif following in on_path:
				return [*path[path.index(following) :], following]
			elif following not in done:
				path.append(following)
				on_path.add(following)
				ahead.append(iter(sorted(graph.get(following, ()))))
	return None


def check(delegation: Delegation, others: Sequence[Delegation] = ()) -> list[Problem]:
	"""What is wrong with a delegation that is to be saved beside the others that are in force or to come."""
	problems = []
	if delegation.delegator == delegation.delegate:
		problems.append(
			Problem(
				"self",
				_("{user} cannot delegate to themselves. Choose somebody else."),
				{"user": delegation.delegator},
			)
		)
	if delegation.to_date < delegation.from_date:
		problems.append(
			Problem(
				"dates",
				_("The delegation ends on {to}, before it begins on {from_date}. Correct one of the dates."),
				{"to": delegation.to_date, "from_date": delegation.from_date},
			)
		)
	if problems:
		return problems
	circle = cycle([*(other for other in others if other.name != delegation.name), delegation])
	if circle:
		problems.append(
			Problem(
				"cycle",
				_(
					"The delegations go in a circle: {users}. Then nobody would decide; choose another delegate or other dates."
				),
				{"users": " → ".join(circle)},
			)
		)
	return problems
