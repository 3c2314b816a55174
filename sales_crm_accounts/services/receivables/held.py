"""What holds the open rows of a company on a day: promises, disputes and pauses as they stand, read in sets."""

from collections.abc import Iterable
from datetime import date, timedelta

import frappe
from frappe.utils import cint, getdate

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import holds as rules
from sales_crm_accounts.core.receivables.holds import Claim, Hold
from sales_crm_accounts.core.receivables.rows import OpenRow
from sales_crm_accounts.services.receivables.open_rows import open_rows

SETTINGS = "Company Receivables Settings"
GRACE_DAYS = 1


def holds(
	company: str,
	on_date: date,
	customers: Iterable[str] | None = None,
	rows: Iterable[OpenRow] | None = None,
) -> dict[tuple[str, int], list[Hold]]:
	"""(invoice, installment) -> what holds it on `on_date`, for the open rows of the company; rows that are free are not in it.

	Five statements whatever their number, four where the caller has the open `rows` already. A promise holds from the day it
	was made until the grace days after its day are over; nobody's rights are asked.
	"""
	customers = None if customers is None else list(customers)
	if rows is None:
		rows = open_rows(company, customers)
	return rules.held(rows, claims(company, on_date, customers), on_date)


def claims(company: str, on_date: date, customers: list[str] | None = None) -> list[Claim]:
	"""Promises, disputes and pauses that stand on `on_date`."""
	return [
		*_promises(company, on_date, customers),
		*_disputes(company, customers),
		*_pauses(company, on_date, customers),
	]


def grace_days(company: str) -> int:
	"""Days after the promised one on which money still counts, as banks need them."""
	return grace_days_of([company])[company]


def grace_days_of(companies: Iterable[str]) -> dict[str, int]:
	"""The same for several companies, by one statement."""
	companies = list(companies)
	table = frappe.qb.DocType(SETTINGS)
	found = dict(
		frappe.qb.from_(table)
		.select(table.name, table.promise_grace_days)
		.where(table.name.isin(companies or [""]))
		.run()
	)
	return {company: cint(found.get(company, GRACE_DAYS)) for company in companies}


def _promises(company: str, on_date: date, customers: list[str] | None) -> list[Claim]:
	grace = timedelta(days=grace_days(company))
	table = frappe.qb.DocType("Promise to Pay")
	query = (
		_of(table, company, customers)
		.where(table.status == "Open")
		.where(table.promised_on <= on_date)
		.where(table.pay_by >= on_date - grace)
		.select(table.amount, table.received_amount, table.currency, table.promised_on, table.pay_by)
	)
	found = []
	for row in query.run(as_dict=True):
		rest = to_decimal(row.amount) - to_decimal(row.received_amount)
		if rest > 0:
			found.append(
				_claim(
					rules.PROMISE,
					row,
					amount=rest,
					currency=row.currency,
					since=None if row.sales_invoice else getdate(row.promised_on),
					until=getdate(row.pay_by) + grace,
				)
			)
	return found


def _disputes(company: str, customers: list[str] | None) -> list[Claim]:
	table = frappe.qb.DocType("Receivable Dispute")
	query = _of(table, company, customers).where(table.status == "Open").select(table.disputed_amount)
	return [
		_claim(rules.DISPUTE, row, amount=to_decimal(row.disputed_amount)) for row in query.run(as_dict=True)
	]


def _pauses(company: str, on_date: date, customers: list[str] | None) -> list[Claim]:
	table = frappe.qb.DocType("Collection Pause")
	query = (
		_of(table, company, customers)
		.where((table.active == 1) & (table.until_date >= on_date))
		.select(table.until_date)
	)
	return [_claim(rules.PAUSE, row, until=getdate(row.until_date)) for row in query.run(as_dict=True)]


def _of(table, company: str, customers: list[str] | None):
	query = (
		frappe.qb.from_(table)
		.select(table.name, table.customer, table.sales_invoice, table.installment_no)
		.where(table.company == company)
	)
	return query if customers is None else query.where(table.customer.isin(customers or [""]))


def _claim(kind: str, row, **values) -> Claim:
	return Claim(
		kind=kind,
		name=row.name,
		customer=row.customer,
		sales_invoice=row.sales_invoice or None,
		installment_no=cint(row.installment_no),
		**values,
	)
