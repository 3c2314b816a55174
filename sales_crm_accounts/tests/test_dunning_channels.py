"""Levels by SMS and task, quiet days, and a level that is told again; text messages through a real gateway on the loopback."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import frappe
from frappe.utils import today

from sales_crm_accounts.api import dunning as api
from sales_crm_accounts.services.receivables import dunning_run, dunning_sending
from sales_crm_accounts.setup import sample
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.dunning_case import CHINESE, COLLECTOR, COVERED, MAIL, DunningCase, day, text

QUIET = "SCA Ladder Quiet Days"
NUMBER, BROKEN_NUMBER = "+1 555 0100", "+1 555 0199"


class Gateway(BaseHTTPRequestHandler):
	"""Keeps what it is given; one number does not work."""

	def do_GET(self):
		words = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
		self.server.received.append((words["to"], words["text"]))
		self.send_response(500 if words["to"] == BROKEN_NUMBER.replace(" ", "") else 200)
		self.send_header("Content-Length", "0")
		self.end_headers()

	def log_message(self, *args):
		pass


class TestDunningChannels(DunningCase):
	def setUp(self):
		super().setUp()
		self.gateway = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
		self.gateway.received = []
		threading.Thread(target=self.gateway.serve_forever, daemon=True).start()
		self.addCleanup(self.gateway.server_close)
		self.addCleanup(self.gateway.shutdown)
		settings = frappe.get_doc("SMS Settings")
		kept = {
			field: settings.get(field)
			for field in ("sms_gateway_url", "message_parameter", "receiver_parameter")
		}
		self.addCleanup(frappe.db.commit)
		self.addCleanup(frappe.db.set_single_value, "SMS Settings", kept)
		self.sms_settings(sms_gateway_url=f"http://127.0.0.1:{self.gateway.server_port}/send")
		for customer, number in ((MAIL, NUMBER), (COVERED, BROKEN_NUMBER)):
			frappe.db.set_value("Customer", customer, "mobile_no", number)
			self.addCleanup(frappe.db.set_value, "Customer", customer, "mobile_no", None)
		sample.ensure(
			"Holiday List",
			QUIET,
			holiday_list_name=QUIET,
			from_date=day(-1),
			to_date=day(1),
			holidays=[{"holiday_date": today(), "description": "Quiet"}],
		)
		self.addCleanup(frappe.delete_doc, "Holiday List", QUIET, force=True)

	def sms_settings(self, **values):
		frappe.db.set_single_value(
			"SMS Settings", {"message_parameter": "text", "receiver_parameter": "to", **values}
		)
		frappe.clear_document_cache("SMS Settings", "SMS Settings")

	def test_sms_task_quiet_days_and_again(self):
		"""A and E get a text message 7 days after the due date, A's again after 5 days; B, 30 days late, becomes a task.

		Today is quiet: text messages wait, the task does not, as no customer sees it. E's number does not work: Failed, never tried
		again by itself.
		"""
		self.policy.update(
			{
				"one_step": 0,
				"min_gap_days": 0,
				"holiday_list": QUIET,
				"levels": [
					{"title": "First", "days": 7, "channel": "SMS", "repeat_after": 5},
					{"title": "Final", "days": 21, "channel": "Task", "assign_to": COLLECTOR},
				],
				"texts": [
					text("First", "en", "Please pay {{ total }}"),
					text("Final", "en", "Call them: {{ total }}"),
				],
			}
		)
		self.policy.save()
		self.invoice(MAIL, 100, 10)
		self.invoice(CHINESE, 150, 30)
		self.invoice(COVERED, 80, 9)
		run = dunning_run.run(make.COMPANY)
		self.assertEqual(self.passed(run), [(MAIL, "Quiet Day"), (COVERED, "Quiet Day")])
		(task,) = self.messages()
		self.assertEqual((task.channel, task.assigned_to), ("Task", COLLECTOR))
		self.assertEqual(api.release([task.name])["statuses"], ["Sent"])
		todo = frappe.get_last_doc("ToDo", {"reference_name": task.name})
		self.addCleanup(frappe.delete_doc, "ToDo", todo.name, force=True)
		self.assertEqual((todo.allocated_to, todo.status), (COLLECTOR, "Open"))
		self.assertIn("Call them: € 150.00", todo.description)

		self.policy.db_set("holiday_list", None)
		frappe.db.commit()
		self.assertEqual(dunning_run.run(make.COMPANY), run)
		by_customer = {message.customer: message for message in self.messages(channel="SMS")}
		self.assertEqual(set(by_customer), {MAIL, COVERED})
		self.policy.db_set("holiday_list", QUIET)
		self.assertMessage("quiet day", api.release, [by_customer[MAIL].name])
		self.policy.db_set("holiday_list", None)
		frappe.db.commit()
		api.release([message.name for message in by_customer.values()])
		for message in by_customer.values():
			dunning_sending.send(message.name)  # once more: nothing happens
			message.reload()
		self.assertEqual(by_customer[MAIL].status, "Sent")
		self.assertEqual(by_customer[COVERED].status, "Failed")
		self.assertIn("500", by_customer[COVERED].reason)
		received = dict(self.gateway.received)
		self.assertEqual((len(self.gateway.received), len(received)), (2, 2))
		self.assertTrue(received["+15550100"].startswith("Please pay $ 100.00"), received)

		# The level is told again after five days, not after four; the task's, which has no such number, never.
		for days, expected in ((4, 0), (5, 1)):
			with patch.object(dunning_run, "today", lambda days=days: str(day(days))):
				dunning_run.run(make.COMPANY)
			again = self.messages(customer=MAIL, status="Draft")
			self.assertEqual(len(again), expected)
		self.assertEqual(again[0].level_title, "First")
		self.assertEqual(self.messages(customer=CHINESE, status="Draft"), [])
