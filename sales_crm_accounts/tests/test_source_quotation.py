# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.api import deal as deal_api
from sales_crm_accounts.api import sources as api
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.source_case import SourceTestCase, lead, opportunity, quotation


class TestQuotation(SourceTestCase):
	def test_rates_discount_and_tax(self):
		"""3 x 100.00 less 10 % = 270.00; 20.00 more off the whole: 250.00; VAT 10 % = 25.00. Alternatives are left out."""
		source = quotation(
			taxes_and_charges=make.TAX_TEMPLATE,
			taxes=[
				{
					"charge_type": "On Net Total",
					"account_head": f"SCA VAT - {make.ABBR}",
					"description": "VAT",
					"rate": 10,
				}
			],
			apply_discount_on="Net Total",
			discount_amount=20,
		)
		self.assertEqual(source.net_total, 250)
		deal = api.make_deal_from_quotation(source.name).insert()
		self.assertEqual(
			(deal.items[0].rate, deal.total, deal.discount_amount, deal.net_total, deal.grand_total),
			(90, 270, 20, 250, 275),
		)
		self.assertEqual(frappe.db.get_value("Quotation", source.name, "deal"), deal.name)

	def test_rates_with_tax_inside(self):
		"""110.00 with 10 % VAT inside is 100.00 before tax."""
		source = quotation(
			items=[{"item_code": make.SERVICE, "qty": 2, "rate": 110, "price_list_rate": 110, "uom": "Nos"}],
			taxes=[
				{
					"charge_type": "On Net Total",
					"account_head": f"SCA VAT - {make.ABBR}",
					"description": "VAT",
					"rate": 10,
					"included_in_print_rate": 1,
				}
			],
		)
		deal = api.make_deal_from_quotation(source.name).insert()
		self.assertEqual((deal.items[0].rate, deal.net_total, deal.discount_amount), (100, 200, 0))

	def test_foreign_currency_keeps_its_rate(self):
		source = quotation(make.FOREIGN_CUSTOMER, currency="EUR", conversion_rate=1.3)
		deal = api.make_deal_from_quotation(source.name).insert()
		self.assertEqual((deal.currency, deal.conversion_rate, deal.base_net_total), ("EUR", 1.3, 351))
		# Quoted, so the deal is won at it, also where it was the rate of the day.
		self.assertEqual(deal.keep_rate, 1)
		deal.submit()
		self.assertEqual((deal.conversion_rate, deal.base_net_total), (1.3, 351))

	def test_payment_terms_become_the_plan(self):
		for name, portion, rule in (
			("SCA Half now", 50, {"due_date_based_on": "Day(s) after invoice date", "credit_days": 10}),
			(
				"SCA Half later",
				50,
				{"due_date_based_on": "Month(s) after the end of the invoice month", "credit_months": 2},
			),
		):
			make.ensure("Payment Term", name, payment_term_name=name, invoice_portion=portion, **rule)
		template = make.ensure(
			"Payment Terms Template",
			"SCA Two halves",
			template_name="SCA Two halves",
			terms=[
				{
					"payment_term": "SCA Half now",
					"invoice_portion": 50,
					"due_date_based_on": "Day(s) after invoice date",
					"credit_days": 10,
				},
				{
					"payment_term": "SCA Half later",
					"invoice_portion": 50,
					"due_date_based_on": "Month(s) after the end of the invoice month",
					"credit_months": 2,
				},
			],
		)
		deal = api.make_deal_from_quotation(quotation(payment_terms_template=template).name)
		self.assertEqual(
			[
				(row.description, row.percent, row.due_rule, row.due_days or 0, row.due_months or 0)
				for row in deal.plan
			],
			[("SCA Half now", 50, "Days After Invoice", 10, 0), ("SCA Half later", 50, "End of Month", 0, 2)],
		)
		deal.insert()
		self.assertEqual([row.net_amount for row in deal.plan], [135, 135])

	def test_dates_typed_on_the_quotation(self):
		frappe.db.set_value("Customer", make.CUSTOMER, "payment_terms", None)
		source = quotation(
			payment_schedule=[
				{"due_date": add_days(today(), 10), "invoice_portion": 40},
				{"due_date": add_days(today(), 50), "invoice_portion": 60},
			]
		)
		deal = api.make_deal_from_quotation(source.name).insert()
		self.assertEqual(
			[(row.due_rule, row.fixed_due_date, row.net_amount) for row in deal.plan],
			[
				("Fixed Date", getdate(add_days(today(), 10)), 108),
				("Fixed Date", getdate(add_days(today(), 50)), 162),
			],
		)

	def test_only_a_live_quotation(self):
		self.assertMessage("Submit the quotation", api.make_deal_from_quotation, quotation(submit=False).name)
		source = quotation()
		source.db_set("status", "Lost")
		self.assertMessage("is lost", api.make_deal_from_quotation, source.name)
		source = quotation()
		source.db_set("valid_till", add_days(today(), -1))
		self.assertMessage("was valid until", api.make_deal_from_quotation, source.name)

	def test_quotation_to_a_lead(self):
		name = lead()
		deal = api.make_deal_from_quotation(quotation(name, "Lead").name).insert()
		self.assertEqual((deal.lead, deal.customer, deal.net_total), (name, None, 270))
		customer = deal_api.make_customer(deal.name)
		deal.reload()
		deal.submit()
		self.assertEqual((deal.customer, deal.docstatus), (customer, 1))

	def test_quotation_of_an_opportunity_that_has_a_deal(self):
		"""The deal made from the Opportunity is shown; two quotations of one Opportunity without it are two deals."""
		source = opportunity()
		deal = api.make_deal_from_opportunity(source.name).insert()
		first = quotation(opportunity=source.name)
		self.assertEqual(api.make_deal_from_quotation(first.name).name, deal.name)
		frappe.delete_doc("Deal", deal.name)
		one = api.make_deal_from_quotation(first.name).insert()
		two = api.make_deal_from_quotation(quotation(opportunity=source.name).name).insert()
		self.assertNotEqual(one.name, two.name)
		self.assertEqual((one.opportunity, two.opportunity), (source.name, source.name))

	def test_cancelling_the_deal_leaves_the_submitted_quotation(self):
		source = quotation()
		deal = api.make_deal_from_quotation(source.name).insert()
		deal.submit()
		deal.reload()
		deal.cancel()
		self.assertEqual(frappe.db.get_value("Quotation", source.name, ["docstatus", "deal"]), (1, None))

	def test_a_cancelled_quotation_and_the_amended_one(self):
		"""A draft deal goes on without it and finds the amended one; a won deal holds its quotation."""
		source = quotation()
		deal = api.make_deal_from_quotation(source.name).insert()
		stale = frappe.get_doc("Deal", deal.name)
		source.reload()
		source.cancel()
		self.assertRaises(frappe.ValidationError, stale.save)  # loaded before: it has to be loaded anew
		deal.reload()
		deal.save()
		self.assertEqual((deal.quotation, deal.source_key, deal.net_total), (None, None, 270))
		self.assertIn(f"Quotation {source.name} was cancelled.", self.comments(deal))

		amended = frappe.copy_doc(source)
		amended.docstatus, amended.amended_from = 0, source.name
		amended.insert()
		amended.submit()
		deal.reload()
		deal.save()
		self.assertEqual(deal.quotation, amended.name)
		self.assertEqual(frappe.db.get_value("Quotation", amended.name, "deal"), deal.name)
		self.assertIn(f"Quotation {amended.name} replaces {source.name}.", self.comments(deal))
		self.assertEqual(api.make_deal_from_quotation(amended.name).name, deal.name)

		deal.submit()
		amended.reload()
		self.assertRaises(frappe.LinkExistsError, amended.cancel)
		frappe.db.rollback()

	def test_an_amended_deal_of_a_cancelled_quotation(self):
		"""The deal is cancelled, then its quotation: the amended deal can be saved; and a draft without quotation be deleted."""
		source = quotation(opportunity=opportunity().name)
		deal = api.make_deal_from_quotation(source.name).insert()
		deal.submit()
		deal.reload()
		deal.cancel()
		source.reload()
		source.cancel()
		again = frappe.copy_doc(deal)
		again.docstatus, again.amended_from = 0, deal.name
		again.insert()
		again.save()
		self.assertEqual((again.quotation, again.opportunity), (None, deal.opportunity))

		source = quotation()
		deal = api.make_deal_from_quotation(source.name).insert()
		source.reload()
		source.cancel()
		frappe.delete_doc("Deal", deal.name)
		self.assertIsNone(frappe.db.get_value("Quotation", source.name, "deal"))

	@staticmethod
	def comments(deal) -> str:
		return " ".join(frappe.get_all("Comment", {"reference_name": deal.name}, pluck="content"))

	def test_rights(self):
		source = quotation()
		frappe.set_user(make.ACCOUNTANT)
		with self.assertRaises(frappe.PermissionError):
			api.make_deal_from_quotation(source.name)
