"""How the customers of a whole company pay, kept for pages that cannot wait until it is read: a year moves slowly."""

from collections.abc import Callable
from datetime import date

import frappe
from frappe.query_builder.functions import Count
from frappe.utils import getdate, today

from sales_crm_accounts.services.receivables import payer_scores, payers

#: Read at once for up to `FEW` customers, and where at most `MANY` installments are open.
FEW, MANY = 20, 10_000
HOUR = 3600
#: What is kept: (company, customers, day) -> something by customer.
KEPT = (payers.behaviour, payer_scores.histories)


def lately(
	read: Callable,
	company: str,
	customers: list[str] | None,
	on_date: date,
	installments: int,
	wait: bool = False,
) -> dict:
	"""What `read` (one of `KEPT`) says of the customers; of a whole company it is kept for an hour.

	Where many `installments` are open it is kept by the night for a day, and read of any selection of customers. Were it lost, a job
	reads it again and the caller goes without until then, unless it waits.
	"""
	if customers is not None and len(customers) <= FEW:
		return read(company, customers, on_date)
	is_today, is_large = on_date == getdate(today()), installments > MANY
	kept = frappe.cache.get_value(key(read, company), expires=True) if is_today else None
	if kept is not None:
		return kept
	if is_large and not wait:
		frappe.enqueue(
			"sales_crm_accounts.services.receivables.payers_lately.keep",
			queue="long",
			job_id=f"sca_payers-{company}",
			deduplicate=True,
			company=company,
		)
		return {}
	found = read(company, customers, on_date)
	if customers is None and is_today:
		_keep(read, company, found, 36 * HOUR if is_large else HOUR)
	return found


def keep(company: str) -> None:
	for read in KEPT:
		_keep(read, company, read(company, None, getdate(today())), 36 * HOUR)


def keep_all() -> None:
	"""Every night: of all companies with so much open that nobody can wait for it."""
	kept = frappe.qb.DocType("Open Installment")
	for (company,) in (
		frappe.qb.from_(kept)
		.where(kept.outstanding_amount != 0)
		.groupby(kept.company)
		.having(Count("*") > MANY)
		.select(kept.company)
		.run()
	):
		keep(company)


def key(read: Callable, company: str) -> str:
	return f"sca_payers_{read.__name__}:{company}"


def _keep(read: Callable, company: str, found: dict, seconds: int) -> None:
	frappe.cache.set_value(key(read, company), found, expires_in_sec=seconds)
