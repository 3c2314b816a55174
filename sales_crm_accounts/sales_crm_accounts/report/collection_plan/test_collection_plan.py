# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from datetime import date

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.sales_crm_accounts.report.collection_plan import collection_plan as report
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestCollectionPlan(SiteTestCase):
	def setUp(self):
		super().setUp()
		name = f"SCA Plan {frappe.generate_hash(length=8)}"
		self.customer = frappe.copy_doc(frappe.get_doc("Customer", make.CUSTOMER))
		self.customer.customer_name = name
		self.customer.insert()

	def run_report(self, **filters):
		filters = {"company": make.COMPANY, "customer": self.customer.name, **filters}
		return report.execute(filters)

	def test_whole_rows(self):
		"""1,000.00 without tax: 400.00 billed and due in January with 150.00 paid, 350.00 due in May and not billed, 250.00 without a date."""
		deal = make.make_deal(
			[
				make.row("Start", amount=400),
				make.row("Middle", amount=350, billing_trigger="On Date", trigger_months=2),
				make.row("End", billing_trigger="On Milestone", milestone="Accepted"),
			],
			items=[(make.SERVICE, 1, 1000)],
			customer=self.customer.name,
			win=True,
		)
		(first,) = make.billing.bill([f"{deal.name}-01"])
		make.pay(first.sales_invoice, 150)
		for number, due in ((1, date(2026, 1, 20)), (2, date(2031, 5, 20))):
			frappe.db.set_value("Deal Installment", f"{deal.name}-{number:02d}", "due_date", due)

		columns, rows, _message, chart, summary = self.run_report()
		common = {"installments": 1, "relieved": 0, "currency": "USD"}
		expected = [
			{
				**common, "period": "2026-01", "planned": 400, "billed": 400, "collected": 150, "outstanding": 250,
				"overdue": 250, "to_bill": 0, "per_collected": 37.5,
			},
			{
				**common, "period": "2031-05", "planned": 350, "billed": 0, "collected": 0, "outstanding": 0,
				"overdue": 0, "to_bill": 350, "per_collected": 0,
			},
			{
				**common, "period": "No date yet", "planned": 250, "billed": 0, "collected": 0, "outstanding": 0,
				"overdue": 0, "to_bill": 250, "per_collected": 0,
			},
			{
				**common, "installments": 3, "period": "Total", "planned": 1000, "billed": 400, "collected": 150,
				"outstanding": 250, "overdue": 250, "to_bill": 600, "per_collected": 15, "bold": 1,
			},
		]  # fmt: skip
		self.assertEqual(rows, expected)
		self.assertEqual({column["fieldname"] for column in columns}, set(expected[0]))
		self.assertEqual([card["value"] for card in summary], [1000, 150, 250, 250, 600])
		self.assertEqual(chart["data"]["labels"], ["2026-01", "2031-05", "No date yet"])

	def test_periods_and_dates(self):
		make.make_deal([make.row("All", 100, due_days=45)], customer=self.customer.name, win=True)
		now, due = getdate(today()), getdate(add_days(today(), 45))
		periods = lambda **filters: [row["period"] for row in self.run_report(**filters)[1][:-1]]  # noqa: E731
		self.assertEqual(periods(), [f"{due:%Y-%m}"])
		self.assertEqual(periods(date_based_on="Invoice Date"), [f"{now:%Y-%m}"])
		self.assertEqual(periods(periodicity="Quarterly"), [f"{due.year}-Q{(due.month - 1) // 3 + 1}"])
		self.assertEqual(periods(periodicity="Yearly"), [str(due.year)])
		self.assertEqual(periods(to_date=today()), [])

	def test_company_currency_at_the_deals_rate(self):
		"""900.00 EUR at 1.25 are 1,125.00."""
		make.exchange_rate("EUR", "USD", 1.25, today())
		make.make_deal(customer=self.customer.name, currency="EUR", win=True)
		_columns, rows, *_rest = self.run_report()
		self.assertEqual([row["planned"] for row in rows], [1125, 1125])

	def test_a_salesperson_sees_own_deals_only(self):
		make.make_deal(customer=self.customer.name, deal_owner=make.SELLER, win=True)
		frappe.db.commit()
		for user, count in ((make.SELLER, 2), (make.OTHER_SELLER, 0)):
			with self.subTest(user=user):
				frappe.set_user(user)
				self.assertEqual(len(self.run_report()[1]), count)
