"""From the run to the customer: mails through a real SMTP session, review, ERPNext's Dunnings and cashiers."""

from unittest.mock import patch

import frappe
from frappe.utils import today

from sales_crm_accounts.api import dunning as api
from sales_crm_accounts.services.receivables import dunning_run, dunning_sending, mail_bounces, worklist
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.dunning_case import (
	CASHIER,
	CHINESE,
	COLLECTOR,
	COVERED,
	MAIL,
	NO_ADDRESS,
	POLICY,
	PROMISED,
	DunningCase,
	day,
)


class TestDunningSending(DunningCase):
	def test_a_morning_from_the_run_to_the_mail(self):
		"""A owes 300 + 200, B 150 EUR and reads Chinese, C has no address, D has promised, E has paid 80 on account.

		Before the drafts are released, A pays the 200; the mail asks for 300. Each mail leaves once, with its letter.
		"""
		first, second = self.invoice(MAIL, 300, 10), self.invoice(MAIL, 200, 8)
		self.invoice(CHINESE, 150, 8)
		self.invoice(NO_ADDRESS, 100, 9)
		promised = self.invoice(PROMISED, 120, 9)
		frappe.get_doc(
			{
				"doctype": "Promise to Pay",
				"company": make.COMPANY,
				"customer": PROMISED,
				"sales_invoice": promised.name,
				"currency": "USD",
				"amount": 120,
				"promised_on": today(),
				"pay_by": day(5),
			}
		).insert()
		self.invoice(COVERED, 80, 9)
		self.receive(COVERED, 80)
		run = dunning_run.run(make.COMPANY)
		self.assertEqual(frappe.db.get_value("Dunning Run", run, "status"), "Completed")
		self.assertEqual(self.passed(run), [(NO_ADDRESS, "No Address"), (PROMISED, "Promise"), (COVERED, "Covered by Money on Account")])  # fmt: skip
		to_mail, to_chinese = self.messages()
		self.assertEqual((to_mail.customer, to_mail.total_due, to_mail.status), (MAIL, 500, "Draft"))
		self.assertEqual((to_chinese.total_due, to_chinese.currency, to_chinese.language), (150, "EUR", "zh"))
		self.assertEqual(to_mail.subject, "Reminder over $ 500.00")
		reasons = [
			(NO_ADDRESS, "No Address"),
			(PROMISED, "Promise"),
			(COVERED, "Covered by Money on Account"),
		]
		self.assertEqual(self.passed(run), reasons)
		# A second run on the day is the same run, and adds nothing.
		self.assertEqual(dunning_run.run(make.COMPANY), run)
		self.assertEqual(len(self.messages()), 2)
		self.assertEqual(self.passed(run), reasons)

		make.pay(second)
		frappe.db.commit()
		frappe.set_user(COLLECTOR)
		api.release([to_mail.name, to_chinese.name])
		frappe.set_user("Administrator")
		for message in self.messages():
			self.assertEqual(message.status, "Queued", message.reason)
			dunning_sending.send(message.name)  # once more: nothing happens
		to_mail.reload()
		self.assertEqual((to_mail.total_due, to_mail.subject), (300, "Reminder over $ 300.00"))
		self.assertEqual([row.sales_invoice for row in to_mail.rows], [first.name])
		self.assertEqual(frappe.db.count("Email Queue", {"reference_name": ("in", [to_mail.name, to_chinese.name])}), 2)  # fmt: skip

		received = self.flush([to_mail, to_chinese])
		self.assertEqual(sorted(received), ["a@customer.example.com", "b@customer.example.com"])
		mail = received["a@customer.example.com"]
		self.assertEqual(mail["Subject"], "Reminder over $ 300.00")
		html = next(part.get_content() for part in mail.walk() if part.get_content_type() == "text/html")
		self.assertIn(first.name, html)
		self.assertNotIn(second.name, html)
		self.assertIn("付款提醒", received["b@customer.example.com"]["Subject"])
		for one in received.values():
			(letter,) = [part for part in one.walk() if part.get_content_type() == "application/pdf"]
			self.assertTrue(letter.get_payload(decode=True).startswith(b"%PDF"))
		mail_bounces.follow_mails()
		self.assertEqual([message.status for message in self.messages()], ["Sent", "Sent"])
		# Tomorrow A is left alone: the level was told.
		with patch.object(dunning_run, "today", lambda: str(day(1))):
			dunning_run.run(make.COMPANY)
		self.assertEqual(len(self.messages()), 2)

	def test_two_weeks_later_a_dunning_that_is_in_no_cashiers_way(self):
		"""30 days late: first the first level, then the final one with ERPNext's Dunning over both invoices (100 + 50).

		A cashier without rights on Dunning pays one (unresolved), then the other (resolved), and cancels (unresolved again); a
		journal pays it (resolved), the first payment is unreconciled (unresolved). An invoice can be cancelled, and takes the
		Dunning with it.
		"""
		one, two = self.invoice(MAIL, 100, 30), self.invoice(MAIL, 50, 29)
		dunning_run.run(make.COMPANY)
		(message,) = self.messages()
		self.assertEqual(message.level_title, "First")
		frappe.db.set_value("Dunning Message", message.name, {"status": "Sent", "message_date": day(-10)})
		frappe.db.delete("Dunning Run", {"name": message.dunning_run})
		frappe.db.set_value("Dunning Policy Level", {"parent": POLICY, "title": "Final"}, "channel", "Letter")
		frappe.db.commit()
		frappe.get_doc(
			{
				"doctype": "Address",
				"address_title": MAIL,
				"address_type": "Billing",
				"address_line1": "1 Main Street",
				"city": "Springfield",
				"country": "United States",
				"links": [{"link_doctype": "Customer", "link_name": MAIL}],
			}
		).insert()
		dunning_run.run(make.COMPANY)
		(final,) = self.messages(level_title="Final")
		self.assertEqual(api.release([final.name])["statuses"], ["Sent"])
		final.reload()
		self.assertEqual(final.status, "Sent")
		self.assertTrue(final.letter.endswith(".pdf"))
		self.assertEqual(len({row.dunning for row in final.rows}), 1)
		dunning = frappe.get_doc("Dunning", final.rows[0].dunning)
		self.assertEqual((dunning.docstatus, dunning.total_outstanding, dunning.grand_total), (1, 150, 150))
		self.assertTrue(all(row.payment_schedule for row in dunning.overdue_payments))
		status = lambda: frappe.db.get_value("Dunning", dunning.name, "status")  # noqa: E731

		frappe.set_user(CASHIER)
		self.assertFalse(frappe.has_permission("Dunning", "submit"))
		paid = make.pay(two)
		frappe.db.commit()
		self.assertEqual(status(), "Unresolved")
		last = make.pay(one)
		frappe.db.commit()
		self.assertEqual(status(), "Resolved")
		frappe.set_user(make.ACCOUNTANT)
		frappe.get_doc("Payment Entry", last.name).cancel()
		frappe.db.commit()
		self.assertEqual(status(), "Unresolved")
		frappe.set_user("Administrator")
		make.journal(
			[
				{"account": make.BANK, "debit_in_account_currency": 100},
				{
					"account": make.DEBTORS,
					"party_type": "Customer",
					"party": MAIL,
					"credit_in_account_currency": 100,
					"reference_type": "Sales Invoice",
					"reference_name": one.name,
				},
			]
		).reload()
		frappe.db.commit()
		self.assertEqual(status(), "Resolved")
		# Payment and invoice are parted again: what was paid is open, and nobody needed a right on Dunning.
		frappe.set_user(make.ACCOUNTANT)
		make.unreconcile(paid)
		frappe.db.commit()
		frappe.set_user("Administrator")
		self.assertEqual(frappe.db.get_value("Open Installment", {"sales_invoice": two.name}, "outstanding_amount"), 50)  # fmt: skip
		self.assertEqual(status(), "Unresolved")
		third = self.invoice(MAIL, 10, 5)
		frappe.get_doc("Sales Invoice", third.name).cancel()
		entry = frappe.get_last_doc("Journal Entry", {"company": make.COMPANY, "docstatus": 1})
		entry.cancel()
		frappe.db.commit()
		self.assertEqual(status(), "Unresolved")
		frappe.get_doc("Sales Invoice", one.name).cancel()
		frappe.db.commit()
		self.assertEqual(status(), "Cancelled")

	def test_a_mail_that_comes_back(self):
		"""A's server knows no such user: Failed, the collector is told, and A is left alone until the address is another one.

		B's mail arrives; then a notice of a mail server comes as an answer to it. An absence note and a delay are no such notice.
		"""
		self.invoice(MAIL, 100, 10)
		self.invoice(CHINESE, 150, 10)
		frappe.get_doc(
			{
				"doctype": "Customer Collector",
				"company": make.COMPANY,
				"customer": MAIL,
				"collector": COLLECTOR,
			}
		).insert()
		self.addCleanup(frappe.db.delete, "Customer Collector", {"customer": MAIL})
		dunning_run.run(make.COMPANY)
		to_mail, to_chinese = self.messages()
		api.release([to_mail.name, to_chinese.name])
		received = self.flush([to_mail, to_chinese], refused=["a@customer.example.com"])
		self.assertEqual(list(received), ["b@customer.example.com"])
		mail_bounces.follow_mails()
		to_mail.reload()
		self.assertEqual((to_mail.status, to_mail.bounced_address), ("Failed", "a@customer.example.com"))
		self.assertIn("550 5.1.1 no such user", to_mail.reason)
		self.assertTrue(
			frappe.db.exists("Notification Log", {"for_user": COLLECTOR, "document_name": to_mail.name})
		)
		self.assertEqual(to_chinese.reload().status, "Sent")
		frappe.db.commit()
		with patch.object(dunning_run, "today", lambda: str(day(1))):
			run = dunning_run.run(make.COMPANY)
		self.assertEqual(self.passed(run), [(MAIL, "Mail Came Back")])
		(shown,) = worklist.page(make.COMPANY, search=MAIL)["rows"]
		self.assertEqual(shown["came_back"], ["a@customer.example.com"])
		frappe.db.set_value("Customer", MAIL, "email_id", "new@customer.example.com")
		self.addCleanup(frappe.db.set_value, "Customer", MAIL, "email_id", "a@customer.example.com")
		frappe.db.commit()
		with patch.object(dunning_run, "today", lambda: str(day(1))):
			dunning_run.run(make.COMPANY)
		(again,) = self.messages(status="Draft")
		self.assertEqual((again.recipients, again.level_title), ("new@customer.example.com", "First"))
		self.assertEqual(mail_bounces.addresses(make.COMPANY), {})

		def answered(sender: str, text: str):
			frappe.get_doc(
				{
					"doctype": "Communication",
					"communication_medium": "Email",
					"sent_or_received": "Received",
					"sender": sender,
					"subject": "Your mail",
					"content": text,
					"reference_doctype": "Dunning Message",
					"reference_name": to_chinese.name,
				}
			).insert(ignore_permissions=True)
			return to_chinese.reload().status

		self.assertEqual(answered("b@customer.example.com", "I am away. 5.1.1"), "Sent")
		self.assertEqual(answered("MAILER-DAEMON@mx.example.com", "Delayed: 4.4.1"), "Sent")
		self.assertEqual(answered("MAILER-DAEMON@mx.example.com", "Status: 5.1.1"), "Failed")
		self.assertEqual(mail_bounces.addresses(make.COMPANY), {CHINESE: {"b@customer.example.com"}})

	def test_review(self):
		"""Only text and address of a draft change; held back stops the customer; paid or edited drafts do not leave as they are."""
		invoice = self.invoice(MAIL, 100, 10)
		dunning_run.run(make.COMPANY)
		(message,) = self.messages()
		frappe.set_user(COLLECTOR)
		message = frappe.get_doc("Dunning Message", message.name)
		message.update({"total_due": 1, "status": "Sent", "subject": "Please, $ 100.00"})
		message.save()
		message.reload()
		self.assertEqual((message.total_due, message.status, message.text_edited), (100, "Draft", 1))
		message.recipients = "nobody"
		self.assertRaises(frappe.InvalidEmailAddressError, message.save)
		frappe.set_user(CASHIER)
		self.assertRaises(frappe.PermissionError, api.release, [message.name])
		frappe.set_user(COLLECTOR)
		api.hold_back([message.name], "Ask the seller first")
		frappe.set_user("Administrator")
		frappe.db.commit()
		with patch.object(dunning_run, "today", lambda: str(day(1))):
			run = dunning_run.run(make.COMPANY)
		self.assertEqual(self.passed(run), [(MAIL, "Held Back")])
		make.pay(invoice, 40)
		frappe.db.commit()
		api.release([message.name])
		message = frappe.get_doc("Dunning Message", message.name)
		self.assertEqual((message.status, message.total_due, message.released_on), ("Draft", 60, None))
		self.assertIn("figures have changed", message.reason)
		make.pay(invoice)
		frappe.db.commit()
		api.release([message.name])
		message.reload()
		self.assertEqual((message.status, message.reason), ("Cancelled", "Paid"))
		self.assertRaises(frappe.ValidationError, message.save)
