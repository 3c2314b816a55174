"""Requests, steps and logs are written by the app alone: the API refuses, and what SQL does opens nothing and is found."""

import frappe

from sales_crm_accounts.services.approvals import decisions, gate, requests, steps
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests.approval_case import ApprovalCase


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


class TestApprovalTampering(ApprovalCase):
	def setUp(self):
		super().setUp()
		people.make_chain(levels=[people.by(people.FIRST, 1), people.by(people.SECOND, 2)])
		self.entry = people.draft()
		self.request = people.ask(self.entry)

	def sql(self, **values):
		"""What somebody with the database alone would do."""
		frappe.db.set_value("Approval Request", self.request.name, values, update_modified=False)
		frappe.db.commit()

	def assertStillStopped(self):
		with people.as_user(people.REQUESTER), self.assertRaises(gate.ApprovalRequired):
			fresh(self.entry).submit()
		self.assertNotPosted(self.entry)

	def test_api_refuses_to_edit_or_delete(self):
		from frappe.client import delete, save, set_value

		step = frappe.get_all("Approval Step", {"request": self.request.name}, pluck="name")[0]
		people.make_chain("SCA Log", "Payment Entry", levels=[people.level(min_amount=1000)])
		passed = people.payment()
		with people.as_user(people.REQUESTER):
			fresh(passed).submit()
		log = frappe.db.get_value("Approval Gate Log", {"reference_name": passed.name})
		frappe.db.commit()
		for doctype, name, field, value in (
			("Approval Request", self.request.name, "status", "Approved"),
			("Approval Step", step, "decision", "Approved"),
			("Approval Gate Log", log, "outcome", "Approved"),
		):
			for attempt in (
				lambda: set_value(doctype, name, field, value),  # noqa: B023
				lambda: save(frappe.get_doc(doctype, name).update({field: value}).as_json()),  # noqa: B023
				lambda: delete(doctype, name),  # noqa: B023
				lambda: frappe.delete_doc(doctype, name, force=True, ignore_permissions=True),  # noqa: B023
				lambda: frappe.copy_doc(frappe.get_doc(doctype, name)).insert(),  # noqa: B023
				lambda: frappe.rename_doc(doctype, name, "sca-renamed"),  # noqa: B023
			):
				with (
					self.subTest(doctype=doctype),
					self.assertRaises((frappe.PermissionError, frappe.ValidationError)),
				):
					attempt()
				frappe.db.rollback()
				self.assertTrue(frappe.db.exists(doctype, name))
				self.assertNotEqual(frappe.db.get_value(doctype, name, field), value)
		self.assertEqual(steps.verify(self.request.name), [])

	def test_shared_with_write(self):
		"""A share lets somebody read; it makes nobody an approver."""
		from frappe.client import set_value

		frappe.share.add("Approval Request", self.request.name, people.COLLEAGUE, write=1, share=1)
		frappe.db.commit()
		with people.as_user(people.COLLEAGUE):
			with self.assertRaises(frappe.PermissionError):
				set_value("Approval Request", self.request.name, "status", "Approved")
			with self.assertRaises(decisions.NotYours):
				decisions.decide(self.request.name, "Approved")
		self.assertStillStopped()

	def test_status_set_by_sql(self):
		self.sql(status="Approved")
		self.assertStillStopped()
		self.assertTrue(steps.verify(self.request.name))

	def test_fingerprint_set_by_sql(self):
		people.approve(self.request, people.FIRST, people.SECOND)
		changed = fresh(self.entry)
		for row in changed.accounts:
			row.debit_in_account_currency *= 2
			row.credit_in_account_currency *= 2
		with people.as_user(people.REQUESTER):
			changed.save()
		frappe.db.commit()
		from sales_crm_accounts.services.approvals import content

		self.sql(status="Approved", fingerprint=content.fingerprint_of(fresh(self.entry)))
		self.assertStillStopped()

	def test_request_inserted_by_sql(self):
		forged = fresh(self.request)
		forged.name, forged.status, forged.open_key = "APR-FORGED", "Approved", None
		forged.db_insert()
		frappe.db.commit()
		self.assertStillStopped()
		frappe.db.delete("Approval Request", {"name": "APR-FORGED"})
		frappe.db.commit()

	def test_step_inserted_by_sql(self):
		people.approve(self.request, people.FIRST)
		frappe.get_doc(
			{
				"doctype": "Approval Step",
				"request": self.request.name,
				"sequence": 99,
				"decision": "Approved",
				"user": people.SECOND,
				"level": 2,
			}
		).db_insert()
		frappe.db.commit()
		self.assertTrue(steps.verify(self.request.name))
		with people.as_user(people.SECOND), self.assertRaisesRegex(frappe.ValidationError, "changed outside"):
			decisions.decide(self.request.name, "Approved")
		self.assertStillStopped()

	def test_route_shortened_by_sql(self):
		"""A decision is no way to have a changed request sealed anew."""
		import json

		first = [group for group in json.loads(self.request.frozen_route) if group["number"] == 1]
		self.sql(frozen_route=json.dumps(first))
		with people.as_user(people.FIRST), self.assertRaisesRegex(frappe.ValidationError, "changed outside"):
			decisions.decide(self.request.name, "Approved")
		frappe.db.rollback()
		self.assertTrue(steps.verify(self.request.name))
		self.assertStillStopped()

	def test_nothing_seals_a_changed_request_anew(self):
		"""Questions, renames and withdrawals save the request too, and none of them may launder it."""
		self.sql(status="Approved", amount=1)
		frappe.rename_doc("Journal Entry", self.entry.name, f"{self.entry.name}-R", force=True)
		frappe.db.commit()
		self.entry.name = f"{self.entry.name}-R"
		self.assertTrue(steps.verify(self.request.name))
		self.assertStillStopped()
		with people.as_user(people.REQUESTER):
			decisions.withdraw(self.request.name)
		frappe.db.commit()
		self.assertEqual(fresh(self.request).status, "Withdrawn")
		self.assertTrue(steps.verify(self.request.name))

	def test_renamed_draft_keeps_its_approval(self):
		people.approve(self.request, people.FIRST, people.SECOND)
		frappe.rename_doc("Journal Entry", self.entry.name, f"{self.entry.name}-R", force=True)
		frappe.db.commit()
		self.entry.name = f"{self.entry.name}-R"
		self.assertEqual(steps.verify(self.request.name), [])
		with people.as_user(people.REQUESTER):
			fresh(self.entry).submit()
		frappe.db.commit()
		self.assertPosted(self.entry)

	def test_used_twice(self):
		"""An approval is used up by the posting; raw SQL that makes the document a draft again needs another."""
		people.approve(self.request, people.FIRST, people.SECOND)
		with people.as_user(people.REQUESTER):
			fresh(self.entry).submit()
		frappe.db.commit()
		frappe.db.set_value("Journal Entry", self.entry.name, "docstatus", 0)
		frappe.db.set_value("GL Entry", {"voucher_no": self.entry.name}, "is_cancelled", 1)
		frappe.db.commit()
		self.assertStillStopped()

	def test_withdrawn_while_it_is_being_posted(self):
		"""The approval that was there at the first look is looked at again, held, before the posting stands."""
		people.approve(self.request, people.FIRST, people.SECOND)
		leave = gate.leave

		def withdrawn_meanwhile(doc, action):
			frappe.db.set_value("Approval Request", self.request.name, "status", "Withdrawn")
			leave(doc, action)

		from unittest.mock import patch

		with people.as_user(people.REQUESTER), patch.object(gate, "leave", withdrawn_meanwhile):
			with self.assertRaises(frappe.ValidationError):
				fresh(self.entry).submit()
			frappe.db.commit()
		self.assertNotPosted(self.entry)

	def test_manager_helps_nobody_to_somebody_elses_signature(self):
		"""Approval Managers arrange; they put neither themselves nor their delegation in an approver's place."""
		with people.as_user(people.APPROVAL_MANAGER):
			with self.assertRaises(decisions.NotYours):
				decisions.decide(self.request.name, "Approved")
			with self.assertRaises(frappe.ValidationError):
				decisions.reassign(self.request.name, people.FIRST, people.APPROVAL_MANAGER, "for me")
			with self.assertRaises(frappe.ValidationError):
				frappe.get_doc(
					{
						"doctype": "Approval Delegation",
						"delegator": people.FIRST,
						"delegate": people.APPROVAL_MANAGER,
						"from_date": frappe.utils.today(),
						"to_date": frappe.utils.today(),
					}
				).insert()

	def test_nobody_delegates_to_themselves_what_is_not_theirs(self):
		with people.as_user(people.COLLEAGUE), self.assertRaises(frappe.PermissionError):
			frappe.get_doc(
				{
					"doctype": "Approval Delegation",
					"delegator": people.FIRST,
					"delegate": people.COLLEAGUE,
					"from_date": frappe.utils.today(),
					"to_date": frappe.utils.today(),
				}
			).insert()

	def test_chain_and_rules_belong_to_approval_managers(self):
		with people.as_user(people.REQUESTER):
			for doctype, name in (("Approval Chain", "SCA Test Chain"),):
				doc = frappe.get_doc(doctype, name)
				doc.active = 0
				self.assertRaises(frappe.PermissionError, doc.save)
				self.assertRaises(frappe.PermissionError, doc.delete)
			for values in (
				{"doctype": "Approval Content Rule", "document_type": "Journal Entry"},
				{"doctype": "Approver Limit", "limit_for": "User", "user": people.REQUESTER, "unlimited": 1},
			):
				self.assertRaises(frappe.PermissionError, frappe.get_doc(values).insert)
		self.assertEqual(requests.open_of("Journal Entry", self.entry.name).name, self.request.name)
