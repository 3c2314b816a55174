"""What tests of promises, disputes, pauses and notes share.

The deal of each test is one invoice of 900.00 (or three of 300.00), billed today.
"""

from datetime import date

import frappe
from frappe.utils import add_days, flt, getdate, today

from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.receivables import held, promises
from sales_crm_accounts.tests import SiteTestCase, factories
from sales_crm_accounts.tests.factories import (
	COMPANY,
	CUSTOMER,
)

COLLECTOR, AUDITOR = "promises.collector@sca.example.com", "auditor@sca.example.com"
DOCTYPES = ("Promise to Pay", "Receivable Dispute", "Collection Pause", "Collection Note")


def days(number: int) -> date:
	return getdate(add_days(today(), number))


class CollectionsCase(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		factories.make_user(COLLECTOR, ["Collector"])
		factories.make_user(AUDITOR, ["Auditor"])
		frappe.db.set_value("Company Receivables Settings", COMPANY, "promise_grace_days", 1)
		frappe.db.commit()

	def invoice(self, plan=None, **values):
		deal = factories.make_deal(plan=plan, win=True, items=[(factories.SERVICE, 3, 300)], **values)
		frappe.db.commit()
		return factories.bill_all(deal)[0]

	def customer(self):
		"""A customer of the test's own, so that what is open of all of it is known."""
		return (
			frappe.copy_doc(frappe.get_doc("Customer", CUSTOMER))
			.update({"customer_name": f"Payer {frappe.generate_hash(length=8)}"})
			.insert()
			.name
		)

	def promise(self, invoice=None, amount=900, pay_by=5, save=True, **values):
		doc = frappe.get_doc(
			{
				"doctype": "Promise to Pay",
				"sales_invoice": invoice and invoice.name,
				"amount": amount,
				"promised_on": today(),
				"pay_by": days(pay_by),
				**values,
			}
		)
		return doc.insert() if save else doc

	def dispute(self, invoice, amount=900, save=True, **values):
		doc = frappe.get_doc(
			{
				"doctype": "Receivable Dispute",
				"sales_invoice": invoice.name,
				"disputed_amount": amount,
				"reason": "Quality",
				**values,
			}
		)
		return doc.insert() if save else doc

	def pause(self, invoice, **values):
		return frappe.get_doc(
			{
				"doctype": "Collection Pause",
				"sales_invoice": invoice.name,
				"until_date": days(3),
				"reason": "Talks with the owner",
				**values,
			}
		).insert()

	def held(self, invoice, day=0) -> list[tuple]:
		"""(kind, amount) of what holds the invoice's first installment."""
		found = held.holds(COMPANY, days(day), [invoice.customer])
		return [(hold.kind, hold.amount and flt(hold.amount)) for hold in found.get((invoice.name, 1), [])]

	def assertPromise(self, doc, status: str, amount: float, day: int = 0):
		"""As judged on a day from today."""
		ledger.flush()
		promises.judge({doc.customer: {doc.sales_invoice}}, days(day))
		doc.reload()
		self.assertEqual((doc.status, doc.received_amount), (status, amount))
