"""Stories: a deal, what happens to it day by day, and the figures expected at each step, in one YAML file.

`Story.play(host)` works on any host: the simulation here, a real site in the app's site tests. Accounts are named by role
(receivable, bank, income, tax, write_off, exchange), so that each host uses its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import yaml

from ..core import dates, plan
from ..core.billing import BY_RATE, INVOICE_PER_INSTALLMENT
from ..core.money import to_decimal
from ..core.policy import PolicyScope
from . import books, profit
from .books import Company, Customer, Deal, Policy, Tax
from .engine import Engine
from .ledger import Ledger

VERBS = (
	"win",
	"bill",
	"confirm",
	"pay",
	"journal",
	"reconcile",
	"credit",
	"write_off",
	"refund",
	"expense",
	"cancel_invoice",
	"bill_again",
	"change",
	"look",
)
STEP_KEYS = {
	"date",
	"do",
	"installment",
	"amount",
	"exchange_rate",
	"as",
	"plan",
	"expect",
	"why",
	"category",
	"paid_by",
}
FIGURES = ("billed", "paid", "credited", "written_off", "outstanding")


class Host(Protocol):
	"""What a host does for a story. Amounts are Decimals in the deal's currency, `installment` counts from 1."""

	def go(self, day: date) -> None: ...
	def win(self) -> None: ...
	def bill(self) -> None: ...
	def confirm(self, installment: int) -> None: ...
	def pay(self, amount: Decimal, installment: int, exchange_rate: Decimal | None) -> None: ...
	def journal(self, amount: Decimal, name: str) -> None: ...
	def reconcile(self, name: str, installment: int) -> None: ...
	def credit(self, installment: int, amount: Decimal | None) -> None: ...
	def write_off(self, installment: int, amount: Decimal | None) -> None: ...
	def refund(self, installment: int, amount: Decimal) -> None: ...
	def expense(self, amount: Decimal, category: str, paid_by: str) -> None: ...
	def cancel_invoice(self, installment: int) -> None: ...
	def bill_again(self, installment: int) -> None: ...
	def change(self, rows: list[plan.PlanRow]) -> None: ...
	def installments(self) -> dict[int, dict[str, Any]]: ...
	def cash_panel(self) -> dict[str, Decimal]: ...
	def profit(self) -> dict[str, Any]: ...
	def trial_balance(self) -> dict[str, Decimal]: ...
	def invoices(self) -> list[dict[str, Any]]: ...


class Story:
	verbs, step_keys = VERBS, STEP_KEYS

	def __init__(self, path: Path):
		self.path = Path(path)
		self.data = yaml.safe_load(self.path.read_text(encoding="utf-8"))
		for number, step in enumerate(self.data["steps"], 1):
			unknown = set(step) - set(self.step_keys)
			if unknown or step.get("do", "look") not in self.verbs:
				raise ValueError(f"{self.path.name}, step {number}: {unknown or step['do']} is not known")

	@property
	def title(self) -> str:
		return self.data["title"]

	@property
	def deal(self) -> dict[str, Any]:
		return self.data["deal"]

	@property
	def policy(self) -> dict[str, Any]:
		return self.data.get("policy") or {}

	@property
	def taxes(self) -> list[dict[str, Any]]:
		return self.data.get("tax") or []

	def plan(self) -> list[plan.PlanRow]:
		return plan_rows(self.deal["plan"])

	def play(self, host: Host) -> list[str]:
		"""Play every step; what differs from what is expected, empty where all is right."""
		differences: list[str] = []
		for number, step in enumerate(self.data["steps"], 1):
			host.go(step["date"])
			self.act(host, step)
			where = f"{self.path.name}, step {number} ({step['date']}, {step.get('do', 'look')})"
			differences += [f"{where}: {text}" for text in self.compare(step.get("expect") or {}, host)]
		return differences

	def compare(self, expected: dict[str, Any], host: Host) -> list[str]:
		return compare(expected, host)

	def act(self, host: Host, step: dict[str, Any]):
		verb, number = step.get("do", "look"), step.get("installment", 0)
		amount = to_decimal(step["amount"]) if "amount" in step else None
		if verb == "pay":
			rate = to_decimal(step["exchange_rate"]) if "exchange_rate" in step else None
			host.pay(amount, number, rate)
		elif verb == "journal":
			host.journal(amount, step["as"])
		elif verb == "reconcile":
			host.reconcile(step["as"], number)
		elif verb == "expense":
			host.expense(amount, step["category"], step.get("paid_by", books.COMPANY))
		elif verb in ("credit", "write_off", "refund"):
			getattr(host, verb)(number, amount)
		elif verb in ("confirm", "cancel_invoice", "bill_again"):
			getattr(host, verb)(number)
		elif verb == "change":
			host.change(plan_rows(step["plan"]))
		elif verb in ("win", "bill"):
			getattr(host, verb)()


def plan_rows(rows: list[dict[str, Any]]) -> list[plan.PlanRow]:
	result = []
	for row in rows:
		values = dict(row)
		for key in ("percent", "amount"):
			if key in values:
				values[key] = to_decimal(values[key])
		if "amount" in values:
			values.setdefault("basis", plan.AMOUNT)
		if "fixed_due_date" in values:
			values.setdefault("due_rule", dates.FIXED_DATE)
		result.append(replace(plan.PlanRow(values.pop("description")), **values))
	return result


def difference(what: str, wanted: Any, found: Any) -> str:
	"""What is wrong with a figure; nothing where it is as expected."""
	if isinstance(wanted, (int, float)):
		wanted, found = to_decimal(wanted), to_decimal(found)
	if isinstance(wanted, list):
		wanted = [[to_decimal(cell) for cell in line] for line in wanted]
	if isinstance(wanted, date):
		wanted, found = wanted.isoformat(), str(found)
	return f"{what} is {found}, expected {wanted}" if wanted != found else ""


def compare(expected: dict[str, Any], host: Host) -> list[str]:
	"""Each expected figure that the host does not have."""
	differences: list[str] = []

	def check(what: str, wanted: Any, found: Any):
		if text := difference(what, wanted, found):
			differences.append(text)

	if "installments" in expected:
		rows = host.installments()
		for number, figures in expected["installments"].items():
			for figure, wanted in figures.items():
				check(f"installment {number} {figure}", wanted, rows[number][figure])
	if "deal" in expected:
		panel = host.cash_panel()
		for figure, wanted in expected["deal"].items():
			check(f"deal {figure}", wanted, panel[figure])
	if "profit" in expected:
		earned = host.profit()
		for figure, wanted in expected["profit"].items():
			check(f"profit: {figure}", wanted, earned.get(figure, Decimal(0)))
	if "trial_balance" in expected:
		balances = {role: value for role, value in host.trial_balance().items() if value}
		for role in {**balances, **expected["trial_balance"]}:
			check(
				f"balance of {role}", expected["trial_balance"].get(role, 0), balances.get(role, Decimal(0))
			)
		check("sum of all balances", 0, sum(balances.values(), Decimal(0)))
	if "invoices" in expected:
		invoices = host.invoices()
		check("number of invoices", len(expected["invoices"]), len(invoices))
		for number, (wanted, found) in enumerate(zip(expected["invoices"], invoices, strict=False), 1):
			for key, value in wanted.items():
				check(f"invoice {number} {key}", value, found[key])
	return differences


def policy_of(name: str, values: dict[str, Any]) -> Policy:
	return Policy(
		PolicyScope(name),
		values.get("method", INVOICE_PER_INSTALLMENT),
		values.get("split", BY_RATE),
		values.get("days_ahead", 0),
	)


def tax_of(story: Story) -> Tax:
	return Tax("Tax", [(row["account"], to_decimal(row["rate"])) for row in story.taxes])


def deal_of(name: str, number: int, customer: Customer, data: dict[str, Any], tax: Tax | None) -> Deal:
	"""A deal as its story tells it; the foreign currency is USD, the company's EUR."""
	deal = Deal(name, customer, "USD" if data.get("currency") == "foreign" else "EUR", data["opened_on"])
	deal.number = number
	deal.rate = to_decimal(data.get("exchange_rate", 1))
	deal.discount = to_decimal(data.get("discount", 0))
	deal.items = [
		(
			row["item"],
			to_decimal(row.get("quantity", 1)),
			to_decimal(row["rate"]),
			row.get("whole_number", False),
		)
		for row in data["items"]
	]
	deal.tax = tax
	deal.plan = plan_rows(data["plan"])
	return deal


class SimulationHost:
	"""Plays a story in memory."""

	def __init__(self, story: Story):
		company = Company(accounts=dict(books.ROLES), currency="EUR")
		company.policies = [policy_of("Story", story.policy)]
		customer = company.customers["Customer"] = Customer("Customer", number=1)
		tax = None
		if story.taxes:
			tax = company.taxes["Tax"] = tax_of(story)
		self.deal = deal_of("DEAL", 1, customer, story.deal, tax)
		company.deals = [self.deal]
		self.engine = Engine(company, Ledger(company), trace=True)
		self.journals: dict[str, books.Receipt] = {}

	def units(self, amount: Decimal | None) -> int:
		return self.engine.units(amount) if amount is not None else 0

	def part(self, number: int) -> books.Installment:
		return self.deal.installments[number - 1]

	def invoice(self, number: int) -> books.Invoice:
		return self.part(number).invoice if number else self.deal.invoices[0]

	def go(self, day: date):
		if day > self.engine.today:
			self.engine.start_day(day)

	def win(self):
		self.engine.win(self.deal)

	def bill(self):
		self.engine.sweep()

	def confirm(self, installment: int):
		self.engine.confirm(self.part(installment))

	def pay(self, amount: Decimal, installment: int, exchange_rate: Decimal | None):
		self.engine.receive(self.deal, self.units(amount), installment, rate=exchange_rate)

	def journal(self, amount: Decimal, name: str):
		self.journals[name] = self.engine.receive(self.deal, self.units(amount), 0, books.JOURNAL, waits=True)

	def reconcile(self, name: str, installment: int):
		receipt = self.journals[name]
		receipt.installment = installment
		self.engine.reconcile(receipt)

	def credit(self, installment: int, amount: Decimal | None):
		self.engine.credit(self.invoice(installment), self.units(amount))

	def write_off(self, installment: int, amount: Decimal | None):
		self.engine.write_off(self.invoice(installment), self.units(amount))

	def refund(self, installment: int, amount: Decimal):
		self.engine.refund(self.invoice(installment), self.units(amount))

	def expense(self, amount: Decimal, category: str, paid_by: str):
		self.engine.spend(
			books.Expense(self.engine.today, self.deal.number, category, self.units(amount), paid_by=paid_by)
		)

	def cancel_invoice(self, installment: int):
		self.engine.cancel_invoice(self.invoice(installment))

	def bill_again(self, installment: int):
		self.engine.release(self.part(installment))

	def change(self, rows: list[plan.PlanRow]):
		self.engine.change(self.deal, rows)

	def installments(self) -> dict[int, dict[str, Any]]:
		money, result = self.engine.money, {}
		for part in self.deal.installments:
			result[part.sequence] = {
				"status": self.engine.status_of(part),
				"net": money(part.net),
				"planned": money(part.planned),
				"invoice_date": part.invoice.posted_on if part.invoice else None,
				"due_date": part.due_date,
				"billed": money(part.grand),
				"paid": money(part.paid),
				"credited": money(part.credited),
				"written_off": money(part.written_off),
				"outstanding": money(part.outstanding),
			}
		return result

	def cash_panel(self) -> dict[str, Decimal]:
		return {
			figure: self.engine.money(units) for figure, units in self.engine.cash_panel(self.deal).items()
		}

	def profit(self) -> dict[str, Decimal]:
		"""Figures of the deal, and its expenses by category."""
		found, money = profit.earned(self.engine.ledger, self.deal.number), self.engine.money
		names = ("revenue", "credit_notes", "expenses", "write_offs", "exchange", "profit")
		figures = dict(zip(names, found.figures, strict=True)) | found.expenses
		return {name: money(units) for name, units in figures.items()}

	def trial_balance(self) -> dict[str, Decimal]:
		return {role: self.engine.money(units) for role, units in self.engine.ledger.balances().items()}

	def invoices(self) -> list[dict[str, Any]]:
		"""Invoices that stand, in the order they were raised."""
		money = self.engine.money
		return [
			{
				"date": invoice.posted_on,
				"due_date": invoice.due_date,
				"net": money(invoice.net),
				"total": money(invoice.grand),
				"outstanding": money(invoice.outstanding),
				"lines": self.lines(invoice),
			}
			for invoice in self.deal.invoices
		]

	def lines(self, invoice: books.Invoice) -> list[list[Decimal]]:
		ledger = self.engine.ledger
		ledger.flush()
		rows = ledger.db.execute(
			"SELECT quantity, rate, amount FROM invoice_items WHERE invoice = ? ORDER BY rowid",
			(invoice.number,),
		)
		return [[Decimal(cell) for cell in row] for row in rows]
