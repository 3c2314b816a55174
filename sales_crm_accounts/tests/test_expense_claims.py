"""What employees paid as Expense Claims; only where HRMS is installed."""

from unittest import SkipTest

import frappe

from sales_crm_accounts.services.approvals import requests as approval_requests
from sales_crm_accounts.services.expenses import claims
from sales_crm_accounts.setup import dimension, install
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import expense_factories as spend
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase

as_user = people.as_user


def claims_of(expense) -> list[str]:
	return frappe.get_all("Expense Claim", filters={"deal_expense": expense.name}, pluck="name")


class TestWithoutHRMS(SiteTestCase):
	def test_the_choice_needs_the_app(self):
		if claims.installed():
			self.skipTest("HRMS is installed on this site.")
		spend.setup()
		settings = frappe.get_doc("Company Receivables Settings", make.COMPANY)
		settings.repay_employees_by = "Expense Claim"
		self.assertMessage("come with the app HRMS", settings.save)


class TestExpenseClaims(ApprovalCase):
	@classmethod
	def setUpClass(cls):
		if not claims.installed():
			raise SkipTest("HRMS is not installed on this site: there are no Expense Claims.")
		super().setUpClass()
		people.employee(make.SELLER)
		spend.setup()
		spend.repay_by("")
		frappe.db.commit()
		cls.addClassCleanup(frappe.db.commit)
		cls.addClassCleanup(spend.repay_by, "Journal Entry")

	def paid_by_seller(self, deal, amount, **values):
		with as_user(make.SELLER):
			doc = spend.expense(deal, amount, paid_by="Employee", **values)
		frappe.db.commit()
		return doc

	def post(self, doc):
		with as_user(make.ACCOUNTANT):
			frappe.get_doc("Deal Expense", doc.name).submit()
		frappe.db.commit()
		doc.reload()

	def test_claims_have_the_field_of_the_deal(self):
		"""Also where HRMS came after the app: ERPNext gives the documents of a new app no fields of older dimensions."""
		frappe.delete_doc("Custom Field", "Expense Claim Detail-deal")
		self.assertEqual(dimension.missing_fields(), ["Expense Claim Detail"])
		install.after_app_install("hrms")
		self.assertEqual(dimension.missing_fields(), [])

	def test_one_claim_with_tax_over_two_deals(self):
		"""110.00 including 10 %, 70 : 30: costs of 70.00 and 30.00, tax of 7.00 and 3.00, 110.00 owed to the employee.

		Posted by an accountant without a right to claims; cancelled with the expense, never alone.
		"""
		one, two = make.make_deal(deal_owner=make.SELLER), make.make_deal(deal_owner=make.SELLER)
		doc = self.paid_by_seller(
			one,
			110,
			tax_template=spend.VAT_10,
			split_by="Percent",
			shares=[{"deal": one.name, "percent": 70}, {"deal": two.name, "percent": 30}],
		)
		self.assertFalse(frappe.has_permission("Expense Claim", "submit", user=make.ACCOUNTANT))
		self.post(doc)
		self.assertEqual((doc.status, doc.voucher_type), ("Posted", "Expense Claim"))
		self.assertEqual(claims_of(doc), [doc.voucher_no])
		owed = [row for row in spend.ledger(doc) if row[0] == spend.OWED]
		self.assertEqual(owed, [(spend.OWED, "", -110.0)])
		self.assertEqual(
			[row for row in spend.ledger(doc) if row[0] != spend.OWED],
			sorted(
				[
					(spend.TRAVEL_ACCOUNT, one.name, 70.0),
					(spend.TRAVEL_ACCOUNT, two.name, 30.0),
					(spend.INPUT_VAT, one.name, 7.0),
					(spend.INPUT_VAT, two.name, 3.0),
				]
			),
		)
		claim = frappe.get_doc("Expense Claim", doc.voucher_no)
		self.assertEqual((claim.status, claim.grand_total, claim.employee), ("Unpaid", 110, doc.employee))
		# The type has the category's name and was made with its account.
		self.assertEqual({row.expense_type for row in claim.expenses}, {spend.TRAVEL})
		self.assertMessage("is the posting of Deal Expense", claim.cancel)
		frappe.db.rollback()
		copied = frappe.copy_doc(frappe.get_doc("Expense Claim", doc.voucher_no), ignore_no_copy=True)
		copied.deal_expense = doc.name
		copied.insert()
		self.assertIsNone(copied.deal_expense)
		frappe.db.rollback()
		with as_user(make.ACCOUNTANT):
			frappe.get_doc("Deal Expense", doc.name).cancel()
		doc.reload()
		self.assertEqual((doc.status, spend.ledger(doc)), ("Cancelled", []))
		self.assertEqual(frappe.db.get_value("Expense Claim", doc.voucher_no, "docstatus"), 2)

	def test_in_company_currency_and_repaid(self):
		"""EUR 33.33 at 1.10 is 36.66; paid by a Payment Entry, the claim is Paid, and the expense stays while it is."""
		from hrms.overrides.employee_payment_entry import get_payment_entry_for_employee

		deal = make.make_deal(deal_owner=make.SELLER)
		doc = self.paid_by_seller(deal, 33.33, currency="EUR", conversion_rate=1.1, description="Taxi <b>")
		self.post(doc)
		self.assertEqual(
			spend.ledger(doc),
			sorted([(spend.OWED, deal.name, -36.66), (spend.TRAVEL_ACCOUNT, deal.name, 36.66)]),
		)
		row = frappe.get_doc("Expense Claim", doc.voucher_no).expenses[0]
		self.assertIn("33.33", row.description)
		self.assertNotIn("<b>", row.description)
		payment = get_payment_entry_for_employee("Expense Claim", doc.voucher_no, bank_account=make.BANK)
		payment.update({"reference_no": "R1", "reference_date": payment.posting_date})
		payment.insert().submit()
		self.assertEqual(frappe.db.get_value("Expense Claim", doc.voucher_no, "status"), "Paid")
		self.assertRaises(frappe.LinkExistsError, frappe.get_doc("Deal Expense", doc.name).cancel)
		frappe.db.rollback()

	def test_a_journal_where_a_claim_would_be_wrong(self):
		"""HRMS books a claim in the employee's own company; and the company may want no claims at all."""
		deal = make.make_deal(deal_owner=make.SELLER)
		doc = self.paid_by_seller(deal, 12)
		other = frappe.db.get_value("Company", {"name": ("!=", make.COMPANY)})
		frappe.db.set_value("Employee", doc.employee, "company", other)
		self.assertFalse(claims.wanted(doc))
		frappe.db.set_value("Employee", doc.employee, "company", make.COMPANY)
		self.assertTrue(claims.wanted(doc))
		spend.repay_by("Journal Entry")
		self.assertFalse(claims.wanted(doc))
		doc.submit()
		self.assertEqual((doc.voucher_type, claims_of(doc)), ("Journal Entry", []))
		frappe.db.rollback()

	def test_the_receipt_of_a_claim_is_not_entered_again(self):
		deal = make.make_deal(deal_owner=make.SELLER)
		doc = self.paid_by_seller(deal, 20, bill_no=frappe.generate_hash(length=8))
		self.post(doc)
		claim = frappe.copy_doc(frappe.get_doc("Expense Claim", doc.voucher_no))
		claim.insert()
		content = frappe.generate_hash().encode()
		frappe.db.set_value(
			"File",
			{"file_url": spend.receipt(content, "claim.png")},
			{"attached_to_doctype": "Expense Claim", "attached_to_name": claim.name},
		)
		again = spend.receipt(content, "another.png")
		self.assertMessage(claim.name, spend.expense, deal, 21, receipt=again)
		self.assertTrue(spend.expense(deal, 21, receipt=again, not_a_duplicate=1).name)
		frappe.db.rollback()

	def test_the_approval_of_the_expense_counts_for_its_claim(self):
		"""A chain over Expense Claims alone stops the posting with the remedy; one over expenses lets both through."""
		people.make_chain("SCA Claims", "Expense Claim", levels=[people.by(people.SECOND)])
		deal = make.make_deal(deal_owner=make.SELLER)
		doc = self.paid_by_seller(deal, 45)
		with as_user(make.ACCOUNTANT):
			self.assertMessage("makes a chain over", frappe.get_doc("Deal Expense", doc.name).submit)
		frappe.db.rollback()
		self.assertEqual(claims_of(doc), [])
		people.make_chain(
			"SCA Expenses", "Deal Expense", levels=[people.by(people.FIRST)], after_approval="Only Allow It"
		)
		with as_user(make.SELLER):
			request = approval_requests.open_request(frappe.get_doc("Deal Expense", doc.name))
		frappe.db.commit()
		people.approve(request)
		self.post(doc)
		self.assertEqual((doc.status, len(claims_of(doc)), len(spend.ledger(doc))), ("Posted", 1, 2))
