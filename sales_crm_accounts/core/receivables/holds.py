"""What keeps the reminders of an open row back: promises, disputes and pauses, each for just its part.

A promise or dispute may be about an installment, an invoice, or (a promise) all that a customer owed on a day. Its amount is
laid over the rows it is about, oldest first, so that no part of a row is held twice and what nobody spoke of stays due.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.receivables.rows import OpenRow, oldest_first

PROMISE, DISPUTE, PAUSE = "Promise", "Dispute", "Pause"

# Who takes first from a row: what is disputed is not waited for as promised.
_ORDER = (DISPUTE, PROMISE, PAUSE)

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Hold:
	"""A part of one row that is not asked for at present.

	`amount` is the part in the currency of the row, None for all of it; `until` the last day it holds, None where an event ends
	it (a dispute ends by its outcome).
	"""

	kind: str
	name: str
	amount: Decimal | None
	until: date | None


@dataclass(frozen=True, slots=True)
class Claim:
	"""A promise, dispute or pause as it was entered, before it is laid over rows.

	Without `sales_invoice` it is about the whole customer, with `installment_no` 0 about the whole invoice. `amount` None: all.
	`since` leaves out invoices posted later, where it is about the whole customer.
	"""

	kind: str
	name: str
	customer: str
	sales_invoice: str | None = None
	installment_no: int = 0
	amount: Decimal | None = None
	currency: str | None = None
	since: date | None = None
	until: date | None = None

	@property
	def breadth(self) -> int:
		"""0 for an installment, 1 for an invoice, 2 for a customer."""
		if not self.sales_invoice:
			return 2
		return 0 if self.installment_no else 1

	def covers(self, row: OpenRow) -> bool:
		if row.customer != self.customer or row.is_return:
			return False
		if self.currency and row.currency != self.currency:
			return False
		if self.sales_invoice:
			return row.sales_invoice == self.sales_invoice and self.installment_no in (0, row.installment_no)
		return self.since is None or row.posting_date <= self.since


def held(rows: Iterable[OpenRow], claims: Iterable[Claim], today: date) -> dict[Key, list[Hold]]:
	"""(invoice, installment) -> what holds it on `today`; rows that nothing holds are not in it.

	The amounts of a row's promises and disputes never add up to more than is open of it.
	"""
	return _lay(rows, [claim for claim in claims if claim.until is None or claim.until >= today])[0]


def left_over(rows: Iterable[OpenRow], claims: Iterable[Claim]) -> dict[str, Decimal]:
	"""Name of each claim -> the part of its amount that found no room in the rows beside all others; 0 where all of it did.

	For claims of one kind: narrow ones are laid before wide ones, so they fit together exactly where nothing is left over.
	"""
	return _lay(rows, list(claims))[1]


def free_amount(outstanding: Decimal, holds: Iterable[Hold]) -> Decimal:
	"""What may be asked for of a row: `outstanding` less the parts that are held; 0 where one of them holds all."""
	for hold in holds:
		if hold.amount is None:
			return ZERO
		outstanding -= hold.amount
	return max(outstanding, ZERO)


def _lay(rows: Iterable[OpenRow], claims: list[Claim]) -> tuple[dict[Key, list[Hold]], dict[str, Decimal]]:
	of_customer: dict[str, list[OpenRow]] = {}
	of_invoice: dict[str, list[OpenRow]] = {}
	for row in oldest_first(rows):
		of_customer.setdefault(row.customer, []).append(row)
		of_invoice.setdefault(row.sales_invoice, []).append(row)
	room: dict[Key, Decimal] = {}
	found: dict[Key, list[Hold]] = {}
	left: dict[str, Decimal] = {}
	claims.sort(
		key=lambda claim: (_ORDER.index(claim.kind), claim.breadth, claim.since or date.max, claim.name)
	)
	for claim in claims:
		near = (
			of_invoice.get(claim.sales_invoice, ())
			if claim.sales_invoice
			else of_customer.get(claim.customer, ())
		)
		rest = claim.amount
		for row in near:
			if not claim.covers(row):
				continue
			if claim.amount is None:
				found.setdefault(row.key, []).append(Hold(claim.kind, claim.name, None, claim.until))
				continue
			here = min(rest, room.setdefault(row.key, max(row.outstanding, ZERO)))
			if here > 0:
				room[row.key] -= here
				rest -= here
				found.setdefault(row.key, []).append(Hold(claim.kind, claim.name, here, claim.until))
		left[claim.name] = rest or ZERO
	return found, left
