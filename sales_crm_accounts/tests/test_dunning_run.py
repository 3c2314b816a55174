"""Dunning runs on a real site: killed ones, a fixed number of statements, and what a policy refuses."""

from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.api import dunning as api
from sales_crm_accounts.services.receivables import dunning_run, dunning_sending
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.dunning_case import (
	CHINESE,
	COLLECTOR,
	COVERED,
	MAIL,
	POLICY,
	PROMISED,
	DunningCase,
	text,
)


class TestDunningRun(DunningCase):
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
