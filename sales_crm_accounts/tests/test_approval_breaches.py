"""What came past the gate is found the same day, once, and told to those who look into it."""

import frappe
from frappe.utils import add_days, now_datetime

from sales_crm_accounts.services.approvals import baseline, breaches, decisions, notify, posting, verification
from sales_crm_accounts.tests import approval_factories as af
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_mail_case import SETTINGS, ApprovalTestCase

JOURNAL = "Journal Entry"
AUDITOR = "auditor@sca.example.com"


class BreachCase(ApprovalTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_user(AUDITOR, ["Auditor"])

	def setUp(self):
		super().setUp()
		frappe.db.delete("Approval Breach")
		self.settings(last_breach_check=now_datetime())
		frappe.db.commit()

	def breach(self, name: str):
		found = frappe.get_all("Approval Breach", filters={"reference_name": name}, fields=["*"])
		self.assertLessEqual(len(found), 1)
		return found[0] if found else None

	def approved(self, amount: float = 500, **values):
		"""A posted Journal Entry with its approval."""
		entry = af.draft(amount, **values)
		request = self.ask(entry)
		decisions.decide(request.name, "Approved", user=af.FIRST)
		frappe.db.commit()
		posting.post(request.name)
		entry.reload()
		self.assertEqual(entry.docstatus, 1)
		return entry, request


class TestPostedWithoutApproval(BreachCase):
	def test_raw_sql_is_found_and_the_gates_own_documents_are_not(self):
		af.make_chain()
		passed, _request = self.approved()
		sneaked = af.draft(700)
		frappe.db.sql("update `tabJournal Entry` set docstatus = 1 where name = %s", sneaked.name)
		draft = af.draft(800)
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertIsNone(self.breach(passed.name))
		self.assertIsNone(self.breach(draft.name))
		found = self.breach(sneaked.name)
		self.assertEqual(
			(found.kind, found.status, found.action, found.company, found.amount, found.document_user),
			("Posted Without Approval", "Open", "Submit", make.COMPANY, 700, af.REQUESTER),
		)

	def test_the_same_finding_once_and_one_mail_to_each_who_looks_into_it(self):
		af.make_chain()
		for amount in (700, 800):
			frappe.db.set_value(JOURNAL, af.draft(amount).name, "docstatus", 1)
		frappe.db.commit()
		for _run in range(2):
			breaches.sca_hourly_approval_check()
		self.assertEqual(frappe.db.count("Approval Breach"), 2)
		mails = [mail for mail in self.mails() if mail.subject == "2 findings at the approval gate"]
		self.assertEqual(sorted(mail.to for mail in mails), sorted(notify.managers(*breaches.TOLD)))
		self.assertLessEqual({af.APPROVAL_MANAGER, AUDITOR}, {mail.to for mail in mails})
		self.assertNotIn(af.FIRST, {mail.to for mail in mails})
		self.assertIn("$ 700.00", mails[0].text)
		self.assertEqual(len(self.bells(AUDITOR)), 1)

	def test_dates_decide_nothing(self):
		"""Posted before the chain: not reported. A draft of that time that SQL submits later: reported, whatever its dates say."""
		old = af.draft(100)
		old.submit()
		draft = af.draft(200)
		frappe.db.commit()
		af.make_chain()
		long_ago = add_days(now_datetime(), -400)
		frappe.db.sql(
			"update `tabJournal Entry` set docstatus = 1, creation = %(day)s, modified = %(day)s where name = %(name)s",
			{"day": long_ago, "name": draft.name},
		)
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertIsNone(self.breach(old.name))
		self.assertEqual(self.breach(draft.name).kind, "Posted Without Approval")

	def test_while_no_chain_is_active_nothing_is_judged(self):
		"""Switched off: what came past until then is found first. Posted meanwhile: not reported when a chain is active again."""
		chain = af.make_chain()
		sneaked = af.draft(700)
		frappe.db.set_value(JOURNAL, sneaked.name, "docstatus", 1)
		chain.active = 0
		chain.save()
		self.assertEqual(self.breach(sneaked.name).kind, "Posted Without Approval")
		meanwhile = af.draft(300)
		meanwhile.submit()
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		chain.active = 1
		chain.save()
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertIsNone(self.breach(meanwhile.name))
		self.assertEqual(frappe.db.count("Approval Breach"), 1)

	def test_a_second_chain_whitewashes_nothing(self):
		"""A gate that stands is not put up again: what SQL submitted under the first chain stays a finding."""
		af.make_chain()
		sneaked = af.draft(700)
		frappe.db.set_value(JOURNAL, sneaked.name, "docstatus", 1)
		af.make_chain("SCA Second Chain", priority=5)
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertEqual(self.breach(sneaked.name).kind, "Posted Without Approval")

	def test_cancelled_without_approval(self):
		"""A chain for cancelling alone: a cancel by SQL is found, a document cancelled before the chain is not."""
		before = af.draft(100)
		before.submit()
		before.cancel()
		entry = af.draft(200)
		entry.submit()
		frappe.db.commit()
		af.make_chain(action="Cancel")
		frappe.db.set_value(JOURNAL, entry.name, "docstatus", 2)
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertIsNone(self.breach(before.name))
		found = self.breach(entry.name)
		self.assertEqual((found.kind, found.action), ("Posted Without Approval", "Cancel"))

	def test_a_number_that_is_used_again(self):
		"""The log of a deleted document does not cover another one of the same name."""
		af.make_chain()
		entry = af.draft(700)
		log = frappe.get_doc(
			{
				"doctype": "Approval Gate Log",
				"reference_doctype": JOURNAL,
				"reference_name": entry.name,
				"action": "Submit",
				"outcome": "No Chain",
			}
		)
		log.flags.by_gate = True
		log.insert(ignore_permissions=True)
		frappe.db.set_value("Approval Gate Log", log.name, "creation", add_days(now_datetime(), -1))
		frappe.db.set_value(JOURNAL, entry.name, "docstatus", 1)
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertEqual(self.breach(entry.name).kind, "Posted Without Approval")

	def test_the_search_is_one_statement(self):
		af.make_chain()
		frappe.db.commit()
		with self.assertQueryCount(2):  # and the meta's check for the company field, where it is not cached
			breaches.search(JOURNAL, "Submit")

	def test_the_baseline_is_one_statement_and_tells_the_gates_apart(self):
		af.make_chain()
		self.assertIn((JOURNAL, "Submit"), baseline.gates())
		self.assertNotIn((JOURNAL, "Cancel"), baseline.gates())
		with self.assertQueryCount(1):
			baseline.take(JOURNAL, "Cancel")


class TestChangedAfterApproval(BreachCase):
	def test_by_sql_in_the_full_check(self):
		"""An amount that SQL changed without touching `modified`: the hourly look cannot see it, the nightly check does, once."""
		af.make_chain()
		entry, _request = self.approved(500)
		other, _request = self.approved(600)
		for row in entry.accounts:
			frappe.db.sql(
				"update `tabJournal Entry Account` set debit_in_account_currency = debit_in_account_currency * 10 where name = %s",
				row.name,
			)
		frappe.db.commit()
		for _run in range(2):
			breaches.sca_nightly_approval_verification()
			breaches.sca_hourly_approval_check()
		found = self.breach(entry.name)
		self.assertEqual(found.kind, "Changed After Approval")
		self.assertIn("Debit", found.detail)
		self.assertIn("500.00 → 5,000.00", found.detail)
		self.assertIsNone(self.breach(other.name))

	def test_through_the_app_in_the_next_hour(self):
		"""`frappe.db.set_value` leaves its time, so the hourly look sees it; a harmless field is no finding."""
		af.make_chain()
		entry, _request = self.approved(500)
		self.settings(last_breach_check=now_datetime())
		frappe.db.set_value(JOURNAL, entry.name, "user_remark", "harmless")
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertIsNone(self.breach(entry.name))
		frappe.db.set_value(JOURNAL, entry.name, "posting_date", add_days(entry.posting_date, -40))
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertEqual(self.breach(entry.name).kind, "Changed After Approval")

	def test_what_erpnext_moves_itself_is_no_finding(self):
		"""A journal and a payment out of approval, reconciled with invoices: rows are split and references written, nothing is reported."""
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

		af.make_chain()
		rows = [
			{
				"account": make.DEBTORS,
				"party_type": "Customer",
				"party": make.CUSTOMER,
				"credit_in_account_currency": 100,
			},
			{"account": make.BANK, "debit_in_account_currency": 100},
		]
		entry, _request = self.approved(accounts=[{"cost_center": make.COST_CENTER, **row} for row in rows])
		invoice = make.bill_all(make.make_deal(win=True))[0]
		self.reconcile(invoice.name, entry.name, 60)
		entry.reload()
		self.assertEqual(sum(row.credit for row in entry.accounts if row.reference_name == invoice.name), 60)
		self.assertGreater(len(entry.accounts), 2)
		af.make_chain("SCA Payments", document_type="Payment Entry", include_receipts=1)
		frappe.set_user(af.REQUESTER)
		payment = get_payment_entry("Sales Invoice", invoice.name, bank_account=make.BANK)
		payment.update({"reference_no": "TEST", "reference_date": payment.posting_date})
		payment.insert()
		frappe.set_user("Administrator")
		frappe.db.commit()
		request = self.ask(payment)
		decisions.decide(request.name, "Approved", user=af.FIRST)
		frappe.db.commit()
		posting.post(request.name)
		make.ledger.flush()
		invoice.reload()
		invoice.cancel()
		payment.reload()
		self.assertEqual((payment.docstatus, payment.references), (1, []))
		frappe.db.commit()
		breaches.sca_nightly_approval_verification()
		breaches.sca_hourly_approval_check()
		self.assertIsNone(self.breach(entry.name))
		self.assertIsNone(self.breach(payment.name))
		frappe.db.sql(
			"update `tabJournal Entry Account` set account = %s where parent = %s and party is null",
			(f"Cash - {make.ABBR}", entry.name),
		)
		frappe.db.commit()
		breaches.sca_nightly_approval_verification()
		self.assertIn(f"Cash - {make.ABBR}", self.breach(entry.name).detail)

	def reconcile(self, invoice: str, journal: str, amount: float):
		tool = frappe.get_doc("Payment Reconciliation")
		tool.update(
			{
				"company": make.COMPANY,
				"party_type": "Customer",
				"party": make.CUSTOMER,
				"receivable_payable_account": make.DEBTORS,
				"invoice_limit": 0,  # the site may hold many others
				"payment_limit": 0,
			}
		)
		tool.get_unreconciled_entries()
		tool.allocate_entries(
			frappe._dict(
				invoices=[row.as_dict() for row in tool.invoices if row.invoice_number == invoice],
				payments=[row.as_dict() for row in tool.payments if row.reference_name == journal],
			)
		)
		for row in tool.allocation:
			row.allocated_amount = amount
		tool.reconcile()
		make.ledger.flush()

	def test_passed_below_the_band_and_raised_afterwards(self):
		"""It needed no approval with 50.00; raised to 5,000.00 by SQL, it would have."""
		af.make_chain(levels=[af.level(1, min_amount=1000)])
		entry = af.draft(50)
		entry.submit()
		frappe.db.commit()
		breaches.sca_nightly_approval_verification()
		self.assertIsNone(self.breach(entry.name))
		frappe.db.sql(
			"update `tabJournal Entry` set total_debit = 5000, total_credit = 5000 where name = %s",
			entry.name,
		)
		frappe.db.commit()
		breaches.sca_nightly_approval_verification()
		found = self.breach(entry.name)
		self.assertEqual(found.kind, "Changed After Approval")
		self.assertIn("Below Every Band", found.detail)

	def test_the_check_goes_on_where_it_stopped(self):
		"""With no time left each run does one chunk at least; after enough runs everything was looked at and the place is forgotten."""
		af.make_chain()
		entry, _request = self.approved(500)
		frappe.db.sql("update `tabJournal Entry` set total_debit = 1 where name = %s", entry.name)
		frappe.db.commit()
		verification.start()
		runs = 0
		while frappe.db.get_single_value(SETTINGS, verification.CURSOR, cache=False):
			verification.go_on(seconds=0)
			runs += 1
			self.assertLess(runs, 500)
		self.assertGreater(runs, 3)
		self.assertEqual(self.breach(entry.name).kind, "Changed After Approval")

	def test_a_fixed_number_of_statements_a_chunk(self):
		af.make_chain()
		names = [self.approved(amount)[0].name for amount in (100, 200, 300)]
		frappe.db.commit()
		verification.check_content(JOURNAL, names)
		tables = len(frappe.get_meta(JOURNAL).get_table_fields())
		with self.assertQueryCount(2 + tables):
			self.assertEqual(verification.check_content(JOURNAL, names), [])
		with self.assertQueryCount(2):
			requests = frappe.get_all(
				"Approval Request", filters={"reference_name": ("in", names)}, pluck="name"
			)
		with self.assertQueryCount(2):
			self.assertEqual(verification.check_steps(requests), [])


class TestTampering(BreachCase):
	def test_steps_and_requests_changed_by_sql(self):
		af.make_chain()
		entry, request = self.approved()
		_other, untouched = self.approved(600)
		step = frappe.db.get_value("Approval Step", {"request": request.name, "decision": "Approved"})
		frappe.db.sql("update `tabApproval Step` set user = %s where name = %s", (af.SECOND, step))
		frappe.db.commit()
		breaches.sca_nightly_approval_verification()
		found = self.breach(request.name)
		self.assertEqual((found.kind, found.reference_doctype), ("Steps Tampered With", "Approval Request"))
		self.assertIn("was changed after it was written", found.detail)
		self.assertIsNone(self.breach(untouched.name))

	def test_a_log_that_names_no_approval(self):
		"""Whoever writes the gate's row by SQL, too, names a request that does not approve the document."""
		af.make_chain()
		_entry, request = self.approved()
		sneaked = af.draft(700)
		frappe.db.set_value(JOURNAL, sneaked.name, "docstatus", 1)
		frappe.db.sql(
			"""insert into `tabApproval Gate Log`
			(name, creation, modified, reference_doctype, reference_name, action, outcome, request, fingerprint)
			values (%s, %s, %s, %s, %s, 'Submit', 'Approved', %s, 'x')""",
			(frappe.generate_hash(), now_datetime(), now_datetime(), JOURNAL, sneaked.name, request.name),
		)
		frappe.db.commit()
		breaches.sca_nightly_approval_verification()
		found = frappe.get_all("Approval Breach", filters={"reference_name": sneaked.name}, pluck="kind")
		self.assertIn("Steps Tampered With", found)


class TestUnusableChains(BreachCase):
	def test_fields_that_are_gone_and_people_of_whom_there_are_none(self):
		chain = af.make_chain(conditions=[{"field": "total_debit", "operator": ">", "value": "10"}])
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertIsNone(self.breach(chain.name))
		frappe.db.set_value("Approval Chain Condition", {"parent": chain.name}, "field", "field_of_old")
		frappe.db.commit()
		breaches.chains.forget()
		breaches.sca_hourly_approval_check()
		breaches.sca_hourly_approval_check()
		found = self.breach(chain.name)
		self.assertEqual((found.kind, found.reference_doctype), ("Chain Unusable", "Approval Chain"))
		self.assertIn("field_of_old", found.detail)

	def test_a_level_of_nobody(self):
		chain = af.make_chain(levels=[af.level(1, rule="N of M", required_count=3)])
		for user in (af.FIRST, af.SECOND):
			frappe.db.set_value("User", user, "enabled", 0)
			frappe.clear_document_cache("User", user)
		frappe.db.commit()
		breaches.sca_hourly_approval_check()
		self.assertIn("needs 3 approvers, and 1 can log in", self.breach(chain.name).detail)


class TestExplaining(BreachCase):
	def test_an_explanation_closes_it_and_nothing_else_changes(self):
		af.make_chain()
		entry = af.draft(700)
		frappe.db.set_value(JOURNAL, entry.name, "docstatus", 1)
		breaches.search(JOURNAL, "Submit")
		frappe.db.commit()
		frappe.set_user(AUDITOR)
		finding = frappe.get_doc("Approval Breach", {"reference_name": entry.name})
		finding.status = "Explained"
		self.assertRaises(frappe.ValidationError, finding.save)
		finding.reload()
		finding.update(
			{
				"status": "Explained",
				"explanation": "Data repair of 7 September",
				"amount": 1,
				"kind": "Chain Unusable",
			}
		)
		finding.save()
		finding.reload()
		self.assertEqual(
			(finding.explained_by, finding.amount, finding.kind), (AUDITOR, 700, "Posted Without Approval")
		)
		self.assertTrue(finding.explained_on)
		self.assertRaises(frappe.PermissionError, finding.delete)
		frappe.set_user(af.REQUESTER)
		self.assertFalse(frappe.has_permission("Approval Breach", "read"))
