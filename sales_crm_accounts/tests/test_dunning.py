"""Dunning on a real site: who is written to and who is not, mails through a real SMTP session, Dunnings and cashiers.

All customers are of one customer group, and the policy is for that group; so other customers of the company have no policy.
"""

import email
import email.policy
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.api import dunning as api
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.receivables import (
	dunning_run,
	dunning_sending,
)
from sales_crm_accounts.setup import sample
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.test_approval_notify import MailServer

GROUP, POLICY = "SCA Ladder Group", "SCA Ladder"
COLLECTOR, CASHIER = "ladder.collector@sca.example.com", "ladder.cashier@sca.example.com"
MAIL, CHINESE, NO_ADDRESS, PROMISED, COVERED = (f"SCA Ladder {letter}" for letter in "ABCDE")
CUSTOMERS = (MAIL, CHINESE, NO_ADDRESS, PROMISED, COVERED)


class Nothing(BaseHTTPRequestHandler):
	def do_GET(self):
		self.send_response(200)
		self.send_header("Content-Type", "text/css")
		self.send_header("Content-Length", "0")
		self.end_headers()

	def log_message(self, *args):
		pass


def day(number: int):
	return getdate(add_days(today(), number))


def text(
	level: str, language: str, subject: str, body: str = "<p>Dear {{ contact_name }}: {{ invoices }}</p>"
):
	return {"level_title": level, "language": language, "subject": subject, "body": body}


class TestDunning(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		# The PDF maker asks the site for its style sheet; in a test there is no web server, so one answers with nothing.
		server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
		threading.Thread(target=server.serve_forever, daemon=True).start()
		cls.addClassCleanup(server.server_close)
		cls.addClassCleanup(server.shutdown)
		address = patch.dict(frappe.local.conf, {"host_name": f"http://127.0.0.1:{server.server_port}"})
		address.start()
		cls.addClassCleanup(address.stop)
		make.mail_account()
		sample.ensure("Customer Group", GROUP, customer_group_name=GROUP)
		territory = frappe.db.get_value("Customer", make.CUSTOMER, "territory")
		for name in CUSTOMERS:
			sample.ensure_customer(
				make.COMPANY, name, GROUP, territory, make.EUR_DEBTORS if name == CHINESE else None
			)
			frappe.db.set_value(
				"Customer",
				name,
				{
					"email_id": "" if name == NO_ADDRESS else f"{name[-1].lower()}@customer.example.com",
					"language": "zh" if name == CHINESE else "en",
				},
			)
		make.make_user(COLLECTOR, ["Collector"])
		make.make_user(CASHIER, ["Accounts User"])
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		self.clean()
		self.policy = frappe.get_doc(
			{
				"doctype": "Dunning Policy",
				"policy_name": POLICY,
				"company": make.COMPANY,
				"for_customer_group": GROUP,
				"enabled": 1,
				"one_step": 1,
				"min_gap_days": 7,
				"levels": [
					{"title": "First", "days": 7, "channel": "Mail"},
					{"title": "Final", "days": 21, "channel": "Letter", "make_dunning": 1},
				],
				"texts": [
					text("First", "en", "Reminder over {{ total }}"),
					text("First", "zh", "付款提醒 {{ total }}"),
					text("Final", "en", "Final notice over {{ total }}"),
				],
			}
		).insert()
		frappe.db.commit()

	def tearDown(self):
		frappe.set_user("Administrator")
		frappe.db.rollback()
		self.clean()
		super().tearDown()

	def clean(self):
		"""Invoices of the customers and all that speaks of them go; nothing of a test is left to the next one."""
		names = frappe.get_all("Dunning Message", filters={"customer": ("in", CUSTOMERS)}, pluck="name")
		frappe.db.delete("Dunning Message Row", {"parent": ("in", names or [""])})
		frappe.db.delete("Dunning Message", {"name": ("in", names or [""])})
		frappe.db.delete("Email Queue", {"reference_name": ("in", names or [""])})
		for doctype in ("Dunning", "Promise to Pay", "Receivable Charge"):
			for name in frappe.get_all(doctype, filters={"customer": ("in", CUSTOMERS)}, pluck="name"):
				frappe.db.delete(doctype, {"name": name})
				frappe.db.delete("Overdue Payment", {"parent": name})
		runs = frappe.get_all("Dunning Run", filters={"company": make.COMPANY}, pluck="name")
		for doctype, field in (("Dunning Run Row", "dunning_run"), ("Dunning Run", "name")):
			frappe.db.delete(doctype, {field: ("in", runs or [""])})
		for doctype, field in (("Payment Entry", "party"), ("Sales Invoice", "customer")):
			for name in frappe.get_all(
				doctype, filters={field: ("in", CUSTOMERS), "docstatus": 1}, pluck="name"
			):
				frappe.get_doc(doctype, name).cancel()
		ledger.flush()
		if frappe.db.exists("Dunning Policy", POLICY):
			frappe.delete_doc("Dunning Policy", POLICY, force=True)
		frappe.db.commit()

	def invoice(self, customer: str, amount: float, late: int, **values):
		"""A submitted invoice of 40 days ago that is `late` days over its due date."""
		doc = frappe.get_doc(
			{
				"doctype": "Sales Invoice",
				"company": make.COMPANY,
				"customer": customer,
				"currency": "EUR" if customer == CHINESE else "USD",
				"conversion_rate": make.EUR_RATE if customer == CHINESE else 1,
				"posting_date": day(-40),
				"set_posting_time": 1,
				"due_date": day(-late),
				"cost_center": make.COST_CENTER,
				"disable_rounded_total": 1,
				"items": [
					{"item_code": make.SERVICE, "qty": 1, "rate": amount, "cost_center": make.COST_CENTER}
				],
				**values,
			}
		)
		doc.insert()
		doc.submit()
		frappe.db.commit()
		return doc

	def messages(self, **filters) -> list:
		filters = {"customer": ("in", CUSTOMERS), **filters}
		return [
			frappe.get_doc("Dunning Message", name)
			for name in frappe.get_all(
				"Dunning Message", filters=filters, pluck="name", order_by="customer, name"
			)
		]

	def passed(self, run: str) -> list[tuple]:
		return [
			(row.customer, row.reason)
			for row in frappe.get_all(
				"Dunning Run Row",
				filters={"dunning_run": run, "customer": ("in", CUSTOMERS)},
				fields=["customer", "reason"],
				order_by="customer",
			)
		]

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
		dunning_sending.follow_mails()
		self.assertEqual([message.status for message in self.messages()], ["Sent", "Sent"])
		# Tomorrow A is left alone: the level was told.
		with patch.object(dunning_run, "today", lambda: str(day(1))):
			dunning_run.run(make.COMPANY)
		self.assertEqual(len(self.messages()), 2)

	def test_two_weeks_later_a_dunning_that_is_in_no_cashiers_way(self):
		"""30 days late: first the first level, then the final one with ERPNext's Dunning over both invoices (100 + 50).

		A cashier without rights on Dunning pays one (unresolved), then the other (resolved), and cancels (unresolved again);
		an invoice can be cancelled, and takes the Dunning with it.
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
		make.pay(two)
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
		third = self.invoice(MAIL, 10, 5)
		frappe.get_doc("Sales Invoice", third.name).cancel()
		entry = frappe.get_last_doc("Journal Entry", {"company": make.COMPANY, "docstatus": 1})
		entry.cancel()
		frappe.db.commit()
		self.assertEqual(status(), "Unresolved")
		frappe.get_doc("Sales Invoice", one.name).cancel()
		frappe.db.commit()
		self.assertEqual(status(), "Cancelled")

	def test_a_killed_run_is_taken_up_and_a_decision_takes_the_same_statements_for_any_number(self):
		self.invoice(MAIL, 100, 10)
		dunning_run._decide(make.COMPANY, getdate(today()), None)  # what Frappe caches is read now
		with self.counting() as few:
			dunning_run._decide(make.COMPANY, getdate(today()), None)
		for customer in (CHINESE, PROMISED, COVERED):
			self.invoice(customer, 100, 10)
			self.invoice(customer, 70, 9)
		dunning_run._decide(make.COMPANY, getdate(today()), None)
		with self.counting() as many:
			dunning_run._decide(make.COMPANY, getdate(today()), None)
		self.assertEqual(len(few), len(many), [one for one in many if one not in few])
		self.assertLess(len(many), 25)
		real = dunning_run._make
		calls = []

		def killed(*args):
			if len(calls) == 2:
				raise SystemExit
			calls.append(args)
			real(*args)

		with (
			patch.object(dunning_run, "CHUNK", 1),
			patch.object(dunning_run, "_make", killed),
			self.assertRaises(SystemExit),
		):
			dunning_run.run(make.COMPANY)
		frappe.db.rollback()
		self.assertEqual(len(self.messages()), 2)
		(name,) = frappe.get_all("Dunning Run", filters={"company": make.COMPANY}, pluck="name")
		self.assertEqual(frappe.db.get_value("Dunning Run", name, "status"), "Running")
		frappe.db.set_value("Dunning Run", name, "modified", add_days(today(), -1), update_modified=False)
		frappe.db.commit()
		dunning_run.sca_hourly_dunning()
		self.assertEqual(
			frappe.db.get_value("Dunning Run", name, ["status", "message_count"]), ("Completed", 4)
		)
		self.assertEqual([m.customer for m in self.messages()], [MAIL, CHINESE, PROMISED, COVERED])

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

	def test_hands_free_and_what_a_policy_refuses(self):
		self.policy.reload()
		self.policy.hands_free = 1
		self.policy.levels[0].fee = 5
		self.policy.save()
		self.invoice(MAIL, 100, 10)
		with patch.object(dunning_sending, "later", dunning_sending.send_many):
			dunning_run.run(make.COMPANY)
			dunning_run.run(make.COMPANY)
		self.assertEqual([message.status for message in self.messages()], ["Queued"])
		(message,) = self.messages()
		claims = frappe.get_all(
			"Receivable Charge", filters={"source_name": message.name}, fields=["kind", "amount"]
		)
		self.assertEqual([(claim.kind, claim.amount) for claim in claims], [("Fee", 5)])
		self.assertEqual(api.preview(POLICY)["reminders"], 0)

		def refused(message: str, **values):
			policy = frappe.copy_doc(self.policy)
			policy.update({"policy_name": "SCA Ladder Refused", "enabled": 0, **values})
			self.assertMessage(message, policy.insert)

		levels = [{"title": "First", "days": 7}, {"title": "Final", "days": 7}]
		refused("Two levels stand on day 7", levels=levels)
		refused("at least one level", levels=[], texts=[], enabled=1, for_customer_group=None)
		refused("is for the same customers", enabled=1)
		refused("Final has no text", texts=[text("First", "en", "Pay")])
		refused("before the due date", levels=[{"title": "First", "days": -1, "fee": 5}], texts=[text("First", "en", "Pay")])  # fmt: skip
		for broken in ("{{ totl }}", "{% if fee %}{{ nonsense }}{% endif %}", "{{ rows[0].nonsense }}", "{{ total", "{{ rows[7].no }}"):  # fmt: skip
			refused("is broken", texts=[text("First", "en", "Pay", f"<p>{broken}</p>"), text("Final", "en", "Pay")])  # fmt: skip
		frappe.set_user(COLLECTOR)
		self.assertRaises(frappe.PermissionError, frappe.copy_doc(self.policy).insert)

	def receive(self, customer: str, amount: float):
		entry = frappe.get_doc(
			{
				"doctype": "Payment Entry",
				"payment_type": "Receive",
				"company": make.COMPANY,
				"posting_date": today(),
				"party_type": "Customer",
				"party": customer,
				"paid_from": make.DEBTORS,
				"paid_to": make.BANK,
				"paid_amount": amount,
				"received_amount": amount,
				"source_exchange_rate": 1,
				"target_exchange_rate": 1,
				"reference_no": "ON ACCOUNT",
				"reference_date": today(),
			}
		).insert()
		entry.submit()
		frappe.db.commit()

	def counting(self):
		import contextlib

		@contextlib.contextmanager
		def count():
			statements = []
			real = frappe.db.sql

			def counted(*args, **kwargs):
				statements.append(args[0])
				return real(*args, **kwargs)

			with patch.object(frappe.db, "sql", counted):
				yield statements

		return count()

	def flush(self, messages) -> dict:
		"""Send the mails of the messages through an SMTP server on the loopback: recipient -> message received."""
		server = MailServer()
		self.addCleanup(server.server_close)
		self.addCleanup(server.shutdown)
		account = frappe.get_doc("Email Account", {"default_outgoing": 1})
		kept = {field: account.get(field) for field in ("smtp_server", "smtp_port", "use_tls")}
		frappe.db.set_value(
			"Email Account",
			account.name,
			{"smtp_server": "127.0.0.1", "smtp_port": server.server_address[1], "use_tls": 0},
		)
		frappe.clear_document_cache("Email Account", account.name)
		frappe.local.outgoing_email_account = {}
		try:
			with patch.dict(frappe.flags, {"in_test": False, "testing_email": True}):
				for message in messages:
					frappe.get_doc("Email Queue", message.reload().email_queue).send()
		finally:
			frappe.db.set_value("Email Account", account.name, kept)
			frappe.clear_document_cache("Email Account", account.name)
			frappe.db.commit()
		received = {}
		for recipients, message in server.received:
			self.assertEqual(len(recipients), 1)
			self.assertNotIn(recipients[0], received)
			received[recipients[0]] = email.message_from_string(message, policy=email.policy.default)
		return received
