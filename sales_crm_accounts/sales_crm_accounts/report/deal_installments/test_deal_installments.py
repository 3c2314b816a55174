# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.sales_crm_accounts.report.deal_installments import deal_installments as report
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


def plan():
	return [make.row("Deposit", amount=300), make.row("Rest", due_days=30)]


class TestDealInstallments(SiteTestCase):
	def run_report(self, **filters):
		filters = {"company": make.COMPANY, "in_company_currency": 1, **filters}
		columns, rows, _message, chart, summary, skip_total = report.execute(filters)
		return columns, rows, chart, summary, skip_total

	def test_whole_rows(self):
		"""900.00 and 10 % tax: 330.00 and 660.00 billed. 100.00 of the first is paid, its due date was yesterday."""
		deal = make.make_deal(plan(), win=True, taxes_and_charges=make.TAX_TEMPLATE, deal_owner=make.SELLER)
		first, second = make.bill_all(deal)
		make.pay(first, 100)
		yesterday = getdate(add_days(today(), -1))
		frappe.db.set_value("Deal Installment", f"{deal.name}-01", "due_date", yesterday)

		columns, rows, chart, summary, skip_total = self.run_report(deal=deal.name)
		common = {
			"deal": deal.name,
			"customer": make.CUSTOMER,
			"customer_name": make.CUSTOMER,
			"deal_owner": make.SELLER,
			"planned_invoice_date": getdate(today()),
			"currency": "USD",
			"credited_amount": 0,
			"written_off_amount": 0,
		}
		expected = [
			{
				**common,
				"installment": f"{deal.name}-01",
				"title": "Deposit",
				"status": "Partly Paid",
				"due_date": yesterday,
				"sales_invoice": first.name,
				"planned_amount": 330,
				"billed_amount": 330,
				"paid_amount": 100,
				"outstanding_amount": 230,
				"overdue_amount": 230,
				"days_overdue": 1,
			},
			{
				**common,
				"installment": f"{deal.name}-02",
				"title": "Rest",
				"status": "Billed",
				"due_date": getdate(add_days(today(), 30)),
				"sales_invoice": second.name,
				"planned_amount": 660,
				"billed_amount": 660,
				"paid_amount": 0,
				"outstanding_amount": 660,
				"overdue_amount": 0,
				"days_overdue": 0,
			},
		]
		self.assertEqual([dict(row) for row in rows], expected)
		self.assertTrue({column["fieldname"] for column in columns} <= set(expected[0]))
		self.assertEqual([card["value"] for card in summary], [990, 990, 100, 890, 230])
		self.assertEqual(
			{series["name"]: sum(series["values"]) for series in chart["data"]["datasets"]},
			{"Paid": 100, "Outstanding": 890, "To Be Billed": 0},
		)
		self.assertFalse(skip_total)

	def test_foreign_currency(self):
		"""EUR at 1.25: in the company's currency all is 1.25 times; without, deals of two currencies are not added up."""
		make.exchange_rate("EUR", "USD", 1.25, today())
		foreign = make.make_deal(plan(), win=True, customer=make.FOREIGN_CUSTOMER, currency="EUR")
		_columns, rows, *_rest = self.run_report(deal=foreign.name)
		self.assertEqual([(row.currency, row.planned_amount) for row in rows], [("USD", 375), ("USD", 750)])
		_columns, rows, *_rest = self.run_report(deal=foreign.name, in_company_currency=0)
		self.assertEqual([(row.currency, row.planned_amount) for row in rows], [("EUR", 300), ("EUR", 600)])
		make.make_deal(plan(), win=True)
		_columns, _rows, chart, summary, skip_total = self.run_report(in_company_currency=0)
		self.assertEqual((chart, summary, skip_total), (None, None, True))

	def test_filters(self):
		deal = make.make_deal(plan(), win=True)
		names = lambda **filters: [row.title for row in self.run_report(deal=deal.name, **filters)[1]]  # noqa: E731
		self.assertEqual(names(status=["Ready"]), ["Deposit", "Rest"])
		self.assertEqual(names(status=["Paid"]), [])
		self.assertEqual(names(from_date=add_days(today(), 1)), ["Rest"])
		self.assertEqual(names(to_date=today()), ["Deposit"])
		self.assertEqual(names(date_based_on="Invoice Date", to_date=today()), ["Deposit", "Rest"])
		self.assertEqual(names(deal_owner=make.OTHER_SELLER), [])
		frappe.db.set_value("Deal Installment", f"{deal.name}-02", "status", "Cancelled")
		self.assertEqual(names(), ["Deposit"])
		self.assertEqual(names(status=["Cancelled"]), ["Rest"])

	def test_a_salesperson_sees_own_deals_only(self):
		deal = make.make_deal(plan(), win=True, deal_owner=make.SELLER)
		frappe.db.commit()
		for user, count in ((make.SELLER, 2), (make.OTHER_SELLER, 0), (make.ACCOUNTANT, 2)):
			with self.subTest(user=user):
				frappe.set_user(user)
				self.assertEqual(len(self.run_report(deal=deal.name)[1]), count)

	def test_one_statement(self):
		make.make_deal(plan(), win=True)
		with self.assertQueryCount(1):
			report.get_rows(frappe._dict(company=make.COMPANY))
