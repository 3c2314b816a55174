"""Programs that submit: import, repeats, subscriptions, server scripts, queues, banking, gateways. None gets around the gate."""

from unittest.mock import patch

import frappe
from frappe.utils import today

from sales_crm_accounts.services.approvals import gate, posting
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase

JOURNAL = "Journal Entry"


def fresh(doc):
	return frappe.get_doc(doc.doctype, doc.name)


class TestApprovalPrograms(ApprovalCase):
	def setUp(self):
		super().setUp()
		people.make_chain()
		people.make_chain("SCA Payments", "Payment Entry")
		people.make_chain("SCA Invoices", "Sales Invoice")
		frappe.db.commit()

	# Programs that insert and submit in one go: the draft is kept and asked for

	def test_data_import(self):
		entry = frappe.copy_doc(people.draft())
		path = frappe.get_site_path("private", "files", "sca-import.csv")
		with open(path, "w") as file:
			file.write(
				"Entry Type,Company,Posting Date,Account (Accounting Entries),Debit (Accounting Entries),Credit (Accounting Entries),Cost Center (Accounting Entries)\n"
				f"Journal Entry,{make.COMPANY},{today()},{entry.accounts[0].account},320,0,{make.COST_CENTER}\n"
				f",,,{entry.accounts[1].account},0,320,{make.COST_CENTER}\n"
			)
		file = frappe.get_doc(
			{
				"doctype": "File",
				"file_name": "sca-import.csv",
				"file_url": "/private/files/sca-import.csv",
				"is_private": 1,
			}
		).insert(ignore_permissions=True)
		job = frappe.get_doc(
			{
				"doctype": "Data Import",
				"reference_doctype": JOURNAL,
				"import_type": "Insert New Records",
				"import_file": file.file_url,
				"submit_after_import": 1,
				"mute_emails": 1,
			}
		).insert(ignore_permissions=True)
		frappe.db.commit()
		before = set(frappe.get_all(JOURNAL, pluck="name"))
		with people.as_user(people.REQUESTER):
			job.get_importer().import_data()
		new = set(frappe.get_all(JOURNAL, pluck="name")) - before
		logs = frappe.get_all("Data Import Log", {"data_import": job.name}, ["success", "exception"])
		self.assertEqual(len(new), 1, logs)
		draft = frappe.get_doc(JOURNAL, new.pop())
		self.assertNotPosted(draft)
		self.assertAsked(draft)
		self.assertIn("approval is asked for", str(frappe.local.message_log))

	def test_auto_repeat(self):
		invoice = people.invoice()
		with people.as_user(people.REQUESTER):
			repeat = frappe.get_doc(
				{
					"doctype": "Auto Repeat",
					"reference_doctype": "Sales Invoice",
					"reference_document": invoice.name,
					"frequency": "Monthly",
					"start_date": today(),
					"submit_on_creation": 1,
				}
			).insert(ignore_permissions=True)
		repeat.db_set("next_schedule_date", today())
		frappe.db.commit()
		from frappe.automation.doctype.auto_repeat.auto_repeat import create_repeated_entries

		create_repeated_entries([frappe._dict(name=repeat.name)])
		frappe.db.commit()
		made = frappe.get_all(
			"Sales Invoice", {"auto_repeat": repeat.name, "name": ("!=", invoice.name)}, pluck="name"
		)
		self.assertEqual(len(made), 1)
		draft = frappe.get_doc("Sales Invoice", made[0])
		self.assertNotPosted(draft)
		# In the name of whoever set the repeat up, not of the scheduler's user.
		self.assertAsked(draft, people.REQUESTER)
		repeat.reload()
		self.assertEqual((repeat.disabled, repeat.status), (0, "Active"))
		self.assertGreater(str(repeat.next_schedule_date), today())
		people.approve(people.request_of(draft))
		posting.post(people.request_of(draft).name)
		self.assertPosted(draft)

	def test_subscription(self):
		frappe.db.set_value("Customer", make.CUSTOMER, "default_currency", None)
		make.ensure(
			"Subscription Plan",
			"SCA Plan",
			plan_name="SCA Plan",
			item=make.SERVICE,
			currency="USD",
			price_determination="Fixed Rate",
			cost=50,
			billing_interval="Month",
			billing_interval_count=1,
			cost_center=make.COST_CENTER,
		)
		with people.as_user(people.REQUESTER):
			subscription = frappe.get_doc(
				{
					"doctype": "Subscription",
					"party_type": "Customer",
					"party": make.CUSTOMER,
					"company": make.COMPANY,
					"start_date": today(),
					"generate_invoice_at": "Beginning of the current subscription period",
					"submit_invoice": 1,
					"cost_center": make.COST_CENTER,
					"plans": [{"plan": "SCA Plan", "qty": 1}],
				}
			)
			subscription.flags.ignore_permissions = True
			subscription.insert(ignore_permissions=True)
		frappe.db.commit()
		from erpnext.accounts.doctype.subscription.subscription import process_all

		process_all(subscription.name)
		frappe.db.commit()
		made = frappe.get_all("Sales Invoice", {"subscription": subscription.name}, pluck="name")
		self.assertEqual(
			len(made), 1, frappe.get_all("Error Log", pluck="error", limit=1, order_by="creation desc")
		)
		draft = frappe.get_doc("Sales Invoice", made[0])
		self.assertNotPosted(draft)
		self.assertAsked(draft, people.REQUESTER)

	# Scripts

	def script(self, body: str, kind: str = "API", **values):
		name = "SCA Script"
		if frappe.db.exists("Server Script", name):
			frappe.delete_doc("Server Script", name, force=True)
		self.enterContext(patch("frappe.utils.safe_exec.is_safe_exec_enabled", return_value=True))
		self.enterContext(
			patch(
				"frappe.core.doctype.server_script.server_script.is_safe_exec_enabled",
				return_value=True,
				create=True,
			)
		)
		script = frappe.get_doc(
			{"doctype": "Server Script", "name": name, "script_type": kind, "script": body, **values}
		).insert(ignore_permissions=True)
		frappe.db.commit()

		def drop():
			frappe.db.rollback()
			frappe.delete_doc("Server Script", name, force=True, ignore_permissions=True)
			frappe.db.commit()

		self.addCleanup(drop)
		return script

	def test_server_script(self):
		entry = people.draft()
		script = self.script(
			f'frappe.get_doc("Journal Entry", "{entry.name}").submit()', api_method="sca_submit"
		)
		self.assertStopped(entry, script.execute_method)

	def test_server_script_that_swallows_and_commits(self):
		bodies = (
			"try:\n\tdoc.submit()\nexcept Exception:\n\tpass\nfrappe.db.commit()",
			"doc.flags.ignore_validate = True\ntry:\n\tdoc.submit()\nexcept Exception:\n\tpass\nfrappe.db.commit()",
			# Hides the document's state from whoever looks at it before the commit.
			"doc.flags.ignore_validate = True\ntry:\n\tdoc.submit()\nexcept Exception:\n\tpass\n"
			'frappe.db.set_value("Journal Entry", doc.name, "docstatus", 0)\n'
			"frappe.db.before_commit.reset()\nfrappe.db.commit()",
		)
		for number, body in enumerate(bodies):
			with self.subTest(number=number):
				entry = people.draft(100 + number)
				script = self.script(
					f'doc = frappe.get_doc("Journal Entry", "{entry.name}")\n{body}', api_method="sca_submit"
				)
				with people.as_user(people.REQUESTER):
					script.execute_method()
				self.assertNotPosted(entry)
				self.assertAsked(entry)

	def test_server_script_that_posts_to_the_ledger_itself(self):
		entry = people.draft()
		script = self.script(
			f'frappe.get_doc("Journal Entry", "{entry.name}").make_gl_entries()', api_method="sca_submit"
		)
		with people.as_user(people.REQUESTER), self.assertRaises(gate.ApprovalRequired):
			script.execute_method()
		self.assertNotPosted(entry)

	def test_before_submit_script_that_alters_what_was_judged(self):
		"""Scripts run after the gate's first look; the second one finds what they changed."""
		entry = people.draft()
		people.approve(people.ask(entry))
		self.script(
			"for row in doc.accounts:\n"
			"\trow.debit = row.debit * 10\n\trow.debit_in_account_currency = row.debit\n"
			"\trow.credit = row.credit * 10\n\trow.credit_in_account_currency = row.credit",
			kind="DocType Event",
			reference_doctype=JOURNAL,
			doctype_event="Before Submit",
		)
		with people.as_user(people.REQUESTER), self.assertRaises(gate.ApprovalRequired):
			fresh(entry).submit()
		self.assertNotPosted(entry)

	# Queues

	def test_submission_queue(self):
		from frappe.core.doctype.submission_queue.submission_queue import SubmissionQueue

		entry = people.draft()
		with people.as_user(people.REQUESTER):
			queue = frappe.new_doc("Submission Queue")
			queue.update({"ref_doctype": JOURNAL, "ref_docname": entry.name})
			with patch.object(SubmissionQueue, "queue_action"):
				queue.insert(fresh(entry), "submit")
			frappe.db.commit()
			job = frappe._dict(id="sca-test")
			with patch(
				"frappe.core.doctype.submission_queue.submission_queue.get_current_job", return_value=job
			):
				queue.background_submission(fresh(entry), "submit")
			frappe.db.commit()
		self.assertNotPosted(entry)
		self.assertAsked(entry)
		queue.reload()
		self.assertEqual(queue.status, "Failed")
		self.assertIn("needs approval", queue.exception)

	# Banking and gateways

	def bank_transaction(self, withdrawal: float = 0, deposit: float = 0):
		make.ensure("Bank", "SCA Bank", bank_name="SCA Bank")
		account = frappe.db.get_value("Bank Account", {"account": make.BANK}) or make.ensure(
			"Bank Account",
			"SCA Account - SCA Bank",
			account_name="SCA Account",
			bank="SCA Bank",
			account=make.BANK,
			is_company_account=1,
			company=make.COMPANY,
		)
		transaction = frappe.get_doc(
			{
				"doctype": "Bank Transaction",
				"date": today(),
				"bank_account": account,
				"company": make.COMPANY,
				"currency": "USD",
				"withdrawal": withdrawal,
				"deposit": deposit,
			}
		).insert(ignore_permissions=True)
		transaction.submit()
		frappe.db.commit()
		return transaction

	def test_bank_reconciliation(self):
		from erpnext.accounts.doctype.bank_reconciliation_tool.bank_reconciliation_tool import (
			create_journal_entry_bts,
			create_payment_entry_bts,
		)

		transaction = self.bank_transaction(withdrawal=75)
		party = {"party_type": "Supplier", "party": people.supplier()}
		payments, journals = frappe.db.count("Payment Entry"), frappe.db.count(JOURNAL)
		for attempt in (
			lambda: create_payment_entry_bts(transaction.name, "REF", today(), posting_date=today(), **party),
			lambda: create_journal_entry_bts(
				transaction.name, "REF", today(), today(), "Bank Entry", f"Creditors - {make.ABBR}", **party
			),
		):
			with people.as_user(people.REQUESTER), self.assertRaises(gate.ApprovalRequired) as stop:
				attempt()
			self.assertExplained(str(stop.exception))
			frappe.db.rollback()
		self.assertEqual((frappe.db.count("Payment Entry"), frappe.db.count(JOURNAL)), (payments, journals))
		self.assertEqual(frappe.db.get_value("Bank Transaction", transaction.name, "unallocated_amount"), 75)

	def test_bank_reconciliation_of_a_receipt(self):
		from erpnext.accounts.doctype.bank_reconciliation_tool.bank_reconciliation_tool import (
			create_payment_entry_bts,
		)

		transaction = self.bank_transaction(deposit=80)
		with people.as_user(people.REQUESTER):
			create_payment_entry_bts(
				transaction.name, "REF", today(), "Customer", make.CUSTOMER, posting_date=today()
			)
		frappe.db.commit()
		self.assertEqual(frappe.db.get_value("Bank Transaction", transaction.name, "unallocated_amount"), 0)

	def paid_request(self, doctype: str, name: str, kind: str):
		from erpnext.accounts.doctype.payment_request.payment_request import make_payment_request

		request = make_payment_request(
			dt=doctype, dn=name, payment_request_type=kind, submit_doc=1, mute_email=1, return_doc=1
		)
		frappe.db.commit()
		return request

	def test_payment_request_of_a_customer(self):
		"""What a gateway tells has been paid is a receipt: it passes."""
		invoice = people.invoice()
		people.approve(people.ask(invoice))
		posting.post(people.request_of(invoice).name)
		entry = self.paid_request("Sales Invoice", invoice.name, "Inward").set_as_paid()
		frappe.db.commit()
		self.assertPosted(entry)
		self.assertEqual(
			frappe.db.get_value("Approval Gate Log", {"reference_name": entry.name}, "outcome"), "Receipt"
		)

	# Payments in and out

	def test_receipts_pass_and_payments_do_not(self):
		receipt, payment = people.payment(payment_type="Receive"), people.payment()
		with people.as_user(people.REQUESTER):
			fresh(receipt).submit()
			frappe.db.commit()
		self.assertPosted(receipt)
		self.assertStopped(payment, lambda: fresh(payment).submit())

	def test_receipt_that_writes_off_is_none(self):
		entry = people.payment(
			1,
			payment_type="Receive",
			deductions=[{"account": make.WRITE_OFF, "cost_center": make.COST_CENTER, "amount": 999}],
		)
		self.assertStopped(entry, lambda: fresh(entry).submit())

	def test_receipts_where_the_chain_wants_them(self):
		chain = frappe.get_doc("Approval Chain", "SCA Payments")
		chain.include_receipts = 1
		chain.save()
		frappe.db.commit()
		receipt = people.payment(payment_type="Receive")
		self.assertStopped(receipt, lambda: fresh(receipt).submit())
