"""Who is told of a request, how, and in which language; a mail that fails stops nobody."""

import socketserver
import threading
from unittest.mock import patch

import frappe
from frappe.utils import add_days, today

from sales_crm_accounts.services.approvals import decisions, notify, posting, requests
from sales_crm_accounts.tests import approval_factories as af
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_mail_case import ApprovalTestCase


class MailServer(socketserver.ThreadingTCPServer):
	"""An SMTP server on the loopback that keeps what it is given: (recipients, message); it knows no user of `refused`."""

	allow_reuse_address = True
	daemon_threads = True

	def __init__(self):
		self.received, self.refused = [], set()
		super().__init__(("127.0.0.1", 0), MailSession)
		threading.Thread(target=self.serve_forever, daemon=True).start()


class MailSession(socketserver.StreamRequestHandler):
	def handle(self):
		recipients = []
		self.say("220 loopback")
		for line in self.rfile:
			word = line.decode().strip()
			if word.upper().startswith("RCPT TO:"):
				address = word[8:].strip().strip("<>").split(">")[0]
				if address in self.server.refused:
					self.say("550 5.1.1 no such user")
					continue
				recipients.append(address)
			elif word.upper() == "DATA":
				self.say("354 go on")
				body = []
				for part in self.rfile:
					if part == b".\r\n":
						break
					body.append(part)
				self.server.received.append((recipients, b"".join(body).decode()))
				recipients = []
			elif word.upper() == "QUIT":
				self.say("221 bye")
				return
			self.say("250 ok")

	def say(self, text: str):
		self.wfile.write(text.encode() + b"\r\n")


class TestApprovalNotify(ApprovalTestCase):
	def test_those_who_are_asked_and_nobody_else(self):
		"""Level 1 by role: its three holders are told. Level 2 is told when level 1 has signed; the requester when all is done."""
		af.make_chain(levels=[af.level(1), af.by(af.BOSS, 2)])
		request = self.ask(af.draft())
		self.tell()
		self.assertEqual({mail.to for mail in self.mails()}, {af.FIRST, af.SECOND, af.THIRD})
		self.assertEqual(self.bells(af.BOSS), [])
		decisions.decide(request.name, "Approved", user=af.FIRST)
		frappe.db.commit()
		self.tell()
		self.assertEqual([mail.to for mail in self.mails()[3:]], [af.BOSS])
		decisions.decide(request.name, "Approved", "Fine with me", user=af.BOSS)
		frappe.db.commit()
		self.tell()
		mails = self.mails()[4:]
		self.assertEqual([mail.to for mail in mails], [af.REQUESTER])
		self.assertEqual(mails[0].subject, f"Approved: Journal Entry {request.reference_name}, $ 500.00")
		self.assertIn("Fine with me", mails[0].text)
		self.assertIn("It is being posted in your name.", mails[0].text)

	def test_what_the_mail_says(self):
		"""Who asks, what for, how much, why you, until when, what will be posted, and where to decide."""
		af.make_chain(levels=[af.level(1, title="Finance", escalate_after=8)])
		entry = af.draft(1234.5)
		with af.as_user(af.REQUESTER):
			request = requests.open_request(entry, comment="Month end <b>accrual</b>")
		frappe.db.commit()
		self.tell()
		mail = self.mails(af.FIRST)[0]
		self.assertEqual(mail.subject, f"Approval needed: Journal Entry {entry.name}, $ 1,234.50")
		for text in (
			frappe.utils.get_fullname(af.REQUESTER),
			"$ 1,234.50",
			"Finance · has the role SCA Approver",
			"Month end <b>accrual</b>",
			f"{make.BANK}  Debit $ 1,234.50",
			f"Sales - {make.ABBR}  Credit $ 1,234.50",
			"/approval?token=",
			f"/app/approval-request/{request.name}",
		):
			self.assertIn(text, mail.text)
		self.assertIn("Month end &lt;b&gt;accrual&lt;/b&gt;", mail.html)
		self.assertNotIn("<b>accrual</b>", mail.html)
		self.assertNotIn("[]", mail.text)

	def test_each_reads_their_own_language(self):
		frappe.db.set_value("User", af.SECOND, "language", "zh")
		frappe.clear_document_cache("User", af.SECOND)
		af.make_chain()
		entry = af.draft()
		self.ask(entry)
		language = frappe.local.lang
		self.tell()
		self.assertEqual(frappe.local.lang, language)
		self.assertEqual(frappe.session.user, "Administrator")
		self.assertIn(frappe._("Approve this document?", "zh"), self.mails(af.SECOND)[0].html)
		self.assertNotIn("Approve this document?", self.mails(af.SECOND)[0].html)
		self.assertNotIn("Approval needed", self.bells(af.SECOND)[0])
		self.assertIn("Approve this document?", self.mails(af.FIRST)[0].html)

	def test_preferences_and_the_switch_for_all(self):
		"""Daily Digest and None get no single mail, but the bell; with mails switched off nobody gets any."""
		for user, mode in ((af.FIRST, "Daily Digest"), (af.SECOND, "None")):
			frappe.get_doc({"doctype": "Approval Preference", "user": user, "mail_mode": mode}).insert()
		af.make_chain()
		self.ask(af.draft())
		self.tell()
		self.assertEqual([mail.to for mail in self.mails()], [af.THIRD])
		for user in (af.FIRST, af.SECOND, af.THIRD):
			self.assertEqual(len(self.bells(user)), 1, user)
		self.settings(approval_mails=0)
		self.ask(af.draft(700))
		self.tell()
		self.assertEqual(len(self.mails()), 1)
		self.assertEqual(len(self.bells(af.THIRD)), 2)

	def test_a_delegate_is_asked_too_and_told_for_whom(self):
		frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"delegator": af.BOSS,
				"delegate": af.STAND_IN,
				"from_date": today(),
				"to_date": add_days(today(), 3),
			}
		).insert()
		self.addCleanup(frappe.db.delete, "Approval Delegation", {"delegator": af.BOSS})
		af.make_chain(levels=[af.by(af.BOSS)])
		self.ask(af.draft())
		self.tell()
		self.assertEqual({mail.to for mail in self.mails()}, {af.BOSS, af.STAND_IN})
		self.assertIn("You act for Boss until", self.mails(af.STAND_IN)[0].text)
		self.assertNotIn("You act for", self.mails(af.BOSS)[0].text)

	def test_decided_meanwhile_and_disabled_are_not_written_to(self):
		af.make_chain()
		request = self.ask(af.draft())
		decisions.decide(request.name, "Approved", user=af.SECOND)
		frappe.db.commit()
		frappe.db.set_value("User", af.REQUESTER, "enabled", 0)
		self.tell()
		self.assertEqual(self.mails(), [])

	def test_rejected_question_answer_superseded(self):
		af.make_chain()
		request = self.ask(af.draft())
		self.tell()
		decisions.ask(request.name, af.REQUESTER, "Which contract?", user=af.FIRST)
		frappe.db.commit()
		self.tell()
		question = self.mails(af.REQUESTER)[-1]
		self.assertTrue(question.subject.startswith("Question from First: Journal Entry"))
		self.assertIn("Which contract?", question.text)
		decisions.answer(request.name, "Number 12.", user=af.REQUESTER)
		frappe.db.commit()
		self.tell()
		answer = self.mails(af.FIRST)[-1]
		self.assertTrue(answer.subject.startswith(f"Answer from {frappe.utils.get_fullname(af.REQUESTER)}: "))
		self.assertIn("Number 12.", answer.text)
		self.assertEqual(len(self.mails(af.SECOND)), 1)
		decisions.decide(request.name, "Rejected", "Wrong account", user=af.SECOND)
		frappe.db.commit()
		self.tell()
		rejected = self.mails(af.REQUESTER)[-1]
		self.assertTrue(rejected.subject.startswith("Rejected: "))
		self.assertIn("Second: Wrong account", rejected.text)
		# Withdrawn: who was asked hears it by the bell alone.
		request = self.ask(af.draft(900))
		self.tell()
		count = len(self.mails(af.FIRST))
		decisions.withdraw(request.name, user=af.REQUESTER)
		frappe.db.commit()
		self.tell()
		self.assertEqual(len(self.mails(af.FIRST)), count)
		self.assertTrue(self.bells(af.FIRST)[-1].startswith("No longer needed: "))

	def test_posting_that_failed(self):
		"""Approved and not posted: the requester reads why; a requester that no mail reaches is replaced by Approval Managers."""
		af.make_chain()
		entry = af.draft()
		request = self.ask(entry)
		decisions.decide(request.name, "Approved", user=af.FIRST)
		frappe.db.commit()
		self.told.clear()
		frappe.db.set_value("Account", make.BANK, "freeze_account", "Yes")
		frozen = frappe.db.get_single_value("Accounts Settings", "frozen_accounts_modifier")
		frappe.db.set_single_value("Accounts Settings", "frozen_accounts_modifier", "System Manager")
		frappe.db.commit()
		try:
			posting.post(request.name)
		finally:
			frappe.db.set_value("Account", make.BANK, "freeze_account", "No")
			frappe.db.set_single_value("Accounts Settings", "frozen_accounts_modifier", frozen)
			frappe.db.commit()
		self.assertEqual(frappe.db.get_value("Journal Entry", entry.name, "docstatus"), 0)
		self.tell()
		mail = self.mails(af.REQUESTER)[0]
		self.assertTrue(mail.subject.startswith("Approved, but not posted: "))
		self.assertIn("frozen", mail.text)
		billing_user = frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user")
		frappe.db.set_value("Approval Request", request.name, "requester", billing_user)
		notify.send("posting_failed", request.name, [])
		self.assertEqual([mail.to for mail in self.mails()][1:], [af.APPROVAL_MANAGER])

	def test_a_mail_that_fails_stops_nobody(self):
		"""No mail server, or a template that breaks: the submit was answered, the bell rang for the others, the error is logged."""
		af.make_chain()
		request = self.ask(af.draft())
		real = frappe.sendmail

		def broken(recipients, **values):
			if recipients == [af.SECOND]:
				raise frappe.OutgoingEmailError("no server")
			return real(recipients=recipients, **values)

		with patch("frappe.sendmail", side_effect=broken):
			self.tell()
		self.assertEqual({mail.to for mail in self.mails()}, {af.FIRST, af.THIRD})
		self.assertTrue(
			frappe.db.exists(
				"Error Log",
				{"reference_name": request.name, "method": f"Approval mail to {af.SECOND}"},
			)
		)
		self.assertEqual(
			af.request_of(frappe.get_doc("Journal Entry", request.reference_name)).status, "Open"
		)

	def test_a_queue_that_is_down_stops_nobody(self):
		af.make_chain()
		patch.stopall()
		with patch("frappe.enqueue", side_effect=ConnectionError("redis")):
			request = self.ask(af.draft())
		self.assertEqual(request.status, "Open")
		self.assertTrue(
			frappe.db.exists("Error Log", {"method": f"Approval mails of {request.name} not made"})
		)

	def test_it_goes_over_the_wire(self):
		"""Through a real SMTP session: one mail a person, addressed to that person alone."""
		af.make_chain()
		self.ask(af.draft())
		self.tell()
		server = MailServer()
		self.addCleanup(server.server_close)
		self.addCleanup(server.shutdown)
		account = frappe.get_doc("Email Account", {"default_outgoing": 1})
		kept = (account.smtp_server, account.smtp_port)
		frappe.db.set_value(
			"Email Account",
			account.name,
			{"smtp_server": "127.0.0.1", "smtp_port": server.server_address[1], "use_tls": 0},
		)
		self.addCleanup(
			frappe.db.set_value,
			"Email Account",
			account.name,
			dict(zip(("smtp_server", "smtp_port"), kept, strict=True)),
		)
		frappe.clear_document_cache("Email Account", account.name)
		frappe.local.outgoing_email_account = {}
		with patch.dict(frappe.flags, {"in_test": False, "testing_email": True}):
			for mail in self.mails():
				frappe.get_doc("Email Queue", mail.name).send()
		self.assertEqual(
			sorted(recipients for recipients, _message in server.received),
			[[af.FIRST], [af.SECOND], [af.THIRD]],
		)
		for recipients, message in server.received:
			self.assertIn(f"To: {recipients[0]}", message)
