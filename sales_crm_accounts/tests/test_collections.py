"""Disputes, and who may do and see what of promises, disputes, pauses and notes: real invoices, real users."""

import frappe
from frappe.desk.search import search_link

from sales_crm_accounts.api import collections as api
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.services.receivables import held, promises, timeline
from sales_crm_accounts.tests import factories
from sales_crm_accounts.tests.collection_case import AUDITOR, COLLECTOR, CollectionsCase, days
from sales_crm_accounts.tests.factories import (
	ACCOUNTANT,
	COMPANY,
	CUSTOMER,
	OTHER_SELLER,
	SELLER,
)


class TestDisputes(CollectionsCase):
	def test_a_credit_note_settles_it_and_wakes_the_reminders(self):
		"""300 of 900 are disputed: held, until a submitted credit note of the invoice is named. Cancelled, it is open again."""
		invoice = self.invoice()
		dispute = self.dispute(invoice, 300)
		self.assertEqual((dispute.due_date, dispute.dispute_owner), (days(14), "Administrator"))
		self.assertEqual(self.held(invoice), [("Dispute", 300)])
		self.assertMessage("leave only", self.dispute, invoice, 601)
		self.assertMessage("are open of", self.dispute, invoice, 901)
		self.assertMessage("Choose the credit note", api.resolve_dispute, dispute.name, "Credit")
		self.assertMessage("no credit note of", api.resolve_dispute, dispute.name, "Credit", invoice.name)
		self.assertMessage("Choose an outcome", api.resolve_dispute, dispute.name, "Forget")
		note = factories.credit_note(invoice, 1 / 3, for_self=0, submit=False)
		self.assertMessage("not submitted", api.resolve_dispute, dispute.name, "Credit", note.name)
		note.submit()
		api.resolve_dispute(dispute.name, "Credit", note.name, "Scratched")
		dispute.reload()
		self.assertEqual(
			(dispute.status, dispute.outcome, dispute.credit_note), ("Resolved", "Credit", note.name)
		)
		self.assertEqual(self.held(invoice), [])
		dispute.disputed_amount = 1
		self.assertMessage("Reopen it first", dispute.save)
		note.reload()
		note.cancel()
		self.assertEqual(dispute.reload().status, "Open")
		self.assertEqual(self.held(invoice), [("Dispute", 300)])
		api.resolve_dispute(dispute.name, "Reject")
		self.assertEqual(self.held(invoice), [])
		api.reopen_dispute(dispute.name)
		api.cancel_dispute(dispute.name, "Taken back")
		self.assertEqual(dispute.reload().status, "Cancelled")

	def test_a_dispute_and_a_promise_share_the_invoice(self):
		"""250 disputed and 900 promised: 250 and 650 are held, none of it is asked for; new forms start with what is free."""
		invoice = self.invoice()
		self.dispute(invoice, 250)
		values = api.new_values("Promise to Pay", sales_invoice=invoice.name)
		self.assertEqual((values["amount"], values["customer"], values["currency"]), (650, CUSTOMER, "USD"))
		self.assertEqual(api.new_values("Receivable Dispute", deal=invoice.deal)["disputed_amount"], 650)
		self.promise(invoice)
		self.assertEqual(self.held(invoice), [("Dispute", 250), ("Promise", 650)])


class TestRights(CollectionsCase):
	def documents(self, invoice):
		note = frappe.get_doc(
			{
				"doctype": "Collection Note",
				"sales_invoice": invoice.name,
				"note": "Will <b>call</b> back",
				"next_date": days(2),
			}
		).insert()
		return [
			self.promise(invoice, 100),
			self.dispute(invoice, 100),
			self.pause(invoice),
			note,
		]

	def sees(self, user, doc) -> bool:
		frappe.set_user(user)
		try:
			table = frappe.qb.DocType(doc.doctype)
			query = frappe.qb.from_(table).select(table.name).where(table.name == doc.name)
			answers = {
				"list": bool(frappe.get_list(doc.doctype, filters={"name": doc.name})),
				"document": bool(frappe.get_doc(doc.doctype, doc.name).has_permission("read")),
				"link search": bool(search_link(doc.doctype, doc.name)),
				"report query": bool(deal_access.restrict(query, table.name, doctype=doc.doctype).run()),
			}
		finally:
			frappe.set_user("Administrator")
		self.assertEqual(len(set(answers.values())), 1, f"{user} {doc.doctype}: {answers}")
		return answers["list"]

	def test_a_salesperson_meets_those_of_their_deals_everywhere_and_writes_notes(self):
		mine = self.invoice(deal_owner=SELLER)
		for doc in self.documents(mine):
			with self.subTest(doctype=doc.doctype):
				self.assertTrue(self.sees(SELLER, doc))
				self.assertFalse(self.sees(OTHER_SELLER, doc))
				for reader in (COLLECTOR, ACCOUNTANT, AUDITOR):
					self.assertTrue(self.sees(reader, doc))
				for user, right in ((SELLER, False), (AUDITOR, False), (COLLECTOR, True), (ACCOUNTANT, True)):
					frappe.set_user(user)
					self.assertEqual(
						bool(frappe.get_doc(doc.doctype, doc.name).has_permission("write")), right, user
					)
				frappe.set_user("Administrator")
		note = {"doctype": "Collection Note", "note": "They pay next week"}
		frappe.set_user(SELLER)
		self.assertRaises(frappe.PermissionError, self.promise, mine, 10)
		own = frappe.get_doc({**note, "deal": mine.deal}).insert()
		self.assertEqual((own.customer, own.company, own.collector), (CUSTOMER, COMPANY, SELLER))
		own.next_step = "Call again"
		own.save()
		self.assertMessage(
			"Choose the deal", frappe.get_doc({**note, "company": COMPANY, "customer": CUSTOMER}).insert
		)
		frappe.set_user(OTHER_SELLER)
		for values in ({"deal": mine.deal}, {"sales_invoice": mine.name}):
			self.assertRaises(frappe.PermissionError, frappe.get_doc({**note, **values}).insert)
		self.assertRaises(frappe.PermissionError, api.new_values, "Collection Note", sales_invoice=mine.name)
		self.assertEqual(timeline.collection_events("Deal", mine.deal), [])

	def test_a_collector_without_other_roles_does_all_of_it(self):
		invoice = self.invoice(deal_owner=SELLER)
		frappe.set_user(COLLECTOR)
		promise = self.promise(invoice, 100)
		self.assertEqual(promise.collector, COLLECTOR)
		api.withdraw_promise(promise.name)
		dispute = self.dispute(invoice, 100)
		self.assertEqual(dispute.dispute_owner, SELLER)
		api.resolve_dispute(dispute.name, "Rebill")
		pause = self.pause(invoice)
		self.assertEqual(pause.paused_by, COLLECTOR)
		api.end_pause(pause.name)
		self.assertEqual(pause.reload().active, 0)
		self.assertMessage("is in the past", self.pause, invoice, until_date=days(-1))
		self.assertIn(
			invoice.name,
			[
				row["value"]
				for row in search_link(
					"Sales Invoice",
					invoice.name,
					"sales_crm_accounts.api.collections.invoice_query",
					filters={"customer": CUSTOMER},
				)
			],
		)

	def test_user_permissions_hold_for_what_the_invoice_fills_in(self):
		"""A collector who is bound to another company cannot reach this one by naming its invoice alone."""
		invoice = self.invoice()
		other = frappe.get_all("Company", filters={"name": ("!=", COMPANY)}, pluck="name", limit=1)[0]
		frappe.permissions.add_user_permission("Company", other, COLLECTOR)
		try:
			frappe.set_user(COLLECTOR)
			self.assertRaises(frappe.PermissionError, self.promise, invoice, 10, company=COMPANY)
			self.assertRaises(frappe.PermissionError, api.part, "Promise to Pay", invoice.name)
		finally:
			frappe.set_user("Administrator")
			frappe.permissions.remove_user_permission("Company", other, COLLECTOR)

	def test_the_timelines_of_customer_deal_and_invoice_tell_all_of_it(self):
		invoice = self.invoice(deal_owner=SELLER)
		self.documents(invoice)
		for doctype, name in (
			("Customer", CUSTOMER),
			("Deal", invoice.deal),
			("Sales Invoice", invoice.name),
		):
			texts = " ".join(event["content"] for event in timeline.collection_events(doctype, name))
			for part in ("was promised", "disputes", "Will &lt;b&gt;call&lt;/b&gt; back"):
				self.assertIn(part, texts, doctype)


class TestCost(CollectionsCase):
	def test_reading_holds_and_judging_take_the_same_statements_for_one_as_for_many(self):
		"""Five statements for holds. Judging: no more for six promises than for one."""
		customer = self.customer()
		one = self.invoice(customer=customer)
		self.promise(one, 100)
		few = self.statements(lambda: promises.judge({customer: {one.name}}, days(0)))
		self.assertEqual(self.statements(lambda: held.holds(COMPANY, days(0), [customer])), 5)
		invoices = [self.invoice(customer=customer) for _ in range(2)]
		for invoice in invoices:
			self.promise(invoice, 100)
			self.dispute(invoice, 100)
		names = {invoice.name for invoice in (one, *invoices)}
		self.assertEqual(self.statements(lambda: promises.judge({customer: names}, days(0))), few)
		self.assertEqual(self.statements(lambda: held.holds(COMPANY, days(0), [customer])), 5)
		self.assertEqual(self.statements(lambda: promises.judge({"Nobody": {"X"}})), 1)

	def statements(self, call) -> int:
		"""Number of statements, after a first call that fills caches."""
		call()
		count = 0
		original = frappe.db.sql

		def sql(*args, **values):
			nonlocal count
			count += 1
			return original(*args, **values)

		frappe.db.sql = sql
		try:
			call()
		finally:
			frappe.db.sql = original
		return count
