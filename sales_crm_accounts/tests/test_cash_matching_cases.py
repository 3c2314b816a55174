"""Cash matching: discounts, exchange differences, credit notes, one payer for several customers, too much money, two people at once, a run that is disturbed."""

from unittest.mock import patch

import frappe
from frappe.desk.doctype.tag.tag import add_tag
from frappe.desk.form import assign_to
from frappe.utils import add_days, add_to_date, flt, now_datetime, today
from frappe.utils.background_jobs import create_job_id, get_redis_conn
from rq.job import Job, JobStatus

from sales_crm_accounts.api import matching as api
from sales_crm_accounts.services.matching import APPLIED, runs, statements
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import bank_factories as bank
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.test_exactly_once import in_process

COLLECTOR = "matching.collector@sca.example.com"
GAIN, DISCOUNT = f"SCA Exchange Gain - {make.ABBR}", f"SCA Cash Discount - {make.ABBR}"


def apply_and_keep(name: str, answer: str) -> None:
	"""In a process of its own: apply, commit, and write down what came of it."""
	try:
		said = api.apply(name)
		frappe.db.commit()
	except Exception as error:
		frappe.db.rollback()
		said = frappe.utils.strip_html(str(error))
	frappe.cache.set_value(answer, said, expires_in_sec=300)


def bring_in_and_keep(account: str, content: bytes, answer: str) -> None:
	try:
		said = statements.bring_in(account, content)
		frappe.db.commit()
	except Exception as error:
		frappe.db.rollback()
		said = str(error)
	frappe.cache.set_value(answer, said, expires_in_sec=300)


class TestCashMatchingCases(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.account("SCA Bank Fees", "Indirect Expenses", "Expense Account")
		make.account("SCA Cash Discount", "Indirect Expenses", "Expense Account")
		make.account("SCA Exchange Gain", "Indirect Expenses", "Expense Account")
		bank.bank_account()
		make.make_user(COLLECTOR, ["Collector"])
		cls.before = frappe.db.get_value(
			"Company", make.COMPANY, ["exchange_gain_loss_account", "default_discount_account"], as_dict=True
		)
		frappe.db.set_value(
			"Company",
			make.COMPANY,
			{"exchange_gain_loss_account": GAIN, "default_discount_account": DISCOUNT},
		)
		frappe.clear_document_cache("Company", make.COMPANY)
		frappe.db.commit()

	@classmethod
	def tearDownClass(cls):
		frappe.db.set_value("Company", make.COMPANY, dict(cls.before))
		frappe.clear_document_cache("Company", make.COMPANY)
		frappe.db.commit()
		super().tearDownClass()

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		frappe.db.delete("Customer Collector", {"collector": COLLECTOR})
		frappe.db.commit()
		super().tearDown()

	def in_parallel(self, function, *calls) -> list:
		"""Each call in a process with a connection of its own; what they said."""
		frappe.db.commit()
		answers = [f"sca_matching_test:{frappe.generate_hash(length=10)}" for _call in calls]
		workers = [in_process(function, *call, answer) for call, answer in zip(calls, answers, strict=True)]
		for worker in workers:
			worker.join(120)
		frappe.db.rollback()
		return [frappe.cache.get_value(answer) for answer in answers]

	def test_credit_note_is_taken_off_and_the_period_is_closed(self):
		"""Invoice of 900.00 less a credit note of 100.00: 800.00. Then the period is closed: not undone; opened: undone."""
		invoice = bank.invoice("Netted Ltd", [900])
		credit = bank.invoice("Netted Ltd", [-100])
		self.assertEqual(bank.open_of(credit), [(1, -100)])
		source = bank.line(800, f"{invoice.name} less credit note {credit.name}", "Netted")
		(proposal,) = bank.matched(source)
		self.assertEqual(
			{row.sales_invoice: row.allocated_amount for row in proposal.rows},
			{invoice.name: 900, credit.name: -100},
		)
		self.assertGreater(proposal.score, 95)
		next(row for row in proposal.rows if row.sales_invoice == credit.name).allocated_amount = -100.01
		self.assertMessage("between 0 and", proposal.save)
		proposal.reload()
		frappe.set_user(make.ACCOUNTANT)
		self.assertEqual(api.apply(proposal.name), "Applied")
		proposal.reload()
		self.assertEqual(bank.booked(proposal.payment_entry), {make.BANK: 800, make.DEBTORS: -800})
		self.assertEqual((bank.open_of(invoice), bank.open_of(credit)), ([(1, 0)], [(1, 0)]))
		source.reload()
		self.assertEqual((source.status, source.unallocated_amount), ("Reconciled", 0))

		frappe.set_user("Administrator")
		period = frappe.get_doc(
			{
				"doctype": "Accounting Period",
				"period_name": f"SCA Matching {bank.SALT}",
				"company": make.COMPANY,
				"start_date": today(),
				"end_date": today(),
				"closed_documents": [{"document_type": "Payment Entry", "closed": 1}],
			}
		).insert()
		frappe.set_user(make.ACCOUNTANT)
		self.assertMessage("closed period", api.undo, proposal.name)
		self.assertEqual(bank.open_of(invoice), [(1, 0)])
		content = bank.camt([(12.34, "late line", "Nobody")])
		self.assertMessage(
			"1 lines are of a closed period", statements.bring_in, bank.bank_account(), content
		)
		frappe.set_user("Administrator")
		period.delete()
		frappe.set_user(make.ACCOUNTANT)
		api.undo(proposal.name)
		self.assertEqual((bank.open_of(invoice), bank.open_of(credit)), ([(1, 900)], [(1, -100)]))

	def test_one_pays_for_another_customer(self):
		"""900.00 of one and 450.00 of another customer in one line of 1,350.00: a payment each; one of them cancelled."""
		first, second = bank.invoice("Payer Mother Ltd", [900]), bank.invoice("Payer Daughter Ltd", [450])
		source = bank.line(1350, f"{first.name}, {second.name}", "Payer Mother Ltd")
		(proposal,) = bank.matched(source)
		self.assertEqual((proposal.customer, proposal.several_customers), ("Payer Mother Ltd", 1))
		self.assertGreater(proposal.score, 99)
		frappe.set_user(make.ACCOUNTANT)
		proposal.set("rows", [row.as_dict() for row in proposal.rows if row.customer == "Payer Mother Ltd"])
		self.assertMessage("must pay their rows exactly", proposal.save)
		proposal.reload()
		self.assertEqual(api.apply(proposal.name), "Applied")
		proposal.reload()
		source.reload()
		entries = {row.customer: row.payment_entry for row in proposal.rows}
		self.assertEqual(len(set(entries.values())), 2)
		self.assertEqual(
			{
				name: frappe.db.get_value(
					"Payment Entry", entry, ["party", "paid_amount", "unallocated_amount"]
				)
				for name, entry in entries.items()
			},
			{
				"Payer Mother Ltd": ("Payer Mother Ltd", 900, 0),
				"Payer Daughter Ltd": ("Payer Daughter Ltd", 450, 0),
			},
		)
		self.assertEqual((bank.open_of(first), bank.open_of(second)), ([(1, 0)], [(1, 0)]))
		self.assertEqual((source.status, source.unallocated_amount), ("Reconciled", 0))
		self.assertFalse(frappe.db.exists("Payer Account", {"learnt_from": proposal.name}))

		api.undo(proposal.name)
		source.reload()
		self.assertEqual((bank.open_of(first), bank.open_of(second)), ([(1, 900)], [(1, 450)]))
		self.assertEqual(source.unallocated_amount, 1350)
		frappe.set_user("Administrator")
		(again,) = bank.matched(source)
		api.apply(again.name)
		again.reload()
		daughter = next(row.payment_entry for row in again.rows if row.customer == "Payer Daughter Ltd")
		frappe.get_doc("Payment Entry", daughter).cancel()
		again.reload()
		source.reload()
		self.assertEqual((again.status, source.unallocated_amount), ("Undone", 450))
		self.assertIn("stand", again.message)
		self.assertEqual((bank.open_of(first), bank.open_of(second)), ([(1, 0)], [(1, 450)]))

	def test_too_much_is_told_to_the_collector_once(self):
		"""1,000.00 for an invoice of 900.00: 100.00 stay on account."""
		invoice = bank.invoice("Too Much Ltd", [900])
		frappe.get_doc(
			{
				"doctype": "Customer Collector",
				"company": make.COMPANY,
				"customer": "Too Much Ltd",
				"collector": COLLECTOR,
			}
		).insert()
		(proposal,) = bank.matched(bank.line(1000, invoice.name, "Too Much Ltd"))
		api.apply(proposal.name)
		self.assertMessage("already", api.apply, proposal.name)
		told = frappe.get_all("Notification Log", {"document_name": proposal.name}, ["for_user", "subject"])
		self.assertEqual([one.for_user for one in told], [COLLECTOR])
		self.assertIn("100.00", told[0].subject)

	def test_discount_and_exchange_difference(self):
		"""900.00 less two percent: 882.00. EUR 1,000.00 at 1.25 paid by USD 1,240.00: 10.00 lost."""
		discounted = bank.invoice(
			"Discount Ltd",
			[900],
			payment_schedule=[
				{
					"due_date": add_days(today(), 30),
					"invoice_portion": 100,
					"payment_amount": 900,
					"discount_type": "Percentage",
					"discount": 2,
					"discount_date": add_days(today(), 10),
				}
			],
		)
		foreign = bank.invoice(
			make.FOREIGN_CUSTOMER, [1000], currency="EUR", conversion_rate=1.25, debit_to=make.EUR_DEBTORS
		)
		one, two = bank.matched(
			bank.line(882, discounted.name, "Discount Ltd"),
			bank.line(1240, f"payment {foreign.name}", "Deals Test Customer EUR"),
		)
		self.assertEqual([(row.allocated_amount, row.discount_amount) for row in one.rows], [(900, 18)])
		self.assertEqual((two.party_currency, two.party_amount), ("EUR", 1000))
		for proposal in (one, two):
			self.assertEqual(api.apply(proposal.name), "Applied")
			proposal.reload()
		self.assertEqual(bank.booked(one.payment_entry), {make.BANK: 882, DISCOUNT: 18, make.DEBTORS: -900})
		self.assertEqual(bank.booked(two.payment_entry)[make.BANK], 1240)
		lines = frappe.get_all(
			"GL Entry",
			{"account": make.EUR_DEBTORS, "against_voucher": foreign.name, "is_cancelled": 0},
			["debit", "credit", "debit_in_account_currency", "credit_in_account_currency"],
		)
		balance = [flt(sum(row[field] for row in lines), 2) for field in ("debit", "credit")]
		self.assertEqual(balance[0] - balance[1], 0)
		self.assertEqual((bank.open_of(discounted), bank.open_of(foreign)), ([(1, 0)], [(1, 0)]))
		api.undo(two.name)
		self.assertEqual(bank.open_of(foreign), [(1, 1000)])

	def test_what_was_paid_meanwhile_costs_the_other_receipts_nothing(self):
		"""913.37 and 450.00 came in; while the run thinks, the invoice of the first is paid another way."""
		name = f"Meanwhile {bank.SALT} Ltd"  # an earlier run of this test has left a line of money
		first, second = bank.invoice(name, [913.37]), bank.invoice("Undisturbed Ltd", [450])
		lines = bank.line(913.37, first.name, name), bank.line(450, second.name, "Undisturbed Ltd")
		match = runs.match

		def match_slowly(*args):
			found = match(*args)
			make.pay(first)
			frappe.db.commit()
			return found

		with patch.object(runs, "match", match_slowly):
			one, two = bank.matched(*lines)
		self.assertIsNone(one)
		self.assertEqual((two.status, two.rows[0].sales_invoice), ("Proposed", second.name))
		run = frappe.get_doc("Cash Matching Run", two.cash_matching_run)
		self.assertIn(f"{lines[0].name} (Row 1: nothing is open", run.message)
		left = run.receipt_count - run.proposed_count - run.unexplained_count
		self.assertTrue(run.message.startswith(f"{left} receipts were passed over"), run.message)
		self.assertEqual(bank.matched(*lines)[1].status, "Proposed")
		self.assertIsNone(frappe.db.get_value("Cash Matching Run", {}, "message", order_by="creation desc"))

	def test_run_of_a_killed_worker_can_be_started_again(self):
		run = frappe.get_doc({"doctype": "Cash Matching Run", "company": make.COMPANY}).insert()
		killed = {"status": "Running", "modified": add_to_date(now_datetime(), minutes=-5)}
		run.db_set(killed, update_modified=False)
		frappe.db.commit()
		self.addCleanup(frappe.db.commit)
		self.addCleanup(frappe.delete_doc, "Cash Matching Run", run.name, force=True)

		def is_at_work():
			doc = frappe.get_doc("Cash Matching Run", run.name)
			doc.run_method("onload")
			return doc.get_onload("is_at_work")

		with patch("frappe.enqueue") as queued:
			# In no queue, so that no worker takes it.
			job = Job.create(
				runs.JOB,
				id=create_job_id(runs._job_of(run.name)),
				connection=get_redis_conn(),
				status=JobStatus.STARTED,
			)
			job.save()
			self.addCleanup(job.delete)
			self.assertTrue(is_at_work())
			self.assertMessage("already", api.run, run.name)
			job.set_status(JobStatus.FAILED)
			self.assertFalse(is_at_work())
			api.run(run.name)
			# Just committed and not yet in the queue: a second click is refused all the same.
			self.assertTrue(is_at_work())
			self.assertMessage("already", api.run, run.name)
		queued.assert_called_once()
		self.assertEqual(create_job_id(queued.call_args.kwargs["job_id"]), job.id)

	def test_a_run_takes_away_what_hangs_on_proposals_that_it_replaces(self):
		"""Assigned, shared, tagged, with a file, a comment and a meeting: all of it goes with the old proposal, and nothing of the new one."""
		invoice = bank.invoice("Hung Upon Ltd", [900])
		source = bank.line(900, invoice.name, "Hung Upon Ltd")
		later = bank.line(450, bank.invoice("Hung Later Ltd", [450]).name, "Hung Later Ltd")
		old, last = bank.matched(source, later)
		# The number of the last one would be given out again.
		self.assertLess(old.name, last.name)
		assign_to.add({"doctype": old.doctype, "name": old.name, "assign_to": [make.ACCOUNTANT]})
		frappe.share.add(old.doctype, old.name, make.ACCOUNTANT)
		add_tag("sca look", old.doctype, old.name)
		old.add_comment("Comment", "Look at this")
		frappe.get_doc(
			{
				"doctype": "File",
				"file_name": "sca-look.txt",
				"content": f"Look {bank.SALT}",
				"attached_to_doctype": old.doctype,
				"attached_to_name": old.name,
			}
		).insert()
		meeting = frappe.get_doc(
			{
				"doctype": "Event",
				"subject": "Whose money is this?",
				"starts_on": now_datetime(),
				"event_participants": [{"reference_doctype": old.doctype, "reference_docname": old.name}],
			}
		).insert()
		self.addCleanup(frappe.db.commit)
		self.addCleanup(meeting.delete)
		(new,) = bank.matched(source)
		self.assertNotEqual(new.name, old.name)
		self.assertFalse(frappe.db.exists(old.doctype, old.name))
		for doctype, kind, field in (
			("ToDo", "reference_type", "reference_name"),
			("DocShare", "share_doctype", "share_name"),
			("Tag Link", "document_type", "document_name"),
			("File", "attached_to_doctype", "attached_to_name"),
			("Notification Log", "document_type", "document_name"),
			("Comment", "reference_doctype", "reference_name"),
			("Cash Match Proposal Row", "parenttype", "parent"),
		):
			self.assertFalse(frappe.db.exists(doctype, {kind: old.doctype, field: old.name}), doctype)

	def test_two_at_once(self):
		"""One proposal by two people; two lines for one invoice; one file by two people: each happens once."""
		first, second = bank.invoice("At Once Ltd", [900]), bank.invoice("At Once Too Ltd", [500])
		source = bank.line(900, first.name, "At Once Ltd")
		twins = [bank.line(500, second.name, "At Once Too Ltd") for _ in range(2)]
		proposal, *pair = bank.matched(source, *twins)
		# A run sees that the second line pays what the first would; a person may have other thoughts.
		for one in pair:
			one.set("rows", [{"sales_invoice": second.name, "installment_no": 1, "allocated_amount": 500}])
			one.save()
		said = self.in_parallel(apply_and_keep, (proposal.name,), (proposal.name,))
		self.assertEqual(sum(one == APPLIED for one in said), 1, said)
		self.assertEqual(bank.open_of(first), [(1, 0)])
		self.assertEqual(
			frappe.db.count("Payment Entry Reference", {"reference_name": first.name, "docstatus": 1}), 1
		)
		said = self.in_parallel(apply_and_keep, (pair[0].name,), (pair[1].name,))
		self.assertEqual(sum(one == APPLIED for one in said), 1, said)
		self.assertEqual(bank.open_of(second), [(1, 0)])
		self.assertEqual(frappe.db.get_value("Sales Invoice", second.name, "outstanding_amount"), 0)

		content = bank.camt([(11.11, f"at once {bank.SALT}", "Nobody"), (22.22, "at once", "Nobody")])
		account = bank.bank_account()
		said = self.in_parallel(bring_in_and_keep, (account, content), (account, content))
		self.assertEqual(
			frappe.db.count("Bank Transaction", {"description": f"at once {bank.SALT}"}), 1, said
		)
		self.assertEqual(sorted(one["made"] for one in said if isinstance(one, dict))[-1], 2)
