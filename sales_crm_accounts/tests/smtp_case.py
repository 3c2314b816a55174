"""What tests of mails share: an SMTP server on the loopback, which takes them or refuses the address."""

import contextlib
import email
import email.policy
import smtplib
from unittest.mock import patch

import frappe

from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests.test_approval_notify import MailServer


class SmtpCase(SiteTestCase):
	def flush(self, messages, refused=()) -> dict:
		"""Send the mails through an SMTP server on the loopback, until the queue gives up: recipient -> message received."""
		server = MailServer()
		server.refused.update(refused)
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
					name = message.reload().email_queue
					while (queue := frappe.get_doc("Email Queue", name)).is_to_be_sent():
						with contextlib.suppress(smtplib.SMTPRecipientsRefused):
							queue.send()
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
