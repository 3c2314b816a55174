"""A won deal under approval chains: its invoices wait as drafts, and a chain over deals lets winning wait."""

import frappe
from frappe.utils import today

from sales_crm_accounts.api import deal as deal_api
from sales_crm_accounts.services import billing
from sales_crm_accounts.services.approvals import gate, posting
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


class TestApprovalDeals(ApprovalCase):
	def test_automatic_invoices_wait_for_approval(self):
		"""Asked in the name of the deal's owner, posted by the user that bills, and the installments follow."""
		people.make_chain("SCA Invoices", "Sales Invoice", levels=[people.by(people.FIRST)])
		with people.as_user(people.REQUESTER):
			deal = make.make_deal(
				[make.row("A", 50), make.row("B", 50)], win=True, deal_owner=people.REQUESTER
			)
		names = [row.name for row in make.installments(deal)]
		for _time in range(2):  # a second run makes nothing twice
			billing.bill(names, force=True)
			frappe.db.commit()
			invoices = frappe.get_all("Sales Invoice", {"deal": deal.name}, pluck="name")
			self.assertEqual(len(invoices), 2)
		for name in invoices:
			invoice = frappe.get_doc("Sales Invoice", name)
			self.assertNotPosted(invoice)
			request = self.assertAsked(invoice, people.REQUESTER)
			self.assertNotIn(
				"Billed", frappe.get_all("Deal Installment", {"sales_invoice": name}, pluck="status")
			)
			people.approve(request)
			posting.post(request.name)
			self.assertPosted(invoice)
			self.assertEqual(
				frappe.db.get_value("Sales Invoice", name, "modified_by"),
				request.submit_as or people.REQUESTER,
			)
		rows = make.installments(deal)
		self.assertEqual({row.status for row in rows}, {"Billed"})
		self.assertEqual(sorted(row.sales_invoice for row in rows), sorted(invoices))

	def test_owner_of_the_deal_cannot_approve_its_invoice(self):
		frappe.get_doc("User", people.REQUESTER).add_roles(people.ROLE)
		self.addCleanup(lambda: frappe.get_doc("User", people.REQUESTER).remove_roles(people.ROLE))
		people.make_chain("SCA Invoices", "Sales Invoice")
		with people.as_user(people.REQUESTER):
			deal = make.make_deal([make.row("All", 100)], win=True, deal_owner=people.REQUESTER)
		billing.bill([row.name for row in make.installments(deal)], force=True)
		frappe.db.commit()
		request = people.request_of(frappe.get_last_doc("Sales Invoice", {"deal": deal.name}))
		self.assertNotIn(people.REQUESTER, [row.user for row in request.approvers])

	def test_winning_waits_for_a_chain_over_deals(self):
		people.make_chain("SCA Deals", "Deal", levels=[people.by(people.FIRST)])
		with people.as_user(people.REQUESTER):
			deal = make.make_deal([make.row("All", 100)])
			frappe.db.commit()
			with self.assertRaises(gate.ApprovalRequired) as stop:
				fresh(deal).submit()
			frappe.db.rollback()
		self.assertExplained(str(stop.exception))
		self.assertEqual(fresh(deal).docstatus, 0)
		self.assertFalse(make.installments(deal))
		request = self.assertAsked(deal)
		people.approve(request)
		posting.post(request.name)
		frappe.db.rollback()
		self.assertEqual(frappe.db.get_value("Deal", deal.name, ["docstatus", "status"]), (1, "Won"))
		self.assertEqual(len(make.installments(deal)), 1)

	def test_winning_by_the_button(self):
		people.make_chain("SCA Deals", "Deal", levels=[people.by(people.FIRST)])
		with people.as_user(people.REQUESTER):
			deal = make.make_deal([make.row("All", 100)])
			frappe.db.commit()
			with self.assertRaises(gate.ApprovalRequired):
				deal_api.win(deal.name)
			frappe.db.rollback()
		self.assertEqual(fresh(deal).docstatus, 0)
		self.assertAsked(deal)

	def test_a_deal_is_won_at_the_rate_that_was_approved(self):
		"""Drafted at 1.25, asked at 1.30, approved and posted when the day says 1.50: 1,300.00 USD, as the approver saw it."""

		def put_back():
			make.exchange_rate("EUR", "USD", make.EUR_RATE, today())
			frappe.db.commit()

		self.addCleanup(put_back)
		people.make_chain("SCA Deals", "Deal", levels=[people.by(people.FIRST)])
		with people.as_user(people.REQUESTER):
			deal = make.make_deal(
				customer=make.FOREIGN_CUSTOMER, currency="EUR", items=[(make.SERVICE, 1, 1000)]
			)
			make.exchange_rate("EUR", "USD", 1.3, today())
			frappe.db.commit()
			with self.assertRaises(gate.ApprovalRequired):
				fresh(deal).submit()
			frappe.db.rollback()
		request = self.assertAsked(deal)
		make.exchange_rate("EUR", "USD", 1.5, today())
		frappe.db.commit()
		self.assertEqual(deal_api.preview(deal.name)["rate"], {"why": "Asked", "rate": 1.3, "drafted": 1.25})
		with people.as_user(people.REQUESTER):
			fresh(deal).save()  # nothing of what was asked for has changed
		people.approve(request)
		posting.post(request.name)
		frappe.db.rollback()
		won = fresh(deal)
		self.assertEqual((won.docstatus, won.conversion_rate, won.base_net_total), (1, 1.3, 1300))

	def test_change_of_a_won_deal(self):
		"""A Deal Change is a document of its own, under a chain of its own."""
		people.make_chain("SCA Changes", "Deal Change", levels=[people.by(people.FIRST)])
		deal = make.make_deal([make.row("All", 100)], win=True)
		change = make.make_change(deal, amount_change=100)
		frappe.db.commit()
		with self.assertRaises(gate.ApprovalRequired):
			fresh(change).submit()
		frappe.db.rollback()
		self.assertEqual([row.net_amount for row in make.installments(deal)], [900])
		request = self.assertAsked(change, "Administrator")
		people.approve(request)
		posting.post(request.name)
		frappe.db.rollback()
		self.assertEqual(fresh(change).docstatus, 1)
		self.assertEqual(sum(row.net_amount for row in make.installments(deal)), 1000)
