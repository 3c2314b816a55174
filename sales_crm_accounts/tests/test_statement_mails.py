"""Statements by mail: each customer once a period, whatever happens to the job."""

from email import message_from_string
from unittest.mock import patch

import frappe

from sales_crm_accounts.api import statements as api
from sales_crm_accounts.services.receivables import mail_bounces
from sales_crm_accounts.services.receivables import statement_mails as mails
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import ReceivableCase, day, invoice, new_customer
from sales_crm_accounts.tests.smtp_case import SmtpCase

COLLECTOR, CASHIER = "statements.collector@sca.example.com", "statements.cashier@sca.example.com"


def contact(customer: str, address: str, billing: int = 0):
	frappe.get_doc(
		{
			"doctype": "Contact",
			"first_name": address.split("@")[0],
			"is_billing_contact": billing,
			"email_ids": [{"email_id": address, "is_primary": 1}],
			"links": [{"link_doctype": "Customer", "link_name": customer}],
		}
	).insert(ignore_permissions=True)


class TestStatementMails(SmtpCase, ReceivableCase):
	def setUp(self):
		super().setUp()
		make.mail_account()
		self.group = frappe.get_doc(
			{
				"doctype": "Customer Group",
				"customer_group_name": f"SCA {frappe.generate_hash(length=8)}",
				"parent_customer_group": "All Customer Groups",
			}
		).insert(ignore_permissions=True)
		self.schedule = frappe.get_doc(
			{
				"doctype": mails.SCHEDULE,
				"title": f"SCA {frappe.generate_hash(length=8)}",
				"company": make.COMPANY,
				"for_customer_group": self.group.name,
				"frequency": "Weekly",
				"weekday": day(-3).strftime("%A"),
				"next_date": day(-10),
			}
		).insert()
		self.addCleanup(self.switch_off)

	def switch_off(self):
		frappe.db.set_value(mails.SCHEDULE, self.schedule.name, "enabled", 0)
		frappe.db.delete("Email Queue", {"reference_doctype": mails.MAIL, "status": "Not Sent"})
		# No other test meets an address that a mail came back from.
		frappe.db.delete(mails.MAIL, {"schedule": self.schedule.name})
		frappe.db.commit()

	def customer_with(self, amount: float, due: int = -5, address: str | None = None) -> str:
		name = new_customer(customer_group=self.group.name)
		invoice(name, -40, (amount,), (due,))
		if address:
			contact(name, address)
		return name

	def records(self, **filters) -> dict:
		rows = frappe.get_all(
			mails.MAIL,
			filters={"schedule": self.schedule.name, **filters},
			fields=["customer", "status", "reason", "recipients", "statement_date", "name"],
		)
		return {row.customer: row for row in rows}

	def queued(self) -> list:
		names = [row.name for row in self.records().values()]
		return frappe.get_all(
			"Email Queue", filters={"reference_name": ("in", names or [""])}, fields=["name", "message"]
		)

	def test_each_customer_once(self):
		"""Two weeks were missed: one statement, of the day three days ago. Nobody is written to again, before the next week."""
		billed = self.customer_with(500, address="sca.any@example.com")
		contact(billed, "sca.billing@example.com", billing=1)
		silent = self.customer_with(200)
		frappe.db.commit()

		self.assertEqual(mails.run(self.schedule.name, day(0)), 1)
		records = self.records()
		self.assertEqual(
			(records[billed].status, records[billed].recipients, records[billed].statement_date),
			("Queued", "sca.billing@example.com", day(-3)),
		)
		self.assertEqual((records[silent].status, records[silent].reason), ("Skipped", "No mail address"))
		(mail,) = self.queued()
		message = message_from_string(mail.message)
		(pdf,) = [part for part in message.walk() if part.get_content_type() == "application/pdf"]
		self.assertTrue(pdf.get_payload(decode=True).startswith(b"%PDF"))

		self.schedule.reload()
		self.assertEqual((self.schedule.next_date, self.schedule.last_date), (day(4), day(-3)))
		self.assertEqual(mails.run(self.schedule.name, day(0)), 0)
		# The job died after the mails and before the schedule went on.
		self.schedule.db_set("next_date", day(-3))
		self.assertEqual(mails.run(self.schedule.name, day(1)), 0)
		self.assertEqual(len(self.queued()), 1)

	def test_mails_that_come_back(self):
		"""The first customer's server knows no such user; of the second a notice comes, the third's collector says so.

		All three are told to the collector and get nothing in the next week, but for the one whose contact has another address by
		then. That arrives: the old address may come back, and is not written to.
		"""
		addresses = [f"sca.back{number}@example.com" for number in range(3)]
		customers = [self.customer_with(100, address=address) for address in addresses]
		make.make_user(COLLECTOR, ["Collector"])
		make.make_user(CASHIER, ["Accounts User"])
		for customer in customers:
			handed = {"company": make.COMPANY, "customer": customer, "collector": COLLECTOR}
			frappe.get_doc({"doctype": "Customer Collector", **handed}).insert()
			self.addCleanup(frappe.db.delete, "Customer Collector", {"customer": customer})
		frappe.db.commit()
		with patch.object(mails.statements, "pdf", lambda *_args: b"%PDF"):
			self.assertEqual(mails.run(self.schedule.name, day(-3)), 3)
		sent = [frappe.get_doc(mails.MAIL, self.records()[customer].name) for customer in customers]
		self.assertEqual(list(self.flush(sent, refused=addresses[:1])), addresses[1:])
		mail_bounces.follow_mails()
		frappe.db.commit()
		self.assertEqual([doc.reload().status for doc in sent], ["Failed", "Sent", "Sent"])
		self.assertIn("550 5.1.1 no such user", sent[0].reason)
		self.assertEqual(sent[0].bounced_address, addresses[0])

		notice = {"communication_medium": "Email", "sent_or_received": "Received", "subject": "Undelivered"}
		notice.update({"sender": "MAILER-DAEMON@mx.example.com", "content": "Status: 5.1.1"})
		notice.update({"reference_doctype": mails.MAIL, "reference_name": sent[1].name})
		frappe.get_doc({"doctype": "Communication", **notice}).insert(ignore_permissions=True)
		frappe.set_user(CASHIER)
		self.assertRaises(frappe.PermissionError, api.came_back, sent[2].name, "Nobody there")
		frappe.set_user(COLLECTOR)
		self.assertMessage("say why", api.came_back, sent[2].name, " ")
		api.came_back(sent[2].name, "Nobody there")
		self.assertMessage("Only a mail that was sent", api.came_back, sent[2].name, "Again")
		frappe.set_user("Administrator")
		for doc in sent:
			self.assertEqual(doc.reload().status, "Failed")
			told = {"for_user": COLLECTOR, "document_name": doc.name}
			self.assertTrue(frappe.db.exists("Notification Log", told), doc.reason)
		self.assertEqual(
			mail_bounces.addresses(make.COMPANY, customers),
			{customer: {address} for customer, address in zip(customers, addresses, strict=True)},
		)

		link = frappe.db.get_value("Dynamic Link", {"link_doctype": "Customer", "link_name": customers[2], "parenttype": "Contact"}, "parent")  # fmt: skip
		person = frappe.get_doc("Contact", link)
		person.email_ids[0].email_id = "sca.new@example.com"
		person.save(ignore_permissions=True)
		frappe.db.commit()
		with patch.object(mails.statements, "pdf", lambda *_args: b"%PDF"):
			self.assertEqual(mails.run(self.schedule.name, day(4)), 1)
		records = self.records(statement_date=day(4))
		self.assertEqual(records[customers[2]].recipients, "sca.new@example.com")
		for customer, address in list(zip(customers, addresses, strict=True))[:2]:
			row = records[customer]
			self.assertEqual((row.status, row.reason), ("Skipped", f"Mail came back: {address}"))
		self.assertEqual(set(mail_bounces.addresses(make.COMPANY, customers)), set(customers[:2]))
		self.assertEqual(mails.run(self.schedule.name, day(5)), 0)

	def test_what_failed_is_tried_again(self):
		first, second = (self.customer_with(100, address=f"sca.{n}@example.com") for n in (1, 2))
		frappe.db.commit()
		make_pdf = mails.statements.pdf

		def broken(statement, letter_head=None):
			if statement.customer == first:
				raise OSError("no paper")
			return make_pdf(statement, letter_head)

		with patch.object(mails.statements, "pdf", broken):
			self.assertEqual(mails.run(self.schedule.name, day(-3)), 1)
		self.assertEqual((self.records()[first].status, self.records()[first].reason), ("Failed", "no paper"))
		self.schedule.reload()
		self.assertEqual(self.schedule.next_date, day(-10))
		self.assertEqual(mails.run(self.schedule.name, day(-2)), 1)
		self.assertEqual({self.records()[name].status for name in (first, second)}, {"Queued"})
		self.assertEqual(len(self.queued()), 2)
		self.schedule.reload()
		self.assertEqual(self.schedule.next_date, day(4))

	def test_who_is_asked(self):
		"""Only with something overdue, and from 150.00 on; nobody on a quiet day."""
		late, _small, _ahead = (
			self.customer_with(200, address="sca.late@example.com"),
			self.customer_with(100, address="sca.small@example.com"),
			self.customer_with(900, due=5, address="sca.ahead@example.com"),
		)
		self.schedule.update({"only_overdue": 1, "minimum_amount": 150})
		self.schedule.save()
		frappe.db.commit()
		with patch.object(mails, "_quiet", return_value=True):
			self.assertEqual(mails.run(self.schedule.name, day(0)), 0)
		self.assertEqual(mails.run(self.schedule.name, day(0)), 1)
		self.assertEqual(list(self.records()), [late])

	def test_the_day_of_a_schedule(self):
		self.schedule.update({"frequency": "Monthly", "month_day": 32})
		self.assertMessage("1 to 31", self.schedule.save)
		self.schedule.reload()
		self.schedule.frequency = "Monthly"
		self.schedule.month_day = day(9).day
		self.schedule.save()
		self.assertEqual(self.schedule.next_date, day(9))
		self.schedule.enabled = 0
		self.schedule.next_date = day(-1)
		self.schedule.save()
		self.assertEqual(mails.run(self.schedule.name, day(0)), 0)
