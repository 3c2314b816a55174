# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from decimal import Decimal

import frappe

from sales_crm_accounts.sales_crm_accounts.report.approval_turnaround import approval_turnaround as report
from sales_crm_accounts.services.approvals import decisions
from sales_crm_accounts.tests import approval_factories as af
from sales_crm_accounts.tests.approval_mail_case import ApprovalTestCase

CHAIN = "SCA Turnaround Chain"
DAY = "2026-08-03"  # a Monday


class TestApprovalTurnaround(ApprovalTestCase):
	"""Two requests through two levels, one of them rejected on the second, and one that was withdrawn."""

	def setUp(self):
		super().setUp()
		af.make_chain(
			CHAIN, levels=[af.by(af.FIRST, 1, title="Finance"), af.by(af.BOSS, 2, title="Management")]
		)
		self.approved = self.decided("Approved", (9, 10, 12), 12)
		self.rejected = self.decided("Rejected", (9, 13, 18), 18)
		withdrawn = self.ask(af.draft(700))
		decisions.withdraw(withdrawn.name, user=af.REQUESTER)
		frappe.db.set_value("Approval Request", withdrawn.name, "completed_on", f"{DAY} 17:00:00")
		frappe.db.commit()

	def decided(self, decision, hours, done):
		"""Asked at the first hour, level 1 signed at the second, level 2 at the third, all on one day."""
		request = self.ask(af.draft(500))
		decisions.decide(request.name, "Approved", user=af.FIRST)
		decisions.decide(request.name, decision, "said", user=af.BOSS)
		moments = [f"{DAY} {hour:02}:00:00" for hour in hours]
		for user, asked, signed in ((af.FIRST, *moments[:2]), (af.BOSS, *moments[1:])):
			frappe.db.set_value(
				"Approval Request Approver", {"parent": request.name, "user": user},
				{"asked_on": asked, "signed_on": signed},
			)  # fmt: skip
		frappe.db.set_value(
			"Approval Request", request.name,
			{"requested_on": moments[0], "completed_on": f"{DAY} {done:02}:00:00"},
		)  # fmt: skip
		return request.name

	def run_report(self, **filters):
		return report.execute({"chain": CHAIN, "from_date": DAY, "to_date": DAY, **filters})

	def test_whole_rows(self):
		"""Whole: 3 and 9 hours. Level 1: 1 and 4. Level 2: 2 and 5."""
		columns, rows, _message, chart, summary = self.run_report()
		base = {"chain": CHAIN, "requests": 2, "longest_request": self.rejected}
		self.assertEqual(
			rows,
			[
				{
					**base,
					"level": 0,
					"step": "Whole request",
					"median": 6,
					"mean": 6,
					"ninety": 9,
					"longest": 9,
				},
				{
					**base,
					"level": 1,
					"step": "Finance",
					"median": 2.5,
					"mean": 2.5,
					"ninety": 4,
					"longest": 4,
				},
				{
					**base,
					"level": 2,
					"step": "Management",
					"median": 3.5,
					"mean": 3.5,
					"ninety": 5,
					"longest": 5,
				},
			],
		)
		self.assertEqual({column["fieldname"] for column in columns}, set(rows[0]))
		self.assertEqual([card["value"] for card in summary], [2, 1, "9.0"])
		self.assertEqual(chart["data"]["datasets"][0]["values"], [6, 2.5, 3.5])

	def test_period_and_rights(self):
		self.assertEqual(self.run_report(from_date="2026-08-04", to_date=None)[1], [])
		with af.as_user(af.COLLEAGUE):
			self.assertEqual(self.run_report()[1], [])
		with af.as_user(af.APPROVAL_MANAGER):
			self.assertEqual(len(self.run_report()[1]), 3)

	def test_nine_of_ten(self):
		"""Nearest rank: of ten values the ninth, of eleven the tenth, of one itself."""
		taken = lambda count: [(Decimal(number), f"R{number:02}") for number in range(1, count + 1)]  # noqa: E731
		self.assertEqual(report.measures(taken(10))["ninety"], 9)
		self.assertEqual(report.measures(taken(11))["ninety"], 10)
		self.assertEqual(report.measures(taken(1))["ninety"], 1)

	def test_statements(self):
		self.run_report()
		with self.assertQueryCount(4):
			self.run_report()
