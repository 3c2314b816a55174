"""Customers of their own with invoices in the past, for tests of receivables."""

from contextlib import contextmanager
from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.services import ledger
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


def day(offset: int):
	"""The day so many days from today."""
	return getdate(add_days(today(), offset))


def new_customer(base: str = make.CUSTOMER, **values) -> str:
	"""A customer like `base` that nothing was ever sold to."""
	customer = frappe.copy_doc(frappe.get_doc("Customer", base))
	customer.customer_name = f"SCA Payer {frappe.generate_hash(length=8)}"
	# Other tests gave the one it is copied from somebody to write to.
	for field in ("customer_primary_contact", "customer_primary_address", "primary_address"):
		customer.set(field, None)
	customer.update({"email_id": None, "mobile_no": None})
	customer.update(values)
	return customer.insert(ignore_permissions=True).name


def invoice(customer: str, posted: int, parts, dues, submit: bool = True, **values):
	"""An ordinary Sales Invoice over `parts`, posted and due so many days from today."""
	doc = frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"company": make.COMPANY,
			"customer": customer,
			"currency": "USD",
			"posting_date": day(posted),
			"set_posting_time": 1,
			"due_date": day(dues[-1]),
			"ignore_default_payment_terms_template": 1,
			"cost_center": make.COST_CENTER,
			"disable_rounded_total": 1,
			"items": [
				{"item_code": make.SERVICE, "qty": 1, "rate": sum(parts), "cost_center": make.COST_CENTER}
			],
			**values,
		}
	)
	for part, due in zip(parts, dues, strict=True) if len(parts) > 1 else ():
		doc.append(
			"payment_schedule",
			{"due_date": day(due), "invoice_portion": 0, "payment_amount": part, "outstanding": part},
		)
	doc.insert(ignore_permissions=True)
	if submit:
		doc.submit()
	ledger.flush()
	return doc


def money_on_account(customer: str, amount: float, on: int, bank: str = make.BANK, **values):
	"""A receipt that belongs to no invoice yet."""
	entry = frappe.get_doc(
		{
			"doctype": "Payment Entry",
			"company": make.COMPANY,
			"payment_type": "Receive",
			"posting_date": day(on),
			"party_type": "Customer",
			"party": customer,
			"paid_from": make.DEBTORS,
			"paid_to": bank,
			"paid_amount": amount,
			"received_amount": amount,
			"source_exchange_rate": 1,
			"target_exchange_rate": 1,
			"reference_no": "TEST",
			"reference_date": day(on),
			**values,
		}
	)
	entry.insert(ignore_permissions=True)
	entry.submit()
	ledger.flush()
	return entry


def credit(of, amount: float, on: int):
	"""A credit note over a part of the invoice, which stands open beside it."""
	from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return

	note = make_sales_return(of.name)
	note.items[0].rate, note.items[0].price_list_rate = amount, amount
	note.set_posting_time, note.posting_date = 1, day(on)
	note.run_method("calculate_taxes_and_totals")
	note.insert(ignore_permissions=True)
	note.submit()
	ledger.flush()
	return note


class ReceivableCase(SiteTestCase):
	def setUp(self):
		super().setUp()
		self.customer = new_customer()

	@contextmanager
	def counted(self):
		"""Yields a list with the number of SQL statements of the block."""
		count, original = [0], frappe.db.sql

		def sql(*args, **kwargs):
			count[0] += 1
			return original(*args, **kwargs)

		with patch.object(frappe.db, "sql", sql):
			yield count
