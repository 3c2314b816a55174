"""Statements by mail: each customer once a period, whatever happens to the job."""

from email import message_from_string
from unittest.mock import patch

import frappe

from sales_crm_accounts.services.receivables import statement_mails as mails
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import ReceivableCase, day, invoice, new_customer


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


class TestStatementMails(ReceivableCase):
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
		frappe.db.commit()

	def customer_with(self, amount: float, due: int = -5, address: str | None = None) -> str:
		name = new_customer(customer_group=self.group.name)
		invoice(name, -40, (amount,), (due,))
		if address:
			contact(name, address)
		return name

	def records(self) -> dict:
		rows = frappe.get_all(
			mails.MAIL,
			filters={"schedule": self.schedule.name},
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
