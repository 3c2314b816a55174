"""The preview before winning: what it shows is what is posted, and what is in the way is said."""

import frappe

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestPreview(SiteTestCase):
	def tearDown(self):
		super().tearDown()
		make.drop_policies()

	def test_preview_of_a_year_that_is_not_opened(self):
		"""No fiscal year far ahead: the amounts stand, the ledger lines do not, and the totals are of all invoices."""
		deal = make.make_deal(
			[make.row("Now", 50), make.row("Far", 50, billing_trigger="On Date", trigger_months=480)],
			taxes_and_charges=make.TAX_TEMPLATE,
		)
		preview = api.preview(deal.name)
		self.assertEqual([bool(row["problem"]) for row in preview["invoices"]], [False, True])
		self.assertIn("Fiscal Year", preview["invoices"][1]["problem"])
		self.assertEqual(
			preview["totals"], {"net_total": 900, "total_taxes_and_charges": 90, "grand_total": 990}
		)
		self.assertFalse(preview["incomplete"])

	def test_preview_says_what_keeps_the_deal_from_being_won(self):
		lead = frappe.get_doc({"doctype": "Lead", "lead_name": "SCA Preview Lead"}).insert()
		deal = make.make_deal(customer=None, lead=lead.name)
		self.assertIn("A deal is won with a customer", api.preview(deal.name)["blocker"])
		self.assertIsNone(api.preview(make.make_deal().name)["blocker"])

	def test_preview_is_what_is_posted(self):
		deal = make.make_deal(make.thirds(), taxes_and_charges=make.TAX_TEMPLATE)
		invoices_before, deals_before = frappe.db.count("Sales Invoice"), frappe.db.count("Deal Installment")
		preview = api.preview(deal.name)
		self.assertEqual([row["problem"] for row in preview["invoices"]], [None] * 3)
		self.assertEqual(
			(frappe.db.count("Sales Invoice"), frappe.db.count("Deal Installment")),
			(invoices_before, deals_before),
		)
		deal.reload()
		deal.submit()
		for shown, invoice in zip(preview["invoices"], make.bill_all(deal), strict=True):
			self.assertEqual(shown["grand_total"], invoice.grand_total)
			posted = frappe.get_all(
				"GL Entry", filters={"voucher_no": invoice.name}, fields=["account", "debit", "credit"]
			)
			self.assertEqual(
				sorted((row["account"], row["debit"], row["credit"]) for row in shown["gl"]),
				sorted((row.account, row.debit, row.credit) for row in posted),
			)
