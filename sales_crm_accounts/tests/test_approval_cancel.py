"""A chain over cancelling: the same gate, every way into cancel."""

import json
from contextlib import suppress

import frappe

from sales_crm_accounts.services.approvals import CANCEL, decisions, gate, posting, requests
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests.approval_case import ApprovalCase

JOURNAL = "Journal Entry"


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


class TestApprovalCancel(ApprovalCase):
	def setUp(self):
		super().setUp()
		self.entry = people.draft()
		with people.as_user(people.REQUESTER):
			fresh(self.entry).submit()
		frappe.db.commit()
		people.make_chain(action="Cancel")
		frappe.db.commit()

	def assertStillPosted(self, attempt):
		with people.as_user(people.REQUESTER):
			with self.assertRaises(gate.ApprovalRequired) as stop:
				attempt()
			frappe.db.rollback()
		self.assertExplained(str(stop.exception))
		self.assertPosted(self.entry)
		self.assertAsked(self.entry, action=CANCEL)

	def test_every_way_into_cancel(self):
		from frappe.client import cancel as client_cancel
		from frappe.desk.form.linked_with import cancel_all_linked_docs
		from frappe.desk.form.save import cancel, savedocs

		def ignoring():
			doc = fresh(self.entry)
			doc.flags.ignore_validate = doc.flags.ignore_permissions = True
			doc.cancel()

		def linked():
			cancel_all_linked_docs(
				json.dumps([{"doctype": JOURNAL, "name": self.entry.name, "docstatus": 1}])
			)

		for attempt in (
			lambda: fresh(self.entry).cancel(),
			lambda: client_cancel(JOURNAL, self.entry.name),
			lambda: cancel(JOURNAL, self.entry.name),
			lambda: savedocs(fresh(self.entry).as_json(), "Cancel"),
			ignoring,
			linked,
		):
			self.assertStillPosted(attempt)

	def test_bulk(self):
		from frappe.desk.doctype.bulk_update.bulk_update import submit_cancel_or_update_docs

		with people.as_user(people.REQUESTER):
			failed = submit_cancel_or_update_docs(JOURNAL, [self.entry.name], "cancel")
		self.assertEqual(failed, [self.entry.name])
		self.assertPosted(self.entry)
		self.assertAsked(self.entry, action=CANCEL)

	def test_swallowed_and_committed(self):
		with people.as_user(people.REQUESTER):
			doc = fresh(self.entry)
			doc.flags.ignore_validate = True
			with suppress(frappe.ValidationError):
				doc.cancel()
			frappe.db.commit()
		self.assertPosted(self.entry)

	def test_cancelled_after_approval_by_the_requester(self):
		with people.as_user(people.REQUESTER):
			request = requests.open_request(fresh(self.entry), CANCEL)
		frappe.db.commit()
		people.approve(request)
		posting.post(request.name)
		self.assertNotPosted(self.entry, docstatus=2)
		self.assertEqual(fresh(request).posted, 1)
		self.assertEqual(frappe.db.get_value(JOURNAL, self.entry.name, "modified_by"), people.REQUESTER)

	def test_rejected(self):
		with people.as_user(people.REQUESTER):
			request = requests.open_request(fresh(self.entry), CANCEL)
		with people.as_user(people.FIRST):
			decisions.decide(request.name, "Rejected", "It was right")
		frappe.db.commit()
		with people.as_user(people.REQUESTER), self.assertRaises(gate.ApprovalRequired):
			fresh(self.entry).cancel()
		frappe.db.rollback()
		self.assertPosted(self.entry)
