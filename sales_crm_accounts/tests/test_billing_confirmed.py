"""Billing of what waits for a person or for the goods: milestones and deliveries, confirmed and taken back."""

import frappe
from frappe.utils import add_months, getdate, today

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.services import billing, sweep
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestBillingConfirmed(SiteTestCase):
	def tearDown(self):
		super().tearDown()
		make.drop_policies()

	def test_milestone(self):
		deal = make.make_deal(
			[
				make.row("Now", 50),
				make.row("Done", 50, billing_trigger="On Milestone", milestone="Go-live", due_days=10),
			],
			win=True,
		)
		waiting = make.installments(deal)[1]
		self.assertEqual((waiting.planned_invoice_date, waiting.status), (None, "Planned"))
		self.assertEqual(billing.bill([waiting.name])[0].reason, "Waits for Go-live.")
		api.confirm(waiting.name)
		waiting.reload()
		self.assertEqual((waiting.status, waiting.confirmed_by), ("Ready", "Administrator"))
		sweep.bill_deal(deal.name)
		self.assertEqual(len(make.invoices_of(deal)), 2)
		with self.assertRaises(frappe.ValidationError):
			api.unconfirm(waiting.name)

	def test_what_is_billed_by_date_has_no_confirmation_to_take_back(self):
		deal = make.make_deal(make.thirds(), win=True)
		later = make.installments(deal)[1]
		self.assertMessage("nothing to confirm", api.unconfirm, later.name)
		later.reload()
		self.assertEqual(getdate(later.planned_invoice_date), getdate(add_months(today(), 1)))
		frappe.db.set_value(
			"Deal Installment", later.name, {"billing_trigger": "On Delivery", "status": "Cancelled"}
		)
		self.assertMessage("is cancelled", api.unconfirm, later.name)

	def test_delivery(self):
		make_stock()
		deal = make.make_deal(
			[make.row("Deposit", 50), make.row("Rest", 50, billing_trigger="On Delivery")],
			items=[(make.MACHINE, 2, 450)],
			win=True,
		)
		rest = make.installments(deal)[1]
		first, second = deliver(deal, 1), None
		rest.reload()
		self.assertFalse(rest.confirmed_on)
		second = deliver(deal, 1)
		rest.reload()
		self.assertEqual((str(rest.confirmed_on), rest.status), (today(), "Ready"))
		second.cancel()
		rest.reload()
		self.assertFalse(rest.confirmed_on)
		first.cancel()

	def test_returned_goods_are_not_billed(self):
		"""2 of 2 delivered is confirmed; one returned takes it back; without the return it holds again. By hand it stays."""
		make_stock()
		plan = [make.row("Deposit", 50), make.row("Rest", 50, billing_trigger="On Delivery")]
		deal = make.make_deal(plan, items=[(make.MACHINE, 2, 450)], win=True)
		rest = make.installments(deal)[1]
		confirmed = lambda: str(frappe.db.get_value("Deal Installment", rest.name, "confirmed_on") or "")  # noqa: E731
		note = deliver(deal, 2)
		self.assertEqual(confirmed(), today())
		back = give_back(note, 1)
		self.assertEqual(confirmed(), "")
		back.cancel()
		self.assertEqual(confirmed(), today())
		api.unconfirm(rest.name)
		back = give_back(note, 1)
		api.confirm(rest.name)
		give_back(note, 1)
		self.assertEqual(confirmed(), today())
		# Delivered again; what is returned after it is billed stays with its invoice.
		api.unconfirm(rest.name)
		note = deliver(deal, 2)
		self.assertEqual(confirmed(), today())
		make.bill_all(deal)
		give_back(note, 2)
		self.assertEqual(confirmed(), today())


def make_stock():
	warehouse = frappe.db.get_value(
		"Item Default", {"parent": make.MACHINE, "company": make.COMPANY}, "default_warehouse"
	)
	entry = frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": "Material Receipt",
			"company": make.COMPANY,
			"items": [{"item_code": make.MACHINE, "qty": 5, "basic_rate": 100, "t_warehouse": warehouse}],
		}
	)
	entry.insert()
	entry.submit()


def deliver(deal, quantity):
	warehouse = frappe.db.get_value(
		"Item Default", {"parent": make.MACHINE, "company": make.COMPANY}, "default_warehouse"
	)
	note = frappe.get_doc(
		{
			"doctype": "Delivery Note",
			"company": make.COMPANY,
			"customer": make.CUSTOMER,
			"deal": deal.name,
			"items": [{"item_code": make.MACHINE, "qty": quantity, "rate": 450, "warehouse": warehouse}],
		}
	)
	note.insert()
	note.submit()
	return note


def give_back(note, quantity):
	from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return

	back = make_sales_return(note.name)
	back.items[0].qty = -quantity
	back.insert()
	back.submit()
	return back
