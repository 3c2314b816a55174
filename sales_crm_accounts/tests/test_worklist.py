"""The collectors' list: who is on it, in which order and why; who may see it; whose customers they are."""

import frappe
from frappe.utils import add_days, getdate, now_datetime, today

from sales_crm_accounts.api import worklist as api
from sales_crm_accounts.services.receivables import assignment, worklist
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import (
	ReceivableCase,
	day,
	invoice,
	money_on_account,
	new_customer,
)

COLLECTOR, OTHER = "worklist.collector@sca.example.com", "other.collector@sca.example.com"
HEAD = "collections.head@sca.example.com"
SETTINGS = "Company Receivables Settings"


class WorklistTest(ReceivableCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_company()
		for user in (COLLECTOR, OTHER):
			make.make_user(user, ["Collector"])
		make.make_user(HEAD, ["Collections Manager"])
		frappe.db.commit()

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.delete_doc(SETTINGS, make.COMPANY, force=True, ignore_missing=True)
		super().tearDown()

	def row(self, customer=None, state="Call", **values):
		found = api.worklist(make.COMPANY, state=state, search=customer or self.customer, **values)["rows"]
		return next((row for row in found if row["customer"] == (customer or self.customer)), None)

	def record(self, doctype, **values):
		return frappe.get_doc(
			{"doctype": doctype, "company": make.COMPANY, "customer": self.customer, **values}
		).insert()

	def test_from_overdue_to_promised_to_broken(self):
		"""Three installments of 100, 45 and 10 days overdue and one not due: 200 of 300 are to be asked for.

		50 on account cover half of the oldest: 150. A promise of 150 by next week holds them all: the customer waits. The promise
		breaks: 150 again, with points for it. Paid in full: neither on the list nor waiting.
		"""
		bill = invoice(self.customer, -60, [100, 100, 100], [-45, -10, 30])
		frappe.set_user(COLLECTOR)
		row = self.row()
		self.assertEqual((row["overdue"], row["open"], row["days"], row["installments"]), (200, 300, 45, 2))
		self.assertEqual(row["score"], sum(reason["points"] for reason in row["reasons"]))
		age = next(reason for reason in row["reasons"] if reason["kind"] == "age")
		self.assertEqual((age["points"], age["text"]), (10, "the oldest for 45 days"))

		frappe.set_user("Administrator")
		money_on_account(self.customer, 50, -2)
		frappe.set_user(COLLECTOR)
		self.assertEqual((self.row()["overdue"], self.row()["covered"]), (150, 50))

		promise = self.record(
			"Promise to Pay",
			sales_invoice=bill.name,
			amount=200,
			currency="USD",
			promised_on=today(),
			pay_by=add_days(today(), 7),
			promised_by="Their accountant",
		)
		self.assertIsNone(self.row())
		waiting = self.row(state="Waiting")
		self.assertEqual((waiting["overdue"], waiting["total_overdue"]), (0, 200))
		self.assertEqual(waiting["waits_for"], ["Promise to Pay", "Money on Account"])
		self.assertGreaterEqual(getdate(waiting["wakes_on"]), day(7))

		# What the nightly judgement writes.
		frappe.db.set_value("Promise to Pay", promise.name, {"status": "Broken", "judged_on": today()})
		row = self.row()
		self.assertEqual(row["overdue"], 150)
		self.assertIn("one broken promise", [reason["text"] for reason in row["reasons"]])

		frappe.set_user("Administrator")
		make.pay(bill, 300)
		frappe.set_user(COLLECTOR)
		self.assertIsNone(self.row())
		self.assertIsNone(self.row(state="Waiting"))

	def test_the_call(self):
		"""80 overdue of one invoice, of which 30 are disputed: 50 to ask for. The next step of the last note takes the customer off."""
		bill = invoice(self.customer, -40, [80], [-10])
		frappe.get_doc(
			{
				"doctype": "Contact",
				"first_name": "Ada",
				"last_name": "Payable",
				"phone_nos": [{"phone": "+49 30 123456", "is_primary_phone": 1}],
				"email_ids": [{"email_id": "ada@customer.example.com", "is_primary": 1}],
				"links": [{"link_doctype": "Customer", "link_name": self.customer}],
			}
		).insert(ignore_permissions=True)
		frappe.set_user(COLLECTOR)
		self.record(
			"Receivable Dispute",
			sales_invoice=bill.name,
			installment_no=1,
			currency="USD",
			disputed_amount=30,
			reason="Quality",
			details="One of three is scratched.",
		)
		self.record(
			"Collection Note",
			note_type="Call",
			noted_on=now_datetime(),
			note="Pays what is not in dispute.",
			next_step="Ask whether it was ordered",
			next_date=add_days(today(), 2),
		)
		told = api.customer(make.COMPANY, self.customer)
		self.assertEqual(told["standing"]["state"], "Waiting")
		self.assertEqual((told["standing"]["held"], told["standing"]["overdue"]), (30, 50))
		part = told["installments"][0]
		self.assertEqual((part["free"], part["held"], part["kinds"]), (50, 30, ["Dispute"]))
		self.assertEqual(told["contacts"][0]["full_name"], "Ada Payable")
		self.assertEqual(told["contacts"][0]["phone"], "+49 30 123456")
		self.assertEqual(told["notes"][0]["note"], "Pays what is not in dispute.")
		self.assertEqual(told["disputes"][0]["reason"], "Quality")
		self.assertTrue(all(told["can"][action] for action in ("note", "promise", "dispute", "pause")))
		self.assertEqual(self.row(state="Waiting")["waits_for"], ["Next Step"])

	def test_whose_customers(self):
		"""The nearest group's rule decides; a customer that was handed over goes before it."""
		group = frappe.db.get_value("Customer", self.customer, "customer_group")
		above = frappe.db.get_value("Customer Group", group, "parent_customer_group")
		invoice(self.customer, -40, [80], [-10])
		rules = [
			{"collector": OTHER, "for_customer_group": above},
			{"collector": COLLECTOR, "for_customer_group": group},
		]
		doc = make.receivables_settings(collector_rules=rules)
		frappe.set_user(COLLECTOR)
		self.assertEqual(self.row(scope="mine")["collector"], COLLECTOR)
		self.assertIsNone(self.row(scope="unassigned"))
		api.hand_over(make.COMPANY, self.customer, OTHER, "On leave")
		self.assertIsNone(self.row(scope="mine"))
		frappe.set_user(OTHER)
		self.assertEqual(self.row(scope="mine")["collector"], OTHER)
		with self.assertRaisesRegex(frappe.ValidationError, "already"):
			api.hand_over(make.COMPANY, self.customer, OTHER)
		with self.assertRaisesRegex(frappe.ValidationError, "none of the roles"):
			api.hand_over(make.COMPANY, self.customer, make.SELLER)

		frappe.set_user("Administrator")
		doc.append("collector_rules", {"collector": HEAD, "for_customer_group": group})
		self.assertRaisesRegex(frappe.ValidationError, "rows 2 and 3", doc.save)
		with self.assertRaisesRegex(frappe.ValidationError, "has a collector already"):
			self.record("Customer Collector", collector=COLLECTOR)

	def test_who_may_see_it(self):
		"""Not the salesperson; of the collectors, one with rights on another customer only does not find this one."""
		invoice(self.customer, -40, [80], [-10])
		for user in (make.SELLER, "Guest"):
			frappe.set_user(user)
			self.assertRaises(frappe.PermissionError, api.worklist, make.COMPANY)
			self.assertRaises(frappe.PermissionError, api.customer, make.COMPANY, self.customer)
			self.assertRaises(frappe.PermissionError, api.hand_over, make.COMPANY, self.customer, OTHER)
		frappe.set_user("Administrator")
		other = new_customer()
		invoice(other, -40, [50], [-10])
		permission = frappe.get_doc(
			{"doctype": "User Permission", "user": OTHER, "allow": "Customer", "for_value": other}
		).insert()
		frappe.set_user(OTHER)
		self.assertIsNotNone(self.row(other))
		self.assertIsNone(self.row())
		self.assertRaises(frappe.PermissionError, api.customer, make.COMPANY, self.customer)
		frappe.set_user("Administrator")
		permission.delete()
		frappe.set_user(HEAD)
		self.assertIsNotNone(self.row())

	def test_a_fixed_number_of_statements(self):
		"""As many for three customers with promises and notes as for one."""

		def count(forget=True):
			if forget:
				frappe.cache.delete_keys("sca_payers")
			counts, original = [], frappe.db.sql
			frappe.db.sql = lambda *args, **kwargs: counts.append(args) or original(*args, **kwargs)
			try:
				worklist.Known(make.COMPANY).entries()
			finally:
				frappe.db.sql = original
			return len(counts)

		invoice(self.customer, -40, [80], [-10])
		count()  # what is cached is cached
		one = count()
		for _number in range(2):
			self.customer = new_customer()
			bill = invoice(self.customer, -40, [40, 40], [-10, -5])
			self.record("Collection Note", note_type="Call", noted_on=now_datetime(), note="Later")
			self.record(
				"Promise to Pay",
				sales_invoice=bill.name,
				amount=10,
				currency="USD",
				promised_on=today(),
				pay_by=add_days(today(), 7),
			)
		self.assertEqual(count(), one)
		# Thirteen of what is open and said about it, three of how customers pay, which is kept for an hour.
		self.assertLessEqual(one, 16)
		self.assertLessEqual(count(forget=False), 13)

	def test_people(self):
		self.assertLessEqual({COLLECTOR, OTHER, HEAD}, set(assignment.people()))
		frappe.set_user(COLLECTOR)
		found = api.collectors("User", "other.coll", "name", 0, 10, {})
		self.assertEqual([user for user, _name in found], [OTHER])
