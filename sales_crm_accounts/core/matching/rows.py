"""What matching reads and gives back. Amounts are whole units (cents) of their currency, so that sums are exact and fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class OpenItem:
	"""An installment with something open; less than nothing where it is one of a credit note. `discount` may be taken off when the money comes until `discount_until`."""

	sales_invoice: str
	installment_no: int
	customer: str
	currency: str
	open: int
	due_date: date
	deal: str | None = None
	order: str | None = None
	customer_reference: str | None = None
	discount: int = 0
	discount_until: date | None = None

	@property
	def key(self) -> tuple[str, int]:
		return self.sales_invoice, self.installment_no


@dataclass(frozen=True, slots=True)
class Receipt:
	"""Money that came in: a line of the bank, or what a payment has not been allocated of.

	`elsewhere`: what it comes to in other currencies at the day's rate. `customer` where the document already says who paid.
	"""

	name: str
	currency: str
	amount: int
	on: date
	text: str = ""
	payer: str = ""
	account: str = ""
	customer: str | None = None
	elsewhere: Mapping[str, int] = field(default_factory=dict)
	#: False where the money is booked already: then nothing can be taken off any more.
	deductible: bool = True
	#: Another line that is the same in everything, where nothing tells whether the bank has booked it twice.
	twin: str = ""


@dataclass(frozen=True, slots=True)
class Habit:
	"""How a customer has paid: number of payments, and how many of them paid several installments, or came with a deduction."""

	payments: int
	several: int = 0
	deducted: int = 0


#: No company takes a lower score for sure.
LEAST_THRESHOLD = 90.0


@dataclass(frozen=True, slots=True)
class Rules:
	"""What a company tolerates. Without `fee_limit` nothing is taken for a bank fee; `threshold` is a score in percent."""

	fee_limit: int = 0
	fee_percent: int = 5
	discount_grace_days: int = 3
	exchange_percent: int = 2
	threshold: float = 99.0
	proposals: int = 5


@dataclass(frozen=True, slots=True)
class Reason:
	"""One piece of evidence: a code that the service puts into words, its values, and its weight in decibans.

	Ten decibans make an explanation ten times likelier (Good 1950; Turing's unit).
	"""

	code: str
	weight: float
	values: tuple = ()


@dataclass(frozen=True, slots=True)
class Allocation:
	"""What a receipt closes of an installment: `amount` of its open amount, of which discount and fee were not received.

	Of a credit note the amount is negative: so much less had to come in.
	"""

	sales_invoice: str
	installment_no: int
	amount: int
	discount: int = 0
	fee: int = 0

	@property
	def key(self) -> tuple[str, int]:
		return self.sales_invoice, self.installment_no


@dataclass(frozen=True, slots=True)
class Proposal:
	"""One explanation of a receipt. `score` is its share of the likelihood of all explanations, none of them included.

	Amounts are in `currency`, that of the installments; `on_account` is what is left for the customer. `customers` are more than one
	where the payer pays for others as well; then `customer` is the payer, or whose part is largest.
	"""

	receipt: str
	customer: str
	currency: str
	rows: tuple[Allocation, ...]
	on_account: int
	score: float
	weight: float
	reasons: tuple[Reason, ...]
	cut: bool = False
	customers: tuple[str, ...] = ()

	@property
	def received(self) -> int:
		return self.on_account + sum(row.amount - row.discount - row.fee for row in self.rows)
