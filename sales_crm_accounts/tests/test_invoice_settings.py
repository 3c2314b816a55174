"""Invoices of deals on sites that are set up otherwise: ERPNext's settings of taxes, terms of payment, prices and rows."""

from contextlib import contextmanager
from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.services import billing, invoice_numbers, sweep
from sales_crm_accounts.services.approvals import posting
from sales_crm_accounts.services.receivables import charge_invoices
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase

ACCOUNTS, SELLING = "Accounts Settings", "Selling Settings"


@contextmanager
def settings(doctype: str, **values):
	"""These values in a settings DocType for a while, committed as billing commits."""
	kept = {field: frappe.db.get_single_value(doctype, field, cache=False) for field in values}
	try:
		write(doctype, values)
		yield
	finally:
		frappe.db.rollback()
		write(doctype, kept)


def write(doctype: str, values: dict):
	for field, value in values.items():
		frappe.db.set_single_value(doctype, field, value)
	frappe.clear_document_cache(doctype, doctype)
	frappe.db.commit()


class TestInvoiceSettings(SiteTestCase):
	def tearDown(self):
		super().tearDown()
		make.drop_policies()

	def test_taxes_are_on_every_document_whatever_the_setting(self):
		"""900.00 and 10 % with rows of a template not added by ERPNext: order 990.00; thirds 329.97, 329.97, 330.07; a fee 10.00 + 1.00."""
		make.receivables_settings(charge_taxes_template=make.TAX_TEMPLATE, fee_item=make.SERVICE)
		fee = frappe._dict(
			name="RC-1",
			company=make.COMPANY,
			customer=make.CUSTOMER,
			currency="USD",
			kind="Fee",
			claimed_amount=10,
		)
		with settings(ACCOUNTS, add_taxes_from_item_tax_template=0):
			make.make_policy(create_sales_order=1)
			deal = make.make_deal(
				make.thirds(), win=True, taxes_and_charges=make.TAX_TEMPLATE, delivery_date=today()
			)
			self.assertEqual(deal.grand_total, 990)
			self.assertEqual(frappe.db.get_value("Sales Order", deal.sales_order, "grand_total"), 990)
			self.assertEqual(
				[(invoice.grand_total, len(invoice.taxes)) for invoice in make.bill_all(deal)],
				[(329.97, 1), (329.97, 1), (330.07, 1)],
			)
			charge = charge_invoices.build([fee])
			charge.insert()
			self.assertEqual((charge.net_total, charge.grand_total, len(charge.taxes)), (10, 11, 1))

	def test_taxes_of_a_tax_rule(self):
		"""Neither deal nor policy names a template, a Tax Rule does: 900.00 and 90.00, also where ERPNext adds no rows."""
		rule = frappe.get_doc(
			{
				"doctype": "Tax Rule",
				"tax_type": "Sales",
				"customer": make.CUSTOMER,
				"company": make.COMPANY,
				"sales_tax_template": make.TAX_TEMPLATE,
			}
		).insert()
		try:
			with settings(ACCOUNTS, add_taxes_from_item_tax_template=0):
				make.make_policy(create_sales_order=1)
				deal = make.make_deal(win=True, delivery_date=today())
				(invoice,) = make.bill_all(deal)
				self.assertEqual((deal.grand_total, invoice.grand_total), (990, 990))
				self.assertEqual(frappe.db.get_value("Sales Order", deal.sales_order, "grand_total"), 990)
		finally:
			rule.delete()
			frappe.db.commit()

	def test_an_invoice_without_the_taxes_of_its_deal_is_refused(self):
		"""The template lost its rows after the deal of 990.00 was won: nothing is posted, and the reason names it."""
		name = make.ensure(
			"Sales Taxes and Charges Template",
			f"SCA Emptied - {make.ABBR}",
			title="SCA Emptied",
			company=make.COMPANY,
			taxes=[
				{
					"charge_type": "On Net Total",
					"account_head": f"SCA VAT - {make.ABBR}",
					"description": "VAT",
					"rate": 10,
					"cost_center": make.COST_CENTER,
				}
			],
		)
		deal = make.make_deal(win=True, taxes_and_charges=name)
		template = frappe.get_doc("Sales Taxes and Charges Template", name)
		template.taxes = []
		template.save()
		try:
			(result,) = sweep.bill_deal(deal.name)
		finally:
			frappe.delete_doc("Sales Taxes and Charges Template", name, force=True)
			frappe.db.commit()
		self.assertEqual(result.outcome, billing.FAILED)
		self.assertIn("has no taxes, the deal has $ 90.00", result.reason)
		self.assertFalse(frappe.db.exists("Sales Invoice", {"deal": deal.name}))

	def test_due_dates_are_the_plans_where_erpnext_copies_those_of_the_order(self):
		"""Order and first invoice of today, due 60 days later; the order's own row is due today."""
		make.make_policy(create_sales_order=1)
		with settings(ACCOUNTS, automatically_fetch_payment_terms=1):
			deal = make.make_deal(
				[make.row("A", 50, due_days=60), make.row("B", 50, due_days=90)],
				win=True,
				delivery_date=today(),
				taxes_and_charges=make.TAX_TEMPLATE,
			)
			for invoice, days in zip(make.bill_all(deal), (60, 90), strict=True):
				due = getdate(add_days(today(), days))
				(row,) = invoice.payment_schedule
				self.assertEqual((getdate(invoice.due_date), getdate(row.due_date)), (due, due))
				self.assertEqual((row.invoice_portion, row.payment_amount, row.outstanding), (100, 495, 495))

	def test_prices_are_judged_on_the_deal_and_not_on_its_parts(self):
		"""Bought for 600.00, sold for 900.00 in thirds of 299.97: billed. Sold for 500.00: not won."""
		make.make_policy(create_sales_order=1)
		frappe.db.set_value("Item", make.SERVICE, "last_purchase_rate", 600)
		frappe.clear_document_cache("Item", make.SERVICE)
		values = {
			"validate_selling_price": 1,
			"maintain_same_sales_rate": 1,
			"maintain_same_rate_action": "Stop",
		}
		try:
			with settings(SELLING, **values):
				deal = make.make_deal(make.thirds(), win=True, delivery_date=today())
				self.assertEqual(
					[invoice.net_total for invoice in make.bill_all(deal)], [299.97, 299.97, 300.06]
				)
				with self.assertRaises(frappe.ValidationError) as caught:
					make.make_deal(items=[(make.SERVICE, 1, 500)], win=True, delivery_date=today())
				self.assertIn("lower than its last purchase rate", str(caught.exception))
				frappe.db.rollback()
				# A draft that a person submits; and one to which somebody added another row is ERPNext's to judge.
				make.make_policy(submit_invoices=0)
				deal = make.make_deal(make.thirds(), win=True)
				first, second, _third = make.bill_all(deal)
				first.submit()
				self.assertEqual(first.docstatus, 1)
				second.items[0].rate = 200
				self.assertMessage("Selling rate for item", second.save)
				second.reload()
				second.append("items", {"item_code": make.SERVICE, "qty": 1, "rate": 1})
				self.assertMessage("Selling rate for item", second.save)
		finally:
			frappe.db.set_value("Item", make.SERVICE, "last_purchase_rate", 0)
			frappe.clear_document_cache("Item", make.SERVICE)
			frappe.db.commit()

	def test_one_row_an_item_where_more_are_not_allowed(self):
		"""3 pieces for 100.02 in thirds of 33.34: 2 at 11.11 and 1 at 11.12 would be two rows; one piece at 33.34 is one."""
		with settings(SELLING, allow_multiple_items=0):
			plan = [make.row("A", amount=33.34), make.row("B", amount=33.34), make.row("C")]
			deal = make.make_deal(plan, items=[(make.SERVICE, 3, 33.34)], win=True)
			for invoice in make.bill_all(deal):
				(row,) = invoice.items
				self.assertEqual((row.qty, row.rate, invoice.net_total), (1, 33.34, 33.34))
			with self.assertRaises(frappe.ValidationError) as caught:
				make.make_deal(items=[(make.SERVICE, 1, 10), (make.SERVICE, 1, 20)], win=True)
			self.assertIn("entered multiple times", frappe.utils.strip_html(str(caught.exception)))

	def test_a_number_of_another_year_is_left_and_noted(self):
		"""A failed try kept a number of 1999, or of a series that the policy no longer has; one of this year is used."""
		deal = make.make_deal(win=True)
		(row,) = make.installments(deal)
		row.db_set("reserved_number", "ACC-SINV-1999-00007")
		frappe.db.commit()
		(result,) = sweep.bill_deal(deal.name)
		self.assertTrue(result.sales_invoice.startswith(f"ACC-SINV-{getdate().year}-"), result)
		self.assertTrue(
			frappe.db.exists(
				"Comment",
				{
					"reference_doctype": "Deal",
					"reference_name": deal.name,
					"content": ("like", "%not used: ACC-SINV-1999-00007%"),
				},
			)
		)
		self.assertFalse(make.installments(deal)[0].reserved_number)
		deal = make.make_deal(win=True)
		(row,) = make.installments(deal)
		number = f"ACC-SINV-{getdate().year}-{frappe.utils.now_datetime():%m%d%H%M%S}"
		row.db_set("reserved_number", number)
		frappe.db.commit()
		self.assertEqual(sweep.bill_deal(deal.name)[0].sales_invoice, number)
		invoice = frappe.new_doc("Sales Invoice", naming_series="INV-.####.-.YYYY.", company=make.COMPANY)
		year = getdate().year
		for text, fits in ((f"INV-0012-{year}", True), (f"INV-0012-{year - 1}", False), (number, False)):
			self.assertEqual(invoice_numbers.fits_today(invoice, text), fits)
		rule = {"doctype": "Document Naming Rule", "document_type": "Sales Invoice", "prefix": "R.YYYY.-"}
		frappe.get_doc({**rule, "prefix_digits": 5}).insert()
		for text, fits in (
			(f"R{year}-00012", True),
			(f"R{year - 1}-00012", False),
			(f"INV-0012-{year}", False),
		):
			self.assertEqual(invoice_numbers.fits_today(invoice, text), fits)
		frappe.db.rollback()

	def test_terms_speak_of_the_invoice(self):
		terms = make.ensure(
			"Terms and Conditions",
			"SCA Dear Terms",
			title="SCA Dear Terms",
			terms="Dear {{ customer_name }}, pay {{ grand_total }} for {{ name }}.",
			selling=1,
		)
		make.make_policy(tc_name=terms)
		(invoice,) = make.bill_all(make.make_deal(win=True))
		self.assertEqual(invoice.terms, f"Dear {make.CUSTOMER}, pay 900.0 for {invoice.name}.")

	def test_a_changed_record_is_tried_again(self):
		"""MariaDB 11.6 and later say 1020 where a deadlock or a waiting time would have been."""
		deal = make.make_deal(win=True)
		error = frappe.db.OperationalError(1020, "Record has changed since last read")
		with patch.object(billing, "_look", side_effect=[error, billing._look(deal, [])]):
			(result,) = sweep.bill_deal(deal.name)
		self.assertEqual(result.outcome, billing.INVOICED)


class TestInvoiceMails(ApprovalCase):
	def tearDown(self):
		super().tearDown()
		make.drop_policies()

	def test_a_draft_is_mailed_once_when_it_is_submitted(self):
		"""By a person, after an approval chain, and not twice where the run submits by itself under a chain that asks nobody."""
		make.mail_account()
		frappe.db.set_value("Customer", make.CUSTOMER, "email_id", "buyer@sca.example.com")
		make.ensure(
			"Email Template",
			"SCA Invoice",
			__newname="SCA Invoice",
			subject="Invoice {{ doc.name }}",
			response="Dear {{ doc.customer }}",
		)
		mails = lambda invoice: frappe.db.count("Email Queue", {"reference_name": invoice.name})  # noqa: E731
		values = {"email_invoice": 1, "email_template": "SCA Invoice"}
		make.make_policy(submit_invoices=0, **values)
		(invoice,) = make.bill_all(make.make_deal(win=True))
		self.assertEqual((invoice.docstatus, mails(invoice)), (0, 0))
		invoice.submit()
		self.assertEqual(mails(invoice), 1)
		make.make_policy(**values)
		people.make_chain("SCA Invoices", "Sales Invoice")
		(invoice,) = make.bill_all(make.make_deal(win=True, deal_owner=people.REQUESTER))
		self.assertEqual((invoice.docstatus, mails(invoice)), (0, 0))
		people.approve(people.request_of(invoice))
		posting.post(people.request_of(invoice).name)
		invoice.reload()
		self.assertEqual((invoice.docstatus, mails(invoice)), (1, 1))
		other = frappe.db.get_value("Company", {"name": ("!=", make.COMPANY)})
		people.make_chain("SCA Invoices", "Sales Invoice", company=other)
		(invoice,) = make.bill_all(make.make_deal(win=True))
		self.assertEqual((invoice.docstatus, mails(invoice)), (1, 1))
