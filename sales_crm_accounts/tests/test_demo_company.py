"""The sample company of the README: made in one call, with books that agree with the ledger, and removed without a trace."""

import io
from contextlib import redirect_stdout

import frappe
from frappe.utils import add_months, getdate, today

from sales_crm_accounts.services import figures
from sales_crm_accounts.setup import demo
from sales_crm_accounts.setup.demo_data import COMPANY, LOST, OPEN, WON
from sales_crm_accounts.tests import SiteTestCase

OURS = ("Deal", "Deal Installment", "Open Installment", "Billing Policy")
ERPNEXTS = ("Sales Invoice", "Payment Entry", "GL Entry", "Payment Ledger Entry")


class TestDemoCompany(SiteTestCase):
	def test_made_and_removed(self):
		self.said(demo.remove_demo_company)  # of a run that was stopped
		self.assertIn(f"Made {COMPANY}", self.said(demo.make_demo_company))
		self.addCleanup(demo.remove_demo_company)
		self.assertIn("already there", self.said(demo.make_demo_company))
		self.assertEqual(self.count("Deal", status=("in", ("Won", "Completed"))), len(WON))
		self.assertEqual(self.count("Deal", status="Open"), len(OPEN))
		self.assertEqual(self.count("Deal", status="Lost"), 1, LOST)
		lines = frappe.get_all(
			"Deal Installment",
			{"company": COMPANY},
			["name", "sales_invoice", "planned_invoice_date", "paid_amount"],
		)
		due = {
			row.name
			for row in lines
			if row.planned_invoice_date and getdate(row.planned_invoice_date) <= getdate()
		}
		self.assertEqual({row.name for row in lines if row.sales_invoice}, due)
		self.assertEqual(self.count("Payment Entry"), sum(len(deal["payments"]) for deal in WON))
		self.assertTrue(any(row.paid_amount for row in lines))
		# A history, not a company of one day; and all figures are those of the ledger.
		first = frappe.db.get_value("Sales Invoice", {"company": COMPANY}, "min(posting_date)")
		self.assertLess(getdate(first), getdate(add_months(today(), -3)))
		names = {row.name for row in lines}.union(frappe.get_all("Deal", {"company": COMPANY}, pluck="name"))
		for doctype in ("Deal Installment", "Deal"):
			self.assertFalse(names & {row.name for row in figures.differing(doctype, today())})
		self.assertIn("Removed", self.said(demo.remove_demo_company))
		for doctype in (*OURS, *ERPNEXTS):
			self.assertEqual(self.count(doctype), 0, doctype)
		self.assertFalse(frappe.db.exists("Company", COMPANY))

	@staticmethod
	def count(doctype: str, **filters) -> int:
		return frappe.db.count(doctype, {"company": COMPANY, **filters})

	@staticmethod
	def said(call) -> str:
		with redirect_stdout(io.StringIO()) as out:
			call()
		return out.getvalue()
