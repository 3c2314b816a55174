"""Plays approval chains: a deal that a chain covers is won on the day when the last of its approvers has signed.

Who is asked, who may sign and when it is complete is the core's; here is only when people answer.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from ..core.approvals.calendar import add_hours, hours_between
from ..core.approvals.conditions import SUBMIT, match
from ..core.approvals.delegation import acting_for
from ..core.approvals.progress import SKIPPED, Decision, Progress, may_sign, progress
from ..core.approvals.route import Candidate, Group, Route, resolve
from ..core.problems import Problem, _
from .approvers import Approvers, Chain, Staff, all_hold, field_values
from .books import Company, Deal

APPROVED, REJECTED, WAITING, WITHDRAWN, STUCK = "Approved", "Rejected", "Waiting", "Withdrawn", "Stuck"
#: Weekends are known for as long after the last day, so that what is asked on it gets its hours.
AFTER_THE_END = timedelta(days=60)
DAY = timedelta(days=1)


@dataclass(slots=True)
class Step:
	"""Somebody who was asked on a level; without an answer where `decided` is None."""

	level: int
	title: str
	who: str
	why: Problem
	decision: str
	asked: datetime
	decided: datetime | None = None
	hours: Decimal = Decimal(0)
	on_behalf_of: str = ""


@dataclass(slots=True)
class Request:
	"""A deal that had to wait. `asked` is when it would have been won."""

	deal: Deal
	chain: str
	amount: Decimal
	asked: datetime
	status: str = WAITING
	decided: datetime | None = None
	hours: Decimal = Decimal(0)
	steps: list[Step] = field(default_factory=list)
	problems: list[Problem] = field(default_factory=list)


class Approvals:
	"""All requests of a company that is played, in the order in which they were asked."""

	def __init__(self, company: Company):
		self.company = company
		self.requests: list[Request] = []

	def play(self):
		"""Ask for every won deal that a chain covers, and move its day or take it back."""
		approvers = self.company.approvers
		if approvers is None or not approvers.chains:
			return
		won = sorted((deal for deal in self.company.deals if deal.won_on), key=lambda deal: deal.won_on)
		if not won:
			return
		round_ = _Round(self.company, approvers, won[0].won_on)
		for deal in won:
			if deal.won_on > self.company.end:
				continue
			request = round_.ask(deal)
			if request:
				self.requests.append(request)
				deal.won_on = request.decided.date() if request.status == APPROVED else None


class _Round:
	def __init__(self, company: Company, approvers: Approvers, first: date):
		self.company, self.approvers = company, approvers
		self.end = datetime.combine(company.end + DAY, datetime.min.time())
		self.working = approvers.working_times(first, company.end + AFTER_THE_END)
		self.delegations = approvers.delegations()
		self.chains = {chain.scope.name: chain for chain in approvers.chains}

	def ask(self, deal: Deal) -> Request | None:
		"""What became of the deal; None where no chain covers it, or nobody must sign its amount."""
		values = field_values(deal, self.company.costs, self.company.precision)
		chain = self.chain_for(deal, values)
		if chain is None:
			return None
		amount = values[chain.amount_field][0]
		authors = frozenset({deal.owner} - {""})
		route, problems = resolve(chain.levels, amount, deal.owner, authors, Staff(self.approvers, deal))
		if not route.groups:
			return None
		asked = add_hours(datetime.combine(deal.won_on, self.approvers.start), 0, self.working[""])
		request = Request(deal, chain.scope.name, amount, asked, problems=problems)
		if problems:
			request.status = STUCK
		else:
			self.play(request, route, values, authors)
		request.hours = hours_between(asked, request.decided or self.end, self.working[""])
		return request

	def chain_for(self, deal: Deal, values: dict[str, list[object]]) -> Chain | None:
		scopes = [chain.scope for chain in self.approvers.chains]
		for scope in match(scopes, action=SUBMIT, company="", day=deal.won_on):
			if all_hold(self.chains[scope.name].conditions, values):
				return self.chains[scope.name]
		return None

	def play(self, request: Request, route: Route, values: dict[str, list[object]], authors: frozenset[str]):
		"""One answer after the other, the earliest that may be given first, to the end of the period at most."""
		deal, now = request.deal, request.asked
		last = self.end
		if deal.cancelled_on:
			last = min(last, datetime.combine(deal.cancelled_on, self.approvers.end))
		decisions: list[Decision] = []
		asked: dict[tuple[int, str], datetime] = {}
		while True:
			state = progress(route, decisions)
			if state.complete or state.rejected or state.problems:
				break
			for user in state.pending:
				asked.setdefault((state.stage, user), now)
			answer = self.next_answer(request, route, decisions, authors, state, asked)
			if answer is None or answer[0] >= last:
				self.note_pending(request, route, state, asked, last)
				break
			now, principal, actor = answer
			rejects = self.approvers.people[actor].rejects
			turned_down = bool(rejects) and all_hold(rejects, values)
			decisions.append(Decision(state.stage, principal, actor, not turned_down, len(decisions)))
			self.note(request, route, decisions[-1], asked[state.stage, principal], now)
		request.problems = list(state.problems)
		if state.complete or state.rejected:
			request.status, request.decided = APPROVED if state.complete else REJECTED, now
			self.note_skipped(request, state, now)
		elif state.problems:
			request.status = STUCK
		elif deal.cancelled_on and last < self.end:
			request.status, request.decided = WITHDRAWN, last

	def next_answer(
		self,
		request: Request,
		route: Route,
		decisions: Sequence[Decision],
		authors: frozenset[str],
		state: Progress,
		asked: Mapping[tuple[int, str], datetime],
	) -> tuple[datetime, str, str] | None:
		"""(when, for whom, by whom) of the earliest answer that the rules allow; one's own before a delegate's."""
		answers = set()
		for principal in state.pending:
			since = asked[state.stage, principal]
			answers.add((self.answer_on(request, principal, since), False, principal, principal))
			for delegation in self.delegations:
				begins = datetime.combine(delegation.from_date, self.approvers.start)
				when = self.answer_on(request, delegation.delegate, max(since, begins))
				if principal in acting_for(
					delegation.delegate,
					self.delegations,
					day=when.date(),
					doctype="Deal",
					amount=request.amount,
				):
					answers.add((when, True, principal, delegation.delegate))
		for when, _delegated, principal, actor in sorted(answers):
			if may_sign(route, decisions, principal, actor, authors) is None:
				return when, principal, actor
		return None

	def answer_on(self, request: Request, user: str, since: datetime) -> datetime:
		return add_hours(since, self.approvers.answer_hours(request.deal, user), self.working[user])

	# What is noted

	def note(self, request: Request, route: Route, decision: Decision, asked: datetime, now: datetime):
		group, candidate = _candidate(route, decision.level, decision.user)
		request.steps.append(
			Step(
				decision.level,
				group.title,
				decision.actor,
				candidate.why(),
				APPROVED if decision.approved else REJECTED,
				asked,
				now,
				hours_between(asked, now, self.working[""]),
				decision.user if decision.actor != decision.user else "",
			)
		)

	def note_pending(
		self,
		request: Request,
		route: Route,
		state: Progress,
		asked: Mapping[tuple[int, str], datetime],
		last: datetime,
	):
		for user in state.pending:
			group, candidate = _candidate(route, state.stage, user)
			since = asked[state.stage, user]
			request.steps.append(
				Step(
					state.stage,
					group.title,
					user,
					candidate.why(),
					WAITING,
					since,
					hours=hours_between(since, max(since, last), self.working[""]),
				)
			)

	def note_skipped(self, request: Request, state: Progress, now: datetime):
		titles = {level.row: level.title for level in self.chains[request.chain].levels}
		for group in state.groups:
			if group.status == SKIPPED:
				request.steps.append(
					Step(group.number, titles[group.row], "", group.reason, SKIPPED, request.asked, now)
				)
		request.steps.sort(key=lambda step: (step.level, step.decided))


def _candidate(route: Route, level: int, user: str) -> tuple[Group, Candidate]:
	return next(
		(group, candidate)
		for group in route.groups
		if group.number == level
		for candidate in group.candidates
		if candidate.user == user
	)


def write_csv(path: Path, requests: list[Request], translate=_):
	"""approvals.csv: every step of every request; times to the minute, hours of working time."""
	moment = lambda value: f"{value:%Y-%m-%d %H:%M}" if value else ""  # noqa: E731
	with open(path, "w", encoding="utf-8", newline="") as file:
		file.write("\ufeff")
		writer = csv.writer(file, lineterminator="\n")
		writer.writerow(
			"deal chain amount level title who on_behalf_of why decision asked decided waited_hours".split()
		)
		for request in requests:
			about = [request.deal.name, request.chain, f"{request.amount:.2f}"]
			for problem in request.problems:
				writer.writerow(
					[*about, "", "", "", "", problem.message(translate), STUCK, moment(request.asked), "", ""]
				)
			for step in request.steps:
				writer.writerow(
					[
						*about,
						step.level,
						step.title,
						step.who,
						step.on_behalf_of,
						step.why.message(translate),
						step.decision,
						moment(step.asked),
						moment(step.decided),
						f"{step.hours:.2f}",
					]
				)
