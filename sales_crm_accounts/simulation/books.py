"""What a company is made of while it is played. Money is a whole number of the smallest unit (cents) of its currency."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from ..core.billing import Line, Rounding
from ..core.pipeline import Condition
from ..core.plan import PlanRow
from ..core.policy import PolicyScope

if TYPE_CHECKING:
	from .approvers import Approvers
	from .forecast_files import Forecasts
	from .held_files import Pause, Said
	from .ladder_files import Ladder

#: ERPNext's names of the two ways that a site rounds.
ROUNDINGS = {"Banker's Rounding": ROUND_HALF_EVEN, "Commercial Rounding": ROUND_HALF_UP}

PAYMENT, JOURNAL, CREDIT_NOTE, WRITE_OFF, REFUND, CANCEL_INVOICE, BILL_AGAIN = range(7)
KINDS = ("Payment", "Journal Entry", "Credit Note", "Write Off", "Refund", "Cancel Invoice", "Bill Again")


@dataclass(slots=True)
class Tax:
	"""A tax template: (account, percent) rows, each on the net total."""

	name: str
	lines: list[tuple[str, Decimal]] = field(default_factory=list)


@dataclass(slots=True)
class Customer:
	name: str
	group: str = ""
	territory: str = ""
	disabled: bool = False
	number: int = 0
	#: of the account that the customer's invoices are posted to; empty: that of each deal
	receivable_currency: str = ""


@dataclass(slots=True)
class Stage:
	name: str
	sequence: int = 0
	probability: Decimal = Decimal(0)
	type: str = "Open"
	requirements: list[Condition] = field(default_factory=list)


@dataclass(slots=True)
class Policy:
	"""A billing policy; `scope` says which deals it covers."""

	scope: PolicyScope
	method: str
	split: str
	days_ahead: int = 0
	automatic: bool = True
	#: the last planned day that is billed today; moves with the day that is played
	ready_until: date = date.min


class Deal:
	__slots__ = (
		"_rate",
		"actual_invoice_date",
		"cancelled_on",
		"currency",
		"customer",
		"delivered_on",
		"discount",
		"expected_close_date",
		"foreign",
		"grand_total",
		"installments",
		"invoices",
		"items",
		"left",
		"left_quantity",
		"lines",
		"lost_on",
		"lost_reason",
		"name",
		"net_total",
		"nets",
		"number",
		"opened_on",
		"owner",
		"plain",
		"plan",
		"policy",
		"ratio",
		"receipts",
		"row",
		"tax",
		"title",
		"traced",
		"won_on",
	)

	def __init__(self, name: str, customer: Customer, currency: str, opened_on: date):
		self.name, self.customer, self.currency, self.opened_on = name, customer, currency, opened_on
		self.title = self.owner = self.lost_reason = ""
		self.rate = Decimal(1)
		self.won_on: date | None = None
		self.lost_on: date | None = None
		self.cancelled_on: date | None = None
		self.delivered_on: date | None = None
		self.expected_close_date: date | None = None
		self.actual_invoice_date: date | None = None
		self.discount = Decimal(0)
		self.tax: Tax | None = None
		self.plan: list[PlanRow] = []
		self.policy: Policy | None = None
		self.items: list[tuple[str, Decimal, Decimal, bool]] = []
		self.lines: list[Line] | None = None
		#: what is not billed yet of each line
		self.left: list[int] = []
		self.left_quantity: list[Decimal] = []
		self.net_total = self.grand_total = 0
		#: what each row of the plan bills before tax, once it was checked
		self.nets: array | None = None
		self.installments: list[Installment] = []
		self.invoices: list[Invoice] = []
		self.receipts: list[Receipt] = []
		self.number = self.row = 0
		self.foreign = False
		#: an invoice of it may be cancelled
		self.traced = False
		#: one piece split by rate, of which each invoice is one row (`engine.is_plain`)
		self.plain = False

	@property
	def rate(self) -> Decimal:
		"""What a unit of the deal's currency is worth in the company's; `ratio` is the same as a fraction."""
		return self._rate

	@rate.setter
	def rate(self, rate: Decimal):
		self._rate, self.ratio = rate, rate.as_integer_ratio()

	@property
	def status(self) -> str:
		if self.cancelled_on:
			return "Cancelled"
		if self.lost_on:
			return "Lost"
		if not self.installments:
			return "Open"
		closed = all(part.cancelled or (part.invoice and part.outstanding <= 0) for part in self.installments)
		return "Completed" if closed else "Won"


class Invoice:
	"""What was billed and what has closed it."""

	__slots__ = ("base_open", "credited", "deal", "grand", "number", "paid", "posted_on", "written_off")

	deal: Deal
	number: int
	posted_on: date
	grand: int
	paid: int
	credited: int
	written_off: int
	#: what is open of it in the company's currency
	base_open: int

	@property
	def outstanding(self) -> int:
		return self.grand - self.paid - self.credited - self.written_off


class Installment(Invoice):
	"""A part of a deal that was won. Billed alone, it is its own invoice; `number` and `posted_on` come with it."""

	__slots__ = (
		"cancelled",
		"confirmed_on",
		"due_date",
		"held",
		"invoice",
		"net",
		"planned",
		"planned_on",
		"row",
		"sequence",
		"serial",
	)

	def __init__(self, deal: Deal, serial: int, sequence: int, row: PlanRow, net: int, planned: int):
		self.deal, self.serial, self.sequence, self.row = deal, serial, sequence, row
		self.net, self.planned = net, planned
		self.grand = self.paid = self.credited = self.written_off = 0
		self.invoice = self.confirmed_on = None
		self.cancelled = self.held = False

	invoice: Invoice | None
	planned_on: date | None
	confirmed_on: date | None
	due_date: date | None

	@property
	def name(self) -> str:
		return f"{self.deal.name}-{self.sequence:02d}"

	@property
	def installments(self) -> tuple[Installment]:
		"""Of the invoice that it is."""
		return (self,)


class ScheduledInvoice(Invoice):
	"""One invoice over several installments, in the order of their due dates."""

	__slots__ = ("installments", "net")

	def __init__(self, deal: Deal, number: int, installments: list[Installment], posted_on: date):
		self.deal, self.number, self.installments, self.posted_on = deal, number, installments, posted_on
		self.net = sum(part.net for part in installments)
		self.grand = self.paid = self.credited = self.written_off = self.base_open = 0

	@property
	def due_date(self) -> date:
		return self.installments[-1].due_date


class Receipt:
	"""Money from a customer that no invoice has taken yet. A journal entry waits until it is reconciled."""

	__slots__ = ("base_open", "deal", "installment", "kind", "number", "open", "received_on", "waits")

	def __init__(self, deal: Deal, kind: int, number: int, amount: int, base: int, received_on: date):
		self.deal, self.kind, self.number, self.open, self.base_open = deal, kind, number, amount, base
		self.received_on = received_on
		self.installment: int = 0
		self.waits = False


class Movements:
	"""Payments, credit notes and the like in columns: a million of them are some 30 MB."""

	def __init__(self):
		self.day = array("i")
		self.kind = array("b")
		self.deal = array("i")
		self.installment = array("h")
		self.amount = array("q")
		self.row = array("i")
		#: by row of the file, as few have them
		self.rate: dict[int, Decimal] = {}
		self.reconciled_on: dict[int, date] = {}
		self.reference: dict[int, str] = {}

	def add(self, day: date, kind: int, deal: int, installment: int, amount: int, row: int):
		self.day.append(day.toordinal())
		self.kind.append(kind)
		self.deal.append(deal)
		self.installment.append(installment)
		self.amount.append(amount)
		self.row.append(row)

	def __len__(self) -> int:
		return len(self.day)

	def sort(self):
		"""By day, in the order of the file within a day."""
		order = sorted(range(len(self)), key=self.day.__getitem__)
		for name in ("day", "kind", "deal", "installment", "amount", "row"):
			column = getattr(self, name)
			setattr(self, name, array(column.typecode, map(column.__getitem__, order)))


COMPANY, EMPLOYEE, SUPPLIER = PAYERS = ("Company", "Employee", "Supplier")


@dataclass(slots=True)
class Expense:
	"""A cost, of a deal or of none (`deal` 0), in units of the company's currency; `amount` without tax."""

	day: date
	deal: int
	category: str
	amount: int
	tax: int = 0
	paid_by: str = COMPANY
	row: int = 0


@dataclass(slots=True)
class Company:
	"""Everything that was read; `deals` in the order of the file."""

	name: str = "Company"
	currency: str = "EUR"
	precision: int = 2
	rounding: str = "Banker's Rounding"
	start: date | None = None
	end: date | None = None
	accounts: dict[str, str] = field(default_factory=dict)
	days_off: set[date] = field(default_factory=set)
	weekends_off: bool = False
	books_closed_until: date | None = None
	policies: list[Policy] = field(default_factory=list)
	customers: dict[str, Customer] = field(default_factory=dict)
	taxes: dict[str, Tax] = field(default_factory=dict)
	stages: dict[str, Stage] = field(default_factory=dict)
	plans: dict[str, list[PlanRow]] = field(default_factory=dict)
	deals: list[Deal] = field(default_factory=list)
	ladder: Ladder | None = None
	forecasts: Forecasts | None = None
	said: list[Said] = field(default_factory=list)
	pauses: list[Pause] = field(default_factory=list)
	#: currency -> days and, from each of them on, what a unit is worth in the company's currency, as a fraction
	rates: dict[str, tuple[list[date], list[tuple[int, int]]]] = field(default_factory=dict)
	movements: Movements = field(default_factory=Movements)
	stage_log: dict[int, list[tuple[date, str]]] = field(default_factory=dict)
	#: with the row of the file, as of the changes
	confirmations: dict[tuple[int, int], tuple[date, int]] = field(default_factory=dict)
	actual_dates: dict[tuple[int, int], date] = field(default_factory=dict)
	has_actual_dates: bool = False
	#: day, number of the deal, new plan, row of the file
	changes: list[tuple[date, int, list[PlanRow], int]] = field(default_factory=list)
	#: what a piece of an item costs, in the company's currency
	costs: dict[str, Decimal] = field(default_factory=dict)
	expenses: list[Expense] = field(default_factory=list)
	approvers: Approvers | None = None
	not_played: int = 0

	def rules(self) -> Rounding:
		return Rounding(amount=self.precision, rate=self.precision, mode=ROUNDINGS[self.rounding])

	def works_on(self, day: date) -> bool:
		"""Whether the billing job runs that day; what it misses it does on the next one."""
		return day not in self.days_off and not (self.weekends_off and day.weekday() > 4)


#: What an account is for; the names are the company's own.
ROLES = {
	"receivable": "Trade Receivables",
	"bank": "Bank",
	"income": "Sales",
	"tax": "Output Tax",
	"write_off": "Bad Debts",
	"exchange": "Exchange Gain/Loss",
	"round_off": "Round Off",
	"input_tax": "Input Tax",
	"employees": "Payable to Employees",
	"suppliers": "Trade Payables",
}
ROOTS = {
	"receivable": "Asset",
	"bank": "Asset",
	"tax": "Liability",
	"income": "Income",
	"write_off": "Expense",
	"exchange": "Expense",
	"round_off": "Expense",
	"expense": "Expense",
	"input_tax": "Asset",
	"employees": "Liability",
	"suppliers": "Liability",
}
#: Where a cost is credited, by who paid it.
CREDITED = {COMPANY: "bank", EMPLOYEE: "employees", SUPPLIER: "suppliers"}
