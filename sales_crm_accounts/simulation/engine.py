"""Plays a company through the rules of `core`: what is billed when, what a payment closes, and what that posts.

The rules are the core's; here is only what ERPNext's documents would do on a site, with their entries in the ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ..core import plan
from ..core.billing import (
	BY_QUANTITY,
	BY_RATE,
	INVOICE_PER_INSTALLMENT,
	ONE_INVOICE,
	InvoiceLine,
	is_ready,
	lines_of_cells,
	ready_until,
)
from ..core.billing import Line as CoreLine
from ..core.installments import status
from ..core.money import ZERO, scale_units, split_units
from ..core.policy import PolicyScope
from ..core.problems import _
from .agenda import INVOICE, Agenda, PlayError
from .books import Company, Deal, Installment, Invoice, Policy, Receipt, ScheduledInvoice
from .currencies import Currencies
from .ledger import Ledger
from .money_back import MoneyBack
from .spending import Spending
from .totals import Totals

if TYPE_CHECKING:
	from .forecast import ForecastPlay
	from .ladder import LadderPlay

DAY = timedelta(days=1)
#: Rows of no tax: account, numerator, denominator.
NO_TAX = ((0, 0, 1),)


def is_plain(line: CoreLine, method: str) -> bool:
	"""Whether `core.billing.invoice_lines` makes one row of quantity 1 of any part of a deal with this line alone.

	So it does for a single piece that is split by rate; a property test holds the shortcut against the rule.
	"""
	return line.quantity == 1 and line.amount > 0 and (method == BY_RATE or line.whole_number)


class Engine(Currencies, MoneyBack, Spending):
	"""The state of the company on one day. Days only go forward (`start_day`)."""

	def __init__(self, company: Company, ledger: Ledger, trace: bool = False):
		self.company, self.ledger = company, ledger
		self.rounding = company.rules()
		self.precision = company.precision
		self.totals = Totals(company)
		self.built_in = Policy(PolicyScope(""), INVOICE_PER_INSTALLMENT, BY_RATE)
		self.today: date = date.min
		self.pending, self.falls_due = Agenda(), Agenda()
		#: (plan, day won) -> the plan, and planned day and due date of each of its rows
		self.plan_days: dict[tuple[int, date], tuple[Sequence[plan.PlanRow], list[tuple]]] = {}
		self.next_payment = self.next_invoice = self.next_entry = self.next_installment = self.next_bill = 0
		#: In the company's currency: what is open and what is overdue today, and figures by month.
		self.outstanding = self.overdue = 0
		self.fell_overdue = self.fell_overdue_amount = 0
		self.month_figures: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
		self.figures: dict[str, int] = {}
		#: of a company that tries a ladder of reminders
		self.ladder: LadderPlay | None = None
		#: of a company that asks for cash forecasts
		self.forecast: ForecastPlay | None = None
		#: of deals whose invoices may be cancelled; `trace`: all of them
		self.trace_all = trace
		#: invoice number -> [(receipt, amount, base amount, base amount at the invoice's rate)]
		self.trace: dict[int, list[tuple[Receipt, int, int, int]]] = {}
		#: of invoices that were posted at the rate of their day, where exchange_rates.csv names it
		self.ratios: dict[int, tuple[int, int]] = {}
		#: what `outstanding` counts of the installments in another currency
		self.open_base: dict[int, int] = {}
		#: invoice number -> its rows
		self.lines: dict[int, list[InvoiceLine]] = {}
		#: tax -> account and, as a fraction of the net amount, rate of each of its rows
		self.tax_rows = {
			tax.name: [
				(ledger.account("tax", name), *ratio)
				for (name, _rate), ratio in zip(tax.lines, self.totals.ratios[tax.name], strict=True)
			]
			for tax in company.taxes.values()
		}

	# Days

	def start_day(self, day: date):
		"""Go to `day`: what was due before it and is open becomes overdue."""
		self.today = day
		self.ledger.set_day(day)
		self.figures = self.month_figures[self.ledger.day_text[:7]]
		for policy in (self.built_in, *self.company.policies):
			policy.ready_until = ready_until(day, policy.days_ahead)
		for part in self.falls_due.until(day - DAY):
			left = part.grand - part.paid - part.credited - part.written_off
			if left and part.invoice is not None:
				open_base = self.open_base.get(part.serial, 0) if part.deal.foreign else left
				if open_base > 0:
					self.fell_overdue += 1
					self.fell_overdue_amount += open_base
				self.overdue += open_base

	def end_day(self):
		self.figures["outstanding"], self.figures["overdue"] = self.outstanding, self.overdue

	# Winning

	def win(self, deal: Deal, day: date | None = None) -> list[Installment]:
		"""Each plan row becomes an installment, and what is due is billed.

		Raises RuleError for a plan that does not share the deal.
		"""
		deal.won_on = day or self.today
		deal.foreign = deal.currency != self.company.currency
		if deal.lines is None:
			self.totals.set(deal)
		deal.policy = deal.policy or self.totals.policy(deal) or self.built_in
		deal.traced = deal.traced or self.trace_all
		deal.plain = len(deal.lines) == 1 and not deal.discount and is_plain(deal.lines[0], deal.policy.split)
		if deal.plain:
			deal.lines = ()
		else:
			deal.left = [self.units(line.amount) for line in deal.lines]
			deal.left_quantity = [line.quantity for line in deal.lines]
		nets = deal.nets
		if nets is None:
			nets = plan.Shares(deal.plan, self.precision).of(self.money(deal.net_total))
		deal.nets = None
		self.add_installments(deal, deal.plan, nets, deal.grand_total)
		return deal.installments

	def add_installments(self, deal: Deal, rows: Sequence[plan.PlanRow], nets: Sequence[int], total: int):
		number, sequence, added = self.next_installment, len(deal.installments), []
		for row, net, planned, days in zip(
			rows, nets, split_units(total, nets), self.days_of(rows, deal.won_on), strict=True
		):
			number += 1
			sequence += 1
			part = Installment(deal, number, sequence, row, net, planned)
			part.planned_on, part.due_date = days
			added.append(part)
		self.next_installment = number
		deal.installments += added
		self.take_up(deal, added)

	def days_of(self, rows: Sequence[plan.PlanRow], won_on: date) -> list[tuple[date | None, date | None]]:
		"""Planned day and due date of each row of a plan; deals that are won on one day share them."""
		known = self.plan_days.get((id(rows), won_on))
		if known is None:
			planned = [row.planned_invoice_date(won_on) for row in rows]
			days = [(day, row.due_date(day)) for row, day in zip(rows, planned, strict=True)]
			known = self.plan_days[id(rows), won_on] = (rows, days)
		return known[1]

	def take_up(self, deal: Deal, installments: list[Installment]):
		"""Bill now what is ready now; note the rest for its day."""
		policy, pending = deal.policy, self.pending
		if not policy.automatic:
			return
		ahead = timedelta(days=policy.days_ahead)
		now: list[Installment] = []
		for part in installments:
			planned_on = part.planned_on
			if planned_on is None or part.invoice:
				continue
			if planned_on > policy.ready_until:
				pending[planned_on - ahead if ahead else planned_on].append(part)
			elif self.company.works_on(self.today):
				now.append(part)
			else:
				pending[self.today + DAY].append(part)
		if now:
			self.bill_ready(now)

	def sweep(self):
		"""The daily billing job: what its day has come for, with all that missed days left."""
		if self.company.works_on(self.today):
			self.bill_ready(self.pending.until(self.today))

	def bill_ready(self, installments: list[Installment]):
		for part in installments:
			if (
				part.invoice is None
				and not part.cancelled
				and not part.held
				and part.planned_on <= part.deal.policy.ready_until
			):
				self.bill(part)

	def confirm(self, installment: Installment, day: date | None = None):
		"""Somebody confirmed the milestone or the delivery."""
		if installment.cancelled or installment.invoice:
			raise PlayError(_("{name} is already billed or cancelled."), name=installment.name)
		installment.confirmed_on = day or self.today
		row, deal = installment.row, installment.deal
		installment.planned_on = row.planned_invoice_date(deal.won_on, installment.confirmed_on)
		installment.due_date = row.due_date(installment.planned_on)
		self.take_up(deal, [installment])

	def release(self, installment: Installment):
		"""Bill again what an invoice that was cancelled left on hold."""
		installment.held = False
		self.take_up(installment.deal, [installment])

	# Billing

	def bill(self, part: Installment):
		"""Raise the invoice of an installment, or of all that are left where the policy makes one invoice."""
		deal, today = part.deal, self.today
		if deal.policy.method == ONE_INVOICE:
			parts = self.schedule(deal)
			if len(parts) > 1:
				self.bill_together(deal, parts)
				return
		elif part.planned_on < today:
			part.due_date = part.row.due_date(today)
		net, foreign = part.net, deal.foreign
		part.invoice, part.posted_on = part, today
		part.number = number = self.next_invoice = self.next_invoice + 1
		rows = self.tax_rows[deal.tax.name] if deal.tax else NO_TAX
		if foreign or len(rows) > 1:
			part.grand = part.planned = grand = net + sum(self.taxes(part))
			self.post_invoice(part, INVOICE, number, 1)
		else:
			# What was planned with tax is now what the invoice comes to: tax is rounded on each invoice.
			account, numerator, denominator = rows[0]
			tax = scale_units(net, numerator, denominator, self.rounding.mode) if account else 0
			part.grand = part.planned = part.base_open = grand = net + tax
			self.ledger.post_sale(number, deal.number, grand, net, tax, account)
			figures = self.figures
			figures["billed"] += grand
			figures["invoices"] += 1
		self.outstanding += part.base_open
		if foreign:
			self.open_base[part.serial] = part.base_open
		self.falls_due[part.due_date].append(part)
		if self.ladder:
			self.ladder.billed(part)
		self.write_invoice(part)

	def schedule(self, deal: Deal) -> list[Installment]:
		"""What one invoice bills: all that is not billed, each part due as its rule says, but never in the past."""
		today = self.today
		parts = [
			part
			for part in deal.installments
			if part.invoice is None and not part.cancelled and not part.held
		]
		for part in parts:
			part.due_date = max(part.row.due_date(part.planned_on or today), today)
		parts.sort(key=lambda part: part.due_date)
		return parts

	def bill_together(self, deal: Deal, parts: list[Installment]):
		"""One invoice over several installments."""
		self.next_invoice += 1
		invoice = ScheduledInvoice(deal, self.next_invoice, parts, self.today)
		invoice.grand = invoice.net + sum(self.taxes(invoice))
		self.post_invoice(invoice, INVOICE, invoice.number, 1)
		shares = split_units(invoice.grand, [part.net for part in parts])
		for part, share in zip(parts, shares, strict=True):
			part.invoice, part.grand, part.planned = invoice, share, share
		for part in parts:
			self.outstanding += (left := self.base_left(part))
			if deal.foreign:
				self.open_base[part.serial] = left
			self.falls_due[part.due_date].append(part)
			if self.ladder:
				self.ladder.billed(part)
		self.write_invoice(invoice)

	def taxes(self, invoice: Invoice) -> list[int]:
		deal = invoice.deal
		return self.totals.taxes(deal.tax, invoice.net) if deal.tax else []

	def post_invoice(self, invoice: Invoice, kind: str, number: int, sign: int):
		"""Dr Receivable, Cr Income, Cr Tax; a credit note and a cancellation the other way round."""
		deal, ledger = invoice.deal, self.ledger
		grand, net = sign * invoice.grand, sign * invoice.net
		if kind == INVOICE and sign > 0 and deal.foreign and self.company.rates:
			self.ratios[number] = self.ratio_of_day(deal)
		base_grand, base_net = self.base_of(invoice, grand), self.base_of(invoice, net)
		lines = [
			(ledger.receivable, base_grand, grand, deal.customer.number),
			(ledger.income, -base_net, -net, 0),
		]
		rest = base_grand - base_net
		rows = self.tax_rows[deal.tax.name] if deal.tax else ()
		for (account, _numerator, _denominator), tax in zip(rows, self.taxes(invoice), strict=True):
			base_tax = self.base_of(invoice, -sign * tax)
			rest += base_tax
			lines.append((account, base_tax, -sign * tax, 0))
		if rest:
			lines.append((ledger.round_off, -rest, 0, 0))
		ledger.post(kind, number, deal.number, lines)
		if kind == INVOICE:
			invoice.base_open = base_grand
			self.figures["billed"] += base_grand
			self.figures["invoices"] += sign
		else:
			self.figures["credited"] -= base_grand

	def write_invoice(self, invoice: Invoice):
		"""Its rows in the ledger; money that waited for it closes it."""
		deal, ledger, number, net = invoice.deal, self.ledger, invoice.number, invoice.net
		if deal.plain:
			amount = f"{net // ledger.unit}{ledger.parts[net % ledger.unit]}"
			ledger.invoice_items += (number, deal.items[0][0], "1", amount, amount)
		else:
			for item, quantity, rate, line_amount in self.take_lines(invoice):
				ledger.invoice_items += (
					number,
					deal.items[item][0],
					str(quantity),
					str(rate),
					str(line_amount),
				)
		ledger.invoices += (
			number,
			deal.number,
			ledger.day_text,
			ledger.texts[invoice.due_date],
			net,
			invoice.grand - net,
			invoice.grand,
			invoice.base_open,
			0,
			0,
			0,
		)
		deal.invoices.append(invoice)
		if deal.receipts:
			self.use_receipts(deal)

	def take_lines(self, invoice: Invoice) -> list[InvoiceLine]:
		"""What the invoice bills of each item; the discount of the deal is shared like the amounts."""
		deal, net = invoice.deal, invoice.net
		left, method = deal.left, deal.policy.split
		part = net + self.share_of_discount(deal, invoice) if deal.discount else net
		cells = split_units(part, left)
		lines = lines_of_cells(
			deal.lines,
			cells,
			deal.left_quantity,
			part,
			sum(left),
			method,
			self.rounding,
			not deal.invoices,
		)
		deal.left = [before - cell for before, cell in zip(left, cells)]  # noqa: B905
		if method == BY_QUANTITY:
			left_quantity = deal.left_quantity
			for line in lines:
				left_quantity[line.item] = max(ZERO, left_quantity[line.item] - line.quantity)
		if deal.traced:
			self.lines[invoice.number] = lines
		elif len(deal.invoices) + 1 == len(deal.installments):
			# Nothing is left to bill, and no invoice of the deal will be taken back.
			deal.lines = deal.left = deal.left_quantity = ()
		return lines

	def share_of_discount(self, deal: Deal, invoice: Invoice) -> int:
		"""What of the deal's discount goes on an invoice; the last invoice takes the rest."""
		net_left = invoice.net + sum(
			[part.net for part in deal.installments if not part.invoice and not part.cancelled]
		)
		discount_left = sum(deal.left) - net_left
		if invoice.net == net_left:
			return discount_left
		return scale_units(discount_left, invoice.net, net_left, self.rounding.mode)

	# Change

	def change(self, deal: Deal, rows: Sequence[plan.PlanRow]):
		"""Plan anew what is not billed yet; what is billed stays."""
		open_ones = [part for part in deal.installments if part.invoice is None and not part.cancelled]
		net = sum(part.net for part in open_ones)
		total = sum(part.planned for part in open_ones)
		if not net:
			raise PlayError(_("everything is billed; there is nothing left to plan anew."))
		nets = plan.Shares(rows, self.precision).of(self.money(net))
		for part in open_ones:
			part.cancelled = True
		self.add_installments(deal, rows, nets, total)

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
			ready=not installment.grand and is_ready(installment.planned_on, self.today),
			billed=installment.grand,
			paid=installment.paid,
			credited=installment.credited,
			written_off=installment.written_off,
			due_date=installment.due_date,
			today=self.today,
		)

	def cash_panel(self, deal: Deal) -> dict[str, int]:
		"""Planned, billed, collected and so on of a deal, in its own currency."""
		planned = billed = collected = credited = written_off = overdue = 0
		for part in deal.installments:
			if not part.cancelled:
				planned += part.planned
			if part.invoice is not None:
				grand, paid = part.grand, part.paid
				billed += grand
				collected += paid
				if paid == grand and not part.credited and not part.written_off:
					continue
				credited += part.credited
				written_off += part.written_off
				left = grand - paid - part.credited - part.written_off
				if left > 0 and part.due_date < self.today:
					overdue += left
		return {
			"planned": planned,
			"billed": billed,
			"collected": collected,
			"credited": credited,
			"written_off": written_off,
			"outstanding": billed - collected - credited - written_off,
			"overdue": overdue,
		}
