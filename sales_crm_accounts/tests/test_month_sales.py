"""ERPNext's sales of the month where many invoices are posted one after the other."""

from contextlib import contextmanager
from unittest.mock import patch

import frappe
from erpnext.setup.doctype.company.company import update_company_current_month_sales

from sales_crm_accounts.services import month_sales
from sales_crm_accounts.services.invoices import build_invoice
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

SETTING = ("Selling Settings", "sales_update_frequency")


class TestMonthSales(SiteTestCase):
	def setUp(self):
		super().setUp()
		self.addCleanup(frappe.db.set_single_value, *SETTING, frappe.db.get_single_value(*SETTING))

	@contextmanager
	def month_grows_by(self, amount: float, sums: int):
		"""The company's month, which is ERPNext's to sum, in so many statements."""
		update_company_current_month_sales(make.COMPANY)
		before, statements, sql = self.month(), [], frappe.db.sql

		def noted(query, *args, **kwargs):
			statements.append(str(query))
			return sql(query, *args, **kwargs)

		with patch.object(frappe.db, "sql", noted):
			yield
		self.assertEqual(sum("SUM(base_grand_total) AS total" in text for text in statements), sums)
		self.assertAlmostEqual(self.month() - before, amount, places=2)

	@staticmethod
	def month() -> float:
		return frappe.db.get_value("Company", make.COMPANY, "total_monthly_sales")

	def test_many_invoices_are_summed_once(self):
		"""299.97 + 30.00, the same again, and 300.06 + 30.01; the project counts without tax. A plain invoice sums by itself."""
		frappe.db.set_single_value(*SETTING, "Each Transaction")
		project = frappe.get_doc(
			{"doctype": "Project", "project_name": frappe.generate_hash(length=10), "company": make.COMPANY}
		).insert()
		deal = make.make_deal(
			make.thirds(), win=True, taxes_and_charges=make.TAX_TEMPLATE, project=project.name
		)
		with self.month_grows_by(990.01, sums=1):
			self.assertEqual(len(make.bill_all(deal)), 3)
		self.assertEqual(frappe.db.get_value("Project", project.name, "total_billed_amount"), 900)
		self.assertEqual(frappe.db.get_single_value(*SETTING), "Each Transaction")

		other = make.make_deal(make.thirds(), win=True)
		plain = build_invoice(other, make.installments(other)[:1])
		plain.deal_billing_key = None
		with self.month_grows_by(299.97, sums=1):
			plain.insert()
			plain.submit()

	def test_no_sum_where_erpnext_sums_daily(self):
		frappe.db.set_single_value(*SETTING, "Daily")
		deal = make.make_deal(make.thirds(), win=True)
		with self.month_grows_by(0, sums=0):
			self.assertEqual(len(make.bill_all(deal)), 3)

	def test_a_sum_that_fails_costs_no_invoice(self):
		frappe.db.set_single_value(*SETTING, "Each Transaction")
		deal = make.make_deal(make.thirds(), win=True)
		with patch.object(month_sales, "update_company_current_month_sales", side_effect=ValueError("sum")):
			self.assertEqual(len(make.bill_all(deal)), 3)
		self.assertTrue(frappe.db.exists("Error Log", {"method": f"Sales of the month: {make.COMPANY}"}))
		self.assertEqual(frappe.db.get_single_value(*SETTING), "Each Transaction")
