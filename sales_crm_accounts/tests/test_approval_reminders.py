"""Reminders and escalation in working hours, people who left, and the daily digest."""

from datetime import datetime

import frappe

from sales_crm_accounts.services.approvals import absence, decisions, reminders, steps
from sales_crm_accounts.tests import approval_factories as af
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_mail_case import ApprovalTestCase

#: A Monday; the holiday list of these tests has the weekends and Tuesday the 8th off.
MONDAY = datetime(2026, 9, 7, 10)
HOLIDAYS = ("2026-09-05", "2026-09-06", "2026-09-08", "2026-09-12", "2026-09-13")


class ReminderCase(ApprovalTestCase):
	def setUp(self):
		super().setUp()
		make.ensure(
			"Holiday List",
			"SCA Approval Holidays",
			holiday_list_name="SCA Approval Holidays",
			from_date="2026-01-01",
			to_date="2026-12-31",
			holidays=[{"holiday_date": day, "description": "off"} for day in HOLIDAYS],
		)
		before = frappe.db.get_value("Company", make.COMPANY, "default_holiday_list")
		frappe.db.set_value("Company", make.COMPANY, "default_holiday_list", "SCA Approval Holidays")
		self.addCleanup(frappe.db.set_value, "Company", make.COMPANY, "default_holiday_list", before)
		frappe.clear_document_cache("Company", make.COMPANY)

	def asked(self, *levels, on: datetime = MONDAY, entry=None):
		"""A request through these levels whose first level was asked at `on`; what was told until then is forgotten."""
		af.make_chain(levels=list(levels))
		request = self.ask(entry or af.draft())
		frappe.db.set_value(
			"Approval Request Approver", {"parent": request.name, "status": "Pending"}, "asked_on", on
		)
		frappe.db.commit()
		self.told.clear()
		return request

	def told_kinds(self) -> list[tuple]:
		found = [(kind, users) for kind, _request, users, _details in self.told]
		self.told.clear()
		return found

	def decisions_of(self, request) -> list[tuple]:
		return [
			(step.decision, step.to_user)
			for step in steps.of_request(request.name)
			if step.decision in ("Reminded", "Escalated")
		]

	def people(self, request) -> dict[str, str]:
		doc = frappe.get_doc("Approval Request", request.name)
		return {row.user: row.status for row in doc.approvers}


class TestReminders(ReminderCase):
	def test_after_working_hours(self):
		"""Asked on Monday at 10, reminder after 8 working hours: that day ends with 8 (18:00), Tuesday is off."""
		request = self.asked(af.by(af.FIRST, remind_after=8))
		reminders.remind(datetime(2026, 9, 7, 17, 59))
		self.assertEqual(self.told_kinds(), [])
		reminders.remind(datetime(2026, 9, 8, 12))
		self.assertEqual(self.told_kinds(), [], "nobody is reminded on a day off")
		reminders.remind(datetime(2026, 9, 9, 3))
		self.assertEqual(self.told_kinds(), [], "nobody is reminded at night")
		reminders.remind(datetime(2026, 9, 9, 9, 30))
		self.assertEqual(self.told_kinds(), [("reminded", [af.FIRST])])
		self.assertEqual(self.decisions_of(request), [("Reminded", af.FIRST)])
		self.assertEqual(steps.verify(request.name), [])

	def test_missed_days_bring_one_reminder(self):
		"""The scheduler stood still for a week: one reminder, and the next one eight working hours after it."""
		request = self.asked(af.by(af.FIRST, remind_after=8))
		reminders.remind(datetime(2026, 9, 16, 9))
		reminders.remind(datetime(2026, 9, 16, 10))
		self.assertEqual(self.told_kinds(), [("reminded", [af.FIRST])])
		reminders.remind(datetime(2026, 9, 16, 17, 30))
		self.assertEqual(self.told_kinds(), [("reminded", [af.FIRST])])
		self.assertEqual(self.decisions_of(request), [("Reminded", af.FIRST)] * 2)

	def test_who_has_decided_is_not_reminded(self):
		request = self.asked(af.level(1, rule="N of M", required_count=2, remind_after=1))
		decisions.decide(request.name, "Approved", user=af.FIRST)
		frappe.db.commit()
		self.told.clear()
		reminders.remind(datetime(2026, 9, 7, 12))
		self.assertEqual(self.told_kinds(), [("reminded", [af.SECOND, af.THIRD])])
		decisions.withdraw(request.name, user=af.REQUESTER)
		frappe.db.commit()
		self.told.clear()
		reminders.remind(datetime(2026, 9, 9, 12))
		self.assertEqual(self.told_kinds(), [])


class TestEscalation(ReminderCase):
	def setUp(self):
		super().setUp()
		af.employee(af.FIRST, frappe.db.get_value("Employee", {"user_id": af.BOSS}))
		frappe.db.commit()

	def test_to_the_manager_of_the_approver_once(self):
		"""After 8 hours the manager is asked, too; either of them signs. A second run escalates no further."""
		request = self.asked(af.by(af.FIRST, escalate_after=8, remind_after=0))
		reminders.remind(datetime(2026, 9, 9, 9))
		reminders.remind(datetime(2026, 9, 9, 10))
		self.assertEqual(self.told_kinds(), [("asked", [af.BOSS])])
		self.assertEqual(self.decisions_of(request), [("Escalated", af.BOSS)])
		self.assertEqual(self.people(request), {af.FIRST: "Pending", af.BOSS: "Pending"})
		decisions.decide(request.name, "Approved", user=af.BOSS)
		doc = frappe.get_doc("Approval Request", request.name)
		self.assertEqual(doc.status, "Approved")
		self.assertEqual(steps.verify(request.name), [])

	def test_all_have_to_sign_and_one_is_replaced(self):
		"""All three by role; who is asked in the place of one does not add a signature: three of the four."""
		request = self.asked(
			af.level(1, rule="All", escalate_after=8, escalate_to="User", escalate_user=af.BIG_BOSS)
		)
		reminders.remind(datetime(2026, 9, 9, 9))
		self.assertEqual(self.decisions_of(request), [("Escalated", af.BIG_BOSS)])
		for user in (af.FIRST, af.SECOND):
			decisions.decide(request.name, "Approved", user=user)
		self.assertEqual(frappe.db.get_value("Approval Request", request.name, "status"), "Open")
		decisions.decide(request.name, "Approved", user=af.BIG_BOSS)
		self.assertEqual(frappe.db.get_value("Approval Request", request.name, "status"), "Approved")

	def test_to_a_user_or_a_role(self):
		request = self.asked(
			af.by(af.FIRST, escalate_after=1, escalate_to="Role", escalate_role="Approval Manager")
		)
		reminders.remind(datetime(2026, 9, 9, 9))
		self.assertEqual(self.decisions_of(request), [("Escalated", af.APPROVAL_MANAGER)])

	def test_nobody_to_pass_it_on_to(self):
		"""The approver has no manager: Approval Managers are told once, and the request waits where it is."""
		request = self.asked(af.by(af.BIG_BOSS, escalate_after=1, remind_after=0))
		reminders.remind(datetime(2026, 9, 9, 9))
		reminders.remind(datetime(2026, 9, 10, 9))
		self.assertEqual(self.told_kinds(), [("stuck", [])])
		self.assertEqual(self.people(request), {af.BIG_BOSS: "Pending"})

	def test_never_to_the_author(self):
		"""The boss of the approver wrote the document: they do not approve it by escalation either."""
		frappe.get_doc("User", af.BOSS).add_roles(*af.ACCOUNTS)
		self.addCleanup(frappe.get_doc("User", af.BOSS).remove_roles, *af.ACCOUNTS)
		af.make_chain(levels=[af.by(af.FIRST, escalate_after=1, remind_after=0)])
		request = self.ask(af.draft(user=af.BOSS), user=af.BOSS)
		frappe.db.set_value("Approval Request Approver", {"parent": request.name}, "asked_on", MONDAY)
		frappe.db.commit()
		self.told.clear()
		reminders.remind(datetime(2026, 9, 9, 9))
		self.assertEqual(self.told_kinds(), [("stuck", [])])
		self.assertEqual(self.decisions_of(request), [])


class TestAbsence(ReminderCase):
	def leave(self, user: str):
		frappe.db.set_value("User", user, "enabled", 0)
		frappe.clear_document_cache("User", user)
		frappe.db.commit()

	def test_the_others_suffice(self):
		request = self.asked(af.level(1, rule="N of M", required_count=2))
		self.leave(af.FIRST)
		absence.replace_absent()
		self.assertEqual(
			self.people(request), {af.FIRST: "Not Needed", af.SECOND: "Pending", af.THIRD: "Pending"}
		)
		self.assertEqual(self.decisions_of(request), [("Escalated", None)])
		absence.replace_absent()
		self.assertEqual(len(self.decisions_of(request)), 1)
		for user in (af.SECOND, af.THIRD):
			decisions.decide(request.name, "Approved", user=user)
		self.assertEqual(frappe.db.get_value("Approval Request", request.name, "status"), "Approved")

	def test_the_manager_signs_instead(self):
		"""All have to sign: the one who left is replaced by the manager's manager, since the manager left, too."""
		af.employee(af.FIRST, frappe.db.get_value("Employee", {"user_id": af.BOSS}))
		request = self.asked(af.level(1, rule="All"))
		self.leave(af.FIRST)
		self.leave(af.BOSS)
		absence.replace_absent()
		self.assertEqual(
			{user: status for user, status in self.people(request).items() if status == "Pending"},
			dict.fromkeys((af.BIG_BOSS, af.SECOND, af.THIRD), "Pending"),
		)
		self.assertEqual(self.told_kinds(), [("asked", [af.BIG_BOSS])])
		self.assertEqual(self.decisions_of(request), [("Escalated", af.BIG_BOSS)])
		self.assertEqual(steps.verify(request.name), [])

	def test_of_a_level_that_is_asked_later(self):
		request = self.asked(af.by(af.FIRST, 1), af.by(af.BOSS, 2))
		self.leave(af.BOSS)
		absence.replace_absent()
		self.assertEqual(self.people(request), {af.FIRST: "Pending", af.BIG_BOSS: "Waiting"})

	def test_nobody_left(self):
		"""No manager: Approval Managers are told, once; nothing passes."""
		request = self.asked(af.by(af.BIG_BOSS))
		self.leave(af.BIG_BOSS)
		absence.replace_absent()
		absence.replace_absent()
		self.assertEqual(self.told_kinds(), [("stuck", [])])
		self.assertEqual(frappe.db.get_value("Approval Request", request.name, "status"), "Open")


class TestDigest(ApprovalTestCase):
	def digests(self):
		return [
			mail.to
			for mail in self.mails()
			if "wait for you" in mail.subject or "waits for you" in mail.subject
		]

	def test_once_a_day_after_the_set_time(self):
		"""At 7 nothing; at 11, after the hour of 8 was missed, one mail with both requests; the next day another."""
		for user in (af.FIRST, af.BOSS):
			frappe.get_doc(
				{"doctype": "Approval Preference", "user": user, "mail_mode": "Daily Digest"}
			).insert()
		af.make_chain()
		first, second = self.ask(af.draft(500)), self.ask(af.draft(600))
		self.tell()
		reminders.send_digests(datetime(2026, 9, 7, 7, 59))
		self.assertEqual(self.digests(), [])
		reminders.send_digests(datetime(2026, 9, 7, 11))
		reminders.send_digests(datetime(2026, 9, 7, 12))
		self.assertEqual(self.digests(), [af.FIRST], "nothing waits for the boss")
		mail = self.mails(af.FIRST)[-1]
		self.assertEqual(mail.subject, "2 approvals wait for you")
		for text in (first.reference_name, second.reference_name, "$ 500.00", "$ 600.00"):
			self.assertIn(text, mail.text)
		reminders.send_digests(datetime(2026, 9, 8, 8))
		self.assertEqual(self.digests(), [af.FIRST, af.FIRST])

	def test_the_hourly_run_posts_what_lost_its_job(self):
		"""Approved while no worker ran: the hourly run posts it, with the requester's name."""
		af.make_chain()
		entry = af.draft()
		request = self.ask(entry)
		decisions.decide(request.name, "Approved", user=af.FIRST)
		frappe.db.commit()
		self.assertEqual(frappe.db.get_value("Journal Entry", entry.name, "docstatus"), 0)
		reminders.sca_hourly_approvals()
		self.assertEqual(
			frappe.db.get_value("Journal Entry", entry.name, ["docstatus", "modified_by"]), (1, af.REQUESTER)
		)
		self.assertTrue(frappe.db.get_value("Approval Request", request.name, "posted"))
