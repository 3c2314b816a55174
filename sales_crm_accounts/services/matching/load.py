"""What matching reads, by a fixed number of statements whatever the number of invoices, customers and bank lines."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import frappe
from frappe.query_builder.functions import Coalesce
from frappe.utils import add_months, cstr, flt, getdate, today

from sales_crm_accounts.core.matching.book import Book
from sales_crm_accounts.core.matching.rows import Habit, OpenItem, Receipt
from sales_crm_accounts.core.receivables.rows import OpenRow
from sales_crm_accounts.services.matching import BANK, PAYMENT, PROPOSED
from sales_crm_accounts.services.matching.settings import Settings
from sales_crm_accounts.services.matching.units import units
from sales_crm_accounts.services.receivables.open_rows import open_rows


@dataclass
class Loaded:
	"""The book, and beside it what the saving of proposals needs."""

	book: Book
	rows: dict[tuple[str, int], OpenRow]
	customer_names: dict[str, str]
	#: Installment -> its payment term, where no other installment of the invoice has the same.
	terms: dict[tuple[str, int], str]
	sources: dict[str, frappe._dict] = field(default_factory=dict)
	receipts: list[Receipt] = field(default_factory=list)


def load(
	company: str,
	settings: Settings,
	bank: bool = True,
	payments: bool = True,
	bank_account: str | None = None,
	from_date: date | None = None,
	to_date: date | None = None,
) -> Loaded:
	kept = {row.key: row for row in open_rows(company, returns=True)}
	references, orders, discounts = _references(company), _orders(company), _discounts(company)
	items = []
	for key, row in kept.items():
		discount, until = discounts.get(key, (0, None)) if settings.discount_account else (0, None)
		items.append(
			OpenItem(
				row.sales_invoice,
				row.installment_no,
				row.customer,
				row.currency,
				units(row.outstanding),
				row.due_date,
				row.deal,
				orders.get(row.sales_invoice),
				references.get(row.sales_invoice),
				discount,
				until,
			)
		)
	names, aliases, accounts = _customers(company)
	known = {customer: [name, *aliases.get(customer, ())] for customer, name in names.items()}
	book = Book(items, known, accounts, _habits(company), _settled(company))
	loaded = Loaded(book, kept, names, terms_of(company=company))
	rates = _Rates({one.currency for one in items})
	corrected = _corrected(company)
	if bank:
		_bank_lines(loaded, company, bank_account, from_date, to_date, rates, corrected)
	if payments:
		_payments(loaded, company, from_date, to_date, corrected)
	return loaded


def terms_of(company: str | None = None, invoices: Iterable[str] | None = None) -> dict[tuple[str, int], str]:
	"""Installment -> its payment term, where it is the only one of its invoice with that term; ERPNext pays by terms."""
	kept = frappe.qb.DocType("Open Installment")
	query = frappe.qb.from_(kept).select(kept.sales_invoice, kept.installment_no, kept.payment_term)
	if company:
		query = query.where((kept.company == company) & (kept.outstanding_amount != 0))
	if invoices is not None:
		query = query.where(kept.sales_invoice.isin(list(invoices) or [""]))
	rows = [row for row in query.run() if row[2]]
	count = Counter((invoice, term) for invoice, _no, term in rows)
	return {(invoice, no): term for invoice, no, term in rows if count[invoice, term] == 1}


def _references(company: str) -> dict[str, str]:
	"""Invoice -> the customer's own order number."""
	invoice, kept = frappe.qb.DocType("Sales Invoice"), frappe.qb.DocType("Open Installment")
	return dict(
		frappe.qb.from_(kept)
		.join(invoice)
		.on(invoice.name == kept.sales_invoice)
		.where((kept.company == company) & (kept.outstanding_amount != 0))
		.where(invoice.po_no.isnotnull() & (invoice.po_no != ""))
		.select(invoice.name, invoice.po_no)
		.distinct()
		.run()
	)


def _orders(company: str) -> dict[str, str]:
	"""Invoice -> its Sales Order, where it has one."""
	line, kept = frappe.qb.DocType("Sales Invoice Item"), frappe.qb.DocType("Open Installment")
	return dict(
		frappe.qb.from_(kept)
		.join(line)
		.on(line.parent == kept.sales_invoice)
		.where((kept.company == company) & (kept.outstanding_amount != 0))
		.where(line.sales_order.isnotnull() & (line.sales_order != ""))
		.select(line.parent, line.sales_order)
		.distinct()
		.run()
	)


def _discounts(company: str) -> dict[tuple[str, int], tuple[int, date]]:
	"""Installment -> (discount in units, last day), from the payment schedule; a percentage is one of the installment."""
	term, kept = frappe.qb.DocType("Payment Schedule"), frappe.qb.DocType("Open Installment")
	found = {}
	for row in (
		frappe.qb.from_(kept)
		.join(term)
		.on(term.name == kept.payment_schedule)
		.where((kept.company == company) & (kept.outstanding_amount > 0))
		.where((term.discount > 0) & term.discount_date.isnotnull())
		.select(
			kept.sales_invoice,
			kept.installment_no,
			kept.amount,
			kept.currency,
			kept.account_currency,
			term.discount,
			term.discount_type,
			term.discount_date,
		)
		.run(as_dict=True)
	):
		if row.discount_type == "Percentage":
			value = units(flt(row.amount) * flt(row.discount) / 100)
		elif row.currency == row.account_currency:
			value = units(row.discount)
		else:
			continue
		found[row.sales_invoice, row.installment_no] = value, getdate(row.discount_date)
	return found


def _customers(company: str):
	"""Names of the customers with something open, further names they pay under, and accounts they pay from."""
	customer, kept = frappe.qb.DocType("Customer"), frappe.qb.DocType("Open Installment")
	names = dict(
		frappe.qb.from_(kept)
		.join(customer)
		.on(customer.name == kept.customer)
		.where((kept.company == company) & (kept.outstanding_amount != 0))
		.select(customer.name, customer.customer_name)
		.distinct()
		.run()
	)
	accounts: dict[str, list[str]] = {}
	aliases: dict[str, list[str]] = {}
	payer = frappe.qb.DocType("Payer Account")
	for account, name, payer_name in (
		frappe.qb.from_(payer).select(payer.account, payer.customer, payer.payer_name).run()
	):
		accounts.setdefault(account, []).append(name)
		if payer_name and name in names:
			aliases.setdefault(name, []).append(payer_name)
	of_party = frappe.qb.DocType("Bank Account")
	for iban, number, party in (
		frappe.qb.from_(of_party)
		.where((of_party.party_type == "Customer") & of_party.party.isnotnull() & (of_party.disabled == 0))
		.select(of_party.iban, of_party.bank_account_no, of_party.party)
		.run()
	):
		for account in {iban, number} - {None, ""}:
			if party not in accounts.setdefault(account, []):
				accounts[account].append(party)
	return names, aliases, accounts


def _habits(company: str) -> dict[str, Habit]:
	"""How each customer paid in the last twelve months."""
	rows = frappe.db.sql(
		"""
		select
			entry.party, count(*),
			sum((select count(*) from `tabPayment Entry Reference` reference where reference.parent = entry.name) > 1),
			sum(exists(select 1 from `tabPayment Entry Deduction` line where line.parent = entry.name))
		from `tabPayment Entry` entry
		where
			entry.company = %(company)s and entry.party_type = 'Customer' and entry.payment_type = 'Receive'
			and entry.docstatus = 1 and entry.posting_date >= %(since)s
			and exists(select 1 from `tabPayment Entry Reference` reference where reference.parent = entry.name)
		group by entry.party
		""",
		{"company": company, "since": add_months(today(), -12)},
	)
	return {party: Habit(int(count), int(several), int(deducted)) for party, count, several, deducted in rows}


def _settled(company: str) -> list[str]:
	"""Invoices of the last twelve months of which nothing is open any more."""
	invoice = frappe.qb.DocType("Sales Invoice")
	return [
		name
		for (name,) in frappe.qb.from_(invoice)
		.where((invoice.company == company) & (invoice.docstatus == 1) & (invoice.outstanding_amount == 0))
		.where(invoice.posting_date >= add_months(today(), -12))
		.select(invoice.name)
		.run()
	]


def _corrected(company: str) -> set[tuple[str, str]]:
	"""Sources that a person is working on, or that wait for an approval: a new run leaves them alone."""
	proposal = frappe.qb.DocType("Cash Match Proposal")
	return set(
		frappe.qb.from_(proposal)
		.where(proposal.company == company)
		.where(
			(proposal.status == "Awaiting Approval")
			| ((proposal.status == PROPOSED) & (proposal.corrected == 1))
		)
		.select(proposal.source_type, proposal.source_name)
		.run()
	)


def _bank_lines(loaded, company, bank_account, from_date, to_date, rates, skip) -> None:
	line = frappe.qb.DocType(BANK)
	query = (
		frappe.qb.from_(line)
		.where((line.company == company) & (line.docstatus == 1) & (line.unallocated_amount > 0))
		.where((line.deposit > 0) & (line.withdrawal == 0))
		.select(
			line.name,
			line.date,
			line.currency,
			line.transaction_id,
			line.unallocated_amount,
			line.description,
			line.reference_number,
			line.bank_party_name,
			line.bank_party_iban,
			line.bank_party_account_number,
			line.party_type,
			line.party,
		)
		.orderby(line.date, line.name)
	)
	if bank_account:
		query = query.where(line.bank_account == bank_account)
	rows = _between(query, line.date, from_date, to_date).run(as_dict=True)
	twins = _twins(rows)
	for row in rows:
		if (BANK, row.name) in skip or (row.party_type and row.party_type != "Customer"):
			continue
		received = units(row.unallocated_amount)
		loaded.receipts.append(
			Receipt(
				name=f"{BANK}:{row.name}",
				currency=row.currency,
				amount=received,
				on=getdate(row.date),
				text=" ".join(part for part in (cstr(row.description), cstr(row.reference_number)) if part),
				payer=cstr(row.bank_party_name),
				account=cstr(row.bank_party_iban or row.bank_party_account_number),
				customer=row.party if row.party_type == "Customer" else None,
				elsewhere=rates.elsewhere(row.currency, received, getdate(row.date)),
				twin=twins.get(row.name, ""),
			)
		)
		loaded.sources[f"{BANK}:{row.name}"] = row


def _twins(rows) -> dict[str, str]:
	"""Line without a number of its bank -> an earlier one that is the same in everything; one statement."""
	bare = [row for row in rows if not row.transaction_id]
	if not bare:
		return {}
	line = frappe.qb.DocType(BANK)
	days = [row.date for row in bare]
	first: dict[tuple, str] = {}
	found = {}
	for name, *what in (
		frappe.qb.from_(line)
		.where((line.docstatus == 1) & (line.deposit > 0) & line.date.between(min(days), max(days)))
		.select(line.name, line.bank_account, line.date, line.deposit)
		.select(Coalesce(line.description, ""), Coalesce(line.reference_number, ""))
		.select(Coalesce(line.bank_party_name, ""))
		.orderby(line.creation, line.name)
		.run()
	):
		if first.setdefault(tuple(what), name) != name:
			found[name] = first[tuple(what)]
	return {row.name: found[row.name] for row in bare if row.name in found}


def _payments(loaded, company, from_date, to_date, skip) -> None:
	"""Receipts of customers with something not allocated; those in a bank's own currency are taken in the receivable's."""
	entry = frappe.qb.DocType(PAYMENT)
	query = (
		frappe.qb.from_(entry)
		.where((entry.company == company) & (entry.docstatus == 1) & (entry.payment_type == "Receive"))
		.where((entry.party_type == "Customer") & (entry.unallocated_amount > 0))
		.select(
			entry.name,
			entry.posting_date.as_("date"),
			entry.paid_from_account_currency.as_("currency"),
			entry.unallocated_amount,
			entry.remarks,
			entry.reference_no,
			entry.party,
			entry.party_name.as_("bank_party_name"),
		)
		.orderby(entry.posting_date, entry.name)
	)
	for row in _between(query, entry.posting_date, from_date, to_date).run(as_dict=True):
		if (PAYMENT, row.name) in skip:
			continue
		loaded.receipts.append(
			Receipt(
				name=f"{PAYMENT}:{row.name}",
				currency=row.currency,
				amount=units(row.unallocated_amount),
				on=getdate(row.date),
				text=" ".join(part for part in (cstr(row.reference_no), cstr(row.remarks)) if part),
				customer=row.party,
				deductible=False,
			)
		)
		row.description = row.reference_no
		loaded.sources[f"{PAYMENT}:{row.name}"] = row


def _between(query, column, from_date, to_date):
	if from_date:
		query = query.where(column >= from_date)
	if to_date:
		query = query.where(column <= to_date)
	return query


class _Rates:
	"""The day's rate between two currencies, asked for once a pair and month: matching tolerates what it moves meanwhile."""

	def __init__(self, currencies: Iterable[str]):
		self.currencies = sorted(currencies)
		self.known: dict[tuple, float] = {}

	def elsewhere(self, currency: str, received: int, on: date) -> dict[str, int]:
		found = {}
		for other in self.currencies:
			if other == currency:
				continue
			if rate := self._rate(currency, other, on):
				found[other] = round(received * rate)
		return found

	def _rate(self, currency: str, other: str, on: date) -> float:
		key = currency, other, on.year, on.month
		if key not in self.known:
			from erpnext.setup.utils import get_exchange_rate

			from sales_crm_accounts.erpnext_compat import quiet_messages

			with quiet_messages():
				# A site keeps the rate of a pair one way round, mostly; for the other way ERPNext would ask a server.
				if not _stored(currency, other) and _stored(other, currency):
					back = flt(get_exchange_rate(other, currency, on))
					self.known[key] = 1 / back if back else 0.0
				else:
					self.known[key] = flt(get_exchange_rate(currency, other, on))
		return self.known[key]


def _stored(currency: str, other: str) -> bool:
	return bool(frappe.db.exists("Currency Exchange", {"from_currency": currency, "to_currency": other}))
