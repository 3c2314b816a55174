"""Where a request stands: whose decisions count for what, who may still sign, and whether it is complete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..problems import Problem, _
from .matching import fill, open_groups
from .route import Group, Route, label, rigid

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


def progress(route: Route, decisions: Sequence[Decision], gone: Collection[str] = ()) -> Progress:
	"""State of every group after the decisions that count (`standing`).

	A person counts once over the whole chain, whether they decided or somebody did for them. Decisions of people who are not on
	the level, or who are used up already, count for nothing. In a stage they are given to the groups so that as many as possible
	count, whatever their order. `gone` can sign no more, such as users that were disabled meanwhile; what they signed stays.
	"""
	return _Walk(route, decisions, gone).progress


class _Walk:
	"""The stages one after the other, up to the one that still waits. Groups go by their place in the route."""

	def __init__(self, route: Route, decisions: Sequence[Decision], gone: Collection[str]):
		self.route, self.decisions, self.gone = route, decisions, gone
		self.used: set[str] = set()
		self.stage: int | None = None
		self.rejected: Decision | None = None
		self.states: dict[int, GroupState] = {}
		self.problems: list[Problem] = []
		# Of the stage that waits: signatures needed, who has signed or still can, and the group of each that signed.
		self.needs: dict[int, int] = {}
		self.people: dict[int, list[str]] = {}
		self.owner: dict[str, int] = {}
		by_level: dict[int, list[Decision]] = {}
		for decision in sorted(decisions, key=lambda d: (d.sequence, d.user, d.actor)):
			by_level.setdefault(decision.level, []).append(decision)
		stages: dict[int, list[int]] = {}
		for place, group in enumerate(route.groups):
			stages.setdefault(group.number, []).append(place)
		for number in sorted(stages):
			if self.stage is None:
				self._play(number, stages[number], by_level.get(number, ()))
			else:
				for place in stages[number]:
					group = route.groups[place]
					self.states[place] = GroupState(group.row, number, WAITING, group.signatures)

	@property
	def progress(self) -> Progress:
		return Progress(
			tuple(self.states[place] for place in range(len(self.route.groups))),
			self.stage,
			self.stage is None,
			tuple(self.problems),
			self.rejected,
		)

	def _play(self, number: int, places: list[int], decisions: Sequence[Decision]) -> None:
		needs, people = self._asked(number, places)
		counted = self._count(set().union(*people.values()), decisions)
		signers = {place: [user for user in users if user in counted] for place, users in people.items()}
		owner: dict[str, int] = {}
		short = fill(needs, signers, owner)
		useful: Collection[int] = ()
		if short or self.rejected:
			self.stage = number
		if short and not self.rejected:
			useful = open_groups(needs, signers, owner)
			self.needs, self.owner = needs, dict(owner)
			self.people = {
				place: [user for user in users if user in counted or self._can_sign(user)]
				for place, users in people.items()
			}
			# Whoever still can is tried as well, so that what has been signed moves to where nobody else is left.
			self.problems = [self._too_few(one.groups) for one in fill(needs, self.people, owner)]
		for place, need in needs.items():
			signed = tuple(decision for user, decision in counted.items() if owner.get(user) == place)
			self.states[place] = GroupState(
				self.route.groups[place].row,
				number,
				APPROVED if len(signed) >= need else PENDING,
				need,
				signed,
				tuple(user for user in people[place] if self._can_sign(user)) if place in useful else (),
			)

	def _asked(self, number: int, places: list[int]) -> tuple[dict[int, int], dict[int, tuple[str, ...]]]:
		"""Signatures that the groups need and people they ask, without those who are used up; skipped groups are left out."""
		needs, people = {}, {}
		for place in places:
			group = self.route.groups[place]
			users = group.users
			left = tuple(user for user in users if user not in self.used)
			need = group.signatures
			if group.skip_if_approved and len(left) < len(users):
				need = min(need, len(left))
			if need:
				needs[place], people[place] = need, left
			else:
				self.states[place] = GroupState(group.row, number, SKIPPED, 0, reason=_skipped(group))
		return needs, people

	def _count(self, members: Collection[str], decisions: Sequence[Decision]) -> dict[str, Decision]:
		"""Decisions of the stage that count, by the person on the route."""
		counted: dict[str, Decision] = {}
		for decision in decisions:
			if decision.user not in members:
				continue
			if not decision.approved:
				self.rejected = self.rejected or decision
			elif decision.user not in self.used and decision.actor not in self.used:
				counted[decision.user] = decision
				self.used.update((decision.user, decision.actor))
		return counted

	def _can_sign(self, user: str) -> bool:
		return user not in self.used and user not in self.gone

	def _too_few(self, places: Collection[int]) -> Problem:
		return Problem(
			"no-approver-left",
			_(
				"Level {level}: too few are left who may sign, because every signature of a chain must come from a different person. Add an approver, or withdraw the request and correct the chain."
			),
			{"level": ", ".join(self.route.groups[place].label for place in sorted(places))},
		)

	def doomed(self) -> bool:
		"""Whether too few are left for the stage that waits together with what nothing can lessen on the levels after it."""
		if self.stage is None:
			return False
		still = {user for users in self.people.values() for user in users if user not in self.used}
		needs, people = rigid(self.route, self.used, self.stage, still)
		people = {place: [user for user in users if user not in self.gone] for place, users in people.items()}
		return bool(fill({**self.needs, **needs}, {**self.people, **people}, dict(self.owner)))

	def needs_another(self, principal: str, actor: str) -> bool:
		"""Whether this signature would leave too few people for the rest, and another one would not.

		Where every way leads to a dead end the chain is at fault, and it says so when it is reached.
		"""
		if self.doomed() or not self._after(principal, actor).doomed():
			return False
		pending = dict.fromkeys(user for state in self.states.values() for user in state.pending)
		return any(
			not self._after(user, user).doomed() for user in pending if (user, user) != (principal, actor)
		)

	def _after(self, principal: str, actor: str) -> _Walk:
		"""As it would stand if this were signed now."""
		last = max((decision.sequence for decision in self.decisions), default=0)
		signature = Decision(self.stage, principal, actor, True, last + 1)
		return _Walk(self.route, [*self.decisions, signature], self.gone)


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
	gone: Collection[str] = (),
) -> Problem | None:
	"""What keeps `actor` from deciding for `principal` now; None when they may.

	`decisions` are those that count (`standing`). That the actor holds a delegation of the principal is the host's to know. A
	signature must not leave too few people for the rest of the chain; to reject (`approved` False), that does not matter.
	"""
	walk = _Walk(route, decisions, gone)
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
	if principal in gone:
		return Problem(
			"gone",
			_("{user} is disabled and signs no more. Add an approver, or give the request to somebody else."),
			values,
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
	if approved and walk.needs_another(principal, actor):
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
