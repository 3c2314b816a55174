# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from datetime import datetime
from unittest.mock import patch

import frappe

from sales_crm_accounts.sales_crm_accounts.report.approvals_waiting import approvals_waiting as report
from sales_crm_accounts.tests import approval_factories as af
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_mail_case import ApprovalTestCase

CHAIN = "SCA Waiting Chain"


class TestApprovalsWaiting(ApprovalTestCase):
	"""Two requests on a Monday (7 September 2026), looked at on that day at 17:00; a working day has nine hours."""

	def setUp(self):
		super().setUp()
		af.make_chain(
			CHAIN, levels=[af.by(af.FIRST, 1, title="Finance"), af.by(af.BOSS, 1, title="Management")]
		)
		self.old = self.ask(af.draft(500))
		self.new = self.ask(af.draft(900))
		for request, asked in ((self.old, "2026-09-04 10:00:00"), (self.new, "2026-09-07 14:30:00")):
			frappe.db.set_value("Approval Request Approver", {"parent": request.name}, "asked_on", asked)
		holidays = frappe.db.get_value("Company", make.COMPANY, "default_holiday_list")
		make.ensure(
			"Holiday List", "SCA Weekend", holiday_list_name="SCA Weekend", from_date="2026-09-01", to_date="2026-09-30",
			holidays=[{"holiday_date": day, "description": "off"} for day in ("2026-09-05", "2026-09-06")],
		)  # fmt: skip
		frappe.db.set_value("Company", make.COMPANY, "default_holiday_list", "SCA Weekend")
		self.addCleanup(frappe.db.set_value, "Company", make.COMPANY, "default_holiday_list", holidays)
		frappe.clear_document_cache("Company", make.COMPANY)
		frappe.db.commit()

	def run_report(self, **filters):
		with patch.object(report, "now_datetime", return_value=datetime(2026, 9, 7, 17)):
			return report.execute({"chain": CHAIN, **filters})

	def row(self, request, user, hours, age, title, asked):
		return {
			"user": user, "full_name": frappe.utils.get_fullname(user), "request": request.name,
			"reference_doctype": "Journal Entry", "reference_name": request.reference_name, "title": request.title,
			"party_name": request.party_name, "company": make.COMPANY, "amount": request.amount, "currency": "USD",
			"level_title": title, "requester": af.REQUESTER, "asked_on": asked, "reminded_on": None,
			"escalated_on": None, "hours": hours, "range": age,
		}  # fmt: skip

	def test_whole_rows(self):
		"""Friday 10:00 to 18:00 and Monday 9:00 to 17:00 are 16 working hours; 14:30 to 17:00 are 2.5."""
		columns, rows, _message, chart, summary = self.run_report()
		friday, monday = datetime(2026, 9, 4, 10), datetime(2026, 9, 7, 14, 30)
		expected = [
			self.row(self.old, af.FIRST, 16, "8 to 24 h", "Finance", friday),
			self.row(self.old, af.BOSS, 16, "8 to 24 h", "Management", friday),
			self.row(self.new, af.FIRST, 2.5, "Up to 4 h", "Finance", monday),
			self.row(self.new, af.BOSS, 2.5, "Up to 4 h", "Management", monday),
		]
		self.assertEqual(rows, expected)
		self.assertEqual({column["fieldname"] for column in columns}, set(expected[0]))
		self.assertEqual([card["value"] for card in summary], [2, 2, "16.0", 0])
		self.assertEqual(
			[series["values"] for series in chart["data"]["datasets"]], [[1, 1], [0, 0], [1, 1], [0, 0]]
		)

	def test_people_and_ranges(self):
		_columns, rows, *_rest = self.run_report(view="People", range1=1, range2=2, range3=3, user=af.FIRST)
		self.assertEqual(
			rows,
			[
				{
					"user": af.FIRST, "full_name": frappe.utils.get_fullname(af.FIRST), "waiting": 2,
					"b0": 0, "b1": 0, "b2": 1, "b3": 1, "longest": 16,
				}
			],
		)  # fmt: skip
		self.assertIn("have to rise", self.run_report(range1=8, range2=4, range3=24)[2])

	def test_each_sees_what_they_may_read(self):
		for user, count in ((af.APPROVAL_MANAGER, 4), (af.REQUESTER, 4), (af.COLLEAGUE, 0), (af.FIRST, 4)):
			with self.subTest(user=user), af.as_user(user):
				self.assertEqual(len(self.run_report()[1]), count)

	def test_statements(self):
		self.run_report()
		with self.assertQueryCount(3):
			self.run_report()
