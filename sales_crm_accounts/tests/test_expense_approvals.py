"""Expenses under approval chains: asked by the salesperson, posted by accounting, and the chain of the voucher's own type."""

import frappe

from sales_crm_accounts.services.approvals import gate, view
from sales_crm_accounts.services.approvals import requests as approval_requests
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import expense_factories as spend
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


class TestExpenseApprovals(ApprovalCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		spend.setup()
		frappe.db.commit()

	def test_the_approval_of_the_expense_counts_for_its_voucher(self):
		"""A chain over Journal Entries alone stops the expense with the remedy; one over expenses lets both through, once."""
		people.make_chain("SCA Journals", "Journal Entry", levels=[people.by(people.SECOND)])
		deal = make.make_deal(deal_owner=make.SELLER)
		with people.as_user(make.SELLER):
			doc = spend.expense(deal, 300)
		frappe.db.commit()
		with people.as_user(make.ACCOUNTANT):
			self.assertMessage("makes a chain over", fresh(doc).submit)
		frappe.db.rollback()
		self.assertEqual(fresh(doc).docstatus, 0)
		self.assertFalse(frappe.db.exists("Journal Entry", {"deal_expense": doc.name}))

		people.make_chain(
			"SCA Expenses", "Deal Expense", levels=[people.by(people.FIRST)], after_approval="Only Allow It"
		)
		with people.as_user(make.SELLER):
			frappe.clear_messages()
			self.assertTrue(view.state(fresh(doc))["can"]["request"])
			# That the salesperson may not post is no message to them.
			self.assertEqual(frappe.get_message_log(), [])
			request = approval_requests.open_request(fresh(doc))
		frappe.db.commit()
		self.assertEqual(fresh(doc).status, "Waiting for Approval")
		with people.as_user(make.ACCOUNTANT):
			self.assertRaises(gate.ApprovalRequired, fresh(doc).submit)
		frappe.db.rollback()
		people.approve(request)
		self.assertEqual(fresh(doc).status, "Draft")
		with people.as_user(make.ACCOUNTANT):
			# Who takes no part in the request, and posts, reads that it is approved; which account pays is accounting's to choose.
			doc = fresh(doc)
			doc.paid_from = make.account("SCA Petty Cash", "Cash In Hand", "Cash")
			doc.save()
			self.assertIn("Approved as it is", view.state(fresh(doc))["why"])
			fresh(doc).submit()
			self.assertIn("posted with this approval", view.state(fresh(doc))["why"])
		frappe.db.commit()
		doc.reload()
		self.assertEqual((doc.status, len(spend.ledger(doc))), ("Posted", 2))
		log = frappe.get_all(
			"Approval Gate Log",
			filters={"reference_doctype": "Journal Entry", "reference_name": doc.voucher_no},
			fields=["outcome", "reason"],
		)
		self.assertEqual(
			[(row.outcome, row.reason) for row in log], [("System Voucher", f"Deal Expense {doc.name}")]
		)
		# The pass was for that voucher only.
		self.assertNotPosted(people.draft())
		with people.as_user(people.REQUESTER):
			self.assertRaises(gate.ApprovalRequired, people.draft().submit)
		frappe.db.rollback()

	def test_asking_when_the_plan_is_passed(self):
		"""Planned 100, an expense of 100 passes without a word; the next of 50 waits, and is posted once approved."""
		category = frappe.get_doc("Deal Expense Category", spend.MARKETING)
		category.budget_action = "Ask for Approval"
		category.save()
		self.addCleanup(frappe.db.commit)
		self.addCleanup(frappe.db.set_value, "Deal Expense Category", spend.MARKETING, "budget_action", "")
		people.make_chain(
			"SCA Over Plan",
			"Deal Expense",
			levels=[people.by(people.FIRST)],
			after_approval="Only Allow It",
			conditions=[
				{"field": "over_budget", "operator": "=", "value": "1"},
				{"field": "budget_action", "operator": "=", "value": "Ask for Approval"},
			],
		)
		deal = make.make_deal()
		spend.plan_cost(deal, spend.MARKETING, 100)
		with people.as_user(people.REQUESTER):
			spend.expense(deal, 100, spend.MARKETING, submit=True)
			doc = spend.expense(deal, 50, spend.MARKETING)
			frappe.db.commit()
			self.assertRaises(gate.ApprovalRequired, fresh(doc).submit)
			frappe.db.rollback()
		request = self.assertAsked(doc)
		self.assertEqual(fresh(doc).status, "Waiting for Approval")
		people.approve(request)
		with people.as_user(people.REQUESTER):
			fresh(doc).submit()
		frappe.db.commit()
		self.assertPosted(frappe.get_doc("Journal Entry", fresh(doc).voucher_no))
