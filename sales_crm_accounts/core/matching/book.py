"""Everything that is open, indexed by what a bank line may say about it; what is matched is taken out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sales_crm_accounts.core.matching.names import NameIndex
from sales_crm_accounts.core.matching.rows import Habit, OpenItem
from sales_crm_accounts.core.matching.text import account_number, compact, digits

#: Shorter references than this are only looked for at a customer that something else points to.
SHORTEST = 5


class Book:
	"""Open installments by number, amount and customer, and customers by name and account.

	`names` are the known names of each customer, `accounts` their accounts at banks. Positions of `items` are what the indexes
	hold; `open[position]` is what is still open after what was taken. `claims` are what receipts that are not sure would take:
	position -> (amount, how likely).
	"""

	def __init__(
		self,
		items: Iterable[OpenItem],
		names: Mapping[str, Iterable[str]],
		accounts: Mapping[str, str | Iterable[str]] | None = None,
		habits: Mapping[str, Habit] | None = None,
		settled: Iterable[str] = (),
	):
		self.items = sorted(items, key=lambda one: (one.due_date, one.sales_invoice, one.installment_no))
		self.open = [one.open for one in self.items]
		self.claims: dict[int, tuple[int, float]] = {}
		self.names = NameIndex(names)
		self.accounts: dict[str, list[str]] = {}
		for account, customers in (accounts or {}).items():
			known = self.accounts.setdefault(account_number(account), [])
			known.extend([customers] if isinstance(customers, str) else customers)
		self.habits = habits or {}
		#: Invoices of which nothing is open any more, by their compact number: who names one of them has not mistyped another.
		self.settled = {compact(one): one for one in settled}
		self.by_customer: dict[str, list[int]] = {}
		self.by_invoice: dict[str, list[int]] = {}
		self.by_amount: dict[tuple[str, int], list[int]] = {}
		by_deal: dict[str, list[int]] = {}
		by_order: dict[str, list[int]] = {}
		by_reference: dict[str, list[int]] = {}
		for at, one in enumerate(self.items):
			self.by_customer.setdefault(one.customer, []).append(at)
			self.by_invoice.setdefault(one.sales_invoice, []).append(at)
			self.by_amount.setdefault((one.currency, one.open), []).append(at)
			for index, value in (
				(by_deal, one.deal),
				(by_order, one.order),
				(by_reference, one.customer_reference),
			):
				if value:
					index.setdefault(value, []).append(at)
		#: Compact reference -> (kind, positions): what it names exactly.
		self.exact: dict[str, list[tuple[str, list[int]]]] = {}
		#: Digits of an invoice number -> the invoices.
		self.numbers: dict[str, list[str]] = {}
		for kind, index in (
			("invoice", self.by_invoice),
			("deal", by_deal),
			("order", by_order),
			("customer_reference", by_reference),
		):
			for value, positions in index.items():
				key = compact(value)
				if len(key) >= SHORTEST:
					self.exact.setdefault(key, []).append((kind, positions))
		for invoice in self.by_invoice:
			number = digits(invoice)
			if len(number) >= SHORTEST:
				self.numbers.setdefault(number, []).append(invoice)
		#: How invoice numbers are written: letters before the digits, and length.
		self.series = {(key.rstrip("0123456789"), len(key)) for key in map(compact, self.by_invoice)}
		self.series = {one for one in self.series if one[0]}
		self.key_lengths = sorted({len(key) for key in self.exact if len(key) >= 8}, reverse=True)
		self.longest_key = max(map(len, self.exact), default=0)
		self.number_lengths = {len(number) for number in self.numbers}

	def take(self, position: int, amount: int) -> None:
		"""Take what was matched out of what is open."""
		self.open[position] -= amount

	def claim(self, position: int, amount: int, likely: float) -> None:
		"""Remember that a receipt may pay this; of several the likeliest."""
		if self.claims.get(position, (0, 0.0))[1] < likely:
			self.claims[position] = amount, likely

	def claims_of(self, customer: str) -> dict[int, tuple[int, float]]:
		if not self.claims:
			return {}
		return {
			at: (min(self.claims[at][0], self.open[at]), self.claims[at][1])
			for at in self.by_customer.get(customer, ())
			if at in self.claims and self.open[at] > 0
		}

	def credits_of(self, customer: str, currency: str) -> list[int]:
		"""Positions of a customer's open credit notes, oldest first."""
		return [
			at
			for at in self.by_customer.get(customer, ())
			if self.open[at] < 0 and self.items[at].currency == currency
		]

	def position(self, sales_invoice: str, installment_no: int) -> int:
		for at in self.by_invoice[sales_invoice]:
			if self.items[at].installment_no == installment_no:
				return at
		raise KeyError((sales_invoice, installment_no))

	def open_of(self, customer: str, currency: str) -> list[int]:
		"""Positions of a customer with something open in a currency, oldest due first."""
		return [
			at
			for at in self.by_customer.get(customer, ())
			if self.open[at] > 0 and self.items[at].currency == currency
		]


@lru_cache(maxsize=262144)
def tail(reference: str) -> str:
	"""The running number at the end of a reference without its zeros: ACC-SINV-2026-00123 -> 123."""
	end = len(reference)
	while end and not reference[end - 1].isdigit():
		end -= 1
	start = end
	while start and reference[start - 1].isdigit():
		start -= 1
	return reference[start:end].lstrip("0")
