# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE


import frappe
from frappe.utils import add_days, today

from sales_crm_accounts.api import deal as deal_api
from sales_crm_accounts.services import billing
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make


class TestUnwind(SiteTestCase):
	def refused(self, deal) -> str:
		deal.reload()
		frappe.db.savepoint("cancel")
		with self.assertRaises(frappe.ValidationError) as caught:
			deal.cancel()
		frappe.db.rollback(save_point="cancel")
		deal.reload()
		self.assertEqual((deal.docstatus, deal.status), (1, "Won"))
		return str(caught.exception)

	def thirds(self, **values):
		return make.make_deal(make.thirds(), win=True, taxes_and_charges=make.TAX_TEMPLATE, **values)

	def one_of_two_billed(self):
		"""300.00 and VAT 10 % are billed, 330.00; the rest waits for a milestone."""
		deal = make.make_deal(
			[make.row("A", amount=300), make.row("B", billing_trigger="On Milestone", milestone="M")],
			win=True,
			taxes_and_charges=make.TAX_TEMPLATE,
		)
		billing.bill([f"{deal.name}-01"], force=True)
		return deal

	def test_nothing_billed_goes_at_once(self):
		deal = self.thirds()
		self.assertEqual(deal_api.obstacles(deal.name), [])
		deal.cancel()
		self.assertEqual({row.status for row in make.installments(deal)}, {"Cancelled"})
		deal.reload()
		self.assertEqual((deal.status, deal.planned_amount, deal.outstanding_amount), ("Cancelled", 0, 0))

	def test_each_obstacle_is_named(self):
		"""One invoice stands and is partly paid, one is a draft, a Deal Change waits: all three in one message."""
		policy = make.make_policy("SCA Unwind", min_amount=9_000_002)
		deal = self.thirds(billing_policy=policy.name)
		billing.bill([f"{deal.name}-01"], force=True)
		stands = make.installments(deal)[0].sales_invoice
		make.pay(stands, 130)
		change = make.make_change(deal, [make.row("A", 100)])
		frappe.db.set_value("Billing Policy", policy.name, "submit_invoices", 0)
		frappe.clear_document_cache("Billing Policy", policy.name)
		billing.bill([f"{deal.name}-02"], force=True)
		draft = make.installments(deal)[1].sales_invoice
		found = {row["name"]: (row["doctype"], row["creditable"]) for row in deal_api.obstacles(deal.name)}
		self.assertEqual(
			found,
			{
				stands: ("Sales Invoice", True),
				draft: ("Sales Invoice", False),
				change.name: ("Deal Change", False),
			},
		)
		text = self.refused(deal)
		for part in (stands, draft, change.name, "prepares the credit notes"):
			self.assertIn(part, text)

	def test_credit_notes_clear_the_way(self):
		"""Two invoices of 329.97 (299.97 and tax) are credited by drafts, made once; submitted, they close the invoices and the deal goes."""
		deal = self.thirds()
		billing.bill([f"{deal.name}-01", f"{deal.name}-02"], force=True)
		frappe.set_user(make.ACCOUNTANT)
		drafts = deal_api.make_credit_notes(deal.name)
		self.assertEqual(len(drafts), 2)
		self.assertEqual(deal_api.make_credit_notes(deal.name), [])
		frappe.set_user("Administrator")
		self.assertIn("Submit it", self.refused(deal))
		for name in drafts:
			note = frappe.get_doc("Sales Invoice", name)
			self.assertEqual(
				(note.docstatus, note.update_outstanding_for_self, note.grand_total), (0, 0, -329.97)
			)
			note.submit()
		for row in make.installments(deal)[:2]:
			self.assertEqual(frappe.db.get_value("Sales Invoice", row.sales_invoice, "outstanding_amount"), 0)
		self.assertEqual(deal_api.obstacles(deal.name), [])
		deal.reload()
		deal.cancel()
		rows = make.installments(deal)
		self.assertEqual({row.status for row in rows}, {"Cancelled"})
		self.assertTrue(rows[0].sales_invoice)

	def test_paid_and_credited_money_must_go_somewhere(self):
		"""Invoice 330.00 paid in full and then credited: the customer's 330.00 is an obstacle until it is refunded."""
		deal = self.one_of_two_billed()
		invoice = make.installments(deal)[0].sales_invoice
		payment = make.pay(invoice)
		for name in deal_api.make_credit_notes(deal.name):
			frappe.get_doc("Sales Invoice", name).submit()
		found = deal_api.obstacles(deal.name)
		self.assertEqual([(row["doctype"], row["name"]) for row in found], [("Payment Entry", payment.name)])
		self.assertIn("Refund it with a Payment Entry, or unreconcile it", self.refused(deal))
		make.unreconcile(payment)
		deal.reload()
		deal.cancel()
		self.assertEqual(frappe.db.get_value("Payment Entry", payment.name, "docstatus"), 1)

	def test_partly_paid_and_credited(self):
		"""330.00, paid 130.00, credited: ERPNext keeps the note apart (-330.00 beside 200.00); refunding 130.00 clears it."""
		deal = self.one_of_two_billed()
		invoice = make.installments(deal)[0].sales_invoice
		payment = make.pay(invoice, 130)
		(name,) = deal_api.make_credit_notes(deal.name)
		note = frappe.get_doc("Sales Invoice", name)
		note.submit()
		self.assertEqual(
			[
				frappe.db.get_value("Sales Invoice", each, "outstanding_amount")
				for each in (invoice, note.name)
			],
			[200, -330],
		)
		self.assertEqual([row["name"] for row in deal_api.obstacles(deal.name)], [payment.name])
		refund = frappe.get_doc(
			{
				"doctype": "Payment Entry",
				"payment_type": "Pay",
				"company": make.COMPANY,
				"party_type": "Customer",
				"party": make.CUSTOMER,
				"paid_from": make.BANK,
				"paid_to": make.DEBTORS,
				"paid_amount": 130,
				"received_amount": 130,
				"reference_no": "TEST",
				"reference_date": today(),
				"references": [
					{
						"reference_doctype": "Sales Invoice",
						"reference_name": note.name,
						"allocated_amount": -130,
					}
				],
			}
		)
		refund.insert(ignore_permissions=True).submit()
		self.assertEqual(deal_api.obstacles(deal.name), [])
		deal.reload()
		deal.cancel()

	def test_the_order_goes_with_the_deal(self):
		policy = make.make_policy("SCA Unwind Order", create_sales_order=1, min_amount=9_000_003)
		deal = self.thirds(billing_policy=policy.name, delivery_date=add_days(today(), 30))
		self.assertTrue(deal.sales_order)
		deal.cancel()
		self.assertEqual(frappe.db.get_value("Sales Order", deal.sales_order, "docstatus"), 2)

		credited = self.thirds(billing_policy=policy.name, delivery_date=add_days(today(), 30))
		billing.bill([f"{credited.name}-01"], force=True)
		for name in deal_api.make_credit_notes(credited.name):
			frappe.get_doc("Sales Invoice", name).submit()
		credited.reload()
		credited.cancel()
		self.assertEqual(
			frappe.db.get_value("Sales Order", credited.sales_order, ["docstatus", "status"]), (1, "Closed")
		)

	def test_an_order_that_waits_for_approval_goes_with_the_deal(self):
		"""A chain keeps the deal's order a draft: it is deleted, and its request is closed, so that nobody posts it."""
		people.make_people()
		self.addCleanup(people.remove_chains)
		people.make_chain("SCA Unwind Orders", "Sales Order")
		policy = make.make_policy("SCA Unwind Draft", create_sales_order=1, min_amount=9_000_007)
		deal = self.thirds(billing_policy=policy.name, delivery_date=add_days(today(), 30))
		order = deal.sales_order
		self.assertEqual(frappe.db.get_value("Sales Order", order, "docstatus"), 0)
		request = frappe.db.get_value("Approval Request", {"reference_name": order, "status": "Open"})
		self.assertTrue(request)
		deal.cancel()
		self.assertFalse(frappe.db.exists("Sales Order", order))
		self.assertEqual(frappe.db.get_value("Approval Request", request, "status"), "Closed")
		deal.reload()
		self.assertFalse(deal.sales_order)

	def test_an_invoice_stays_with_the_deal_that_it_bills(self):
		"""Its header names another deal, by hand or by the API: it keeps its own; one that was moved before is an obstacle here."""
		policy = make.make_policy("SCA Unwind Moved", submit_invoices=0, min_amount=9_000_008)
		deal, other = self.thirds(billing_policy=policy.name), self.thirds()
		billing.bill([f"{deal.name}-01", f"{deal.name}-02"], force=True)
		first, second = (row.sales_invoice for row in make.installments(deal)[:2])
		invoice = frappe.get_doc("Sales Invoice", first)
		invoice.deal = other.name
		invoice.save()
		self.assertEqual(invoice.deal, deal.name)
		invoice.submit()
		invoice.deal = other.name
		invoice.save()
		self.assertEqual(invoice.deal, deal.name)
		frappe.db.set_value("Sales Invoice", second, "deal", other.name)
		frappe.db.set_value("Sales Invoice", first, "deal", other.name)
		self.assertEqual(
			{(row["name"], row["creditable"]) for row in deal_api.obstacles(deal.name)},
			{(first, True), (second, False)},
		)
		self.assertIn(second, self.refused(deal))
		self.assertEqual(len(deal_api.make_credit_notes(deal.name)), 1)

	def test_an_advance_on_the_order_is_named(self):
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

		policy = make.make_policy("SCA Unwind Advance", create_sales_order=1, min_amount=9_000_006)
		deal = self.thirds(billing_policy=policy.name, delivery_date=add_days(today(), 30))
		entry = get_payment_entry("Sales Order", deal.sales_order, party_amount=50, bank_account=make.BANK)
		entry.reference_no, entry.reference_date = "TEST", today()
		entry.insert(ignore_permissions=True).submit()
		self.assertIn(f"is an advance on Sales Order {deal.sales_order}", self.refused(deal))
		entry.cancel()
		deal.reload()
		deal.cancel()
		self.assertEqual(frappe.db.get_value("Sales Order", deal.sales_order, "docstatus"), 2)

	def test_a_submitted_change_is_history_not_an_obstacle(self):
		deal = self.thirds()
		change = make.make_change(deal, [make.row("A", 100)], submit=True)
		deal.reload()
		deal.cancel()
		change.reload()
		self.assertEqual(change.docstatus, 1)
		self.assertMessage("its changes stay as its history", change.cancel)

	def test_amend_a_cancelled_deal(self):
		deal = self.thirds()
		deal.cancel()
		amended = frappe.copy_doc(deal, ignore_no_copy=False)
		amended.docstatus, amended.amended_from = 0, deal.name
		amended.insert()
		self.assertEqual((amended.docstatus, amended.status), (0, "Open"))
		amended.submit()
		self.assertEqual(
			[row.name for row in make.installments(amended)], [f"{amended.name}-0{n}" for n in (1, 2, 3)]
		)
		make.bill_all(amended)

	def test_rights(self):
		"""All of them look; the notes are offered to those who may make invoices; an Accounts Manager makes them and cancels."""
		deal = self.thirds(deal_owner=make.SELLER)
		billing.bill([f"{deal.name}-01"], force=True)
		for user, may_credit in ((make.SELLER, False), (make.MANAGER, False), (make.ACCOUNTANT, True)):
			frappe.set_user(user)
			(found,) = deal_api.obstacles(deal.name)
			self.assertEqual(found["creditable"], may_credit, user)
		frappe.clear_messages()
		(note,) = deal_api.make_credit_notes(deal.name)
		self.assertEqual(frappe.get_message_log(), [])
		frappe.get_doc("Sales Invoice", note).submit()
		frappe.get_doc("Deal", deal.name).cancel()
		frappe.set_user("Administrator")
		deal = self.thirds(deal_owner=make.SELLER)
		frappe.set_user(make.SELLER)
		with self.assertRaises(frappe.PermissionError):
			deal_api.make_credit_notes(deal.name)
		with self.assertRaises(frappe.PermissionError):
			frappe.get_doc("Deal", deal.name).cancel()
