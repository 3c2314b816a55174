"""When money is expected: week by week, each figure with the rows that make it and why they stand there.

Four kinds of rows, surest first: what was promised, what is billed and open, what is planned under won deals and not billed
yet, and what open deals would bring, weighted by their probability. Amounts are in the currency of the company.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO, quantize
from sales_crm_accounts.core.problems import _
from sales_crm_accounts.core.receivables import holds as held
from sales_crm_accounts.core.receivables.rows import OpenRow, oldest_first

PROMISED, OPEN, PLANNED, PIPELINE = "Promised", "Open", "Planned", "Pipeline"
KINDS = (PROMISED, OPEN, PLANNED, PIPELINE)
#: Not counted in any week, listed apart: somebody says that it is not owed, or it is too late to be expected.
DISPUTED, DOUBTFUL = "Disputed", "Doubtful"

WEEKS = 13
#: Who is later than ever before is expected to pay this many days from today.
WAIT_DAYS = 7
#: What is overdue for longer is not expected by itself any more.
DOUBTFUL_AFTER_DAYS = 180

_BEHAVIOUR = _("Due {due}; this customer pays {days} days after the due date on average.")
_DUE = _("Due {due}.")
_LATER_THAN_USUAL = _("Due {due}, later than this customer ever pays; expected {wait} days from today.")
_PROMISE = _("Promised, at the latest on {day} ({promise}).")
_DISPUTE = _("Disputed ({dispute}); not counted until it is settled.")
_DOUBTFUL = _("Overdue for more than {days} days; not counted.")
_UNBILLED = _("Not billed yet; due {due} as planned.")
_NO_DATE = _("No date yet: it is on hold, or a milestone or a delivery is awaited.")
_WEIGHTED = _("Open deal with a probability of {probability} %.")


@dataclass(frozen=True, slots=True)
class Planned:
	"""An installment without an invoice, or the plan row of an open deal; `amount` with tax, in the company's currency."""

	deal: str
	customer: str
	amount: Decimal
	due_date: date | None
	name: str = ""
	probability: Decimal = Decimal(100)

	@property
	def certain(self) -> bool:
		return self.probability >= 100


@dataclass(frozen=True, slots=True)
class Expected:
	"""An amount that is expected on a day (None: no day can be said), in the company's currency, and why then."""

	kind: str
	customer: str
	amount: Decimal
	day: date | None
	reason: str
	values: Mapping[str, object]
	deal: str | None = None
	sales_invoice: str | None = None
	installment_no: int = 0
	due_date: date | None = None


@dataclass(frozen=True, slots=True)
class Terms:
	wait_days: int = WAIT_DAYS
	doubtful_after_days: int = DOUBTFUL_AFTER_DAYS


def first_week(today: date) -> date:
	"""The Monday of the week of `today` (ISO 8601)."""
	return today - timedelta(days=today.weekday())


def usual_day(due: date, days_late: Decimal | int | None) -> date:
	"""The due date and what this customer is usually late by; who pays early is taken at the due date."""
	return due + timedelta(days=max(0, round(days_late or 0)))


def expected_day(due: date, days_late: Decimal | None, today: date, wait_days: int = WAIT_DAYS) -> date:
	"""The due date and what this customer is usually late by; who should have paid by then, `wait_days` from today."""
	usual = usual_day(due, days_late)
	return usual if usual >= today else today + timedelta(days=wait_days)


def forecast(
	rows: Iterable[OpenRow],
	today: date,
	*,
	days_late: Mapping[str, Decimal] | None = None,
	holds: Mapping[tuple[str, int], Sequence[held.Hold]] | None = None,
	planned: Iterable[Planned] = (),
	precision: int = 2,
	terms: Terms | None = None,
) -> list[Expected]:
	"""Everything that is expected; the parts of an installment add up to what is open of it, in both currencies.

	`holds` are those of `holds.held` over the same rows: what is promised is expected on the last day it holds, what is
	disputed on none; a pause says nothing about when money comes.
	"""
	terms, days_late, holds = terms or Terms(), days_late or {}, holds or {}
	found: list[Expected] = []
	for row in oldest_first(row for row in rows if not row.is_return and row.outstanding > 0):
		parts: list[tuple[Decimal, str, date | None, str, dict]] = []
		rest = row.outstanding
		for hold in holds.get(row.key, ()):
			taken = rest if hold.amount is None else min(rest, hold.amount)
			if taken <= 0 or hold.kind == held.PAUSE:
				continue
			rest -= taken
			if hold.kind == held.DISPUTE:
				parts.append((taken, DISPUTED, None, _DISPUTE, {"dispute": hold.name}))
			else:
				day = max(hold.until or today, today)
				parts.append((taken, PROMISED, day, _PROMISE, {"day": day, "promise": hold.name}))
		if rest > 0:
			parts.append((rest, *_usual(row, days_late.get(row.customer), today, terms)))
		found += _shared(row, parts, precision)
	for part in planned:
		found.append(_planned(part, days_late.get(part.customer), today, precision, terms))
	return found


def _usual(row: OpenRow, late: Decimal | None, today: date, terms: Terms):
	if row.days_overdue(today) > terms.doubtful_after_days:
		return DOUBTFUL, None, _DOUBTFUL, {"days": terms.doubtful_after_days}
	day = expected_day(row.due_date, late, today, terms.wait_days)
	usual = usual_day(row.due_date, late)
	if usual < today:
		return OPEN, day, _LATER_THAN_USUAL, {"due": row.due_date, "wait": terms.wait_days}
	if late and round(late) > 0:
		return OPEN, day, _BEHAVIOUR, {"due": row.due_date, "days": round(late)}
	return OPEN, day, _DUE, {"due": row.due_date}


def _shared(row: OpenRow, parts, precision: int) -> list[Expected]:
	"""The parts in the company's currency: each rounded running total less the one before, so that they sum exactly."""
	found, running, before = [], ZERO, ZERO
	for amount, kind, day, reason, values in parts:
		running += amount
		until = (
			row.base_outstanding
			if running == row.outstanding
			else quantize(row.base_outstanding * running / row.outstanding, precision)
		)
		found.append(
			Expected(
				kind,
				row.customer,
				until - before,
				day,
				reason,
				values,
				row.deal,
				row.sales_invoice,
				row.installment_no,
				row.due_date,
			)
		)
		before = until
	return found


def _planned(part: Planned, late: Decimal | None, today: date, precision: int, terms: Terms) -> Expected:
	amount = quantize(part.amount * part.probability / 100, precision)
	day = expected_day(part.due_date, late, today, terms.wait_days) if part.due_date else None
	if part.certain:
		reason, values = (_UNBILLED, {"due": part.due_date}) if part.due_date else (_NO_DATE, {})
	else:
		reason, values = _WEIGHTED, {"probability": f"{part.probability.normalize():f}"}
	return Expected(
		PLANNED if part.certain else PIPELINE,
		part.customer,
		amount,
		day,
		reason,
		values,
		part.deal,
		due_date=part.due_date,
	)


@dataclass(slots=True)
class Week:
	start: date
	amounts: dict[str, Decimal]

	@property
	def total(self) -> Decimal:
		return sum(self.amounts.values(), ZERO)


def by_week(
	expected: Iterable[Expected], today: date, weeks: int = WEEKS
) -> tuple[list[Week], dict[str, Decimal]]:
	"""`weeks` weeks from that of `today`, and by kind what stands in none of them: Later, No Date, Disputed, Doubtful."""
	start = first_week(today)
	found = [Week(start + timedelta(weeks=number), dict.fromkeys(KINDS, ZERO)) for number in range(weeks)]
	beside: dict[str, Decimal] = {}
	for part in expected:
		number = week_of(part, start)
		if isinstance(number, int) and number < weeks:
			found[number].amounts[part.kind] += part.amount
		else:
			name = "Later" if isinstance(number, int) else number
			beside[name] = beside.get(name, ZERO) + part.amount
	return found, beside


def week_of(part: Expected, start: date) -> int | str:
	"""Number of the week from `start` on, or the name of the place beside the weeks."""
	if part.kind in (DISPUTED, DOUBTFUL):
		return part.kind
	if part.day is None:
		return "No Date"
	return max(0, (part.day - start).days // 7)
