"""Every way into submit that a user has: form, API, REST, bulk, workflow, and the flags that a program sets."""

import json
from contextlib import suppress
from unittest.mock import patch

import frappe
from frappe.utils import add_days, get_test_client, today

from sales_crm_accounts.services.approvals import gate, posting
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase

JOURNAL = "Journal Entry"


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


def keys(user: str) -> str:
	"""API key and secret of a user, for the header of a request."""
	doc = frappe.get_doc("User", user)
	doc.api_key = doc.api_key or frappe.generate_hash(length=15)
	doc.api_secret = "secret-of-a-test"
	doc.save(ignore_permissions=True)
	frappe.db.commit()
	return f"token {doc.api_key}:secret-of-a-test"


class TestApprovalGate(ApprovalCase):
	def setUp(self):
		super().setUp()
		people.make_chain()

	def test_submit(self):
		entry = people.draft()
		self.assertStopped(entry, lambda: fresh(entry).submit())

	def test_form(self):
		from frappe.desk.form.save import savedocs

		entry = people.draft()
		self.assertStopped(entry, lambda: savedocs(fresh(entry).as_json(), "Submit"))

	def test_form_of_a_new_document(self):
		from frappe.desk.form.save import savedocs

		entry = frappe.copy_doc(people.draft())
		entry.set("__islocal", 1)
		entry.name = "new-journal-entry-1"
		before = frappe.db.count(JOURNAL, {"docstatus": 1})
		with people.as_user(people.REQUESTER), self.assertRaises(gate.ApprovalRequired) as stop:
			savedocs(entry.as_json(), "Submit")
		self.assertExplained(str(stop.exception))
		self.assertIn("Save it as a draft first", str(stop.exception))
		frappe.db.rollback()
		self.assertEqual(frappe.db.count(JOURNAL, {"docstatus": 1}), before)

	def test_client_submit(self):
		from frappe.client import submit

		entry = people.draft()
		self.assertStopped(entry, lambda: submit(fresh(entry).as_json()))

	def test_client_save_with_docstatus(self):
		from frappe.client import save

		entry = people.draft()
		self.assertStopped(
			entry, lambda: save(json.dumps({**json.loads(fresh(entry).as_json()), "docstatus": 1}))
		)

	def test_client_set_value_of_docstatus(self):
		from frappe.client import set_value

		entry = people.draft()
		with people.as_user(people.REQUESTER), self.assertRaises(frappe.ValidationError):
			set_value(JOURNAL, entry.name, "docstatus", 1)
		self.assertNotPosted(entry)

	def test_client_insert_with_docstatus(self):
		from frappe.client import insert

		values = {**json.loads(frappe.copy_doc(people.draft()).as_json()), "docstatus": 1}
		before = frappe.db.count(JOURNAL)
		with people.as_user(people.REQUESTER), self.assertRaises(gate.ApprovalRequired) as stop:
			insert(json.dumps(values))
		self.assertExplained(str(stop.exception))
		frappe.db.rollback()
		self.assertEqual(frappe.db.count(JOURNAL), before)

	def test_insert_and_submit_in_one_transaction(self):
		"""Nothing is left to approve after the stop, so nobody is told that a request was opened."""
		before = frappe.db.count(JOURNAL)
		entry = frappe.copy_doc(people.draft())
		with people.as_user(people.REQUESTER):
			entry.insert()
			with self.assertRaises(gate.ApprovalRequired) as stop:
				entry.submit()
			frappe.db.rollback()
		self.assertIn("Save it as a draft first", str(stop.exception))
		self.assertEqual(frappe.db.count(JOURNAL), before + 1)

	def test_rest(self):
		"""PUT and POST, v1 and v2, as the requester and as Administrator: real requests with their own connections."""
		people.make_chain("SCA Payments", "Payment Entry")
		client, site = get_test_client(), frappe.local.site
		for user, doc in ((people.REQUESTER, people.payment()), ("Administrator", people.payment(700))):
			headers = {"Authorization": keys(user), "X-Frappe-Site-Name": site}
			self.addCleanup(frappe.db.set_value, "User", user, "api_key", None)
			calls = (
				("PUT", f"/api/resource/Payment Entry/{doc.name}", {"docstatus": 1}),
				("PUT", f"/api/v2/document/Payment Entry/{doc.name}", {"docstatus": 1}),
				("POST", f"/api/v2/document/Payment Entry/{doc.name}/method/submit", {}),
				("POST", f"/api/resource/Payment Entry/{doc.name}", {"run_method": "submit"}),
				(
					"POST",
					"/api/method/run_doc_method",
					{"dt": doc.doctype, "dn": doc.name, "method": "submit"},
				),
				("POST", "/api/method/frappe.client.submit", {"doc": fresh(doc).as_json()}),
			)
			for verb, path, data in calls:
				with self.subTest(user=user, path=path):
					answer = self.request(client, verb, path, data, headers)
					self.assertEqual(answer.status_code, 417, answer.get_data(as_text=True)[:500])
					self.assertIn("needs approval", answer.get_data(as_text=True))
					self.assertNotPosted(doc)
			self.assertAsked(doc, user)

	def request(self, client, verb: str, path: str, data: dict, headers: dict):
		from frappe.tests.test_api import ThreadWithReturnValue

		call = getattr(client, verb.lower())
		thread = ThreadWithReturnValue(
			target=call, args=(path,), kwargs={"json": data, "headers": headers}, site=frappe.local.site
		)
		thread.start()
		return thread.join()

	def test_rest_insert_with_docstatus(self):
		values = {**json.loads(frappe.copy_doc(people.draft()).as_json()), "docstatus": 1}
		headers = {"Authorization": keys(people.REQUESTER), "X-Frappe-Site-Name": frappe.local.site}
		before = frappe.db.count(JOURNAL)
		for path in ("/api/resource/Journal Entry", "/api/v2/document/Journal Entry"):
			answer = self.request(get_test_client(), "POST", path, values, headers)
			self.assertEqual(answer.status_code, 417, answer.get_data(as_text=True)[:500])
		frappe.db.rollback()
		self.assertEqual(frappe.db.count(JOURNAL), before)

	def test_bulk(self):
		from frappe.desk.doctype.bulk_update.bulk_update import submit_cancel_or_update_docs

		entries = [people.draft(), people.draft(600)]
		with people.as_user(people.REQUESTER):
			failed = submit_cancel_or_update_docs(
				JOURNAL, json.dumps([entry.name for entry in entries]), "submit"
			)
		self.assertEqual(len(failed), 2)
		for entry in entries:
			self.assertNotPosted(entry)
			self.assertAsked(entry)
		told = [message.get("message") for message in frappe.local.message_log]
		self.assertTrue(any("needs approval" in str(message) for message in told))

	def test_bulk_update_of_docstatus(self):
		from frappe.desk.doctype.bulk_update.bulk_update import submit_cancel_or_update_docs

		entry = people.draft()
		with people.as_user(people.REQUESTER):
			submit_cancel_or_update_docs(JOURNAL, json.dumps([entry.name]), "update", {"docstatus": 1})
		self.assertNotPosted(entry)

	def test_workflow(self):
		from frappe.model.workflow import apply_workflow

		entry = people.draft()
		workflow = make_workflow()
		self.addCleanup(drop_workflow, workflow)
		frappe.db.set_value(JOURNAL, entry.name, "workflow_state", "SCA Draft")
		frappe.db.commit()
		self.assertStopped(entry, lambda: apply_workflow(fresh(entry).as_json(), "SCA Post"))

	def test_who_has_no_right_to_submit(self):
		"""Permissions come first: no request is opened for who may not submit at all."""
		entry = people.draft()
		with people.as_user(people.FIRST), self.assertRaises(frappe.PermissionError):
			fresh(entry).submit()
		self.assertNotPosted(entry)
		self.assertIsNone(people.request_of(entry))

	def test_administrator_is_stopped_as_well(self):
		entry = people.draft()
		self.assertStopped(entry, lambda: fresh(entry).submit(), user="Administrator")

	def test_approver_cannot_post_what_is_not_approved(self):
		entry = people.draft()
		frappe.get_doc("User", people.FIRST).add_roles("Accounts Manager", "Accounts User")
		self.addCleanup(
			lambda: frappe.get_doc("User", people.FIRST).remove_roles("Accounts Manager", "Accounts User")
		)
		with people.as_user(people.FIRST), self.assertRaises(gate.ApprovalRequired):
			fresh(entry).submit()
		self.assertNotPosted(entry)

	def test_ignore_validate(self):
		entry = people.draft()

		def attempt():
			doc = fresh(entry)
			doc.flags.ignore_validate = True
			doc.submit()

		self.assertStopped(entry, attempt)

	def test_all_flags_at_once(self):
		entry = people.draft()

		def attempt():
			doc = fresh(entry)
			for flag in (
				"permissions",
				"validate",
				"mandatory",
				"links",
				"submit",
				"validate_update_after_submit",
			):
				doc.flags[f"ignore_{flag}"] = True
			frappe.flags.in_import = frappe.flags.in_migrate = frappe.flags.in_patch = True
			try:
				doc.submit()
			finally:
				frappe.flags.in_import = frappe.flags.in_migrate = frappe.flags.in_patch = False

		self.assertStopped(entry, attempt)

	def test_swallowed_and_committed(self):
		"""Whatever a program does after the stop, nothing of the document was written, and the request is opened."""
		for flag in (False, True):
			with self.subTest(ignore_validate=flag):
				entry = people.draft(800 + flag)
				with people.as_user(people.REQUESTER):
					doc = fresh(entry)
					doc.flags.ignore_validate = flag
					with suppress(frappe.ValidationError):
						doc.submit()
					frappe.db.set_value(JOURNAL, entry.name, "title", "Swallowed")
					frappe.db.commit()
				self.assertNotPosted(entry)
				self.assertAsked(entry)

	def test_hidden_from_the_first_judgement(self):
		"""A program that skips `before_submit` altogether has its ledger entries taken back before it hears of the stop."""
		entry = people.draft()
		with people.as_user(people.REQUESTER), patch.object(gate, "enter"):
			try:
				fresh(entry).submit()
			except frappe.ValidationError as error:
				stopped = str(error)
			frappe.db.set_value(JOURNAL, entry.name, "docstatus", 0)
			frappe.db.commit()
		self.assertIn("needs approval", stopped)
		self.assertNotPosted(entry)
		self.assertAsked(entry)

	def test_amended(self):
		"""An amendment is a new document: the approval of the cancelled one is no approval of it."""
		entry = people.draft()
		people.approve(people.ask(entry))
		posting.post(people.request_of(entry).name)
		self.assertPosted(entry)
		with people.as_user(people.REQUESTER):
			fresh(entry).cancel()
			amended = frappe.copy_doc(fresh(entry))
			amended.amended_from, amended.docstatus = entry.name, 0
			amended.insert()
			frappe.db.commit()
		request = self.assertStopped(amended, lambda: fresh(amended).submit())
		self.assertEqual(request.round, 2)

	def test_other_day_other_company_not_active(self):
		"""The chain judges what it covers, nothing else."""
		chain = frappe.get_doc("Approval Chain", "SCA Test Chain")
		for values in (
			{"active": 0},
			{"active": 1, "valid_from": add_days(today(), 1)},
			{"valid_from": None, "valid_to": add_days(today(), -1)},
			{"valid_to": None, "action": "Cancel"},
		):
			with self.subTest(values):
				chain.reload()
				chain.update(values)
				chain.save()
				frappe.db.commit()
				entry = people.draft()
				with people.as_user(people.REQUESTER):
					fresh(entry).submit()
				frappe.db.commit()
				self.assertPosted(entry)

	def test_what_passes_is_written_down(self):
		chain = frappe.get_doc("Approval Chain", "SCA Test Chain")
		chain.levels[0].min_amount = 1000
		chain.save()
		frappe.db.commit()
		small, large = people.draft(999.99), people.draft(1000)
		with people.as_user(people.REQUESTER):
			fresh(small).submit()
			frappe.db.commit()
		self.assertPosted(small)
		self.assertEqual(
			frappe.db.get_value("Approval Gate Log", {"reference_name": small.name}, ["outcome", "user"]),
			("Below Every Band", people.REQUESTER),
		)
		self.assertStopped(large, lambda: fresh(large).submit())


def make_workflow() -> str:
	for state in ("SCA Draft", "SCA Posted"):
		make.ensure("Workflow State", state, workflow_state_name=state)
	make.ensure("Workflow Action Master", "SCA Post", workflow_action_name="SCA Post")
	return make.ensure(
		"Workflow",
		"SCA Workflow",
		workflow_name="SCA Workflow",
		document_type=JOURNAL,
		is_active=1,
		workflow_state_field="workflow_state",
		states=[
			{"state": "SCA Draft", "doc_status": "0", "allow_edit": "Accounts User"},
			{"state": "SCA Posted", "doc_status": "1", "allow_edit": "Accounts User"},
		],
		transitions=[
			{
				"state": "SCA Draft",
				"action": "SCA Post",
				"next_state": "SCA Posted",
				"allowed": "Accounts User",
				"allow_self_approval": 1,
			}
		],
	)


def drop_workflow(name: str):
	frappe.db.rollback()
	frappe.delete_doc("Workflow", name, force=True)
	frappe.clear_cache(doctype=JOURNAL)
	frappe.db.commit()
