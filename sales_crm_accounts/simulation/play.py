"""Plays a company day by day, from its first day to its last."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import date

from ..core.plan import CONFIRMED_TRIGGERS, ON_DELIVERY
from ..core.problems import RuleError, _
from . import books
from .agenda import PlayError
from .approvals import STUCK, Approvals
from .books import Company, Deal, Invoice, Receipt
from .engine import Engine
from .forecast import ForecastPlay
from .held import Held
from .ladder import LadderPlay
from .ledger import Ledger
from .notes import MOST_NOTES, Note

#: Files that ask for something, as notes name them.
DEALS, INSTALLMENTS, CHANGES, EXPENSES, PAYMENTS = (
	f"{name}.csv" for name in ("deals", "installments", "changes", "expenses", "payments")
)


class Play:
	def __init__(self, company: Company, ledger: Ledger):
		self.company = company
		self.engine = Engine(company, ledger)
		self.approvals = Approvals(company)
		self.held = Held(company, self.engine)
		self.ladder = self.engine.ladder = (
			LadderPlay(company, self.engine, self.held) if company.ladder else None
		)
		self.forecast = self.engine.forecast = (
			ForecastPlay(company, self.engine, self.held) if company.forecasts else None
		)
		self.notes: list[Note] = []
		self.note_count = 0
		#: what is done on each day: file and row that ask for it, method, arguments
		self.events: dict[date, list[tuple]] = defaultdict(list)
		self.reconciles: dict[date, list[Receipt]] = defaultdict(list)

	def run(self, progress=iter) -> Engine:
		company, engine = self.company, self.engine
		self.ask_for_approval()
		self.collect()
		self.collect_expenses()
		movements = company.movements
		movements.sort()
		days, first, last = movements.day, company.start.toordinal(), company.end.toordinal()
		at = bisect_left(days, first)
		company.not_played += at
		for ordinal in progress(range(first, last + 1)):
			day = date.fromordinal(ordinal)
			engine.start_day(day)
			self.held.start(day)
			if self.forecast:
				self.forecast.start(day)
			for file, row, act, *arguments in self.events.pop(day, ()):
				self.attempt(day, file, row, act, *arguments)
			engine.sweep()
			until = bisect_right(days, ordinal, at)
			self.move(day, slice(at, until))
			at = until
			for receipt in self.reconciles.pop(day, ()):
				engine.reconcile(receipt)
			self.held.look(day)
			if self.ladder:
				self.ladder.play(day)
			if self.forecast:
				self.forecast.end(day)
			engine.end_day()
		self.held.finish()
		if self.ladder:
			self.ladder.finish()
		company.not_played += len(days) - at
		return engine

	def ask_for_approval(self):
		"""Deals that a chain covers are won when they are approved, or not at all."""
		self.approvals.play()
		for request in self.approvals.requests:
			if request.status == STUCK:
				for problem in request.problems:
					self.note(request.asked.date(), DEALS, request.deal.row, problem.text, **problem.values)

	def collect_expenses(self):
		company = self.company
		for expense in company.expenses:
			if company.start <= expense.day <= company.end:
				self.events[expense.day].append((EXPENSES, expense.row, self.engine.spend, expense))
			else:
				company.not_played += 1

	def collect(self):
		"""Everything but movements, by day; winning comes first on a day, cancelling last."""
		company, events = self.company, self.events
		start, end = company.start, company.end
		for deal in company.deals:
			if deal.won_on and deal.won_on <= end:
				events[max(deal.won_on, start)].append((DEALS, deal.row, self.win, deal, deal.won_on))
		for (number, sequence), (day, row) in company.confirmations.items():
			if company.deals[number - 1].won_on:
				events[self.not_before_winning(number, day)].append(
					(INSTALLMENTS, row, self.confirm, number, sequence, day)
				)
		for deal in company.deals:
			if deal.delivered_on and deal.won_on:
				events[self.not_before_winning(deal.number, deal.delivered_on)].append(
					(DEALS, deal.row, self.deliver, deal)
				)
		for day, number, rows, row in company.changes:
			if company.deals[number - 1].won_on:
				events[self.not_before_winning(number, day)].append((CHANGES, row, self.change, number, rows))
		for deal in company.deals:
			if deal.cancelled_on:
				day, deal.cancelled_on = deal.cancelled_on, None
				events[day].append((DEALS, deal.row, self.cancel, deal))
		if books.CANCEL_INVOICE in company.movements.kind:
			for kind, number in zip(company.movements.kind, company.movements.deal, strict=True):
				if kind == books.CANCEL_INVOICE:
					company.deals[number - 1].traced = True

	def not_before_winning(self, number: int, day: date) -> date:
		return max(day, self.company.deals[number - 1].won_on, self.company.start)

	def attempt(self, day: date, file: str, row: int, act, *arguments):
		"""What `row` of `file` asks for; where ERPNext would refuse it, it is noted."""
		try:
			act(*arguments)
		except PlayError as error:
			self.note(day, file, row, error.text, **error.values)
		except RuleError as error:
			for problem in error.problems:
				self.note(day, file, row, problem.text, **problem.values)

	def note(self, day: date, file: str, row: int, text: str, **values):
		self.note_count += 1
		if len(self.notes) < MOST_NOTES:
			self.notes.append(Note(day, file, row, text, values))

	# What happens to deals

	def win(self, deal: Deal, day: date):
		self.engine.win(deal, day)

	def confirm(self, number: int, sequence: int, day: date):
		deal = self.company.deals[number - 1]
		if deal.installments:
			self.engine.confirm(deal.installments[sequence - 1], day)

	def deliver(self, deal: Deal):
		for installment in deal.installments:
			if (
				installment.row.trigger == ON_DELIVERY
				and installment.row.trigger in CONFIRMED_TRIGGERS
				and not installment.confirmed_on
				and not installment.cancelled
			):
				self.engine.confirm(installment, deal.delivered_on)

	def change(self, number: int, rows):
		self.engine.change(self.company.deals[number - 1], rows)

	def cancel(self, deal: Deal):
		self.engine.cancel_deal(deal)

	# Money

	def move(self, day: date, of_day: slice):
		company, receive = self.company, self.engine.receive
		deals, movements = company.deals, company.movements
		rates, reconciled = movements.rate, movements.reconciled_on
		for kind, number, sequence, units, row in zip(
			movements.kind[of_day],
			movements.deal[of_day],
			movements.installment[of_day],
			movements.amount[of_day],
			movements.row[of_day],
			strict=True,
		):
			deal = deals[number - 1]
			if not deal.won_on:
				self.note(day, PAYMENTS, row, _("the deal was not approved, so this was not played."))
			elif kind == books.PAYMENT:
				receive(deal, units, sequence, kind, rates.get(row) if rates else None)
			elif kind == books.JOURNAL:
				reconciled_on = reconciled.get(row)
				waits = reconciled_on is not None and reconciled_on > day
				receipt = receive(deal, units, sequence, kind, rates.get(row), waits)
				if waits:
					self.reconciles[reconciled_on].append(receipt)
			else:
				try:
					self.close(deal, kind, units, sequence)
				except PlayError as error:
					self.note(day, PAYMENTS, row, error.text, **error.values)

	def close(self, deal: Deal, kind: int, units: int, sequence: int):
		"""Credit note, write-off, refund, cancellation: on the invoice of one installment or on those of the deal."""
		engine = self.engine
		if kind == books.BILL_AGAIN:
			held = [part for part in deal.installments if part.held and sequence in (0, part.sequence)]
			if not held:
				raise PlayError(
					_("no invoice of the deal was cancelled before, so there is nothing to bill again.")
				)
			for part in held:
				engine.release(part)
			return
		invoices = self.invoices(deal, sequence)
		if not invoices:
			raise PlayError(_("nothing of the deal is billed yet, so this was not played."))
		if kind == books.CANCEL_INVOICE:
			for invoice in list(invoices):
				engine.cancel_invoice(invoice)
		elif kind == books.REFUND:
			paid = [invoice for invoice in invoices if invoice.paid >= units]
			if not paid:
				raise PlayError(_("more is paid back than was paid."))
			engine.refund(paid[-1], units)
		else:
			act = engine.credit if kind == books.CREDIT_NOTE else engine.write_off
			if not units:
				for invoice in invoices:
					if invoice.outstanding > 0:
						act(invoice)
				return
			fitting = [invoice for invoice in invoices if invoice.outstanding >= units]
			if not fitting and kind == books.CREDIT_NOTE:
				fitting = [invoice for invoice in invoices if invoice.grand - invoice.credited >= units]
			if not fitting:
				raise PlayError(
					_("the amount is more than is open on any invoice. Split it, or name the installment.")
				)
			act(fitting[0], units)

	@staticmethod
	def invoices(deal: Deal, sequence: int) -> list[Invoice]:
		if not sequence:
			return deal.invoices
		if sequence > len(deal.installments):
			return []
		invoice = deal.installments[sequence - 1].invoice
		return [invoice] if invoice else []
