"""Deciding from a mail: one link, one person, one time; everything else says so and changes nothing."""

import multiprocessing
import os
import re

import frappe
from frappe.utils import add_days, add_to_date, now_datetime, set_request, today
from frappe.website.serve import get_response

from sales_crm_accounts.api import approval_links as api
from sales_crm_accounts.services.approvals import decisions, links, requests
from sales_crm_accounts.tests import approval_factories as af
from sales_crm_accounts.tests.approval_mail_case import ApprovalTestCase

FORK = multiprocessing.get_context("fork")


class TestApprovalLinks(ApprovalTestCase):
	def link(self, user: str = af.FIRST, chain: dict | None = None, entry=None):
		"""(request, token) out of the mail that `user` got."""
		af.make_chain(**(chain or {}))
		frappe.db.commit()
		request = self.ask(entry or af.draft())
		self.tell()
		return request, self.token(user)

	def token(self, user: str) -> str:
		return re.search(r"/approval\?token=([\w-]+)", self.mails(user)[-1].text)[1]

	def page(self, token: str, user: str = "Guest") -> str:
		"""The page as it comes over HTTP, through the website's renderer."""
		before = frappe.session.user
		frappe.set_user(user)
		set_request(method="GET", path="/approval", query_string=f"token={token}")
		frappe.local.form_dict = frappe._dict(token=token)
		try:
			return get_response("approval").get_data(as_text=True)
		finally:
			frappe.local.request = None
			frappe.set_user(before)

	def decide(self, token: str, decision: str = "Approved", comment: str = "", user: str = "Guest"):
		frappe.set_user(user)
		try:
			return api.decide(token, decision, comment)
		finally:
			self.assertEqual(frappe.session.user, user)
			frappe.set_user("Administrator")

	def assertUnused(self, request, answer, text: str):
		"""The answer says why, and neither request nor steps have changed; it names neither request nor document."""
		self.assertFalse(answer["done"])
		self.assertIn(text, f"{answer['title']} {answer['text']}")
		self.assertNotIn(request.name, str(answer))
		self.assertNotIn(request.reference_name, str(answer))
		self.assertFalse(
			frappe.db.exists("Approval Step", {"request": request.name, "channel": "Mail"}),
			"a step was written",
		)

	def test_the_database_does_not_know_the_token(self):
		"""Only the SHA-256 of 256 random bits is kept; the mail itself is blanked in the queue once it is sent."""
		_request, token = self.link()
		self.assertEqual(len(token), 43)
		link = frappe.get_doc("Approval Link", {"user": af.FIRST, "token_hash": links.digest(token)})
		self.assertNotIn(token, frappe.as_json(link.as_dict()))
		mail = self.mails(af.FIRST)[-1]
		self.assertEqual((mail.reference_doctype, mail.reference_name), ("Approval Link", link.name))
		links.forget_sent()
		self.assertIn(token, self.mails(af.FIRST)[-1].text)
		frappe.db.set_value("Email Queue", mail.name, "status", "Sent")
		links.forget_sent()
		self.assertEqual(frappe.db.get_value("Email Queue", mail.name, "message"), links.NOT_KEPT)

	def test_looking_changes_nothing(self):
		"""Two looks, as a mail scanner's: the page shows what is asked, the request is as before, the link still decides."""
		request, token = self.link()
		before = frappe.get_doc("Approval Request", request.name).as_json()
		for _look in range(2):
			page = self.page(token)
			for text in ("Approve this document?", request.reference_name, "$ 500.00", 'value="Approved"'):
				self.assertIn(text, page)
		self.assertEqual(frappe.get_doc("Approval Request", request.name).as_json(), before)
		self.assertFalse(frappe.db.get_value("Approval Link", {"token_hash": links.digest(token)}, "used_on"))
		self.assertTrue(self.decide(token)["done"])

	def test_approve_once(self):
		request, token = self.link(chain={"levels": [af.level(1), af.by(af.BOSS, 2)]})
		answer = self.decide(token, comment="Fine")
		self.assertEqual((answer["done"], answer["title"]), (True, "Approved"))
		step = frappe.get_doc("Approval Step", {"request": request.name, "decision": "Approved"})
		self.assertEqual(
			(step.user, step.channel, step.comment, step.on_behalf_of or None),
			(af.FIRST, "Mail", "Fine", None),
		)
		self.assertEqual(frappe.db.get_value("Approval Request", request.name, "current_level"), 2)
		self.assertEqual(frappe.db.count("Approval Step", {"request": request.name}), 2)
		again = self.decide(token, "Rejected", "No")
		self.assertFalse(again["done"])
		self.assertEqual(again["title"], "This link was used")
		self.assertEqual(frappe.db.count("Approval Step", {"request": request.name}), 2)
		self.assertIn("This link was used", self.page(token))

	def test_reject_needs_a_comment_and_keeps_the_link(self):
		request, token = self.link()
		answer = self.decide(token, "Rejected")
		self.assertIn("Say why you reject it", answer["text"])
		self.assertNotIn("over", answer)
		self.assertEqual(frappe.db.get_value("Approval Request", request.name, "status"), "Open")
		self.assertTrue(self.decide(token, "Rejected", "Wrong account")["done"])
		self.assertEqual(frappe.db.get_value("Approval Request", request.name, "status"), "Rejected")

	def test_a_comment_where_the_level_asks_for_one(self):
		request, token = self.link(chain={"levels": [af.level(1, comment_required=1)]})
		self.assertIn("Comment (needed)", self.page(token))
		self.assertUnused(request, self.decide(token), "asks for a comment")
		self.assertTrue(self.decide(token, comment="Checked")["done"])

	def test_no_link_where_an_attachment_is_needed_or_mails_may_not_decide(self):
		af.make_chain(levels=[af.level(1, attachment_required=1)])
		self.ask(af.draft())
		self.tell()
		self.assertNotIn("/approval?token=", self.mails(af.FIRST)[-1].text)
		self.settings(approve_by_mail=0)
		af.make_chain()
		self.ask(af.draft(800))
		self.tell()
		self.assertNotIn("/approval?token=", self.mails(af.FIRST)[-1].text)

	def test_forged_cut_off_and_empty(self):
		request, token = self.link()
		flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
		for forged in (flipped, token[:-1], token + "x", "", "' or 1=1 --", links.digest(token)):
			with self.subTest(forged=forged):
				self.assertUnused(request, self.decide(forged), "This link is not valid")
				page = self.page(forged)
				self.assertIn("This link is not valid", page)
				self.assertNotIn(request.reference_name, page)

	def test_expired_and_switched_off(self):
		request, token = self.link()
		name = frappe.db.get_value("Approval Link", {"token_hash": links.digest(token)})
		frappe.db.set_value("Approval Link", name, "expires_on", add_to_date(now_datetime(), seconds=-1))
		self.assertUnused(request, self.decide(token), "This link has expired")
		self.assertIn("This link has expired", self.page(token))
		frappe.db.set_value("Approval Link", name, "expires_on", add_to_date(now_datetime(), hours=1))
		self.settings(approve_by_mail=0)
		self.assertUnused(request, self.decide(token), "switched off")

	def test_it_expires_after_the_hours_of_the_settings(self):
		self.settings(approval_link_hours=5)
		_request, token = self.link()
		expires = frappe.db.get_value("Approval Link", {"token_hash": links.digest(token)}, "expires_on")
		self.assertAlmostEqual((expires - now_datetime()).total_seconds(), 5 * 3600, delta=120)

	def test_of_somebody_else_who_is_logged_in(self):
		"""The link belongs to its user: another one who is logged in is refused, the user themselves may be logged in."""
		request, token = self.link()
		self.assertUnused(request, self.decide(token, user=af.SECOND), "This link belongs to somebody else")
		self.assertNotIn(request.reference_name, self.page(token, user=af.SECOND))
		self.assertTrue(self.decide(token, user=af.FIRST)["done"])

	def test_not_waiting_any_more(self):
		"""Decided by another, superseded by a change, withdrawn, user disabled, document gone: each time nothing is left."""

		def by_another(request):
			decisions.decide(request.name, "Approved", user=af.SECOND)

		def changed(request):
			entry = frappe.get_doc("Journal Entry", request.reference_name)
			for row in entry.accounts:
				row.debit_in_account_currency *= 2
				row.credit_in_account_currency *= 2
			entry.save()

		def withdrawn(request):
			decisions.withdraw(request.name, user=af.REQUESTER)

		def disabled(request):
			frappe.db.set_value("User", af.FIRST, "enabled", 0)
			frappe.clear_document_cache("User", af.FIRST)

		def deleted(request):
			frappe.delete_doc("Journal Entry", request.reference_name)

		for happens in (by_another, changed, withdrawn, disabled, deleted):
			with self.subTest(happens=happens.__name__):
				request, token = self.link(entry=af.draft())
				happens(request)
				frappe.db.commit()
				self.assertUnused(request, self.decide(token), "There is nothing left to decide")
				self.assertNotIn(request.reference_name, self.page(token))
				frappe.db.set_value("User", af.FIRST, "enabled", 1)
				frappe.clear_document_cache("User", af.FIRST)
				frappe.db.commit()

	def test_changed_by_sql_meanwhile(self):
		"""The content in the database is compared at that moment, not the request's status alone."""
		request, token = self.link()
		row = frappe.db.get_value("Journal Entry Account", {"parent": request.reference_name, "idx": 1})
		frappe.db.set_value("Journal Entry Account", row, "account", f"Cash - {af.make.ABBR}")
		self.assertUnused(request, self.decide(token), "The document was changed")

	def test_asked_again_needs_a_new_link(self):
		"""Level 2 sends back to level 1: the link of the first time is over, that of the second decides."""
		request, old = self.link(chain={"levels": [af.by(af.FIRST, 1), af.by(af.BOSS, 2)]})
		decisions.decide(request.name, "Approved", user=af.FIRST)
		decisions.send_back(request.name, 1, "Look again", user=af.BOSS)
		frappe.db.commit()
		self.tell()
		new = self.token(af.FIRST)
		self.assertNotEqual(old, new)
		self.assertEqual(self.decide(old)["title"], "There is nothing left to decide")
		self.assertTrue(self.decide(new)["done"])

	def test_a_reminder_leaves_the_first_link_usable(self):
		from sales_crm_accounts.services.approvals import notify

		request, first = self.link()
		notify.send("reminded", request.name, [af.FIRST])
		self.assertNotEqual(self.token(af.FIRST), first)
		self.assertTrue(self.decide(first)["done"])

	def test_a_delegate_decides_by_their_own_link(self):
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
		request, token = self.link(user=af.STAND_IN, chain={"levels": [af.by(af.BOSS)]})
		self.assertTrue(self.decide(token)["done"])
		step = frappe.get_doc("Approval Step", {"request": request.name, "decision": "Approved"})
		self.assertEqual((step.user, step.on_behalf_of), (af.STAND_IN, af.BOSS))
		self.assertTrue(step.delegation)

	def test_two_clicks_at_the_same_moment(self):
		"""Two processes use one link: one decision, one refusal."""
		request, token = self.link(chain={"levels": [af.level(1, rule="N of M", required_count=2)]})
		frappe.db.commit()
		site, sites_path = frappe.local.site, frappe.local.sites_path

		def click():
			frappe.local.db = None
			frappe.init(site=site, sites_path=sites_path, force=True)
			frappe.connect()
			frappe.flags.in_test = True
			frappe.set_user("Guest")
			try:
				api.decide(token, "Approved")
				frappe.db.commit()
			finally:
				os._exit(0)

		workers = [FORK.Process(target=click) for _number in range(2)]
		for worker in workers:
			worker.start()
		for worker in workers:
			worker.join(60)
		frappe.db.rollback()
		self.assertEqual(frappe.db.count("Approval Step", {"request": request.name, "channel": "Mail"}), 1)
		self.assertEqual(
			requests.progress_of(frappe.get_doc("Approval Request", request.name)).complete, False
		)

	def test_in_the_readers_language(self):
		frappe.db.set_value("User", af.FIRST, "language", "zh")
		frappe.clear_document_cache("User", af.FIRST)
		_request, token = self.link()
		page = self.page(token)
		self.assertIn('<html lang="zh">', page)
		self.assertIn(frappe._("Approve this document?", "zh"), page)
		self.assertNotIn("Approve this document?", page)
		self.assertEqual(self.decide(token)["title"], frappe._("Approved", "zh"))

	def test_guessing_is_slowed_down(self):
		"""Thirty attempts in ten minutes from one address, not more."""
		set_request(method="POST", path="/api/method/sales_crm_accounts.api.approval_links.decide")
		frappe.local.request_ip = f"test-{frappe.generate_hash(length=8)}"
		try:
			for _attempt in range(30):
				self.assertFalse(api.decide("x" * 43, "Approved")["done"])
			self.assertRaises(frappe.RateLimitExceededError, api.decide, "x" * 43, "Approved")
		finally:
			frappe.local.request = None

	def test_only_by_post(self):
		self.assertEqual(frappe.allowed_http_methods_for_whitelisted_func[api.decide], ["POST"])
		self.assertIn(api.decide, frappe.guest_methods)
