# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.utils import add_days, add_to_date, now_datetime, today

from sales_crm_accounts.sales_crm_accounts.report.deal_pipeline import deal_pipeline as report
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestDealPipeline(SiteTestCase):
	def setUp(self):
		super().setUp()
		self.territory = f"SCA {frappe.generate_hash(length=8)}"
		make.ensure("Territory", self.territory, territory_name=self.territory)
		self.first, self.second = frappe.get_all(
			"Deal Stage", {"stage_type": "Open", "disabled": 0}, pluck="name", order_by="sequence", limit=2
		)

	def run_report(self, **filters):
		return report.execute({"company": make.COMPANY, "territory": self.territory, **filters})

	def deal(self, amount, stage, probability, age, stay, **values):
		deal = make.make_deal(
			items=[(make.SERVICE, 1, amount)],
			territory=self.territory,
			stage=stage,
			transaction_date=add_days(today(), -age),
			**values,
		)
		frappe.db.set_value("Deal", deal.name, "probability", probability)
		frappe.db.set_value(
			"Deal Stage Log", deal.stage_log[-1].name, "entered_on", add_to_date(now_datetime(), days=-stay)
		)
		return deal

	def test_whole_rows(self):
		"""1,000.00 at 20 % and 3,000.00 at 40 % in the first stage, 500.00 at 50 % in the second; a won deal is not in the pipeline."""
		self.deal(1000, self.first, 20, age=10, stay=4, expected_close_date=add_days(today(), -1))
		self.deal(3000, self.first, 40, age=21, stay=9, expected_close_date=add_days(today(), 5))
		moved = self.deal(500, self.second, 50, age=3, stay=1, expected_close_date=add_days(today(), 5))
		won = self.deal(9999, self.first, 10, age=1, stay=1)
		won.reload()
		won.submit()
		# One stay of two days, ended, in the first stage; the won deal left it after about a day (86,400 s).
		# Written past the deal: saving it keeps the log as the database has it.
		frappe.get_doc(
			{
				"doctype": "Deal Stage Log",
				"parent": moved.name,
				"parenttype": "Deal",
				"parentfield": "stage_log",
				"idx": len(moved.stage_log) + 1,
				"stage": self.first,
				"entered_on": "2026-01-01 10:00:00",
				"left_on": "2026-01-03 10:00:00",
				"duration": 172800,
			}
		).insert()

		columns, rows, _message, chart, summary = self.run_report()
		expected = [
			{
				"group": self.first, "deals": 2, "amount": 4000, "weighted": 1400, "average_age": 15.5,
				"average_stay": 6.5, "usual_days": 1.5, "late": 1, "currency": "USD",
			},
			{
				"group": self.second, "deals": 1, "amount": 500, "weighted": 250, "average_age": 3,
				"average_stay": 1, "usual_days": None, "late": 0, "currency": "USD",
			},
		]  # fmt: skip
		self.assertEqual(rows, expected)
		self.assertEqual({column["fieldname"] for column in columns}, set(expected[0]))
		self.assertEqual([card["value"] for card in summary], [3, 4500, 1650, 1])
		self.assertEqual(
			[series["values"] for series in chart["data"]["datasets"]], [[4000, 500], [1400, 250]]
		)

	def test_groups(self):
		self.deal(1000, self.first, 20, age=1, stay=1, deal_owner=make.SELLER)
		self.deal(3000, self.second, 40, age=1, stay=1, deal_owner=make.OTHER_SELLER)
		_columns, rows, *_rest = self.run_report(group_by="Deal Owner")
		self.assertEqual(
			[(row["group"], row["amount"]) for row in rows], [(make.OTHER_SELLER, 3000), (make.SELLER, 1000)]
		)
		_columns, rows, *_rest = self.run_report(group_by="Territory")
		self.assertEqual([(row["group"], row["deals"]) for row in rows], [(self.territory, 2)])
		self.assertNotIn("usual_days", rows[0])

	def test_a_salesperson_sees_own_deals_only(self):
		self.deal(1000, self.first, 20, age=1, stay=1, deal_owner=make.SELLER)
		frappe.db.commit()
		for user, amounts in ((make.SELLER, [1000]), (make.OTHER_SELLER, []), (make.MANAGER, [1000])):
			with self.subTest(user=user):
				frappe.set_user(user)
				self.assertEqual([row["amount"] for row in self.run_report()[1]], amounts)
