"""The installment ledger: how the money that reached an invoice closes its installments, and what state that gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from .money import ZERO, split_running

PLANNED, READY, BILLED, PARTLY_PAID = "Planned", "Ready", "Billed", "Partly Paid"
PAID, OVERDUE, WRITTEN_OFF, CANCELLED = "Paid", "Overdue", "Written Off", "Cancelled"
#: Decimal, or a whole number of the smallest unit.
Amount = TypeVar("Amount", Decimal, int)
STATUSES = (PLANNED, READY, BILLED, PARTLY_PAID, PAID, OVERDUE, WRITTEN_OFF, CANCELLED)


@dataclass(frozen=True, slots=True)
class ScheduleRow:
	"""A row of an invoice's payment schedule: its weight in the invoice, and its payment term if it has one."""

	due_date: date
	weight: Decimal
	term: str | None = None


@dataclass(frozen=True, slots=True)
class Closings:
	"""What has closed an invoice, from the payment ledger.

	`by_term` is the part of `paid` that names a payment term, `by_due` the part of `written_off` that names a due date.
	"""

	paid: Decimal = ZERO
	credited: Decimal = ZERO
	written_off: Decimal = ZERO
	by_term: Mapping[str, Decimal] | None = None
	by_due: Mapping[date, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class OpenRow:
	"""Figures of one installment; the columns of all rows sum to the ledger's figures of the invoice."""

	due_date: date
	amount: Decimal
	paid: Decimal
	credited: Decimal
	written_off: Decimal
	outstanding: Decimal


def allocate(
	amount: Decimal, schedule: Sequence[ScheduleRow], closings: Closings, precision: int
) -> list[OpenRow]:
	"""Figures of each installment of an invoice of `amount`, oldest due date first.

	The invoice's amount in the ledger is shared by the weights of the schedule (`split_running`). A payment that names a
	payment term closes that term's rows first, then a write-off that names a due date the row of that day; everything else
	closes the oldest rows first: payments, then credits, then write-offs, as ERPNext's Accounts Receivable does (accounts_receivable.allocate_outstanding_based_on_payment_terms).
	What is too much, or a refund that opens the invoice again, stands on the last row, so that the rows always sum to the ledger.
	"""
	rows = sorted(schedule, key=lambda row: row.due_date)
	parts = split_running(amount, [row.weight for row in rows], precision)
	takes = _named(parts, [row.term for row in rows], closings.by_term)
	rooms = [part - take for part, take in zip(parts, takes, strict=True)]
	waived = _named(rooms, [row.due_date for row in rows], closings.by_due)
	rooms = [room - waive for room, waive in zip(rooms, waived, strict=True)]
	pools = closings.paid - sum(takes, ZERO), closings.credited, closings.written_off - sum(waived, ZERO)
	result = []
	for row, part, take, waive, (row_paid, row_credited, row_written_off) in zip(
		rows, parts, takes, waived, close_oldest(rooms, *pools), strict=True
	):
		row_paid += take
		row_written_off += waive
		result.append(
			OpenRow(
				row.due_date,
				part,
				row_paid,
				row_credited,
				row_written_off,
				part - row_paid - row_credited - row_written_off,
			)
		)
	return result


def _named(rooms: Sequence[Decimal], names: Sequence, amounts: Mapping | None) -> list[Decimal]:
	"""What each row takes of the amount that names it, up to its room; rows of one name in their order."""
	left, taken = dict(amounts or {}), []
	for room, name in zip(rooms, names, strict=True):
		take = ZERO
		if name in left:
			take = max(ZERO, min(room, left[name]))
			left[name] -= take
		taken.append(take)
	return taken


def close_oldest(
	rooms: Sequence[Amount], paid: Amount, credited: Amount, written_off: Amount
) -> list[tuple[Amount, Amount, Amount]]:
	"""What is paid, credited and written off of each row that has so much room; the oldest first, the last takes the rest.

	The part of `allocate` that needs no payment terms; amounts are Decimals or whole numbers of the smallest unit.
	"""
	pools = (paid, paid + credited, paid + credited + written_off)
	zero = before = 0 * paid
	result, last = [], len(rooms) - 1
	for index, room in enumerate(rooms):
		if index == last:
			first, second, third = [pool - max(zero, min(pool, before)) for pool in pools]
		else:
			first, second, third = [max(zero, min(pool - before, room)) for pool in pools]
		before += room
		result.append((first, second - first, third - second))
	return result


def status(
	*,
	cancelled: bool = False,
	ready: bool = False,
	billed: Decimal = ZERO,
	paid: Decimal = ZERO,
	credited: Decimal = ZERO,
	written_off: Decimal = ZERO,
	due_date: date | None = None,
	today: date | None = None,
) -> str:
	"""State of an installment from its figures; `billed` is 0 until an invoice stands submitted.

	An open one is Overdue from the day after its due date. A closed one is named after what closed most of it: Paid,
	Written Off, or Cancelled where it was credited; an equal share counts as Paid.
	"""
	if cancelled:
		return CANCELLED
	if billed == 0:
		return READY if ready else PLANNED
	if billed - paid - credited - written_off > 0:
		if due_date and today and due_date < today:
			return OVERDUE
		return PARTLY_PAID if paid or credited or written_off else BILLED
	if credited > max(paid, written_off):
		return CANCELLED
	return WRITTEN_OFF if written_off > paid else PAID
