"""What tests of what is told share: mails as they lie in the queue, bells, settings; jobs run when the test says so."""

import email
import email.policy
from unittest.mock import patch

import frappe
from frappe.utils import now

from sales_crm_accounts.services.approvals import gate, notify
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import approval_factories as af
from sales_crm_accounts.tests import factories as make

SETTINGS = "Sales CRM Accounts Settings"


class ApprovalTestCase(SiteTestCase):
	"""Each test starts without a chain of the tests and leaves none behind. Jobs do not run: `told` holds what notify would start."""

	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		af.make_people()
		af.remove_chains()
		make.mail_account()
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		frappe.set_user("Administrator")
		self.told = []
		for service, function, instead in (
			("notify", "_start", lambda *args: self.told.append(args)),
			("posting", "enqueue", lambda request: None),
		):
			job = patch(f"sales_crm_accounts.services.approvals.{service}.{function}", side_effect=instead)
			job.start()
			self.addCleanup(job.stop)
		self.settings(approve_by_mail=1, approval_mails=1, approval_link_hours=72, digest_time="08:00:00",
			working_day_start="09:00:00", working_day_end="18:00:00", approval_check_cursor="")  # fmt: skip
		frappe.db.delete("Approval Preference", {"user": ("like", "%@sca.example.com")})
		for user in frappe.get_all("User", filters={"name": ("like", "%@sca.example.com")}, pluck="name"):
			frappe.db.set_value("User", user, {"language": "en", "enabled": 1}, update_modified=False)
			frappe.clear_document_cache("User", user)
		frappe.db.commit()
		self.since = now()

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		af.remove_chains()
		super().tearDown()

	def settings(self, **values):
		for field, value in values.items():
			frappe.db.set_single_value(SETTINGS, field, value, update_modified=False)
		frappe.clear_document_cache(SETTINGS, SETTINGS)

	def ask(self, doc, user: str = af.REQUESTER):
		"""Submit as `user`, be stopped, and return the request that was opened."""
		with af.as_user(user), self.assertRaises(gate.ApprovalRequired):
			frappe.get_doc(doc.doctype, doc.name).submit()
		frappe.db.rollback()
		frappe.db.commit()
		return af.request_of(doc)

	def tell(self):
		"""Run what notify would have started, in its order."""
		while self.told:
			notify.send(*self.told.pop(0))

	def mails(self, to: str | None = None) -> list[frappe._dict]:
		"""Mails queued since the test began, oldest first: to, subject, html, text, name, reference_doctype."""
		found = []
		for row in frappe.get_all(
			"Email Queue",
			filters={"creation": (">=", self.since)},
			fields=["name", "message", "reference_doctype", "reference_name"],
			order_by="creation",
		):
			for recipient in frappe.get_all(
				"Email Queue Recipient", filters={"parent": row.name}, pluck="recipient"
			):
				if to and recipient != to:
					continue
				message = email.message_from_string(row.message, policy=email.policy.default)
				parts = {
					part.get_content_type(): part.get_content()
					for part in message.walk()
					if not part.is_multipart()
				}
				found.append(
					frappe._dict(
						row,
						to=recipient,
						subject=message["Subject"],
						html=parts.get("text/html", ""),
						text=parts.get("text/plain", ""),
					)
				)
		return found

	def bells(self, user: str) -> list[str]:
		return frappe.get_all(
			"Notification Log",
			filters={"for_user": user, "creation": (">=", self.since)},
			pluck="subject",
			order_by="creation",
		)
