"""Expected credit loss on a real ledger: three months of history by hand, the entry, its reversal, and the profit of deals."""

from unittest.mock import patch

import frappe
from erpnext.accounts.doctype.journal_entry.journal_entry import make_reverse_journal_entry
from frappe.utils import getdate, today

from sales_crm_accounts.api import credit_loss as api
from sales_crm_accounts.services.approvals import gate, system_vouchers
from sales_crm_accounts.services.receivables import (
	ageing,
	credit_loss,
	credit_loss_posting,
	credit_loss_settings,
)
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests import receivable_case as given
from sales_crm_accounts.tests.credit_loss_case import (
	ABBR,
	AUDITOR,
	COMPANY,
	DEBTORS,
	EXPENSE,
	LAST,
	PROVISION,
	WRITE_OFF,
	CreditLossCase,
	days,
)


class TestCreditLoss(CreditLossCase):
	def test_the_story(self):
		"""Month ends e0 to e3. 1,000 (1-30 at e0): 400, 200 and 100 are left at e1, e2, e3. 500 (91-120 at e0): 250 at e1 and e2, then 50
		paid and 50 written off: 150. 2,000 (not due at e0): 500 at e1, 200 at e2, 100 at e3.

		Rolled: not due 500 of 2,000 = 25 %; 1-30 (400 + 200) of 1,500 = 40 %; 31-60 (200 + 100) of 600 = 50 %; 61-90 100 of 200 = 50 %;
		91-120 250 of 500 = 50 %; over 120 (250 + 150) of 500 = 80 %, and 10 % lost. Two months until lost: 0.1 + 0.8 x (0.1 + 0.8) = 82 %.
		Before it 41 %, 20.5 %, 10.25 %, 4.1 %, 1.025 %.

		Open at e3: not due 4,000 of two deals and 100 EUR at 1.25 = 4,125: 42.28; 800: 32.80; 0; 100: 20.50; 100: 41.00; 150: 123.00.
		259.58, and 600 of an insolvent customer: 859.58. Money on account of 70 takes nothing off.
		Deals: 42.28 over 3,000, 1,000 and 125 is 30.75, 10.25, 1.28. The second one has the 600 as well: 610.25. Without deal 218.58.
		"""
		self.history()
		self.exposures()
		frappe.set_user(make.ACCOUNTANT)
		doc = self.loss(
			customers=[{"customer": self.insolvent, "loss_rate": 100, "reason": "Insolvent since March"}]
		)
		self.assertEqual(
			[row.bucket for row in doc.matrix], ["Not Due", "1-30", "31-60", "61-90", "91-120", ">120"]
		)
		self.assertEqual(self.column(doc, "rolled"), [25, 40, 50, 50, 50, 80])
		self.assertEqual(self.column(doc, "lost"), [0, 0, 0, 0, 0, 10])
		self.assertEqual(self.column(doc, "months"), [1, 2, 2, 1, 1, 2])
		self.assertEqual(self.column(doc, "historic_rate"), [1.025, 4.1, 10.25, 20.5, 41, 82])
		self.assertEqual(self.column(doc, "exposure"), [4125, 800, 0, 100, 100, 150])
		self.assertEqual(self.column(doc, "expected_loss"), [42.28, 32.8, 0, 20.5, 41, 123])
		self.assertEqual({row.basis for row in doc.matrix}, {"Short History"})
		self.assertEqual(
			[
				doc.months_known,
				doc.total_exposure,
				doc.credits,
				doc.matrix_loss,
				doc.specific_loss,
				doc.total_loss,
			],
			[3, 5875, -70, 259.58, 600, 859.58],
		)
		self.assertEqual([doc.in_ledger, doc.movement], [0, 859.58])
		first, second = self.deals
		self.assertEqual(
			{row.deal or "": row.movement for row in doc.deals}, {first: 30.75, second: 610.25, "": 218.58}
		)
		with patch.object(frappe.db, "sql", side_effect=frappe.db.sql) as sql:
			credit_loss.read(doc, self.settings)
		self.assertEqual(sql.call_count, 6)
		cells = frappe.parse_json(doc.history)
		self.assertEqual([cell["balance"] for cell in cells[0]["cells"]], [2000, 1000, 0, 0, 500, 0])
		frappe.set_user("Administrator")
		sums = next(iter(ageing.summary(ageing.Question(COMPANY, LAST), ageing.ALL).values()))
		self.assertEqual([float(sums.outstanding), float(sums.balance)], [5875, 5805])

		# Judgement: a least rate, and one percentage point more; 4,125 x 2 % = 82.50, 800 x 5.1 % = 40.80.
		frappe.set_user(make.ACCOUNTANT)
		doc.matrix[0].floor_rate = 2
		doc.matrix[1].update({"overlay_type": "Percentage Points", "overlay": 1})
		self.assertMessage("Matrix, row 2: say why", doc.save)
		doc.reload()
		doc.matrix[0].floor_rate = 2
		doc.matrix[1].update(
			{
				"overlay_type": "Percentage Points",
				"overlay": 1,
				"overlay_reason": "A large customer pays later",
			}
		)
		# What a client sends for figures does not count.
		doc.matrix[5].update({"exposure": 1, "historic_rate": 1, "expected_loss": 1})
		doc.save()
		self.assertEqual(self.column(doc, "expected_loss"), [82.5, 40.8, 0, 20.5, 41, 123])
		self.assertEqual([doc.matrix[0].basis, doc.matrix[5].exposure], ["Floor", 150])
		doc.matrix[0].floor_rate = 0
		doc.matrix[1].overlay_type = None
		doc.save()
		self.assertEqual(doc.total_loss, 859.58)

		# Posted, in the deals' profit, reversed once.
		doc.submit()
		self.assertEqual((doc.status, doc.reverse_on), ("Posted", LAST + days(1)))
		self.assertEqual(
			self.ledger(doc.journal_entry),
			{
				(EXPENSE, first): 30.75, (EXPENSE, second): 610.25, (EXPENSE, ""): 218.58,
				(PROVISION, first): -30.75, (PROVISION, second): -610.25, (PROVISION, ""): -218.58,
			},
		)  # fmt: skip
		frappe.set_user("Administrator")
		self.assertEqual(self.profit(LAST), {first: 30.75, second: 610.25, "": 218.58})
		frappe.db.savepoint("alone")
		self.assertMessage("linked", frappe.get_doc("Journal Entry", doc.journal_entry).cancel)
		frappe.db.rollback(save_point="alone")
		reversal = api.reverse(doc.name)
		self.assertIsNone(credit_loss_posting.reverse(doc.name))
		doc.reload()
		self.assertEqual((doc.status, doc.reversal_entry), ("Reversed", reversal))
		entry = frappe.get_doc("Journal Entry", reversal)
		self.assertEqual((entry.reversal_of, entry.posting_date), (doc.journal_entry, LAST + days(1)))
		self.assertEqual(self.profit(LAST + days(1)), {first: -30.75, second: -610.25, "": -218.58})
		self.assertEqual(self.provision(), 0)
		self.assertMessage("is posted already", self.loss().submit)
		doc.cancel()
		self.assertEqual(
			(frappe.db.get_value("Journal Entry", reversal, "docstatus"), self.provision()), (2, 0)
		)
		self.assertEqual(
			(doc.status, frappe.db.get_value(doc.doctype, doc.name, "loss_key")), ("Cancelled", None)
		)

		self._differences(second)
		self._rights_and_bad_input()

	def _differences(self, deal):
		"""Not reversing itself: 859.58 stay. A day later the insolvent customer is in the matrix: 1,400 x 4.1 % = 57.40, in all 284.18.
		Released: 575.40, all of the second deal: 10.25 + 24.60 - 610.25.
		"""
		one = self.loss(reverses=0, customers=[{"customer": self.insolvent, "reason": "Insolvent"}])
		one.submit()
		self.assertEqual((one.status, one.reverse_on, self.provision()), ("Posted", None, 859.58))
		two = self.loss(reverses=0, as_of_date=LAST + days(1))
		two.submit()
		self.assertEqual([two.total_loss, two.in_ledger, two.movement], [284.18, 859.58, -575.4])
		self.assertEqual(self.ledger(two.journal_entry), {(EXPENSE, deal): -575.4, (PROVISION, deal): 575.4})
		self.assertEqual(self.provision(), 284.18)
		self.assertMessage("builds on this one", frappe.get_doc(one.doctype, one.name).cancel)
		two.reload()
		two.cancel()
		again = frappe.copy_doc(two, ignore_no_copy=False)
		again.update({"amended_from": two.name, "docstatus": 0})
		again.insert()
		self.assertEqual(
			[again.as_of_date, again.movement, again.journal_entry], [LAST + days(1), -575.4, None]
		)
		one.reload()
		one.cancel()
		self.assertEqual(self.provision(), 0)

	def _rights_and_bad_input(self):
		self.assertMessage("in the future", self.loss, as_of_date=getdate(today()) + days(1))
		self.assertMessage("has to be after", self.loss, reverse_on=LAST)
		self.assertMessage("between 1 and 36", self.loss, months_of_history=37)
		row = {"customer": self.insolvent, "reason": "Insolvent"}
		self.assertMessage("stands there twice", self.loss, customers=[row, row])
		self.assertMessage("judged apart", self.loss, customers=[{**row, "reason": " "}])
		draft = self.loss(matrix_by="Customer Group")
		self.assertEqual(
			{row.for_customer_group for row in draft.matrix},
			{frappe.db.get_value("Customer", self.customer, "customer_group")},
		)
		self.assertEqual(draft.total_loss, 284.18)
		for user, may in ((make.ACCOUNTANT, (1, 1)), (AUDITOR, (1, 0)), (make.SELLER, (0, 0))):
			with people.as_user(user):
				found = tuple(int(draft.has_permission(right)) for right in ("read", "submit"))
				self.assertEqual(found, may, user)
		period = frappe.get_doc(
			{
				"doctype": "Accounting Period",
				"period_name": f"SCA {LAST}",
				"company": COMPANY,
				"start_date": LAST,
				"end_date": LAST,
				"closed_documents": [{"document_type": "Journal Entry", "closed": 1}],
			}
		).insert()
		self.assertMessage("the period is closed", draft.submit)
		period.delete()
		for field, account, text in (
			("provision_account", f"Current Liabilities - {ABBR}", "It is a group"),
			("provision_account", DEBTORS, "needs a party"),
			("provision_account", PROVISION.replace(ABBR, make.ABBR), "Could not find"),
			("provision_expense_account", WRITE_OFF, "Write Off Account"),
			("provision_expense_account", PROVISION, "Choose an account under Expense"),
		):
			self.settings.reload()
			self.settings.set(field, account)
			self.assertMessage(text, self.settings.save)
		self.settings.reload()
		self.settings.write_off_account = f"Round Off - {ABBR}"
		self.assertIn(self.settings.write_off_account, credit_loss_settings.loss_accounts(self.settings))
		self.settings.provision_expense_account = self.settings.write_off_account
		self.assertMessage("Write Off Account", self.settings.save)
		self.settings.reload()
		self.settings.provision_account = None
		self.settings.save()
		self.assertMessage("Provision Account", self.loss)

	def test_without_history(self):
		"""Nothing has aged out of any bucket: no rate without a least rate, which is then the rate: 400 x 5 % = 20.00, one row, no deal."""
		self.customer = given.new_customer()
		self.settings.spread_provision = 0
		self.settings.save()
		self.invoice(400, LAST - days(5), posted=LAST - days(5))
		doc = self.loss()
		row = next(row for row in doc.matrix if row.bucket == "1-30")
		self.assertEqual((row.basis, doc.months_known), ("No Rate", 0))
		self.assertMessage("no history for", doc.submit)
		doc.reload()
		doc.matrix[1].floor_rate = 5
		doc.save()
		doc.submit()
		self.assertEqual((doc.matrix[1].basis, doc.total_loss, doc.deals), ("No History", 20, []))
		self.assertEqual(self.ledger(doc.journal_entry), {(EXPENSE, ""): 20, (PROVISION, ""): -20})
		# Reversed by hand before the job came: taken for the reversal, and no second one passes for it.
		by_hand = make_reverse_journal_entry(doc.journal_entry)
		by_hand.posting_date = LAST + days(1)
		by_hand.insert()
		by_hand.submit()
		again = make_reverse_journal_entry(doc.journal_entry)
		again.posting_date = LAST + days(1)
		self.assertIsNone(system_vouchers.kind_of(again))
		self.assertEqual(credit_loss_posting.reverse(doc.name), by_hand.name)
		self.assertEqual(self.provision(), 0)
		doc.reload()
		self.assertEqual(doc.status, "Reversed")
		doc.cancel()

	def test_approval(self):
		"""A chain over Journal Entries: the entry waits as a draft, is posted when approved, and its reversal needs nobody."""
		self.customer = given.new_customer()
		self.addCleanup(self._remove)
		self.bill = self.invoice(100, LAST - days(5), posted=LAST - days(5))
		people.make_chain(
			"SCA Loss Journals", "Journal Entry", levels=[people.by(people.FIRST)], company=COMPANY
		)
		frappe.db.commit()
		frappe.set_user(make.ACCOUNTANT)
		doc = self.loss()
		doc.matrix[1].floor_rate = 10
		doc.save()
		doc.submit()
		frappe.db.commit()
		self.assertEqual((doc.status, self.provision()), ("Waiting for Approval", 0))
		entry = frappe.get_doc("Journal Entry", doc.journal_entry)
		self.assertEqual(entry.docstatus, 0)
		self.assertIsNone(credit_loss_posting.reverse(doc.name))
		later = self.loss(as_of_date=LAST + days(1))
		later.matrix[1].floor_rate = 10
		later.save()
		self.assertMessage("waits for its approval", later.submit)
		frappe.db.rollback()
		people.approve(people.request_of(entry))
		frappe.set_user(make.ACCOUNTANT)
		entry.reload()
		if entry.docstatus == 0:
			entry.submit()
		frappe.db.commit()
		doc.reload()
		self.assertEqual((doc.status, self.provision()), ("Posted", 10))
		frappe.set_user("Administrator")
		for change, kind in (
			(lambda entry: None, "Provision Reversal"),
			(lambda entry: entry.update({"posting_date": LAST + days(2)}), None),
			(lambda entry: entry.accounts[0].update({"account": WRITE_OFF}), None),
			(lambda entry: [row.update({"debit": row.debit * 2, "credit": row.credit * 2}) for row in entry.accounts], None),
			(lambda entry: entry.update({"reversal_of": None}), None),
		):  # fmt: skip
			other = make_reverse_journal_entry(doc.journal_entry)
			other.posting_date = LAST + days(1)
			change(other)
			self.assertEqual(system_vouchers.kind_of(other), kind)
		credit_loss_posting.sca_daily_credit_loss()
		credit_loss_posting.sca_daily_credit_loss()
		doc.reload()
		self.assertEqual((doc.status, doc.last_error, self.provision()), ("Reversed", None, 0))
		outcome = frappe.db.get_value(
			"Approval Gate Log", {"reference_name": doc.reversal_entry}, ["outcome", "reason"]
		)
		self.assertEqual(outcome, ("System Voucher", "Provision Reversal"))
		self.assertEqual(
			frappe.db.count("Journal Entry", {"reversal_of": doc.journal_entry, "docstatus": 1}), 1
		)

		# A chain over the document: its approval is that of the entry as well, although figures are taken anew on the way.
		people.make_chain(
			"SCA Losses",
			"Expected Credit Loss",
			levels=[people.by(people.FIRST)],
			company=COMPANY,
			after_approval="Only Allow It",
			amount_field="total_loss",
		)
		frappe.set_user(make.ACCOUNTANT)
		after = self.loss(as_of_date=LAST + days(1))
		self.assertEqual((after.matrix[1].floor_rate, after.in_ledger, after.movement), (10, 0, 10))
		frappe.db.commit()
		self.assertRaises(gate.ApprovalRequired, after.submit)
		frappe.db.rollback()
		people.approve(people.request_of(after))
		frappe.set_user(make.ACCOUNTANT)
		after.reload()
		after.submit()
		frappe.db.commit()
		self.assertEqual((after.status, self.provision()), ("Posted", 10))
		self.assertEqual(
			frappe.db.get_value("Approval Gate Log", {"reference_name": after.journal_entry}, "reason"),
			f"Expected Credit Loss {after.name}",
		)

	def _remove(self):
		"""What was committed: the history of the company is to be empty for the other tests."""
		frappe.set_user("Administrator")
		people.remove_chains()
		for name in frappe.get_all(
			"Expected Credit Loss",
			{"company": COMPANY, "docstatus": 1},
			pluck="name",
			order_by="as_of_date desc",
		):
			frappe.get_doc("Expected Credit Loss", name).cancel()
		frappe.get_doc("Sales Invoice", self.bill.name).cancel()
		given.ledger.flush()
		frappe.db.commit()
