"""ERPNext's sales of the month, summed once for many invoices.

With its Sales Update Frequency *Each Transaction*, ERPNext sums the month's invoices of the company in every submit, looking at all
that the company ever made, and keeps its row of Company locked until the commit, so that two workers wait for each other. Where many
invoices are posted one after the other, each in its own transaction, only the last sum counts.
"""

from collections.abc import Callable
from contextlib import contextmanager

import frappe
from erpnext.setup.doctype.company.company import update_company_current_month_sales

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.services.derived import is_lock_error

ATTEMPTS = 3


@contextmanager
def once():
	"""ERPNext sums when the block is done, for all the invoices that were posted inside (see `posted`). Commits.

	Should the process die inside, the sum is as old as the company's last invoice of another origin until the next one is posted.
	"""
	if getattr(frappe.local, "sca_month_sales", None) is not None:
		yield
		return
	with erpnext_compat.single_value_as("Selling Settings", "sales_update_frequency", "Daily") as real:
		if real != "Each Transaction":
			yield
			return
		frappe.local.sca_month_sales = put_off = {}
		try:
			yield
		except BaseException:
			frappe.db.rollback()  # the sums commit: never what was half made when the worker was stopped
			raise
		finally:
			frappe.local.sca_month_sales = None
			_sum(list(put_off.values()))


def posted(doc) -> None:
	"""An invoice that was posted inside `once`; elsewhere ERPNext has summed already."""
	put_off = getattr(frappe.local, "sca_month_sales", None)
	if put_off is not None and doc.doctype == "Sales Invoice":
		projects = {doc.project, *(row.project for row in doc.items)} - {None, ""}
		put_off[doc.company, frozenset(projects)] = doc


def _sum(invoices: list) -> None:
	"""What ERPNext's submit does: the company's month, and what was billed of the projects."""
	for company in sorted({invoice.company for invoice in invoices}):
		_try(lambda company=company: update_company_current_month_sales(company), company)
	for invoice in invoices:
		if invoice.project or any(row.project for row in invoice.items):
			_try(invoice.update_project, invoice.name)


def _try(work: Callable[[], object], name: str) -> None:
	"""The invoices stand: a sum that fails is logged, and the next invoice of the company makes it good."""
	for attempt in range(ATTEMPTS):
		try:
			work()
			frappe.db.commit()
			return
		except Exception as error:
			frappe.db.rollback()
			if attempt == ATTEMPTS - 1 or not is_lock_error(error):
				frappe.log_error(title=f"Sales of the month: {name}"[:140])
				frappe.db.commit()
				return
