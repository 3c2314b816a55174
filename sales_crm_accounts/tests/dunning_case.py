"""What tests of dunning share: customers of one group, a policy for that group, and an SMTP server on the loopback.

Other customers of the company have no policy, so they are not written to.
"""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.services import ledger
from sales_crm_accounts.setup import sample
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.smtp_case import SmtpCase

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


class DunningCase(SmtpCase):
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
		for doctype in ("Dunning", "Promise to Pay", "Charge Waiver", "Receivable Charge"):
			for name in frappe.get_all(doctype, filters={"customer": ("in", CUSTOMERS)}, pluck="name"):
				frappe.db.delete(doctype, {"name": name})
				frappe.db.delete("Overdue Payment", {"parent": name})
		for name in frappe.get_all("Payment Thanks", filters={"customer": ("in", CUSTOMERS)}, pluck="name"):
			frappe.db.delete("Email Queue", {"reference_name": name})
			frappe.delete_doc("Payment Thanks", name, force=True)
		for name in frappe.get_all("Credit Hold", filters={"customer": ("in", CUSTOMERS)}, pluck="name"):
			frappe.db.delete("Credit Hold Row", {"parent": name})
			frappe.db.delete("Credit Hold", {"name": name})
		runs = frappe.get_all("Dunning Run", filters={"company": make.COMPANY}, pluck="name")
		for doctype, field in (("Dunning Run Row", "dunning_run"), ("Dunning Run", "name")):
			frappe.db.delete(doctype, {field: ("in", runs or [""])})
		for doctype, field in (("Payment Entry", "party"), ("Sales Invoice", "customer")):
			for name in frappe.get_all(
				doctype,
				filters={field: ("in", CUSTOMERS), "docstatus": 1},
				pluck="name",
				order_by="creation desc",
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
