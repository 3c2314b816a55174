"""Money that comes back: payments, credit notes, write-offs, refunds, and what they close."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from ..core.billing import BY_QUANTITY
from ..core.installments import close_oldest
from ..core.money import scale_units, split_units
from ..core.problems import _
from . import books
from .agenda import CREDIT, ENTRY, EXCHANGE, INVOICE, PAY, PlayError
from .books import Deal, Installment, Invoice, Receipt


class MoneyBack:
	"""Part of the Engine."""

	def receive(
		self,
		deal: Deal,
		units: int,
		installment: int = 0,
		kind: int = books.PAYMENT,
		rate: Decimal | None = None,
		waits: bool = False,
	) -> Receipt | None:
		"""Money from the customer: Dr Bank, Cr Receivable; it closes the installment named, else the oldest open ones.

		What finds nothing open stays with the deal and is used by its next invoice. `waits`: a journal entry nobody has
		reconciled yet. Returns what may still be open of it.
		"""
		if rate is not None:
			base = scale_units(units, *rate.as_integer_ratio(), self.rounding.mode)
		elif deal.foreign and self.company.rates:
			base = scale_units(units, *self.ratio_of_day(deal), self.rounding.mode)
		else:
			base = self.base(deal, units)
		if kind == books.JOURNAL:
			self.next_entry += 1
			name, number = ENTRY, self.next_entry
		else:
			self.next_payment += 1
			name, number = PAY, self.next_payment
		self.ledger.post_closing(name, number, deal.number, self.ledger.bank, base, units)
		self.figures["collected"] += base
		if installment and not waits and not deal.traced and installment <= len(deal.installments):
			invoice = deal.installments[installment - 1].invoice
			if (
				invoice is not None
				and invoice.grand - invoice.paid - invoice.credited - invoice.written_off >= units
			):
				self.pay(invoice, name, number, units, base)
				return None
		receipt = Receipt(deal, kind, number, units, base, self.today)
		receipt.installment, receipt.waits = installment, waits
		if not waits:
			self.use_receipt(receipt)
		if receipt.open:
			deal.receipts.append(receipt)
		return receipt

	def reconcile(self, receipt: Receipt):
		receipt.waits = False
		self.use_receipt(receipt)
		self.forget_used(receipt.deal)

	def use_receipts(self, deal: Deal):
		for receipt in deal.receipts:
			if not receipt.waits:
				self.use_receipt(receipt)
		self.forget_used(deal)

	@staticmethod
	def forget_used(deal: Deal):
		deal.receipts = [receipt for receipt in deal.receipts if receipt.open]

	def use_receipt(self, receipt: Receipt):
		deal = receipt.deal
		if receipt.installment > len(deal.installments):
			# The deal is not won yet, or its plan not yet changed: the money waits.
			return
		if receipt.installment:
			named = deal.installments[receipt.installment - 1]
			if named.invoice is None and not named.cancelled:
				return
			invoices = [named.invoice] if named.invoice and named.invoice.outstanding > 0 else deal.invoices
		else:
			invoices = deal.invoices
		for invoice in invoices:
			open_units = invoice.outstanding
			if open_units > 0 and receipt.open:
				self.use_on(receipt, invoice, min(receipt.open, open_units))
			if not receipt.open:
				break

	def use_on(self, receipt: Receipt, invoice: Invoice, units: int):
		base = receipt.base_open
		if units != receipt.open:
			base = scale_units(base, units, receipt.open, ROUND_HALF_EVEN)
		receipt.open -= units
		receipt.base_open -= base
		name = ENTRY if receipt.kind == books.JOURNAL else PAY
		invoice_base = self.pay(invoice, name, receipt.number, units, base, receipt.received_on)
		if receipt.deal.traced:
			self.trace.setdefault(invoice.number, []).append((receipt, units, base, invoice_base))

	def pay(
		self,
		invoice: Invoice,
		name: str,
		number: int,
		units: int,
		base: int,
		received_on: date | None = None,
	) -> int:
		"""`units` of a payment close so much of an invoice; what they stand for there in the company's currency.

		`received_on` is the day of money that waited for the invoice.
		"""
		deal, ledger = invoice.deal, self.ledger
		ledger.closings += (name, number, invoice.number, ledger.day_text, "paid", units, base)
		before = invoice.grand - invoice.paid - invoice.credited - invoice.written_off
		invoice_base = self.take_base(invoice, before, units)
		invoice.paid += units
		if base != invoice_base:
			self.post_exchange(deal, base - invoice_base)
		self.refresh(invoice, before)
		if self.forecast:
			self.forecast.paid(invoice, before, received_on)
		return invoice_base

	def take_base(self, invoice: Invoice, outstanding: int, units: int) -> int:
		"""What `units` of the invoice stand for in the company's currency; the last of them takes what is left."""
		base = invoice.base_open if units == outstanding else self.base_of(invoice, units)
		invoice.base_open -= base
		return base

	def post_exchange(self, deal: Deal, difference: int):
		"""The payment was worth `difference` more than the invoice: the receivable is put right against gain or loss."""
		self.next_entry += 1
		self.ledger.post(
			EXCHANGE,
			self.next_entry,
			deal.number,
			(
				(self.ledger.receivable, difference, 0, deal.customer.number),
				(self.ledger.exchange, -difference, 0, 0),
			),
		)

	def credit(self, invoice: Invoice, units: int = 0):
		"""A credit note over `units` with tax (0: all that is open): Dr Income, Dr Tax, Cr Receivable; closes the invoice."""
		deal = invoice.deal
		before = invoice.outstanding
		units = units or before
		if not 0 < units <= invoice.grand - invoice.credited:
			raise PlayError(_("the credit note is larger than its invoice."))
		self.next_invoice += 1
		number = self.next_invoice
		base = self.take_base(invoice, before, units)
		if units == invoice.grand:
			net = invoice.net
			self.post_invoice(invoice, CREDIT, number, -1)
		else:
			net, *taxes = split_units(units, [invoice.net, *self.taxes(invoice)])
			lines = [
				(self.ledger.receivable, -base, -units, deal.customer.number),
				(self.ledger.income, self.base_of(invoice, net), net, 0),
			]
			rows = self.tax_rows[deal.tax.name] if deal.tax else ()
			for (account, _numerator, _denominator), tax in zip(rows, taxes, strict=True):
				lines.append((account, self.base_of(invoice, tax), tax, 0))
			rest = sum(line[1] for line in lines)
			if rest:
				lines.append((self.ledger.round_off, -rest, 0, 0))
			self.ledger.post(CREDIT, number, deal.number, lines)
			self.figures["credited"] += base
		ledger, day = self.ledger, self.ledger.day_text
		ledger.invoices += (
			number,
			deal.number,
			day,
			day,
			-net,
			net - units,
			-units,
			-base,
			1,
			invoice.number,
			0,
		)
		ledger.closings += (CREDIT, number, invoice.number, day, "credited", units, base)
		invoice.credited += units
		self.refresh(invoice, before)

	def write_off(self, invoice: Invoice, units: int = 0):
		"""Give up `units` (0: all that is open): Dr Bad Debts, Cr Receivable."""
		deal = invoice.deal
		before, ledger = invoice.outstanding, self.ledger
		units = units or before
		if not 0 < units <= before:
			raise PlayError(_("more is written off than is open."))
		base = self.take_base(invoice, before, units)
		self.next_entry += 1
		number = self.next_entry
		ledger.post_closing(ENTRY, number, deal.number, ledger.written_off, base, units)
		ledger.closings += (ENTRY, number, invoice.number, ledger.day_text, "written_off", units, base)
		invoice.written_off += units
		self.figures["written_off"] += base
		self.refresh(invoice, before)

	def refund(self, invoice: Invoice, units: int):
		"""Money goes back to the customer: Dr Receivable, Cr Bank; the invoice is open again by as much."""
		deal = invoice.deal
		if not 0 < units <= invoice.paid:
			raise PlayError(_("more is paid back than was paid."))
		before, base, ledger = invoice.outstanding, self.base_of(invoice, units), self.ledger
		self.next_payment += 1
		number = self.next_payment
		ledger.post(
			PAY,
			number,
			deal.number,
			((ledger.receivable, base, units, deal.customer.number), (ledger.bank, -base, -units, 0)),
		)
		ledger.closings += (PAY, number, invoice.number, ledger.day_text, "paid", -units, -base)
		invoice.paid -= units
		invoice.base_open += base
		self.figures["collected"] -= base
		self.refresh(invoice, before)
		if self.forecast:
			self.forecast.reopened(invoice)

	def cancel_invoice(self, invoice: Invoice):
		"""Take an invoice back: its entry is reversed, its payments are free again, its installments wait on hold."""
		deal = invoice.deal
		if invoice.credited or invoice.written_off:
			raise PlayError(_("the invoice has a credit note or a write-off; cancel that first."))
		for receipt, units, base, invoice_base in self.trace.pop(invoice.number, ()):
			receipt.open += units
			receipt.base_open += base
			receipt.waits = True
			if receipt not in deal.receipts:
				deal.receipts.append(receipt)
			if base != invoice_base:
				self.post_exchange(deal, invoice_base - base)
			self.ledger.closings += (
				ENTRY if receipt.kind == books.JOURNAL else PAY,
				receipt.number,
				invoice.number,
				self.ledger.day_text,
				"paid",
				-units,
				-base,
			)
		self.post_invoice(invoice, INVOICE, invoice.number, -1)
		self.ledger.flush()
		self.ledger.db.execute("UPDATE invoices SET cancelled = 1 WHERE id = ?", (invoice.number,))
		for line in self.lines.pop(invoice.number, ()):
			deal.left[line.item] += self.units(line.amount)
			if deal.policy.split == BY_QUANTITY:
				deal.left_quantity[line.item] += line.quantity
		for installment in invoice.installments:
			self.move(installment, installment.outstanding, 0)
			self.falls_due.remove(installment.due_date, installment)
			installment.invoice, installment.held = None, True
			installment.grand = installment.paid = installment.credited = installment.written_off = 0
		deal.invoices.remove(invoice)
		if self.forecast:
			self.forecast.reopened(invoice)

	def refresh(self, invoice: Invoice, before: int):
		"""Figures of the invoice's installments from what has closed it; `before` was open until then."""
		if isinstance(invoice, Installment):
			after = invoice.grand - invoice.paid - invoice.credited - invoice.written_off
			self.move(invoice, before, after)
			return
		parts = invoice.installments
		rows = close_oldest(
			[part.grand for part in parts], invoice.paid, invoice.credited, invoice.written_off
		)
		for part, (paid, credited, written_off) in zip(parts, rows, strict=True):
			before = part.grand - part.paid - part.credited - part.written_off
			part.paid, part.credited, part.written_off = paid, credited, written_off
			after = part.grand - paid - credited - written_off
			# The open parts of an invoice share what the ledger holds of it, so that one may move the others by a cent.
			if after != before or part.deal.foreign:
				self.move(part, before, after)

	def move(self, installment: Installment, before: int, after: int):
		"""Keep what is open and overdue in all, as one installment's open amount changes."""
		if installment.deal.foreign:
			left = self.base_left(installment) if after else 0
			change = left - self.open_base.pop(installment.serial, 0)
			if left:
				self.open_base[installment.serial] = left
		else:
			change = after - before
		self.outstanding += change
		if installment.due_date < self.today:
			self.overdue += change
