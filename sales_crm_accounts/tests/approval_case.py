"""What tests of approvals share: people, no jobs or mails of their own, no gate left behind, and the question that matters."""

from contextlib import ExitStack
from unittest.mock import patch

import frappe
from frappe.utils import strip_html

from sales_crm_accounts.services.approvals import gate
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import approval_factories as people

TOLD = ("asked", "finished", "superseded", "question", "answered", "posting_failed")
SERVICES = "sales_crm_accounts.services.approvals"


class ApprovalCase(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		people.make_people()
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		stack = self.enterContext(ExitStack())
		# Who would be told: mails and jobs are tested elsewhere, and no worker may act in the middle of a test.
		self.told = {name: stack.enter_context(patch(f"{SERVICES}.notify.{name}")) for name in TOLD}
		self.posting_jobs = stack.enter_context(patch(f"{SERVICES}.posting.enqueue"))
		self.addCleanup(people.remove_chains)

	def enterContext(self, context):
		"""Python 3.10 has no enterContext."""
		value = context.__enter__()
		self.addCleanup(context.__exit__, None, None, None)
		return value

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		super().tearDown()

	def assertNotPosted(self, doc, docstatus: int = 0):
		"""Neither the document nor one ledger entry, as another connection would see it."""
		frappe.db.rollback()
		if frappe.db.exists(doc.doctype, doc.name):
			self.assertEqual(frappe.db.get_value(doc.doctype, doc.name, "docstatus"), docstatus)
		self.assertEqual(people.ledger(doc), 0)

	def assertPosted(self, doc):
		frappe.db.rollback()
		self.assertEqual(frappe.db.get_value(doc.doctype, doc.name, "docstatus"), 1)
		self.assertGreater(people.ledger(doc), 0)

	def assertExplained(self, text: str, waits_for: str = "First"):
		"""Why, by whom it waits, and what to do."""
		text = strip_html(text)
		self.assertIn("needs approval", text)
		self.assertIn(waits_for, text)
		self.assertRegex(text, "The request is opened for you|Save it as a draft first")

	def assertStopped(
		self, doc, attempt, user: str = people.REQUESTER, action: str = "Submit", docstatus: int = 0
	):
		"""The attempt fails with the reason, nothing is posted, and the request of the user who was stopped is open."""
		with people.as_user(user):
			with self.assertRaises(gate.ApprovalRequired) as stop:
				attempt()
			frappe.db.rollback()  # as every request and job does after an error
		self.assertExplained(str(stop.exception))
		self.assertAsked(doc, user, action)
		if action == "Submit":
			self.assertNotPosted(doc, docstatus)
		return people.request_of(doc, action)

	def assertAsked(self, doc, user: str = people.REQUESTER, action: str = "Submit"):
		request = people.request_of(doc, action)
		self.assertIsNotNone(request, "no request was opened")
		self.assertEqual((request.status, request.requester, request.posted), ("Open", user, 0))
		return request
