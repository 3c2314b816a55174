"""Whether a customer kept what they promised: from the money that came between the promise and its last day.

Money counts once. Where several promises are about the same part, the narrowest takes first (installment, invoice, customer),
then the one whose day comes first. What was credited or written off meanwhile need not be paid any more; a promise of which
nothing was owed any longer, and nothing was paid, is neither kept nor broken but falls away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from sales_crm_accounts.core.installments import Closings, OpenRow, ScheduleRow, allocate
from sales_crm_accounts.core.money import ZERO

OPEN, KEPT, PARTLY_KEPT, BROKEN, CANCELLED = "Open", "Kept", "Partly Kept", "Broken", "Cancelled"
STATUSES = (OPEN, KEPT, PARTLY_KEPT, BROKEN, CANCELLED)


@dataclass(frozen=True, slots=True)
class Promise:
	"""Without `sales_invoice` about all that was open of the customer; `last_day` is the promised day with its grace."""

	name: str
	company: str
	customer: str
	currency: str
	amount: Decimal
	promised_on: date
	last_day: date
	sales_invoice: str | None = None
	installment_no: int = 0

	@property
	def breadth(self) -> int:
		"""0 for an installment, 1 for an invoice, 2 for a customer."""
		if not self.sales_invoice:
			return 2
		return 0 if self.installment_no else 1

	def counts(self, receipt: Receipt) -> bool:
		"""Whether the money is on the promised part, and came in its days."""
		if not self.promised_on <= receipt.day <= self.last_day:
			return False
		if self.sales_invoice:
			return receipt.sales_invoice == self.sales_invoice and self.installment_no in (
				0,
				receipt.installment_no,
			)
		if (receipt.company, receipt.customer, receipt.currency) != (
			self.company,
			self.customer,
			self.currency,
		):
			return False
		return receipt.posting_date is None or receipt.posting_date <= self.promised_on


@dataclass(frozen=True, slots=True)
class Receipt:
	"""Money of a day, in the currency of the receivable account; negative where it was taken back.

	Without `sales_invoice` it stands on account. `posting_date` is the invoice's.
	"""

	company: str
	customer: str
	currency: str
	day: date
	amount: Decimal
	sales_invoice: str | None = None
	installment_no: int = 0
	posting_date: date | None = None

	@property
	def part(self) -> tuple:
		return self.company, self.customer, self.currency, self.sales_invoice or "", self.installment_no


@dataclass(frozen=True, slots=True)
class Received:
	"""What came on a promise; `on_account` is the part of it that closes no invoice yet."""

	amount: Decimal = ZERO
	on_account: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Movement:
	"""What one voucher closed of an invoice on a day.

	`terms` is the part of `paid` that names payment terms, `dues` the part of `written_off` that names due dates.
	"""

	day: date
	paid: Decimal = ZERO
	credited: Decimal = ZERO
	written_off: Decimal = ZERO
	terms: Mapping[str, Decimal] = field(default_factory=dict)
	dues: Mapping[date, Decimal] = field(default_factory=dict)

	@property
	def closed(self) -> Decimal:
		return self.paid + self.credited + self.written_off


def received(promises: Iterable[Promise], receipts: Iterable[Receipt]) -> dict[str, Received]:
	"""Name of each promise -> the money that counts for it; no money counts for two, none for more than was promised."""
	of_invoice: dict[str | None, list[list]] = {}
	of_customer: dict[tuple, list[list]] = {}
	for receipt in net(receipts):
		entry = [receipt, receipt.amount]
		of_invoice.setdefault(receipt.sales_invoice, []).append(entry)
		of_customer.setdefault((receipt.company, receipt.customer, receipt.currency), []).append(entry)
	found = {}
	for promise in sorted(promises, key=lambda one: (one.breadth, one.last_day, one.promised_on, one.name)):
		near = (
			of_invoice.get(promise.sales_invoice, ())
			if promise.sales_invoice
			else of_customer.get((promise.company, promise.customer, promise.currency), ())
		)
		amount = on_account = ZERO
		for entry in near:
			receipt, rest = entry
			take = min(rest, promise.amount - amount)
			if take <= 0 or not promise.counts(receipt):
				continue
			entry[1] -= take
			amount += take
			if receipt.sales_invoice is None:
				on_account += take
		found[promise.name] = Received(amount, on_account)
	return found


def judge(promise: Promise, got: Received, still_open: Decimal, today: date) -> str:
	"""Status on `today`. `still_open` is what the part had open at the end of its last day, or has open today before it."""
	owed = max(still_open - got.on_account, ZERO) + got.amount
	needed = min(promise.amount, max(owed, ZERO))
	if needed <= 0:
		return CANCELLED
	if got.amount >= needed:
		return KEPT
	if today <= promise.last_day:
		return OPEN
	return PARTLY_KEPT if got.amount > 0 else BROKEN


def course(
	schedule: Sequence[ScheduleRow], now: Closings, movements: Iterable[Movement], precision: int
) -> list[tuple[date | None, list[OpenRow]]]:
	"""How an invoice's installments were closed: (day, rows at its end) for each day that moved them, after a first (None, rows).

	`now` is what closed it in all; what no movement dates (money taken in the invoice itself) stands from the beginning.
	"""
	movements = sorted(movements, key=lambda movement: movement.day)
	amount = sum((row.weight for row in schedule), ZERO)
	paid = now.paid - sum((movement.paid for movement in movements), ZERO)
	credited = now.credited - sum((movement.credited for movement in movements), ZERO)
	written_off = now.written_off - sum((movement.written_off for movement in movements), ZERO)
	terms: dict[str, Decimal] = {}
	dues: dict[date, Decimal] = {}

	def rows() -> list[OpenRow]:
		return allocate(amount, schedule, Closings(paid, credited, written_off, terms, dues), precision)

	steps: list[tuple[date | None, list[OpenRow]]] = [(None, rows())]
	for index, movement in enumerate(movements):
		paid += movement.paid
		credited += movement.credited
		written_off += movement.written_off
		for term, part in movement.terms.items():
			terms[term] = terms.get(term, ZERO) + part
		for due, part in movement.dues.items():
			dues[due] = dues.get(due, ZERO) + part
		if index + 1 == len(movements) or movements[index + 1].day != movement.day:
			steps.append((movement.day, rows()))
	return steps


def paid_by_day(steps: Sequence[tuple[date | None, list[OpenRow]]]) -> list[tuple[date, int, Decimal]]:
	"""(day, installment, money that it got on that day) of a `course`; installments count from 1."""
	found = []
	for (_before, old), (day, new) in pairwise(steps):
		for no, (was, now) in enumerate(zip(old, new, strict=True), 1):
			if now.paid != was.paid:
				found.append((day, no, now.paid - was.paid))
	return found


def rows_on(steps: Sequence[tuple[date | None, list[OpenRow]]], day: date) -> list[OpenRow]:
	"""The rows of a `course` at the end of a day."""
	return [rows for when, rows in steps if when is None or when <= day][-1]


def net(receipts: Iterable[Receipt]) -> list[Receipt]:
	"""By day, with what was taken back off the latest money of the same part that came before."""
	of_part: dict[tuple, list[list]] = {}
	for receipt in sorted(receipts, key=lambda one: (one.day, one.amount < 0)):
		stack = of_part.setdefault(receipt.part, [])
		amount = receipt.amount
		if amount >= 0:
			stack.append([receipt, amount])
			continue
		for entry in reversed(stack):
			take = min(entry[1], -amount)
			entry[1] -= take
			amount += take
	flat = [
		Receipt(
			company=receipt.company,
			customer=receipt.customer,
			currency=receipt.currency,
			day=receipt.day,
			amount=amount,
			sales_invoice=receipt.sales_invoice,
			installment_no=receipt.installment_no,
			posting_date=receipt.posting_date,
		)
		for stack in of_part.values()
		for receipt, amount in stack
		if amount > 0
	]
	return sorted(flat, key=lambda one: (one.day, one.part))
