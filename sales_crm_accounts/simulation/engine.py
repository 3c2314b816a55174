"""Plays a company through the rules of `core`: what is billed when, what a payment closes, and what that posts.

The rules are the core's; here is only what ERPNext's documents would do on a site, with their entries in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from ..core import plan
from ..core.billing import BY_RATE, INVOICE_PER_INSTALLMENT, ONE_INVOICE, InvoiceLine, invoice_lines, is_ready
from ..core.billing import Line as CoreLine
from ..core.installments import status
from ..core.money import ZERO, quantize, split
from ..core.policy import PolicyScope
from ..core.problems import _
from .agenda import INVOICE, Agenda, PlayError
from .books import Company, Deal, Installment, Invoice, Policy, Receipt
from .ledger import Ledger
from .money_back import MoneyBack
from .totals import choose_policy, set_totals, tax_amount

BUILT_IN = Policy(PolicyScope(""), INVOICE_PER_INSTALLMENT, BY_RATE)
DAY = timedelta(days=1)
ONE = Decimal(1)
NO_DAYS = timedelta(0)


def is_plain(line: CoreLine, method: str) -> bool:
	"""Whether `core.billing.invoice_lines` makes one row of quantity 1 of any part of a deal with this line alone.

	So it does for a single piece that is split by rate; a property test holds the shortcut against the rule.
	"""
	return line.quantity == 1 and line.amount > 0 and (method == BY_RATE or line.whole_number)


class Engine(MoneyBack):
	"""The state of the company on one day. Days only go forward (`start_day`)."""

	def __init__(self, company: Company, ledger: Ledger, trace: bool = False):
		self.company, self.ledger = company, ledger
		self.rounding = company.rules()
		self.precision = company.precision
		self.today: date = date.min
		self.pending, self.falls_due = Agenda(), Agenda()
		#: Each day is one object, however many installments are due on it.
		self.same_day: dict[date | None, date | None] = {}
		self.next_payment = self.next_invoice = self.next_entry = self.next_installment = 0
		#: In the company's currency: what is open and what is overdue today, and figures by month.
		self.outstanding = self.overdue = 0
		self.fell_overdue = self.fell_overdue_amount = 0
		self.month_figures: dict[str, dict[str, int]] = {}
		self.figures: dict[str, int] = {}
		#: invoice number -> [(receipt, amount, base amount, base amount at the invoice's rate)], for the deals in `traced` (None:
		#: all of them), whose invoices may be cancelled
		self.trace: dict[int, list[tuple[Receipt, int, int, int]]] = {}
		self.traced: set[int] | None = None if trace else set()
		account = ledger.account
		self.receivable, self.bank, self.income = account("receivable"), account("bank"), account("income")
		self.written_off, self.exchange, self.round_off = (
			account("write_off"),
			account("exchange"),
			account("round_off"),
		)
		self.tax_accounts = {
			name: account("tax", name) for tax in company.taxes.values() for name, _rate in tax.lines
		}

	# Units and currencies

	def money(self, units: int) -> Decimal:
		return Decimal(units).scaleb(-self.precision)

	def units(self, amount: Decimal) -> int:
		return int(amount.scaleb(self.precision))

	def base(self, deal: Deal, units: int) -> int:
		"""`units` of the deal's currency in the company's, at the rate frozen when the deal was won."""
		if not deal.foreign:
			return units
		return int(quantize(units * deal.rate, 0, self.rounding.mode))

	# Days

	def start_day(self, day: date):
		"""Go to `day`: what was due before it and is open becomes overdue."""
		self.today = day
		self.ledger.set_day(day)
		self.figures = self.month_figures.setdefault(self.ledger.day_text[:7], {})
		for installment in self.falls_due.until(day - DAY):
			if installment.invoice is not None:
				open_base = self.base(installment.deal, installment.outstanding)
				if open_base > 0:
					self.fell_overdue += 1
					self.fell_overdue_amount += open_base
				self.overdue += open_base

	def end_day(self):
		self.figures["outstanding"], self.figures["overdue"] = self.outstanding, self.overdue

	def count(self, figure: str, amount: int):
		self.figures[figure] = self.figures.get(figure, 0) + amount

	def is_traced(self, deal: Deal) -> bool:
		return self.traced is None or deal.number in self.traced

	# Winning

	def win(self, deal: Deal, day: date | None = None) -> list[Installment]:
		"""Each plan row becomes an installment, and what is due is billed.

		Raises RuleError for a plan that does not share the deal.
		"""
		deal.won_on = day or self.today
		deal.foreign = deal.currency != self.company.currency
		if deal.lines is None:
			set_totals(deal, self.rounding)
		deal.policy = deal.policy or choose_policy(self.company, deal) or BUILT_IN
		deal.left = [line.amount for line in deal.lines]
		deal.left_quantity = [line.quantity for line in deal.lines]
		if deal.nets is None:
			nets = plan.amounts(self.money(deal.net_total), deal.plan, self.precision)
		else:
			nets = [self.money(part) for part in deal.nets]
			deal.nets = None
		self.add_installments(deal, deal.plan, nets, self.money(deal.grand_total))
		return deal.installments

	def add_installments(self, deal: Deal, rows: Sequence[plan.PlanRow], nets: list[Decimal], total: Decimal):
		planned = split(total, nets, self.precision)
		added = []
		for row, net, amount in zip(rows, nets, planned, strict=True):
			installment = Installment(
				deal, len(deal.installments) + 1, row, self.units(net), self.units(amount)
			)
			self.next_installment += 1
			installment.number = self.next_installment
			deal.installments.append(installment)
			added.append(installment)
		for installment in added:
			self.set_planned_date(installment, installment.row.planned_invoice_date(deal.won_on))
		self.take_up(added)

	def set_planned_date(self, installment: Installment, day: date | None):
		same = self.same_day
		installment.planned_on = same.setdefault(day, day)
		due = installment.row.due_date(day)
		installment.due_date = same.setdefault(due, due)

	def take_up(self, installments: list[Installment]):
		"""Bill now what is ready now; note the rest for its day."""
		now: list[Installment] = []
		for installment in installments:
			policy = installment.deal.policy
			if installment.planned_on is None or installment.invoice or not policy.automatic:
				continue
			if is_ready(installment.planned_on, self.today, policy.days_ahead):
				if self.company.works_on(self.today):
					now.append(installment)
				else:
					self.pending.add(self.today + DAY, installment)
			else:
				ahead = timedelta(days=policy.days_ahead) if policy.days_ahead else NO_DAYS
				self.pending.add(installment.planned_on - ahead, installment)
		if now:
			self.bill_ready(now)

	def sweep(self):
		"""The daily billing job: what its day has come for, with all that missed days left."""
		if not self.company.works_on(self.today):
			return
		self.bill_ready(self.pending.until(self.today))

	def bill_ready(self, installments: list[Installment]):
		for installment in installments:
			if (
				installment.invoice is None
				and not installment.cancelled
				and not installment.held
				and is_ready(installment.planned_on, self.today, installment.deal.policy.days_ahead)
			):
				self.bill(installment)

	def confirm(self, installment: Installment, day: date | None = None):
		"""Somebody confirmed the milestone or the delivery."""
		if installment.cancelled or installment.invoice:
			raise PlayError(_("{name} is already billed or cancelled."), name=installment.name)
		installment.confirmed_on = day or self.today
		self.set_planned_date(
			installment,
			installment.row.planned_invoice_date(installment.deal.won_on, installment.confirmed_on),
		)
		self.take_up([installment])

	def release(self, installment: Installment):
		"""Bill again what an invoice that was cancelled left on hold."""
		installment.held = False
		self.take_up([installment])

	# Billing

	def bill(self, installment: Installment) -> Invoice:
		"""Raise the invoice of an installment, or of all that are left where the policy makes one invoice."""
		deal, today = installment.deal, self.today
		if deal.policy.method == ONE_INVOICE:
			parts = [
				other
				for other in deal.installments
				if other.invoice is None and not other.cancelled and not other.held
			]
			for other in parts:
				planned = other.planned_on or today
				other.due_date = max(other.row.due_date(planned), today)
			parts.sort(key=lambda other: other.due_date)
		else:
			parts = (installment,)
			due = installment.row.due_date(max(installment.planned_on or today, today))
			installment.due_date = self.same_day.setdefault(due, due)
		invoice = Invoice(deal, parts, today)
		self.next_invoice += 1
		invoice.number = self.next_invoice
		self.set_lines(invoice, sum(part.net for part in parts))
		if len(parts) == 1:
			shares = [invoice.grand]
		else:
			nets = [self.money(part.net) for part in parts]
			shares = [self.units(part) for part in split(self.money(invoice.grand), nets, self.precision)]
		invoice.due_date = parts[-1].due_date
		for part, share in zip(parts, shares, strict=True):
			# What was planned with tax is now what the invoice comes to: tax is rounded on each invoice.
			part.invoice, part.grand, part.planned = invoice, share, share
			part.paid = part.credited = part.written_off = 0
			self.move(part, 0, share)
			if part.due_date >= today:
				self.falls_due.add(part.due_date, part)
		deal.invoices.append(invoice)
		self.post_invoice(invoice, INVOICE, invoice.number, 1)
		self.write_invoice(invoice)
		if deal.receipts:
			self.use_receipts(deal)
		if len(deal.invoices) == len(deal.installments) and not self.is_traced(deal):
			# Nothing is left to bill, and no invoice of the deal will be taken back.
			deal.lines = deal.left = deal.left_quantity = ()
		return invoice

	def set_lines(self, invoice: Invoice, net_units: int):
		"""Items, taxes and totals of the invoice; the discount of the deal is shared like the amounts."""
		deal, rounding = invoice.deal, self.rounding
		part = net = self.money(net_units)
		invoice.net = grand = net_units
		if len(deal.lines) == 1 and not deal.discount and is_plain(deal.lines[0], deal.policy.split):
			invoice.lines = [InvoiceLine(0, ONE, part, part)]
			deal.left[0] -= part
		else:
			share = self.share_of_discount(deal, part) if deal.discount else ZERO
			invoice.lines = invoice_lines(
				deal.lines,
				deal.left,
				deal.left_quantity,
				part + share,
				deal.policy.split,
				rounding,
				not deal.invoices,
			)
			net = -share
			left, left_quantity = deal.left, deal.left_quantity
			for line in invoice.lines:
				net += line.amount
				left[line.item] -= line.amount
				left_quantity[line.item] = max(ZERO, left_quantity[line.item] - line.quantity)
			invoice.net = grand = self.units(net)
		if deal.tax:
			invoice.taxes = tuple(
				[self.units(tax_amount(net, rate, rounding)) for _account, rate in deal.tax.lines]
			)
			grand += sum(invoice.taxes)
		else:
			invoice.taxes = ()
		invoice.grand = grand

	def share_of_discount(self, deal: Deal, part: Decimal) -> Decimal:
		"""What of the deal's discount goes on an invoice over `part`; the last invoice takes the rest."""
		open_net = sum(other.net for other in deal.installments if not other.invoice and not other.cancelled)
		net_left = self.money(open_net)
		discount_left = sum(deal.left, ZERO) - net_left if deal.invoices else deal.discount
		if part == net_left:
			return discount_left
		return quantize(discount_left * part / net_left, self.precision, self.rounding.mode)

	def post_invoice(self, invoice: Invoice, kind: str, number: int, sign: int):
		"""Dr Receivable, Cr Income, Cr Tax; a credit note and a cancellation the other way round."""
		deal = invoice.deal
		grand, net = (invoice.grand, invoice.net) if sign > 0 else (-invoice.grand, -invoice.net)
		base_grand, base_net = self.base(deal, grand), self.base(deal, net)
		lines = [
			(self.receivable, base_grand, grand, deal.customer.number),
			(self.income, -base_net, -net, None),
		]
		rest = base_grand - base_net
		if invoice.taxes:
			for (account, _rate), tax in zip(deal.tax.lines, invoice.taxes, strict=True):
				base_tax = self.base(deal, sign * tax)
				rest -= base_tax
				lines.append((self.tax_accounts[account], -base_tax, -sign * tax, None))
		if rest:
			lines.append((self.round_off, -rest, 0, None))
		self.ledger.post(kind, number, deal.number, lines)
		if kind == INVOICE:
			invoice.base_open = base_grand
			self.count("billed", base_grand)
			self.count("invoices", sign)
		else:
			self.count("credited", -base_grand)

	def write_invoice(self, invoice: Invoice):
		deal, add = invoice.deal, self.ledger.add
		for line in invoice.lines:
			add(
				"invoice_items",
				(
					invoice.number,
					deal.items[line.item][0],
					str(line.quantity),
					str(line.rate),
					str(line.amount),
				),
			)
		add(
			"invoices",
			(
				invoice.number,
				deal.number,
				self.ledger.day_text,
				invoice.due_date.isoformat(),
				invoice.net,
				invoice.grand - invoice.net,
				invoice.grand,
				invoice.base_open,
				0,
				None,
				0,
			),
		)
		invoice.lines = None

	# Change

	def change(self, deal: Deal, rows: Sequence[plan.PlanRow]):
		"""Plan anew what is not billed yet; what is billed stays."""
		open_ones = [part for part in deal.installments if part.invoice is None and not part.cancelled]
		net = sum(part.net for part in open_ones)
		total = sum(part.planned for part in open_ones)
		if not net:
			raise PlayError(_("everything is billed; there is nothing left to plan anew."))
		nets = plan.amounts(self.money(net), rows, self.precision)
		for part in open_ones:
			part.cancelled = True
		self.add_installments(deal, rows, nets, self.money(total))

	def cancel_deal(self, deal: Deal):
		"""Cancel what is not billed; what is open is credited, as the app offers before a deal is cancelled."""
		deal.cancelled_on = self.today
		for part in deal.installments:
			if part.invoice is None:
				part.cancelled = True
		for invoice in deal.invoices:
			if invoice.outstanding > 0:
				self.credit(invoice)

	# What is read

	def status_of(self, installment: Installment) -> str:
		return status(
			cancelled=installment.cancelled,
			ready=is_ready(installment.planned_on, self.today),
			billed=installment.grand,
			paid=installment.paid,
			credited=installment.credited,
			written_off=installment.written_off,
			due_date=installment.due_date,
			today=self.today,
		)

	def cash_panel(self, deal: Deal) -> dict[str, int]:
		"""Planned, billed, collected and so on of a deal, in its own currency."""
		planned = billed = collected = credited = written_off = outstanding = overdue = 0
		for part in deal.installments:
			if not part.cancelled:
				planned += part.planned
			if part.invoice is not None:
				billed += part.grand
				collected += part.paid
				credited += part.credited
				written_off += part.written_off
				left = part.grand - part.paid - part.credited - part.written_off
				outstanding += left
				if left > 0 and part.due_date < self.today:
					overdue += left
		return {
			"planned": planned,
			"billed": billed,
			"collected": collected,
			"credited": credited,
			"written_off": written_off,
			"outstanding": outstanding,
			"overdue": overdue,
		}
