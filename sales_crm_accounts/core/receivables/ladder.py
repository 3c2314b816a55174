"""Which reminder goes to whom on a day, and who is passed over for which reason.

A policy is a ladder of levels by days from the due date. A row climbs it: the level that was told last is remembered by its
days, so that a level put in between, or another policy, never throws a row back. Days on which nobody looked are caught up by
the next look with one reminder. One reminder a customer and currency tells everything that is due.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.receivables.rows import OpenRow, oldest_first

MAIL, SMS, TASK, LETTER = "Mail", "SMS", "Task", "Letter"
CHANNELS = (MAIL, SMS, TASK, LETTER)

# Why somebody is passed over. The first three are the kinds of a hold.
PROMISE, DISPUTE, PAUSE = "Promise", "Dispute", "Pause"
COVERED = "Covered by Money on Account"
GRACE = "Days of Grace"
HELD_BACK = "Held Back"
TOO_SMALL = "Too Small"
TOO_SOON = "Too Soon"
NO_ADDRESS = "No Address"
CAME_BACK = "Mail Came Back"
QUIET_DAY = "Quiet Day"
NO_POLICY = "No Policy"
REASONS = (PROMISE, DISPUTE, PAUSE, COVERED, GRACE, HELD_BACK, TOO_SMALL, TOO_SOON, NO_ADDRESS, CAME_BACK, QUIET_DAY, NO_POLICY)  # fmt: skip

WEEK = 7


@dataclass(frozen=True, slots=True)
class Level:
	"""A rung: `days` from the due date, negative for a note before it. `repeat_after` days it is told again; 0: once."""

	title: str
	days: int
	channel: str = MAIL
	repeat_after: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
	"""Levels in the order of their days, and whom they are for (empty: everybody). `min_amount` is in company currency."""

	name: str
	levels: tuple[Level, ...]
	customer: str = ""
	customer_group: str = ""
	territory: str = ""
	currency: str = ""
	grace_days: int = 0
	min_gap_days: int = 0
	weekly_cap: int = 0
	min_amount: Decimal = ZERO
	one_step: bool = True


@dataclass(frozen=True, slots=True)
class Party:
	"""A customer: own customer group and territory and those above, nearest first; the channels that reach them.

	`came_back` is the mail address, where the last mail to it came back.
	"""

	name: str
	groups: tuple[str, ...] = ()
	territories: tuple[str, ...] = ()
	channels: frozenset[str] = frozenset()
	language: str = ""
	came_back: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
	"""The highest level that was told of an installment, by its days and its number then, and the last day it was told."""

	days: int
	level: int
	last_on: date


@dataclass(frozen=True, slots=True)
class Asked:
	"""What may be asked of a row: its outstanding less what is held (promised, disputed) and what money on account covers."""

	row: OpenRow
	held: Decimal
	covered: Decimal

	@property
	def amount(self) -> Decimal:
		return self.row.outstanding - self.held - self.covered


@dataclass(frozen=True, slots=True)
class Line:
	"""A row of a reminder. `level` 0: listed with the others, before its own first level."""

	asked: Asked
	level: int
	level_days: int


@dataclass(frozen=True, slots=True)
class Reminder:
	"""One message: everything due of a customer in a currency, at the highest level that one of its rows has now come to."""

	customer: str
	currency: str
	language: str
	policy: str
	level: int
	title: str
	channel: str
	lines: tuple[Line, ...]

	@property
	def total(self) -> Decimal:
		return sum((line.asked.amount for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True)
class PassedOver:
	"""Who would have been written to, and why not; without a row where the reason holds for all of the customer's."""

	customer: str
	currency: str
	amount: Decimal
	reason: str
	row: OpenRow | None = None
	detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
	reminders: tuple[Reminder, ...]
	passed: tuple[PassedOver, ...]


@dataclass(frozen=True, slots=True)
class Situation:
	"""All that a decision looks at. Rows may hold open credit notes (negative); they count as money on account.

	`holds` are those in force, by (invoice, number), each with `kind`, `name`, `amount` (None: all). `contacts` are the days on
	which a customer was written to. `held_back` are (customer, currency) that somebody keeps from being written to, `quiet` the
	policies whose holidays today is one of.
	"""

	day: date
	rows: Sequence[OpenRow]
	policies: Sequence[Policy]
	parties: Mapping[str, Party]
	holds: Mapping[tuple[str, int], Sequence] = field(default_factory=dict)
	on_account: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
	reached: Mapping[tuple[str, int], Reached] = field(default_factory=dict)
	contacts: Mapping[str, Collection[date]] = field(default_factory=dict)
	held_back: Collection[tuple[str, str]] = frozenset()
	quiet: Collection[str] = frozenset()


def decide(situation: Situation) -> Decision:
	"""The reminders of the day and who is passed over, in the order of customers and currencies."""
	groups: dict[tuple[str, str], list[OpenRow]] = {}
	for row in situation.rows:
		groups.setdefault((row.customer, row.currency), []).append(row)
	reminders: list[Reminder] = []
	passed: list[PassedOver] = []
	for key in sorted(groups):
		reminder = _decide_one(situation, *key, groups[key], passed)
		if reminder:
			reminders.append(reminder)
	return Decision(tuple(reminders), tuple(passed))


def choose(policies: Iterable[Policy], party: Party, currency: str) -> Policy | None:
	"""The narrowest policy: customer before customer group before territory before currency, the nearer group the narrower."""
	best, best_rank = None, None
	for policy in policies:
		if policy.customer and policy.customer != party.name:
			continue
		if policy.customer_group and policy.customer_group not in party.groups:
			continue
		if policy.territory and policy.territory not in party.territories:
			continue
		if policy.currency and policy.currency != currency:
			continue
		rank = (
			bool(policy.customer),
			_nearness(party.groups, policy.customer_group),
			_nearness(party.territories, policy.territory),
			bool(policy.currency),
		)
		if best is None or rank > best_rank or (rank == best_rank and policy.name < best.name):
			best, best_rank = policy, rank
	return best


def ask(
	rows: Iterable[OpenRow], holds: Mapping[tuple[str, int], Sequence], cover: Decimal
) -> tuple[list[Asked], list[tuple[OpenRow, str, str]]]:
	"""What may be asked of rows of one customer and currency, oldest first; and what may not: (row, reason, name of the hold).

	Money on account covers what is left after promises and disputes, so that it never helps with what nobody asks for.
	"""
	asked, not_asked = [], []
	for row in oldest_first(rows):
		if row.outstanding <= 0:
			continue
		held, kind, name = _held(row, holds.get(row.key, ()))
		if held >= row.outstanding:
			not_asked.append((row, kind, name))
			continue
		covered = min(cover, row.outstanding - held) if cover > 0 else ZERO
		cover -= covered
		if held + covered >= row.outstanding:
			not_asked.append((row, COVERED, ""))
			continue
		asked.append(Asked(row, held, covered))
	return asked, not_asked


def cover_of(rows: Iterable[OpenRow], on_account: Decimal) -> Decimal:
	"""Money on account and what open credit notes (and overpaid rows) give back."""
	return on_account - sum((row.outstanding for row in rows if row.outstanding < 0), ZERO)


def next_level(
	row: OpenRow, policy: Policy, reached: Reached | None, today: date
) -> tuple[int, Level] | None:
	"""(number, level) that the row has come to and was not told yet; None where there is nothing new to say.

	A note before the due date makes no sense after it. With `one_step` a row that is late takes the lowest level it was not told,
	else the highest. The level told last comes again after its `repeat_after` days.
	"""
	days = row.days_overdue(today)
	here = [
		(number, level)
		for number, level in enumerate(policy.levels, 1)
		if level.days <= days and (level.days >= 0 or days <= 0)
	]
	new = [entry for entry in here if reached is None or entry[1].days > reached.days]
	late = [entry for entry in new if entry[1].days >= 0]
	if late:
		return late[0] if policy.one_step else late[-1]
	if new:
		return new[-1]
	if reached and here:
		number, level = here[-1]
		if level.days == reached.days and 0 < level.repeat_after <= (today - reached.last_on).days:
			return number, level
	return None


def _decide_one(
	situation: Situation, customer: str, currency: str, rows: list[OpenRow], passed: list[PassedOver]
) -> Reminder | None:
	today = situation.day
	party = situation.parties.get(customer) or Party(customer)
	policy = choose(situation.policies, party, currency)
	if policy is None or not policy.levels:
		late = [row.outstanding for row in rows if row.outstanding > 0 and row.days_overdue(today) > 0]
		if late:
			passed.append(PassedOver(customer, currency, sum(late, ZERO), NO_POLICY))
		return None
	steps: dict[tuple[str, int], tuple[int, Level]] = {}
	looked_at: list[OpenRow] = []
	for row in rows:
		if row.outstanding <= 0:
			continue
		step = next_level(row, policy, situation.reached.get(row.key), today)
		if 0 < row.days_overdue(today) <= policy.grace_days:
			if step:
				passed.append(PassedOver(customer, currency, row.outstanding, GRACE, row))
			continue
		if step:
			steps[row.key] = step
		if step or row.days_overdue(today) > 0:
			looked_at.append(row)
	if not steps:
		return None
	cover = cover_of(rows, situation.on_account.get((customer, currency), ZERO))
	asked, not_asked = ask(looked_at, situation.holds, cover)
	passed.extend(
		PassedOver(customer, currency, row.outstanding, reason, row, name)
		for row, reason, name in not_asked
		if row.key in steps
	)
	news = [steps[entry.row.key] for entry in asked if entry.row.key in steps]
	if not news:
		return None
	number, level = max(news, key=lambda step: step[1].days)
	if level.days < 0:
		# A friendly note speaks of what comes, not of what is late.
		asked = [entry for entry in asked if entry.row.key in steps]
	reminder = Reminder(
		customer=customer,
		currency=currency,
		language=party.language,
		policy=policy.name,
		level=number,
		title=level.title,
		channel=level.channel,
		lines=tuple(_line(entry, steps.get(entry.row.key), situation.reached) for entry in asked),
	)
	stopped = _why_not(situation, policy, party, reminder)
	if stopped:
		passed.append(PassedOver(customer, currency, reminder.total, stopped[0], detail=stopped[1]))
		return None
	return reminder


def _why_not(
	situation: Situation, policy: Policy, party: Party, reminder: Reminder
) -> tuple[str, str] | None:
	"""(reason, detail) that stops a whole reminder."""
	if (reminder.customer, reminder.currency) in situation.held_back:
		return HELD_BACK, ""
	if _base_total(reminder) < policy.min_amount:
		return TOO_SMALL, ""
	if reminder.channel == TASK:
		return None  # nobody is written to
	ages = sorted((situation.day - day).days for day in situation.contacts.get(reminder.customer, ()))
	ages = [age for age in ages if age >= 0]
	if ages and ages[0] < policy.min_gap_days:
		return TOO_SOON, str(ages[0])
	if policy.weekly_cap and sum(age < WEEK for age in ages) >= policy.weekly_cap:
		return TOO_SOON, str(ages[0])
	if reminder.channel not in party.channels:
		return NO_ADDRESS, reminder.channel
	if reminder.channel == MAIL and party.came_back:
		return CAME_BACK, party.came_back
	if policy.name in situation.quiet:
		return QUIET_DAY, ""
	return None


def _line(entry: Asked, step: tuple[int, Level] | None, reached: Mapping[tuple[str, int], Reached]) -> Line:
	if step:
		return Line(entry, step[0], step[1].days)
	before = reached.get(entry.row.key)
	return Line(entry, before.level, before.days) if before else Line(entry, 0, 0)


def _held(row: OpenRow, holds: Sequence) -> tuple[Decimal, str, str]:
	"""(amount held, kind and name of the hold that weighs most); a dispute larger than the rest holds the rest."""
	held, heaviest, kind, name = ZERO, ZERO, "", ""
	for hold in holds:
		amount = row.outstanding if hold.amount is None else max(ZERO, min(hold.amount, row.outstanding))
		held += amount
		if amount > heaviest:
			heaviest, kind, name = amount, hold.kind, hold.name
	return min(held, row.outstanding), kind, name


def _base_total(reminder: Reminder) -> Decimal:
	return sum(
		(
			line.asked.amount * line.asked.row.base_outstanding / line.asked.row.outstanding
			for line in reminder.lines
		),
		ZERO,
	)


def _nearness(path: Sequence[str], name: str) -> int:
	return -path.index(name) if name else -len(path) - 1
