"""Where a request stands: whose decisions count for what, who may still sign, and whether it is complete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..problems import Problem, _
from .matching import fill, open_groups
from .route import ALL, Group, Route, label, rigid

WAITING, PENDING, APPROVED, SKIPPED = "Waiting", "Pending", "Approved", "Skipped"


@dataclass(frozen=True, slots=True)
class Decision:
	"""What somebody decided on a level. `user` is the person on the route; `actor` decided for them, mostly they themselves."""

	level: int
	user: str
	actor: str
	approved: bool = True
	sequence: int = 0


@dataclass(frozen=True, slots=True)
class SendBack:
	"""A step that asks everybody again from `level` upwards."""

	level: int
	sequence: int


@dataclass(frozen=True, slots=True)
class GroupState:
	"""How far a group is.

	`needed` is what it asks for after those who approved before are skipped. `pending` are its own candidates whose signature
	would still help; an approved group has some where a signature that stands here could move to another group of the level.
	"""

	row: str
	number: int
	status: str
	needed: int
	signed: tuple[Decision, ...] = ()
	pending: tuple[str, ...] = ()
	reason: Problem | None = None


@dataclass(frozen=True, slots=True)
class Progress:
	"""`stage` is the level that is asked now; None when all is complete."""

	groups: tuple[GroupState, ...]
	stage: int | None
	complete: bool
	problems: tuple[Problem, ...] = ()
	rejected: Decision | None = None

	@property
	def pending(self) -> tuple[str, ...]:
		"""Everybody who may still sign, each once."""
		return tuple(dict.fromkeys(user for group in self.groups for user in group.pending))


def standing(decisions: Sequence[Decision], send_backs: Sequence[SendBack]) -> list[Decision]:
	"""Decisions that still count after the request was sent back."""
	return [
		decision
		for decision in decisions
		if not any(back.level <= decision.level and back.sequence > decision.sequence for back in send_backs)
	]


def progress(route: Route, decisions: Sequence[Decision]) -> Progress:
	"""State of every group after the decisions that count (`standing`).

	A person counts once over the whole chain, whether they decided or somebody did for them. Decisions of people who are not on
	the level, or who are used up already, count for nothing. In a stage they are given to the groups so that as many as possible
	count, whatever their order.
	"""
	return _Walk(route, decisions).progress


class _Walk:
	"""The stages one after the other, up to the one that still waits."""

	def __init__(self, route: Route, decisions: Sequence[Decision]):
		self.route, self.decisions = route, decisions
		self.places = {id(group): index for index, group in enumerate(route.groups)}
		self.used: set[str] = set()
		self.needs: dict[int, int] = {}
		self.people: dict[int, list[str]] = {}
		self.owner: dict[str, int] = {}
		states: dict[int, GroupState] = {}
		by_level: dict[int, list[Decision]] = {}
		for decision in sorted(decisions, key=lambda d: (d.sequence, d.user, d.actor)):
			by_level.setdefault(decision.level, []).append(decision)
		self.stage: int | None = None
		self.problems: list[Problem] = []
		self.rejected: Decision | None = None
		for number, groups in route.stages():
			if self.stage is None:
				self._stage(number, groups, by_level.get(number, ()), states)
			else:
				for group in groups:
					states[self.places[id(group)]] = GroupState(group.row, number, WAITING, group.needed)
		self.progress = Progress(
			tuple(states[index] for index in range(len(route.groups))),
			self.stage,
			self.stage is None,
			tuple(self.problems),
			self.rejected,
		)

	def _stage(
		self,
		number: int,
		groups: list[Group],
		decisions: Sequence[Decision],
		states: dict[int, GroupState],
	) -> None:
		before = frozenset(self.used)
		people: dict[int, tuple[str, ...]] = {}
		needs: dict[int, int] = {}
		for group in groups:
			place, users = self.places[id(group)], group.users
			left = tuple(user for user in users if user not in before) if before else users
			needed = max(1, group.needed, len(users) if group.rule == ALL else 0)
			if group.skip_if_approved and len(left) < len(users):
				needed = len(left) if group.rule == ALL else min(needed, len(left))
			if not needed:
				states[place] = GroupState(group.row, number, SKIPPED, 0, reason=_skipped(group))
				continue
			people[place], needs[place] = left, needed

		members = set().union(*people.values())
		counted: dict[str, Decision] = {}
		for decision in decisions:
			if decision.user not in members:
				continue
			if not decision.approved:
				self.rejected = self.rejected or decision
			elif decision.user not in self.used and decision.actor not in self.used:
				counted[decision.user] = decision
				self.used.update((decision.user, decision.actor))

		owner: dict[str, int] = {}
		signers = {place: [user for user in left if user in counted] for place, left in people.items()}
		short = fill(needs, signers, owner)
		useful: Collection[int] = ()
		if self.rejected:
			self.stage = number
		elif short:
			self.stage = number
			useful = open_groups(needs, signers, owner)
			self.needs, self.owner = needs, dict(owner)
			self.people = {
				place: [user for user in left if user in counted or user not in self.used]
				for place, left in people.items()
			}
			# Whoever could still sign is tried as well, so that what has been signed moves to where nobody else is left.
			self.problems = [self._short(one.groups) for one in fill(needs, self.people, owner)]

		for place, need in needs.items():
			group = self.route.groups[place]
			signed = tuple(decision for user, decision in counted.items() if owner.get(user) == place)
			states[place] = GroupState(
				group.row,
				number,
				APPROVED if len(signed) >= need else PENDING,
				need,
				signed,
				tuple(user for user in people[place] if user not in self.used) if place in useful else (),
			)

	def _short(self, places: Collection[int]) -> Problem:
		return Problem(
			"no-approver-left",
			_(
				"Level {level}: too few are left who may sign, because every signature of a chain must come from a different person. Add an approver, or withdraw the request and correct the chain."
			),
			{"level": ", ".join(self.route.groups[place].label for place in sorted(places))},
		)

	def doomed(self) -> bool:
		"""Whether too few are left for this level and what nothing can lessen on those above."""
		if self.stage is None:
			return False
		free = {user for left in self.people.values() for user in left if user not in self.used}
		needs, people = rigid(self.route, self.used, self.stage, free)
		return bool(fill({**self.needs, **needs}, {**self.people, **people}, dict(self.owner)))


def _skipped(group: Group) -> Problem:
	return Problem(
		"skipped",
		_("Level {level} is skipped: {users} approved on an earlier level."),
		{"level": group.label, "users": ", ".join(group.users)},
	)


def may_sign(
	route: Route,
	decisions: Sequence[Decision],
	principal: str,
	actor: str,
	authors: Collection[str],
	approved: bool = True,
) -> Problem | None:
	"""What keeps `actor` from deciding for `principal` now; None when they may.

	`decisions` are those that count (`standing`). That the actor holds a delegation of the principal is the host's to know. To
	reject (`approved` False), the last rule does not apply: a signature must not leave too few people for the rest of the chain.
	"""
	walk = _Walk(route, decisions)
	state, values = walk.progress, {"user": principal, "actor": actor}
	if state.rejected:
		values["user"] = state.rejected.user
		return Problem(
			"closed", _("{user} has rejected the request already. Ask for approval again."), values
		)
	if state.complete:
		return Problem("closed", _("The request is approved already; nothing is left to decide."), values)
	values["level"] = label(state.stage, "")
	if actor != principal and actor in authors:
		return Problem(
			"author",
			_(
				"{actor} wrote the document or asked for its approval, and so cannot decide for {user}. Somebody else must."
			),
			values,
		)
	groups = [group for group in route.groups if principal in group.users]
	here = [group for group in groups if group.number == state.stage]
	if principal in authors and not any(group.requester_may_approve for group in here or groups):
		return Problem(
			"author",
			_(
				"{user} wrote the document or asked for its approval, and so cannot approve it. Somebody else must."
			),
			values,
		)
	for person in dict.fromkeys((principal, actor)):
		if person in walk.used:
			return Problem(
				"counts-once",
				_(
					"{user} has signed already, or somebody has for them; every signature of a chain must come from a different person."
				),
				{**values, "user": person},
			)
	if not groups:
		return Problem("not-an-approver", _("{user} is no approver of this request."), values)
	if not here:
		return Problem(
			"not-yet",
			_("Level {level} decides now; {user} is asked on another level."),
			values,
		)
	if principal not in state.pending:
		return Problem("not-needed", _("Level {level} needs no signature of {user} any more."), values)
	if (
		approved
		and not walk.doomed()
		and _Walk(route, [*decisions, _signature(walk, principal, actor)]).doomed()
	):
		return Problem(
			"needed-elsewhere",
			_(
				"If {actor} signs for {user} here, too few are left for the rest of the chain, because every signature must come from a different person. Let somebody else sign, or add an approver."
			)
			if actor != principal
			else _(
				"{user} is needed elsewhere in the chain, where nobody else may sign, and every signature must come from a different person. Let somebody else sign here, or add an approver."
			),
			values,
		)
	return None


def _signature(walk: _Walk, principal: str, actor: str) -> Decision:
	last = max((decision.sequence for decision in walk.decisions), default=0)
	return Decision(walk.stage, principal, actor, True, last + 1)
