"""The morning digest: once a day, to the right people, about what happened since the last one."""

from datetime import datetime, time

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.services.receivables import digest
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import ReceivableCase, day, invoice
from sales_crm_accounts.tests.test_worklist import COLLECTOR, HEAD, OTHER, SETTINGS

MORNING = datetime.combine(getdate(today()), time(9))


class CollectionsDigestTest(ReceivableCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.mail_account()
		for user in (COLLECTOR, OTHER):
			make.make_user(user, ["Collector"])
		make.make_user(HEAD, ["Collections Manager"])
		frappe.db.commit()

	def setUp(self):
		self._clear()
		super().setUp()
		self.addCleanup(self._clear)
		# Everything that this test writes is committed by the job; records of the past days are not wanted.
		frappe.get_doc(
			{
				"doctype": SETTINGS,
				"company": make.COMPANY,
				"send_digest": 1,
				"collector_rules": [{"collector": COLLECTOR}],
			}
		).insert()
		frappe.db.set_single_value("Sales CRM Accounts Settings", "digest_time", "08:00:00")

	def _clear(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		frappe.db.delete("Collections Digest")
		frappe.db.delete("Customer Collector", {"company": make.COMPANY})
		frappe.delete_doc(SETTINGS, make.COMPANY, force=True, ignore_missing=True)
		frappe.db.commit()

	def told(self, user):
		return frappe.get_all(
			"Collections Digest",
			filters={"recipient": user},
			fields=["digest_date", "covered_from", "mailed", *digest.KINDS],
		)

	def mails(self, user):
		return frappe.get_all(
			"Email Queue Recipient",
			filters={"recipient": user, "creation": (">=", self.since)},
			pluck="parent",
		)

	def test_once_a_day_to_the_right_people(self):
		"""100 due today, 60 due yesterday, 40 of a deal that is the seller's due yesterday, a promise of 60 made yesterday.

		The collector of the company and the head are told of all; the other collector of nothing but what is handed to them; the
		seller of the deal's 40 only. A second run, and one before eight, tell nobody.
		"""
		# The job commits: a seller of this run alone is told of this run alone.
		seller = make.make_user(f"seller.{frappe.generate_hash(length=8)}@sca.example.com", ["Deal User"])
		deal = make.make_deal(win=True, customer=self.customer, deal_owner=seller)
		bill = invoice(self.customer, -40, [100, 60], [0, -1])
		frappe.db.set_value("Sales Invoice", bill.name, "remarks", "digest")
		of_deal = invoice(self.customer, -40, [40], [-1])
		frappe.db.set_value("Open Installment", {"sales_invoice": of_deal.name}, "deal", deal.name)
		promise = frappe.get_doc(
			{
				"doctype": "Promise to Pay",
				"company": make.COMPANY,
				"customer": self.customer,
				"sales_invoice": bill.name,
				"amount": 60,
				"currency": "USD",
				"promised_on": today(),
				"pay_by": add_days(today(), 3),
			}
		).insert()
		frappe.db.set_value(
			"Promise to Pay", promise.name, "creation", add_days(MORNING, -1), update_modified=False
		)
		frappe.db.commit()
		self.since = frappe.utils.now()

		digest.send(MORNING.replace(hour=7))
		self.assertFalse(self.told(COLLECTOR))
		digest.send(MORNING)
		for user in (COLLECTOR, HEAD):
			(record,) = self.told(user)
			self.assertGreaterEqual(record.became_due, 1)
			self.assertGreaterEqual(record.became_overdue, 2)
			self.assertGreaterEqual(record.promised, 1)
			self.assertEqual((record.covered_from, record.mailed), (day(-1), 1))
			self.assertEqual(len(self.mails(user)), 1)
		(record,) = self.told(OTHER)
		self.assertEqual((record.mailed, [record[kind] for kind in digest.KINDS]), (0, [0, 0, 0, 0, 0]))
		self.assertFalse(self.mails(OTHER))
		(record,) = self.told(seller)
		self.assertEqual((record.became_overdue, record.became_due, record.promised), (1, 0, 0))
		(queued,) = self.mails(seller)
		message = frappe.get_doc("Email Queue", queued).message
		self.assertIn("40.00", message)
		self.assertNotIn("100.00", message)

		digest.send(MORNING.replace(hour=10))
		self.assertEqual([len(self.mails(user)) for user in (COLLECTOR, HEAD, seller)], [1, 1, 1])
		with self.assertRaises(frappe.UniqueValidationError):
			digest._tell(COLLECTOR, day(-1), day(0), [])
		frappe.db.rollback()

	def test_what_happened(self):
		"""A payment of 30 entered yesterday is paid; a promise of 50 judged broken today with 20 received lacks 30. A quiet day is quiet."""
		bill = invoice(self.customer, -40, [100], [-20])
		make.pay(bill, 30)
		frappe.db.set_value(
			"Payment Ledger Entry",
			{"against_voucher_no": bill.name, "voucher_type": "Payment Entry"},
			"creation",
			add_days(MORNING, -1),
			update_modified=False,
		)
		promise = frappe.get_doc(
			{
				"doctype": "Promise to Pay",
				"company": make.COMPANY,
				"customer": self.customer,
				"sales_invoice": bill.name,
				"amount": 50,
				"currency": "USD",
				"promised_on": today(),
				"pay_by": today(),
			}
		).insert()
		frappe.db.set_value(
			"Promise to Pay",
			promise.name,
			{"status": "Broken", "judged_on": today(), "received_amount": 20},
		)
		found = [
			event
			for event in digest.events_of([make.COMPANY], day(-1), day(0))
			if event.customer == self.customer
		]
		self.assertEqual(
			sorted((event.kind, event.amount) for event in found), [("broken", 30), ("paid", 30)]
		)
		parts = digest.parts(found)
		self.assertEqual([part["title"] for part in parts], ["Broken Promises", "Paid"])
		self.assertEqual(parts[0]["lines"][0]["count"], 1)

		holidays = frappe.get_doc(
			{
				"doctype": "Holiday List",
				"holiday_list_name": f"SCA Quiet {frappe.generate_hash(length=6)}",
				"from_date": day(-1),
				"to_date": day(1),
				"holidays": [{"holiday_date": day(0), "description": "Quiet"}],
			}
		).insert()
		frappe.db.set_value(SETTINGS, make.COMPANY, "holiday_list", holidays.name)
		self.assertFalse(digest._settings(MORNING))
