"""Open receivables in sets: the kept installments (Open Installment), and the money that stands on account."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import frappe
from frappe.query_builder import Case
from frappe.query_builder.functions import Count, Max, Min, Sum
from frappe.utils import getdate

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables.rows import OpenRow

_COLUMNS = (
	*("sales_invoice", "installment_no", "company", "customer", "posting_date", "due_date"),
	*("currency", "account", "account_currency", "amount", "outstanding_amount", "base_outstanding_amount"),
	*("deal", "deal_installment", "is_return"),
)


def open_rows(
	company: str | None = None,
	customers: Iterable[str] | None = None,
	invoices: Iterable[str] | None = None,
	due_until: date | None = None,
	returns: bool = False,
) -> list[OpenRow]:
	"""Installments with something open, oldest first, by one statement whatever their number. Rights are the caller's to check.

	`customers` and `invoices` narrow it where given, `due_until` leaves out what is due later; `returns` adds credit notes that
	are open.
	"""
	kept = frappe.qb.DocType("Open Installment")
	query = (
		frappe.qb.from_(kept)
		.select(*(kept[column] for column in _COLUMNS))
		.where(kept.outstanding_amount != 0)
		.orderby(kept.due_date, kept.posting_date, kept.sales_invoice, kept.installment_no)
	)
	if company:
		query = query.where(kept.company == company)
	if customers is not None:
		query = query.where(kept.customer.isin(list(customers) or [""]))
	if invoices is not None:
		query = query.where(kept.sales_invoice.isin(list(invoices) or [""]))
	if due_until:
		query = query.where(kept.due_date <= due_until)
	if not returns:
		query = query.where(kept.is_return == 0)
	return [_row(values) for values in query.run()]


def sums(company: str, day: date, customers: Iterable[str] | None = None) -> tuple[list[OpenRow], set[str]]:
	"""Two rows at most for each customer, account and currency: the sum of what is overdue on `day`, and of what is not.

	With them the customers of whom something is open in their favour (credit notes, overpaid installments). One statement.
	"""
	kept = frappe.qb.DocType("Open Installment")
	is_late = Case().when(kept.due_date < day, 1).else_(0)
	query = (
		frappe.qb.from_(kept)
		.select(kept.customer, kept.account_currency, kept.account, Count("*"))
		.select(Min(kept.due_date), Max(kept.posting_date), Min(kept.outstanding_amount))
		.select(Sum(kept.outstanding_amount), Sum(kept.base_outstanding_amount), Sum(kept.amount))
		.where((kept.company == company) & (kept.outstanding_amount != 0))
		.groupby(kept.customer, kept.account_currency, kept.account, is_late)
	)
	if customers is not None:
		query = query.where(kept.customer.isin(list(customers) or [""]))
	rows, in_credit = [], set()
	for customer, currency, account, count, due, posted, least, outstanding, base, amount in query.run():
		if least < 0:
			in_credit.add(customer)
		rows.append(
			OpenRow(
				sales_invoice="",
				installment_no=0,
				company=company,
				customer=customer,
				posting_date=getdate(posted),
				due_date=getdate(due),
				currency=currency,
				outstanding=to_decimal(outstanding),
				base_outstanding=to_decimal(base),
				amount=to_decimal(amount),
				account=account,
				count=count,
			)
		)
	return rows, in_credit


def on_account(company: str, customers: Iterable[str] | None = None) -> dict[tuple[str, str], Decimal]:
	"""(customer, currency of the receivable account) -> money received and not yet matched with an invoice, positive.

	From the Payment Ledger: what Payment Entries and Journal Entries leave open in the customer's favour.
	"""
	ledger = frappe.qb.DocType("Payment Ledger Entry")
	open_of_voucher = (
		frappe.qb.from_(ledger)
		.select(
			ledger.party,
			ledger.account_currency,
			Sum(ledger.amount_in_account_currency).as_("open_amount"),
		)
		.where(ledger.company == company)
		.where(ledger.party_type == "Customer")
		.where(ledger.account_type == "Receivable")
		.where(ledger.delinked == 0)
		.where(ledger.against_voucher_type.isin(["Payment Entry", "Journal Entry"]))
		.groupby(
			ledger.party, ledger.account_currency, ledger.against_voucher_type, ledger.against_voucher_no
		)
	)
	if customers is not None:
		open_of_voucher = open_of_voucher.where(ledger.party.isin(list(customers) or [""]))
	found: dict[tuple[str, str], Decimal] = {}
	for party, currency, amount in open_of_voucher.run():
		amount = to_decimal(amount)
		if amount < 0:
			found[party, currency] = found.get((party, currency), ZERO) - amount
	return found


def _row(values) -> OpenRow:
	row = dict(zip(_COLUMNS, values, strict=True))
	return OpenRow(
		sales_invoice=row["sales_invoice"],
		installment_no=row["installment_no"],
		company=row["company"],
		customer=row["customer"],
		posting_date=getdate(row["posting_date"]),
		due_date=getdate(row["due_date"]),
		currency=row["account_currency"],
		invoice_currency=row["currency"],
		outstanding=to_decimal(row["outstanding_amount"]),
		base_outstanding=to_decimal(row["base_outstanding_amount"]),
		amount=to_decimal(row["amount"]),
		deal=row["deal"],
		deal_installment=row["deal_installment"],
		account=row["account"],
		is_return=bool(row["is_return"]),
	)
