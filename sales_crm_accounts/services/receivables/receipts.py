"""What promises are judged by: dated money and what is still open, read from the ledger in sets.

A fixed number of statements for any number of promises. Invoices that a promise names are followed installment by installment
from their first day; for promises about a whole customer the money of their days is enough.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import frappe
from frappe.query_builder.functions import Sum
from frappe.utils import getdate

from sales_crm_accounts.core.installments import Closings, ScheduleRow
from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.core.receivables import promises as rules
from sales_crm_accounts.core.receivables.promises import Movement, Promise, Receipt
from sales_crm_accounts.services.derived import precision

# Journal Entries that close an invoice without money.
_CREDIT, _WRITE_OFF, _OPENING = "Credit Note", "Write Off Entry", "Opening Entry"


class Receipts:
	"""The receipts of some promises, and what their parts had open on a day; `invoices` are followed besides."""

	def __init__(self, promises: Iterable[Promise] = (), invoices: Iterable[str] = ()):
		promises = list(promises)
		self.invoices = sorted({*invoices, *(one.sales_invoice for one in promises if one.sales_invoice)})
		self.wide = [one for one in promises if not one.sales_invoice]
		self.all: list[Receipt] = []
		self._courses: dict[str, list] = {}
		self._credits: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
		self._open_of_customer: dict[tuple, list[tuple[date, bool, Decimal]]] = defaultdict(list)
		self._later: dict[tuple, list[tuple[date, date, Decimal]]] = defaultdict(list)
		if self.invoices:
			self._follow_invoices()
		if self.wide:
			self._read_customers()

	def still_open(self, promise: Promise, day: date) -> Decimal:
		"""What the promised part had open at the end of `day`, less credit notes that nobody matched with it yet."""
		if not promise.sales_invoice:
			return self._customer_open(promise, day)
		steps = self._courses.get(promise.sales_invoice)
		if not steps:
			return ZERO  # the invoice stands no more
		rows = rules.rows_on(steps, day)
		whole = sum((row.outstanding for row in rows), ZERO)
		whole += sum((amount for when, amount in self._credits[promise.sales_invoice] if when <= day), ZERO)
		if not promise.installment_no:
			return max(whole, ZERO)
		if promise.installment_no > len(rows):
			return ZERO
		return max(min(rows[promise.installment_no - 1].outstanding, whole), ZERO)

	def open_on(self, sales_invoice: str, installment_no: int, day: date) -> Decimal:
		"""What an installment of a followed invoice had open at the end of the day."""
		rows = rules.rows_on(self._courses[sales_invoice], day)
		return rows[installment_no - 1].outstanding if installment_no <= len(rows) else ZERO

	# Invoices that are named

	def _follow_invoices(self):
		kept = frappe.qb.DocType("Open Installment")
		rows = (
			frappe.qb.from_(kept)
			.select(
				kept.sales_invoice,
				kept.company,
				kept.customer,
				kept.account_currency,
				kept.posting_date,
				kept.due_date,
				kept.payment_term,
				kept.amount,
				kept.paid_amount,
				kept.credited_amount,
				kept.written_off_amount,
			)
			.where(kept.sales_invoice.isin(self.invoices))
			.orderby(kept.sales_invoice)
			.orderby(kept.installment_no)
			.run(as_dict=True)
		)
		of_invoice = defaultdict(list)
		for row in rows:
			of_invoice[row.sales_invoice].append(row)
		moved, decimals = _movements(self.invoices), precision()
		for invoice, installments in of_invoice.items():
			first = installments[0]
			now = Closings(
				*(
					sum((to_decimal(row[field]) for row in installments), ZERO)
					for field in ("paid_amount", "credited_amount", "written_off_amount")
				)
			)
			schedule = [
				ScheduleRow(getdate(row.due_date), to_decimal(row.amount), row.payment_term)
				for row in installments
			]
			steps = rules.course(schedule, now, moved.get(invoice, ()), decimals)
			self._courses[invoice] = steps
			self.all += [
				Receipt(
					first.company,
					first.customer,
					first.account_currency,
					day,
					amount,
					invoice,
					no,
					getdate(first.posting_date),
				)
				for day, no, amount in rules.paid_by_day(steps)
			]
		for row in (
			frappe.qb.from_(kept)
			.select(kept.return_against, kept.posting_date, kept.outstanding_amount)
			.where(kept.return_against.isin(self.invoices) & (kept.outstanding_amount < 0))
			.run(as_dict=True)
		):
			self._credits[row.return_against].append(
				(getdate(row.posting_date), to_decimal(row.outstanding_amount))
			)

	# Whole customers

	def _read_customers(self):
		customers = sorted({one.customer for one in self.wide})
		kept = frappe.qb.DocType("Open Installment")
		for row in (
			frappe.qb.from_(kept)
			.select(
				kept.company,
				kept.customer,
				kept.account_currency,
				kept.posting_date,
				kept.is_return,
				Sum(kept.outstanding_amount).as_("open_amount"),
			)
			.where(kept.customer.isin(customers) & (kept.outstanding_amount != 0))
			.groupby(kept.company, kept.customer, kept.account_currency, kept.posting_date, kept.is_return)
			.run(as_dict=True)
		):
			self._open_of_customer[row.company, row.customer, row.account_currency].append(
				(getdate(row.posting_date), bool(row.is_return), to_decimal(row.open_amount))
			)
		self._read_money(customers, min(one.promised_on for one in self.wide))

	def _read_money(self, customers: list[str], since: date):
		ledger, invoice, entry = (
			frappe.qb.DocType("Payment Ledger Entry"),
			frappe.qb.DocType("Sales Invoice"),
			frappe.qb.DocType("Journal Entry"),
		)
		rows = (
			frappe.qb.from_(ledger)
			.left_join(invoice)
			.on(
				(ledger.against_voucher_type == "Sales Invoice") & (ledger.against_voucher_no == invoice.name)
			)
			.left_join(entry)
			.on((ledger.voucher_type == "Journal Entry") & (ledger.voucher_no == entry.name))
			.select(
				ledger.company,
				ledger.party.as_("customer"),
				ledger.account_currency.as_("currency"),
				ledger.posting_date.as_("day"),
				ledger.voucher_type,
				ledger.voucher_no,
				entry.voucher_type.as_("entry_type"),
				invoice.name.as_("sales_invoice"),
				invoice.posting_date,
				Sum(ledger.amount_in_account_currency).as_("amount"),
			)
			.where((ledger.delinked == 0) & (ledger.party_type == "Customer") & ledger.party.isin(customers))
			.where((ledger.posting_date >= since) & (ledger.account_type == "Receivable"))
			.where(
				(ledger.voucher_no != ledger.against_voucher_no)
				| ledger.voucher_type.isin(["Payment Entry", "Journal Entry"])
			)
			.groupby(
				ledger.company,
				ledger.party,
				ledger.account_currency,
				ledger.posting_date,
				ledger.voucher_type,
				ledger.voucher_no,
				entry.voucher_type,
				invoice.name,
				invoice.posting_date,
			)
			.run(as_dict=True)
		)
		shares = _write_off_shares(rows)
		named = set(self.invoices)
		for row in rows:
			closed = -to_decimal(row.amount)
			day, posted = getdate(row.day), row.posting_date and getdate(row.posting_date)
			if row.sales_invoice:
				self._later[row.company, row.customer, row.currency].append((posted, day, closed))
			if row.sales_invoice in named:
				continue  # followed by installments above
			paid = _split(row, closed, shares).paid
			if paid and not (row.entry_type == _OPENING and not row.sales_invoice):
				self.all.append(
					Receipt(
						row.company,
						row.customer,
						row.currency,
						day,
						paid,
						row.sales_invoice,
						posting_date=posted,
					)
				)

	def _customer_open(self, promise: Promise, day: date) -> Decimal:
		key = promise.company, promise.customer, promise.currency
		total = sum(
			(
				amount
				for posted, is_return, amount in self._open_of_customer[key]
				if posted <= (day if is_return else promise.promised_on)
			),
			ZERO,
		)
		# What closed these invoices after that day was open on it.
		total += sum(
			(
				closed
				for posted, when, closed in self._later[key]
				if when > day and posted <= promise.promised_on
			),
			ZERO,
		)
		return max(total, ZERO)


def _movements(invoices: list[str]) -> dict[str, list[Movement]]:
	"""Invoice -> what closed it, by voucher."""
	ledger, entry = frappe.qb.DocType("Payment Ledger Entry"), frappe.qb.DocType("Journal Entry")
	rows = (
		frappe.qb.from_(ledger)
		.left_join(entry)
		.on((ledger.voucher_type == "Journal Entry") & (ledger.voucher_no == entry.name))
		.select(
			ledger.against_voucher_no.as_("sales_invoice"),
			ledger.voucher_type,
			ledger.voucher_no,
			ledger.posting_date.as_("day"),
			entry.voucher_type.as_("entry_type"),
			Sum(ledger.amount_in_account_currency).as_("amount"),
		)
		.where((ledger.delinked == 0) & (ledger.against_voucher_type == "Sales Invoice"))
		.where(ledger.against_voucher_no.isin(invoices))
		.where(ledger.voucher_no != ledger.against_voucher_no)
		.groupby(
			ledger.against_voucher_no,
			ledger.voucher_type,
			ledger.voucher_no,
			ledger.posting_date,
			entry.voucher_type,
		)
		.run(as_dict=True)
	)
	shares, terms = _write_off_shares(rows), _named_terms(invoices)
	dues = named_dues(invoices) if any(row.entry_type == _WRITE_OFF for row in rows) else {}
	found = defaultdict(list)
	for row in rows:
		movement = _split(row, -to_decimal(row.amount), shares)
		named = (
			terms.get((row.voucher_no, row.sales_invoice), {}) if row.voucher_type == "Payment Entry" else {}
		)
		share = 1 - shares.get(row.voucher_no, ZERO)
		found[row.sales_invoice].append(
			Movement(
				movement.day,
				movement.paid,
				movement.credited,
				movement.written_off,
				{term: quantize(amount * share, precision()) for term, amount in named.items()},
				dues.get((row.voucher_no, row.sales_invoice), {}),
			)
		)
	return found


def _split(row, closed: Decimal, shares: Mapping[str, Decimal]) -> Movement:
	"""What a voucher closed, as money, credit or write-off."""
	day = getdate(row.day)
	if row.voucher_type == "Sales Invoice":
		return Movement(day, credited=closed)
	if row.entry_type == _CREDIT:
		return Movement(day, credited=closed)
	if row.entry_type == _WRITE_OFF:
		return Movement(day, written_off=closed)
	share = shares.get(row.voucher_no)
	if not share:
		return Movement(day, paid=closed)
	written_off = quantize(closed * share, precision())
	return Movement(day, paid=closed - written_off, written_off=written_off)


def _write_off_shares(rows) -> dict[str, Decimal]:
	"""Voucher -> the share of what it closed that it booked to the company's write-off account instead of a bank."""
	payments = sorted({row.voucher_no for row in rows if row.voucher_type == "Payment Entry"})
	journals = sorted({row.voucher_no for row in rows if row.voucher_type == "Journal Entry"})
	company = frappe.qb.DocType("Company")
	found = {}
	if payments:
		line, entry = frappe.qb.DocType("Payment Entry Deduction"), frappe.qb.DocType("Payment Entry")
		sums = defaultdict(lambda: [ZERO, ZERO, ZERO])
		for row in (
			frappe.qb.from_(line)
			.join(entry)
			.on(line.parent == entry.name)
			.join(company)
			.on(company.name == entry.company)
			.select(
				entry.name, entry.base_received_amount, company.write_off_account, line.account, line.amount
			)
			.where(entry.name.isin(payments) & (entry.payment_type == "Receive"))
			.run(as_dict=True)
		):
			total = sums[row.name]
			total[0] = to_decimal(row.base_received_amount)
			total[1] += to_decimal(row.amount)
			if row.account == row.write_off_account:
				total[2] += to_decimal(row.amount)
		for name, (bank, deducted, written_off) in sums.items():
			if written_off > 0 and bank + deducted > 0:
				found[name] = written_off / (bank + deducted)
	if journals:
		line, entry = frappe.qb.DocType("Journal Entry Account"), frappe.qb.DocType("Journal Entry")
		sums = defaultdict(lambda: [ZERO, ZERO])
		for row in (
			frappe.qb.from_(line)
			.join(entry)
			.on(line.parent == entry.name)
			.join(company)
			.on(company.name == entry.company)
			.select(
				entry.name, company.write_off_account, line.account, line.party_type, line.debit, line.credit
			)
			.where(entry.name.isin(journals))
			.run(as_dict=True)
		):
			if row.party_type == "Customer":
				sums[row.name][0] += to_decimal(row.credit) - to_decimal(row.debit)
			elif row.account == row.write_off_account:
				sums[row.name][1] += to_decimal(row.debit) - to_decimal(row.credit)
		for name, (taken, written_off) in sums.items():
			if written_off > 0 and taken > 0:
				found[name] = min(written_off / taken, Decimal(1))
	return found


def _named_terms(invoices: list[str]) -> dict[tuple[str, str], dict[str, Decimal]]:
	"""(payment, invoice) -> payment term -> what the payment gave to it."""
	reference = frappe.qb.DocType("Payment Entry Reference")
	found = defaultdict(dict)
	for row in (
		frappe.qb.from_(reference)
		.select(
			reference.parent,
			reference.reference_name,
			reference.payment_term,
			Sum(reference.allocated_amount).as_("amount"),
		)
		.where((reference.reference_doctype == "Sales Invoice") & reference.reference_name.isin(invoices))
		.where((reference.docstatus == 1) & (reference.payment_term > ""))
		.groupby(reference.parent, reference.reference_name, reference.payment_term)
		.run(as_dict=True)
	):
		found[row.parent, row.reference_name][row.payment_term] = to_decimal(row.amount)
	return found


def named_dues(invoices: list[str]) -> dict[tuple[str, str], dict[date, Decimal]]:
	"""(write-off, invoice) -> due date -> what the Journal Entry wrote off of the installment of that day."""
	line, entry = frappe.qb.DocType("Journal Entry Account"), frappe.qb.DocType("Journal Entry")
	found = defaultdict(dict)
	for row in (
		frappe.qb.from_(line)
		.join(entry)
		.on(entry.name == line.parent)
		.select(
			line.parent,
			line.reference_name,
			line.reference_due_date,
			Sum(line.credit_in_account_currency - line.debit_in_account_currency).as_("amount"),
		)
		.where((line.reference_type == "Sales Invoice") & line.reference_name.isin(invoices))
		.where((entry.docstatus == 1) & (entry.voucher_type == _WRITE_OFF))
		.where(line.reference_due_date.isnotnull())
		.groupby(line.parent, line.reference_name, line.reference_due_date)
		.run(as_dict=True)
	):
		found[row.parent, row.reference_name][getdate(row.reference_due_date)] = to_decimal(row.amount)
	return found
