"""Promises to pay on a site: real invoices and payments, judged from the ledger."""

import frappe
from frappe.utils import getdate, today

from sales_crm_accounts.api import collections as api
from sales_crm_accounts.services.receivables import nightly, promises
from sales_crm_accounts.tests import factories
from sales_crm_accounts.tests.collection_case import COLLECTOR, CollectionsCase, days
from sales_crm_accounts.tests.factories import (
	ACCOUNTANT,
	BANK,
	COMPANY,
	CUSTOMER,
	DEBTORS,
)


class TestPromises(CollectionsCase):
	def test_kept_at_once_when_the_money_comes_and_open_again_when_it_is_cancelled(self):
		"""900 promised; 400 and 500 come: Kept with 900, before anything is committed. The 500 are cancelled: open, 400."""
		invoice = self.invoice()
		promise = self.promise(invoice)
		self.assertEqual(
			(promise.customer, promise.company, promise.currency, promise.deal, promise.collector),
			(CUSTOMER, COMPANY, "USD", invoice.deal, "Administrator"),
		)
		self.assertEqual(self.held(invoice), [("Promise", 900)])
		factories.pay(invoice, 400)
		promises.flush()
		promise.reload()
		self.assertEqual((promise.status, promise.received_amount), ("Open", 400))
		self.assertEqual(self.held(invoice), [("Promise", 500)])
		second = factories.pay(invoice, 500)
		promises.flush()
		promise.reload()
		self.assertEqual((promise.status, promise.judged_on), ("Kept", getdate(today())))
		second.reload()
		second.cancel()
		promises.flush()
		promise.reload()
		self.assertEqual((promise.status, promise.received_amount, promise.judged_on), ("Open", 400, None))
		self.assertPromise(promise, "Partly Kept", 400, day=7)

	def test_broken_after_the_grace_day_and_late_money_does_not_mend_it(self):
		"""Promised for today, one day of grace: open tomorrow, broken the day after; 900 three days later change nothing."""
		invoice = self.invoice()
		promise = self.promise(invoice, pay_by=0)
		self.assertPromise(promise, "Open", 0, day=1)
		self.assertPromise(promise, "Broken", 0, day=2)
		factories.pay(invoice, 900, date=days(3))
		self.assertPromise(promise, "Broken", 0, day=4)
		comments = frappe.get_all(
			"Comment", filters={"reference_name": promise.name, "comment_type": "Info"}, pluck="content"
		)
		self.assertEqual(len(comments), 1)
		self.assertIn("Broken", comments[0])

	def test_money_within_the_grace_day_keeps_it(self):
		invoice = self.invoice()
		promise = self.promise(invoice, pay_by=0)
		factories.pay(invoice, 900, date=days(1))
		self.assertPromise(promise, "Kept", 900, day=2)

	def test_an_installment_gets_what_the_oldest_first_rule_gives_it(self):
		"""300 + 600 in one invoice; the second is promised. 500 come: 300 for the first, 200 for the second."""
		rows = [
			factories.row("First", 33.3333, due_days=10),
			factories.row("Rest", due_days=40),
		]
		policy = factories.make_policy(invoicing_method="One Invoice with Schedule")
		self.addCleanup(factories.drop_policies)
		invoice = self.invoice(plan=rows, billing_policy=policy.name)
		self.assertEqual(frappe.db.count("Open Installment", {"sales_invoice": invoice.name}), 2)
		self.assertMessage("no installment 3", self.promise, invoice, 100, installment_no=3)
		promise = self.promise(invoice, 600, installment_no=2)
		factories.pay(invoice, 500)
		self.assertPromise(promise, "Partly Kept", 200, day=10)

	def test_a_promise_of_the_whole_customer_counts_money_on_account(self):
		"""Two invoices of 900; 1,500 promised; 600 on the first and 900 on account."""
		customer = self.customer()
		first, _second = (self.invoice(customer=customer) for _ in range(2))
		promise = self.promise(None, 1500, company=COMPANY, customer=customer)
		self.assertEqual((promise.currency, promise.deal), ("USD", None))
		self.assertEqual(self.held(first), [("Promise", 900)])
		factories.pay(first, 600)
		self.assertPromise(promise, "Open", 600)
		payment = self.on_account(customer, 900)
		promises.flush()
		promise.reload()
		self.assertEqual((promise.status, promise.received_amount), ("Kept", 1500))
		payment.cancel()
		promises.flush()
		promise.reload()
		self.assertEqual((promise.status, promise.received_amount), ("Open", 600))

	def on_account(self, customer: str, amount: float):
		"""A payment that names no invoice."""
		payment = frappe.get_doc(
			{
				"doctype": "Payment Entry",
				"payment_type": "Receive",
				"company": COMPANY,
				"party_type": "Customer",
				"party": customer,
				"paid_from": DEBTORS,
				"paid_to": BANK,
				"paid_amount": amount,
				"received_amount": amount,
				"source_exchange_rate": 1,
				"target_exchange_rate": 1,
				"posting_date": today(),
				"reference_no": "TEST",
				"reference_date": today(),
			}
		).insert()
		payment.submit()
		return payment

	def test_money_on_account_counts_for_an_invoice_once_it_is_matched(self):
		"""900 on account while 900 of an invoice are promised: open; matched by Payment Reconciliation: kept; taken apart: open."""
		customer = self.customer()
		invoice = self.invoice(customer=customer)
		promise = self.promise(invoice)
		payment = self.on_account(customer, 900)
		self.assertPromise(promise, "Open", 0)
		tool = frappe.get_doc(
			{
				"doctype": "Payment Reconciliation",
				"company": COMPANY,
				"party_type": "Customer",
				"party": customer,
				"receivable_payable_account": DEBTORS,
			}
		)
		tool.get_unreconciled_entries()
		tool.allocate_entries(
			frappe._dict(
				invoices=[row.as_dict() for row in tool.invoices],
				payments=[row.as_dict() for row in tool.payments],
			)
		)
		tool.reconcile()
		promises.flush()
		promise.reload()
		self.assertEqual((promise.status, promise.received_amount), ("Kept", 900))
		factories.unreconcile(payment)
		promises.flush()
		promise.reload()
		self.assertEqual((promise.status, promise.received_amount), ("Open", 0))

	def test_a_promise_in_another_currency(self):
		"""900 EUR promised, 450 EUR come: Partly Kept with 450 EUR, whatever the rate of the day."""
		invoice = self.invoice(
			customer=factories.FOREIGN_CUSTOMER, currency="EUR", conversion_rate=factories.EUR_RATE
		)
		promise = self.promise(invoice)
		self.assertEqual(promise.currency, "EUR")
		factories.pay(invoice, 450, bank=factories.EUR_BANK)
		self.assertPromise(promise, "Partly Kept", 450, day=9)

	def test_part_of_a_payment_that_is_written_off_is_no_money(self):
		"""900 promised, 880 come and 20 are written off in the same payment: kept, with 880."""
		invoice = self.invoice()
		promise = self.promise(invoice)
		entry = factories.pay(invoice, 900, submit=False)
		entry.paid_amount = entry.received_amount = 880
		entry.append(
			"deductions",
			{"account": factories.WRITE_OFF, "cost_center": factories.COST_CENTER, "amount": 20},
		)
		entry.save()
		entry.submit()
		self.assertPromise(promise, "Kept", 880)

	def test_write_offs_are_no_money_and_what_was_credited_is_not_owed(self):
		"""900 promised; 200 written off by journal, 300 credited, 400 paid: kept with 400. Without the payment it is broken."""
		invoice = self.invoice()
		promise = self.promise(invoice)
		factories.journal(
			[
				{"account": factories.WRITE_OFF, "debit_in_account_currency": 200},
				{
					"account": DEBTORS,
					"party_type": "Customer",
					"party": CUSTOMER,
					"credit_in_account_currency": 200,
					"reference_type": "Sales Invoice",
					"reference_name": invoice.name,
				},
			]
		)
		factories.credit_note(invoice, 1 / 3, for_self=0)
		self.assertPromise(promise, "Broken", 0, day=10)
		factories.pay(invoice, 400)
		self.assertPromise(promise, "Kept", 400, day=10)

	def test_a_cancelled_invoice_makes_it_fall_away(self):
		invoice = self.invoice()
		promise, dispute = self.promise(invoice), self.dispute(invoice, 100)
		pause = self.pause(invoice)
		invoice.reload()
		invoice.cancel()
		promises.flush()
		for doc, field, value in (
			(promise, "status", "Cancelled"),
			(dispute, "status", "Cancelled"),
			(pause, "active", 0),
		):
			self.assertEqual(doc.reload().get(field), value)

	def test_what_cannot_be_promised_is_refused(self):
		invoice = self.invoice()
		self.assertMessage("is in the past", self.promise, invoice, pay_by=-1, promised_on=days(-3))
		self.assertMessage("before the promise was made", self.promise, invoice, pay_by=-1)
		self.assertMessage("in the future", self.promise, invoice, promised_on=days(1))
		self.assertMessage("larger than zero", self.promise, invoice, 0)
		self.assertMessage("are open of invoice", self.promise, invoice, 900.01)
		self.assertMessage("is not that of", self.promise, invoice, customer=factories.FOREIGN_CUSTOMER)
		self.assertMessage(
			"needs an invoice", self.promise, None, company=COMPANY, customer=CUSTOMER, installment_no=1
		)
		self.assertMessage("Nothing is open", self.promise, None, company=COMPANY, customer=self.customer())
		first = self.promise(invoice, 500)
		self.assertMessage(f"({first.name}) leave only", self.promise, invoice, 401)
		self.promise(invoice, 400)
		note = factories.credit_note(invoice, 1 / 3, submit=False)
		self.assertMessage("draft", self.promise, note)
		note.submit()
		self.assertMessage("credit note", self.promise, note)

	def test_the_verdict_is_nobodys_to_type(self):
		"""A client that sends the verdict itself is not believed; what is judged may not be rewritten."""
		invoice = self.invoice()
		promise = self.promise(invoice, status="Kept", received_amount=900)
		self.assertEqual((promise.status, promise.received_amount), ("Open", 0))
		promise.update({"status": "Kept", "received_amount": 900}).save()
		self.assertEqual(promise.reload().status, "Open")
		self.assertPromise(promise, "Broken", 0, day=9)
		promise.remarks = "Said it again"
		promise.save()
		promise.pay_by = days(20)
		self.assertMessage("Not to be changed", promise.save)
		frappe.set_user(COLLECTOR)
		self.assertRaises(frappe.PermissionError, api.withdraw_promise, promise.name)
		frappe.set_user("Administrator")
		api.withdraw_promise(promise.name, "Wrong customer")
		self.assertEqual(promise.reload().status, "Cancelled")
		self.assertPromise(promise, "Cancelled", 0, day=9)

	def test_the_night_judges_ends_pauses_and_tells_owners(self):
		invoice = self.invoice()
		promise, pause = self.promise(invoice, 100, pay_by=0), self.pause(invoice)
		dispute = self.dispute(invoice, 50, dispute_owner=ACCOUNTANT)
		# The days pass: what was entered three days ago.
		promise.db_set({"promised_on": days(-5), "pay_by": days(-3)})
		pause.db_set("until_date", days(-1))
		dispute.db_set("due_date", days(-1))
		self.assertEqual(self.held(invoice), [("Dispute", 50)])
		for _night in range(2):
			nightly.sca_nightly_collections()
		self.assertEqual(promise.reload().status, "Broken")
		self.assertEqual(pause.reload().active, 0)
		told = frappe.get_all(
			"Notification Log",
			filters={"document_name": dispute.name, "for_user": ACCOUNTANT},
			pluck="subject",
		)
		self.assertEqual(len([subject for subject in told if "was to be settled" in subject]), 1)
		self.assertEqual(len([subject for subject in told if "Please settle" in subject]), 1)
