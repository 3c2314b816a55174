"""What paying late costs: interest on each day's balance at that day's rate, rounded once.

A day of default is a day after the due date at whose beginning something is open; the day of the payment is the last one. So an
amount due on 1 March and paid on 31 March bears interest for the 30 days from 2 to 31 March. Everything between is exact
(fractions); only the amount of a claim is rounded, and what a claim was rounded by is carried into the next one, so that several
claims together are the rounded interest of the whole time, however it is split.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from sales_crm_accounts.core.installments import Closings, ScheduleRow, allocate
from sales_crm_accounts.core.money import ZERO, quantize, split_running

ACTUAL_365, ACTUAL_360 = "Actual/365", "Actual/360"
ACTUAL_ACTUAL, THIRTY_360 = "Actual/Actual", "30/360"
DAY_COUNTS = (ACTUAL_365, ACTUAL_360, ACTUAL_ACTUAL, THIRTY_360)

#: Decimals that the exact interest of a claim is kept with, so that the next claim can carry what rounding left.
EXACT_PLACES = 9
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rate:
	"""Interest in percent a year, from this day on."""

	from_date: date
	percent: Decimal


@dataclass(frozen=True, slots=True)
class Movement:
	"""What closed a part of an installment on a day; negative where something was opened again.

	`term` is the payment term that a payment names, `due` the due date that a write-off names.
	"""

	on: date
	amount: Decimal
	term: str | None = None
	due: date | None = None


@dataclass(frozen=True, slots=True)
class Terms:
	"""How a company charges interest; amounts in the currency of the installment.

	What is paid within the grace days bears none; what is not bears it from the day after the due date. All claims on an
	installment together stay within the lower of both caps; less than `minimum` waits until it has added up. Days before
	`not_before` bear no interest, nor do days before the first rate.
	"""

	rates: Sequence[Rate]
	day_count: str = ACTUAL_365
	grace_days: int = 0
	cap_amount: Decimal | None = None
	cap_percent: Decimal | None = None
	minimum: Decimal = ZERO
	precision: int = 2
	not_before: date | None = None


@dataclass(frozen=True, slots=True)
class Piece:
	"""Days in a row, both ends included, with one balance and one rate."""

	first: date
	last: date
	days: int
	balance: Decimal
	percent: Decimal
	interest: Fraction


@dataclass(frozen=True, slots=True)
class Claimed:
	"""A claim that stands: its days, its amount and the interest before it was rounded."""

	first: date
	last: date
	amount: Decimal
	exact: Decimal


@dataclass(frozen=True, slots=True)
class Claim:
	"""Interest to be claimed now; `amounts` are the pieces' parts of `amount`."""

	first: date
	last: date
	amount: Decimal
	exact: Decimal
	pieces: tuple[Piece, ...]
	amounts: tuple[Decimal, ...]
	capped: bool = False


def claims(
	amount: Decimal,
	due: date,
	movements: Sequence[Movement],
	terms: Terms,
	as_of: date,
	claimed: Sequence[Claimed] = (),
) -> list[Claim]:
	"""What an installment owes in interest up to `as_of` for the days that no claim stands for, oldest first."""
	if as_of <= due + timedelta(days=terms.grace_days):
		return []
	first = max(due + _DAY, terms.not_before or date.min)
	carried = sum((claim.exact - claim.amount for claim in claimed), ZERO)
	room = _cap(amount, terms)
	if room is not None:
		room -= sum((claim.amount for claim in claimed), ZERO)
	found = []
	for start, end in uncovered(first, as_of, [(claim.first, claim.last) for claim in claimed]):
		run = tuple(pieces(amount, due, movements, terms, start, end))
		if not run:
			continue
		exact = to_places(sum((piece.interest for piece in run), Fraction(0)), EXACT_PLACES)
		value = quantize(exact + carried, terms.precision)
		capped = room is not None and value > room
		if capped:
			# What is above the cap is owed by nobody, so nothing of it is carried on.
			value = exact = max(room, ZERO)
			carried = ZERO
		if value <= 0:
			continue
		carried += exact - value
		if room is not None:
			room -= value
		weights = [to_places(piece.interest, EXACT_PLACES) for piece in run]
		shares = tuple(split_running(value, weights, terms.precision))
		found.append(Claim(run[0].first, run[-1].last, value, exact, run, shares, capped))
	if sum((claim.amount for claim in found), ZERO) < terms.minimum:
		return []
	return found


def pieces(
	amount: Decimal, due: date, movements: Sequence[Movement], terms: Terms, first: date, last: date
) -> list[Piece]:
	"""The days from `first` to `last` that bear interest, cut where balance, rate or (Actual/Actual) year changes."""
	first = max(first, due + _DAY)
	if last < first:
		return []
	in_time = due + timedelta(days=terms.grace_days)
	# What was paid within the grace days counts as paid on the due date.
	moves = [(due if move.on <= in_time else move.on, move.amount) for move in movements]
	rates = sorted(terms.rates, key=lambda rate: rate.from_date)
	cuts = {first, last + _DAY}
	cuts.update(on + _DAY for on, _amount in moves)
	cuts.update(rate.from_date for rate in rates)
	if terms.day_count == ACTUAL_ACTUAL:
		cuts.update(date(year, 1, 1) for year in range(first.year + 1, last.year + 1))
	found: list[Piece] = []
	for start, after in pairwise(sorted(cut for cut in cuts if first <= cut <= last + _DAY)):
		balance = amount - sum((closed for on, closed in moves if on < start), ZERO)
		percent = next((rate.percent for rate in reversed(rates) if rate.from_date <= start), ZERO)
		if balance <= 0 or percent <= 0:
			continue
		begin, before = start, found[-1] if found else None
		if (
			before
			and before.last + _DAY == start
			and (before.balance, before.percent) == (balance, percent)
			and (terms.day_count != ACTUAL_ACTUAL or before.first.year == start.year)
		):
			begin = found.pop().first
		end = after - _DAY
		days, basis = _days(begin, end, terms.day_count)
		interest = Fraction(balance) * Fraction(percent) * days / (100 * basis)
		found.append(Piece(begin, end, days, balance, percent, interest))
	return found


def uncovered(first: date, last: date, covered: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
	"""The runs of days from `first` to `last` that none of `covered` holds; all ends are included."""
	found, start = [], first
	for begin, end in sorted(covered):
		if begin > last:
			break
		if begin > start:
			found.append((start, begin - _DAY))
		start = max(start, end + _DAY)
	if start <= last:
		found.append((start, last))
	return found


def movements_by_installment(
	rows: Sequence[ScheduleRow], movements: Iterable[Movement], precision: int
) -> list[list[Movement]]:
	"""What closed each installment of an invoice, by day; `rows` are in the order of the ledger, their weights the amounts.

	The rule of the installment ledger (`core.installments.allocate`) at the end of each day: what names a payment term or a due
	date closes that row first, everything else the oldest.
	"""
	total = sum((row.weight for row in rows), ZERO)
	found: list[list[Movement]] = [[] for _row in rows]
	before = [row.weight for row in rows]
	closed, by_term, by_due = ZERO, {}, {}
	ordered = sorted(movements, key=lambda move: move.on)
	for index, move in enumerate(ordered):
		closed += move.amount
		if move.term:
			by_term[move.term] = by_term.get(move.term, ZERO) + move.amount
		if move.due:
			by_due[move.due] = by_due.get(move.due, ZERO) + move.amount
		if index + 1 < len(ordered) and ordered[index + 1].on == move.on:
			continue
		off = sum(by_due.values(), ZERO)
		closings = Closings(closed - off, written_off=off, by_term=by_term, by_due=by_due)
		after = [row.outstanding for row in allocate(total, rows, closings, precision)]
		for number, (was, now) in enumerate(zip(before, after, strict=True)):
			if was != now:
				found[number].append(Movement(move.on, was - now))
		before = after
	return found


def to_places(value: Fraction, places: int) -> Decimal:
	"""A fraction as a Decimal, rounded half up (away from zero), however many digits it has."""
	scaled = abs(value) * 10**places
	whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
	return Decimal(whole if value >= 0 else -whole).scaleb(-places)


def _cap(amount: Decimal, terms: Terms) -> Decimal | None:
	caps = []
	if terms.cap_amount:
		caps.append(quantize(terms.cap_amount, terms.precision))
	if terms.cap_percent:
		caps.append(quantize(amount * terms.cap_percent / 100, terms.precision))
	return min(caps) if caps else None


def _days(first: date, last: date, day_count: str) -> tuple[int, int]:
	"""Days from `first` to `last`, both included, and the days of the year that they are a part of.

	Actual/Actual: every day counts in its own year of 365 or 366 days (ISDA 2006, 4.16 b). 30/360: the European rule (30E/360,
	ISDA 2006, 4.16 g), counted from the day before the first; of the rules with months of 30 days the one that adds up however
	a time is split.
	"""
	if day_count == THIRTY_360:
		return _in_months_of_30(last) - _in_months_of_30(first - _DAY), 360
	days = (last - first).days + 1
	if day_count == ACTUAL_360:
		return days, 360
	if day_count == ACTUAL_ACTUAL:
		return days, (date(first.year + 1, 1, 1) - date(first.year, 1, 1)).days
	return days, 365


def _in_months_of_30(day: date) -> int:
	return day.year * 360 + day.month * 30 + min(day.day, 30)
