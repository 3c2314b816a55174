"""What the desk asks of approvals, with users who may and who may not."""

import frappe

from sales_crm_accounts import boot
from sales_crm_accounts.api import approvals as api
from sales_crm_accounts.services.approvals import requests
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import approval_factories as make

CHAIN = "SCA Desk Chain"


class TestApprovalDesk(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_people()
		make.make_chain(CHAIN, levels=[make.by(make.FIRST, attachment_required=1)])
		frappe.db.commit()
		cls.addClassCleanup(make.remove_chains)

	def asked(self):
		entry = make.draft()
		with make.as_user(make.REQUESTER):
			return entry, requests.open_request(entry)

	def test_forms_ask_only_for_doctypes_with_a_chain_or_with_requests(self):
		bootinfo = frappe._dict()
		boot.extend_bootinfo(bootinfo)
		self.assertIn("Journal Entry", bootinfo.sca_approvals["doctypes"])
		self.assertNotIn("Stock Entry", bootinfo.sca_approvals["doctypes"])

	def test_the_number_card_counts_what_waits_for_the_user_and_leads_to_the_inbox(self):
		with make.as_user(make.FIRST):
			before = api.waiting_for_me()
		self.asked()
		with make.as_user(make.FIRST):
			card = api.waiting_for_me()
		self.assertEqual(card["value"], before["value"] + 1)
		self.assertEqual(card["route"], ["approvals"])

	def test_a_file_given_with_an_approval_can_be_opened_by_all_who_take_part(self):
		_entry, request = self.asked()
		with make.as_user(make.FIRST):
			file = frappe.get_doc(
				{"doctype": "File", "file_name": "sca-desk.txt", "content": request.name, "is_private": 1}
			).insert()
		file.reload()
		self.assertFalse(file.has_permission("read", user=make.REQUESTER))
		with make.as_user(make.FIRST):
			self.assertEqual(
				api.decide(request.name, "Approved", attachment=file.file_url)["status"], "Approved"
			)
		file.reload()
		self.assertEqual(
			(file.attached_to_doctype, file.attached_to_name), ("Approval Request", request.name)
		)
		self.assertTrue(file.has_permission("read", user=make.REQUESTER))
		self.assertFalse(file.has_permission("read", user=make.STAND_IN))

	def test_a_file_that_is_not_there_is_no_attachment(self):
		_entry, request = self.asked()
		with make.as_user(make.FIRST), self.assertRaises(frappe.ValidationError):
			api.decide(request.name, "Approved", attachment="/private/files/nowhere.pdf")

	def test_an_answered_question_stays_answered_when_another_is_asked(self):
		_entry, request = self.asked()
		with make.as_user(make.FIRST):
			api.ask_question(request.name, make.REQUESTER, "Why?")
		with make.as_user(make.REQUESTER):
			api.answer(request.name, "Because.")
		with make.as_user(make.FIRST):
			api.ask_question(request.name, make.REQUESTER, "And when?")
		with make.as_user(make.REQUESTER):
			questions = api.request_state(request.name)["questions"]
		self.assertEqual(
			[(question["text"], question["open"]) for question in questions],
			[("Why?", False), ("And when?", True)],
		)

	def test_only_approval_managers_are_offered_fields(self):
		with make.as_user(make.APPROVAL_MANAGER):
			paths = {path["value"]: path for path in api.field_paths("Sales Invoice")}
			fields = {field["value"] for field in api.content_fields("Sales Invoice", "items", txt="rate")}
			tables = {field["value"] for field in api.content_fields("Sales Invoice", tables_only=True)}
		self.assertEqual(paths["owner"]["target"], "User")
		self.assertEqual(paths["customer.customer_group"]["target"], "Customer Group")
		self.assertIn("rate", fields)
		self.assertNotIn("item_code", fields)
		self.assertIn("taxes", tables)
		with make.as_user(make.REQUESTER):
			for ask in (api.field_paths, api.content_fields):
				self.assertRaises(frappe.PermissionError, ask, "Sales Invoice")
