"""What holds parts of open installments back on a day: promises, disputes and pauses, and whether promises were kept.

The rules are the core's: `core.receivables.holds` lays claims over rows, `core.receivables.promises` judges. Here is what they are
fed with: what the files say, and the money of each promised installment day by day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ..core.money import ZERO
from ..core.receivables import holds as rules
from ..core.receivables.holds import Claim, Hold
from ..core.receivables.promises import OPEN, Promise, Receipt, judge, received
from ..core.receivables.rows import OpenRow
from .books import Company, Deal, Installment
from .engine import Engine
from .held_files import PROMISE_GRACE, Pause, Said


@dataclass(slots=True)
class Part:
	"""A promised installment: its money since the first promise, and the promises about it."""

	paid: int = 0
	receipts: list[Receipt] = field(default_factory=list)
	said: list[Said] = field(default_factory=list)


class Held:
	def __init__(self, company: Company, engine: Engine):
		self.company, self.engine = company, engine
		self.of_customer: dict[str, list[Said]] = defaultdict(list)
		self.pauses: dict[str, list[Pause]] = defaultdict(list)
		self.starts: dict[date, list[Said]] = defaultdict(list)
		self.parts: dict[tuple[int, int], Part] = {}
		#: open at the end of the last day of each promise
		self.still_open: dict[str, Decimal] = {}
		for said in company.said:
			self.of_customer[said.deal.customer.name].append(said)
			if said.kind == rules.PROMISE:
				self.starts[said.on].append(said)
		for pause in company.pauses:
			self.pauses[pause.customer].append(pause)

	def start(self, day: date):
		"""Before anything happens on `day`: money that comes from now on counts for the promises of the day."""
		for said in self.starts.pop(day, ()):
			part = self.parts.setdefault((said.deal.number, said.installment), Part())
			installment = installment_of(said)
			if not any(one.judged_on is None for one in part.said):
				part.paid = installment.paid if installment else 0
			part.said.append(said)
			if said.amount is None and installment and installment.invoice:
				said.amount = max(installment.outstanding, 0) or None

	def look(self, day: date):
		"""Judge the promises by what has come until now; to be called at the end of every day, and whenever somebody asks."""
		for key, part in list(self.parts.items()):
			self._look_at(part, day)
			if all(said.judged_on and said.judged_on > last_day(said) for said in part.said):
				del self.parts[key]

	def _look_at(self, part: Part, day: date):
		money = self.engine.money
		installment = installment_of(part.said[0])
		left = installment.outstanding if installment and installment.invoice else 0
		if installment and installment.paid != part.paid:
			part.receipts.append(
				Receipt("", "", "", day, money(installment.paid - part.paid), str(installment.serial), 1)
			)
			part.paid = installment.paid
		promises = {}
		for said in part.said:
			if said.amount is None and left:
				said.amount = left
			promises[said.name] = Promise(
				name=said.name,
				company="",
				customer="",
				currency="",
				amount=money(said.amount or 0),
				promised_on=said.on,
				last_day=last_day(said),
				sales_invoice=str(installment.serial) if installment else "-",
				installment_no=1,
			)
		got = received(promises.values(), part.receipts)
		for said in part.said:
			promise = promises[said.name]
			if said.judged_on and said.judged_on > promise.last_day:
				continue
			if day <= promise.last_day:
				self.still_open[said.name] = money(max(left, 0))
			outcome = judge(promise, got[said.name], self.still_open.get(said.name, money(left)), day)
			said.outcome, said.came = outcome, self.engine.units(got[said.name].amount)
			said.judged_on = None if outcome == OPEN else day

	def finish(self):
		"""What is not due at the end stays open."""
		for said in self.company.said:
			if said.kind == rules.PROMISE:
				said.outcome = said.outcome or OPEN

	# What is read

	def claims(self, customer: str, day: date) -> list[Claim]:
		"""Promises, disputes and pauses of the customer that stand on `day`."""
		found = []
		for said in self.of_customer.get(customer, ()):
			installment = installment_of(said)
			if said.on > day or installment is None or installment.invoice is None:
				continue
			amount = said.amount
			if said.kind == rules.PROMISE:
				until = last_day(said)
				if day > until or said.outcome not in ("", OPEN):
					continue
				if amount is not None:
					amount -= said.came
					if amount <= 0:
						continue
			else:
				until = None
				if said.until is not None and day >= said.until:
					continue
			found.append(
				Claim(
					said.kind,
					said.name,
					customer,
					str(installment.invoice.number),
					installment.sequence,
					None if amount is None else in_account(self.engine, installment, amount),
					until=until,
				)
			)
		found += [
			Claim(rules.PAUSE, pause.name, customer, until=pause.until)
			for pause in self.pauses.get(customer, ())
			if pause.on <= day <= pause.until
		]
		return found

	def holds(self, customer: str, rows: Sequence[OpenRow], day: date) -> dict[tuple[str, int], list[Hold]]:
		claims = self.claims(customer, day)
		return rules.held(rows, claims, day) if claims else {}

	def on_account(self, deals) -> dict[tuple[str, str], Decimal]:
		"""(customer, currency) -> money that no invoice has taken yet."""
		found: dict[tuple[str, str], Decimal] = {}
		for deal in deals:
			for receipt in deal.receipts:
				if receipt.open:
					currency = currency_of(deal)
					units = receipt.open if currency == deal.currency else receipt.base_open
					key = (deal.customer.name, currency)
					found[key] = found.get(key, ZERO) + self.engine.money(units)
		return found


def last_day(said: Said) -> date:
	return said.until + PROMISE_GRACE


def installment_of(said: Said) -> Installment | None:
	parts = said.deal.installments
	return parts[said.installment - 1] if said.installment <= len(parts) else None


def open_row(engine: Engine, part: Installment, left: int) -> OpenRow:
	"""An installment with `left` units open, as the rules over receivables read it."""
	deal, base = part.deal, engine.money(engine.base_left(part))
	currency = currency_of(deal)
	return OpenRow(
		sales_invoice=str(part.invoice.number),
		installment_no=part.sequence,
		company=engine.company.name,
		customer=deal.customer.name,
		posting_date=part.invoice.posted_on,
		due_date=part.due_date,
		currency=currency,
		outstanding=engine.money(left) if currency == deal.currency else base,
		base_outstanding=base,
		deal=deal.name,
	)


def currency_of(deal: Deal) -> str:
	"""Of the receivable account that the deal's invoices are posted to."""
	return deal.customer.receivable_currency or deal.currency


def in_account(engine: Engine, part: Installment, units: int) -> Decimal:
	"""`units` of a billed installment as they stand on its receivable account."""
	same = currency_of(part.deal) == part.deal.currency
	return engine.money(units if same else engine.base_of(part.invoice, units))
