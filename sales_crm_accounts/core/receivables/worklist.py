"""Whom to call today and why: what is free to be asked for of each customer, and a score that says where its points come from.

An amount that a promise, a dispute or a pause holds is not asked for until it wakes; money on account and open credit notes cover
the oldest installments first. What is left and overdue brings the customer to the list. Each reason of the score has its own
most points, and they sum to 100 as `Weights` has them; nothing takes points away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sales_crm_accounts.core.money import ZERO, split_running
from sales_crm_accounts.core.receivables.holds import Hold
from sales_crm_accounts.core.receivables.payer import Score
from sales_crm_accounts.core.receivables.rows import OpenRow, oldest_first

CALL, WAITING = "Call", "Waiting"
#: Reasons for points, in the order in which equal ones are shown.
AMOUNT, AGE, FOLLOW_UP, BROKEN, BEHAVIOUR, CREDIT, DEAL = (
	*("amount", "age", "follow_up", "broken_promises"),
	*("behaviour", "credit_limit", "deal"),
)
#: What a customer waits for besides the kinds of holds.
NEXT_STEP, ON_ACCOUNT = "Next Step", "On Account"
NO_SCORE = Score()


@dataclass(frozen=True, slots=True)
class Weights:
	"""Most points of each reason, and what earns them."""

	amount: int = 30
	age: int = 20
	follow_up: int = 15
	broken_promises: int = 10
	behaviour: int = 10
	credit_limit: int = 10
	deal: int = 5
	full_age: int = 90  # days overdue
	full_days_late: int = 30  # days after the due date, on average
	full_broken: int = 2  # broken promises
	credit_from: Decimal = Decimal("0.8")  # part of the limit that is used; all points where all of it is


@dataclass(frozen=True, slots=True)
class Facts:
	"""What is known of one customer of one company. Amounts of `rows` and `on_account` by currency, all others in the company's."""

	customer: str
	rows: Sequence[OpenRow]
	holds: Mapping[tuple[str, int], Sequence[Hold]] = field(default_factory=dict)
	on_account: Mapping[str, Decimal] = field(default_factory=dict)
	follow_up: date | None = None
	last_contact: date | None = None
	broken_promises: int = 0
	last_broken: date | None = None
	average_days_late: Decimal | None = None
	payer_score: Score = NO_SCORE
	credit_limit: Decimal = ZERO
	deal_value: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Part:
	"""One installment: what of it is free to be asked for, what is held, and what money on account covers."""

	row: OpenRow
	free: Decimal
	held: Decimal
	covered: Decimal
	base_free: Decimal
	base_held: Decimal
	base_covered: Decimal
	wakes_on: date | None = None
	kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
	"""Why there are points, with the figures that a text needs."""

	kind: str
	points: int
	values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
	"""A customer on the list, or waiting. Amounts in company currency; `overdue` is what is free and due, `total_overdue` all that is due."""

	customer: str
	state: str
	score: int
	reasons: tuple[Reason, ...]
	overdue: Decimal
	total_overdue: Decimal
	open: Decimal
	held: Decimal
	covered: Decimal
	days: int
	installments: int
	wakes_on: date | None
	waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scale:
	"""Amounts that earn all points: of what is overdue, and of the deals behind it."""

	amount: Decimal
	deal: Decimal


def worklist(
	facts: Iterable[Facts], today: date, precision: int, weights: Weights | None = None
) -> list[Entry]:
	"""Entries of all customers with something to do or to wait for, those with most points first; waiting ones after them.

	The scale of amounts comes from all customers together, so a part of them would be scored differently.
	"""
	weights = weights or Weights()
	seen = [(one, parts_of(one, precision)) for one in facts]
	standing = [(one, parts, state_of(one, parts, today)) for one, parts in seen]
	active = [(one, parts) for one, parts, (state, _until, _kinds) in standing if state == CALL]
	scale = Scale(
		large(_overdue(parts, today) for _one, parts in active),
		large(one.deal_value for one, _parts in active),
	)
	entries = [_entry(one, parts, state, scale, today, weights) for one, parts, state in standing if state[0]]
	return sorted(
		entries, key=lambda entry: (entry.state != CALL, -entry.score, -entry.overdue, entry.customer)
	)


def large(amounts: Iterable[Decimal]) -> Decimal:
	"""The amount that one in ten reaches or passes (nearest rank of the 90th percentile); 0 where there is none above 0."""
	found = sorted(amount for amount in amounts if amount > 0)
	return found[max(0, -(-9 * len(found) // 10) - 1)] if found else ZERO


def parts_of(facts: Facts, precision: int) -> list[Part]:
	"""The open installments, oldest first, each parted into free, held and covered; rows in credit cover others, in their currency."""
	credit = dict(facts.on_account)
	for row in facts.rows:
		if row.outstanding < 0:
			credit[row.currency] = credit.get(row.currency, ZERO) - row.outstanding
	parts = []
	for row in oldest_first(row for row in facts.rows if row.outstanding > 0):
		covered = min(credit.get(row.currency, ZERO), row.outstanding)
		credit[row.currency] = credit.get(row.currency, ZERO) - covered
		holds = facts.holds.get(row.key, ())
		rest = row.outstanding - covered
		held = ZERO
		if holds:
			whole = any(hold.amount is None for hold in holds)
			held = rest if whole else min(rest, sum((max(hold.amount, ZERO) for hold in holds), ZERO))
		free = rest - held
		base = split_running(row.base_outstanding, [free, held, covered], precision)
		days = [hold.until for hold in holds if hold.until]
		parts.append(
			Part(
				row,
				free,
				held,
				covered,
				*base,
				wakes_on=min(days) if held and days else None,
				kinds=tuple(dict.fromkeys(hold.kind for hold in holds)) if held else (),
			)
		)
	return parts


def state_of(
	facts: Facts, parts: Sequence[Part], today: date
) -> tuple[str | None, date | None, tuple[str, ...]]:
	"""(Call, Waiting or None, the day it wakes, what it waits for).

	A next step on a later day keeps the customer off the list until then, unless a promise broke after it was agreed.
	"""
	due = [part for part in parts if part.row.due_date < today]
	asked_today = facts.follow_up is not None and facts.follow_up <= today
	if any(part.free for part in due) or (asked_today and any(part.free for part in parts)):
		broke_since = facts.last_broken and (not facts.last_contact or facts.last_broken > facts.last_contact)
		if facts.follow_up and facts.follow_up > today and not broke_since:
			return WAITING, facts.follow_up, (NEXT_STEP,)
		return CALL, None, ()
	if not due:
		return None, None, ()
	kinds = dict.fromkeys(kind for part in due for kind in part.kinds)
	if any(part.covered for part in due):
		kinds[ON_ACCOUNT] = None
	wakes = [part.wakes_on for part in due if part.wakes_on]
	return WAITING, min(wakes, default=None), tuple(kinds)


def reasons_of(
	facts: Facts, parts: Sequence[Part], scale: Scale, today: date, weights: Weights
) -> tuple[Reason, ...]:
	"""Where the points come from, most points first; reasons without points are left out."""
	overdue, days = _overdue(parts, today), _days(parts, today)
	used = sum((part.row.base_outstanding for part in parts), ZERO)
	found = [
		(AMOUNT, weights.amount, _part(overdue, scale.amount), {"amount": overdue}),
		(AGE, weights.age, _part(Decimal(days), Decimal(weights.full_age)), {"days": days}),
		(
			BROKEN,
			weights.broken_promises,
			_part(Decimal(facts.broken_promises), Decimal(weights.full_broken)),
			{"count": facts.broken_promises},
		),
		(DEAL, weights.deal, _part(facts.deal_value, scale.deal), {"amount": facts.deal_value}),
	]
	if facts.follow_up and facts.follow_up <= today:
		found.append((FOLLOW_UP, weights.follow_up, Decimal(1), {"date": facts.follow_up}))
	if facts.average_days_late is not None:
		late = _part(facts.average_days_late, Decimal(weights.full_days_late))
		values = {
			"days": facts.average_days_late,
			"score": facts.payer_score.points,
			"grade": facts.payer_score.grade,
		}
		found.append((BEHAVIOUR, weights.behaviour, late, values))
	if facts.credit_limit > 0:
		share = used / facts.credit_limit
		part = _part(share - weights.credit_from, 1 - weights.credit_from)
		found.append(
			(
				CREDIT,
				weights.credit_limit,
				part,
				{"percent": _whole(share * 100), "limit": facts.credit_limit},
			)
		)
	order = (AMOUNT, AGE, FOLLOW_UP, BROKEN, BEHAVIOUR, CREDIT, DEAL)
	reasons = [Reason(kind, _whole(most * part), values) for kind, most, part, values in found]
	return tuple(
		sorted(
			(reason for reason in reasons if reason.points),
			key=lambda reason: (-reason.points, order.index(reason.kind)),
		)
	)


def _entry(facts, parts, state, scale, today, weights) -> Entry:
	name, wakes_on, waits_for = state
	reasons = reasons_of(facts, parts, scale, today, weights)
	due = [part for part in parts if part.row.due_date < today]
	return Entry(
		customer=facts.customer,
		state=name,
		score=sum(reason.points for reason in reasons),
		reasons=reasons,
		overdue=_overdue(parts, today),
		total_overdue=sum((part.row.base_outstanding for part in due), ZERO),
		open=sum((part.row.base_outstanding for part in parts), ZERO),
		held=sum((part.base_held for part in parts), ZERO),
		covered=sum((part.base_covered for part in parts), ZERO),
		days=_days(parts, today),
		installments=sum(part.row.count for part in due if part.free),
		wakes_on=wakes_on,
		waits_for=waits_for,
	)


def _overdue(parts: Iterable[Part], today: date) -> Decimal:
	return sum((part.base_free for part in parts if part.row.due_date < today), ZERO)


def _days(parts: Iterable[Part], today: date) -> int:
	return max(
		(part.row.days_overdue(today) for part in parts if part.free and part.row.due_date < today), default=0
	)


def _part(value: Decimal, full: Decimal) -> Decimal:
	"""How far `value` is on its way from 0 to `full`: 0 to 1."""
	if value <= 0 or full <= 0:
		return ZERO
	return min(value / full, Decimal(1))


def _whole(value: Decimal) -> int:
	return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
