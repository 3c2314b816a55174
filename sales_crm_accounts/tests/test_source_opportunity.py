# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.api import deal as deal_api
from sales_crm_accounts.api import sources as api
from sales_crm_accounts.services import mapping, sources
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.source_case import SourceTestCase, lead, opportunity


class TestOpportunity(SourceTestCase):
	def test_one_click(self):
		source = opportunity()
		frappe.set_user(make.SELLER)
		deal = api.make_deal_from_opportunity(source.name)
		self.assertTrue(deal.is_new())
		deal.insert()
		self.assertEqual(
			(
				deal.title,
				deal.customer,
				deal.currency,
				deal.deal_owner,
				deal.expected_close_date,
				deal.net_total,
			),
			("Two machines", make.CUSTOMER, "USD", make.SELLER, getdate(add_days(today(), 20)), 900),
		)
		stage = frappe.get_doc("Deal Stage", deal.stage)
		self.assertLessEqual(stage.probability, 60)
		self.assertEqual(stage.stage_type, "Open")
		self.assertEqual(frappe.db.get_value("Opportunity", source.name, "deal"), deal.name)

	def test_a_closing_day_that_has_passed_is_left_behind(self):
		"""A deal is not expected to close before it was opened; today is no obstacle."""
		for days, expected in ((-1, None), (0, getdate(today()))):
			source = opportunity(expected_closing=add_days(today(), days))
			deal = api.make_deal_from_opportunity(source.name).insert()
			self.assertEqual(deal.expected_close_date and getdate(deal.expected_close_date), expected)

	def test_second_click_opens_the_deal_that_is_there(self):
		source = opportunity()
		one = api.make_deal_from_opportunity(source.name)
		two = api.make_deal_from_opportunity(source.name)
		one.insert()
		self.assertMessage("already has the deal", two.insert)
		again = api.make_deal_from_opportunity(source.name)
		self.assertEqual((again.name, again.is_new()), (one.name, None))
		frappe.set_user(make.OTHER_SELLER)
		self.assertMessage("Ask", api.make_deal_from_opportunity, source.name)

	def test_two_at_once_are_stopped_by_the_unique_key(self):
		"""Both have looked before either has written."""
		source = opportunity()
		one, two = (mapping.from_opportunity(source.name) for _n in range(2))
		one.insert()
		look = sources.deal_of
		sources.deal_of = lambda *args: None
		try:
			frappe.db.savepoint("sca_test")
			with self.assertRaises((frappe.UniqueValidationError, frappe.DuplicateEntryError)):
				two.insert()
			frappe.db.rollback(save_point="sca_test")
		finally:
			sources.deal_of = look
		self.assertEqual(frappe.db.count("Deal", {"opportunity": source.name}), 1)

	def test_a_cancelled_or_deleted_deal_gives_its_source_back(self):
		source = opportunity()
		deal = api.make_deal_from_opportunity(source.name).insert()
		frappe.delete_doc("Deal", deal.name)
		self.assertIsNone(frappe.db.get_value("Opportunity", source.name, "deal"))
		deal = api.make_deal_from_opportunity(source.name).insert()
		deal.submit()
		deal.reload()
		deal.cancel()
		self.assertTrue(api.make_deal_from_opportunity(source.name).is_new())
		amended = frappe.copy_doc(deal)
		amended.docstatus, amended.amended_from = 0, deal.name
		amended.insert()
		self.assertEqual(amended.opportunity, source.name)
		self.assertEqual(api.make_deal_from_opportunity(source.name).name, amended.name)

	def test_an_old_form_does_not_wipe_the_deal(self):
		source = opportunity()
		opened_before = frappe.get_doc("Opportunity", source.name)
		deal = api.make_deal_from_opportunity(source.name).insert()
		opened_before.title = "New title"
		opened_before.save()
		self.assertEqual(
			frappe.db.get_value("Opportunity", source.name, ["title", "deal"]), ("New title", deal.name)
		)

	def test_a_source_that_the_user_may_not_read(self):
		source = opportunity()
		user = make.make_user("deals.only@sca.example.com", ["Deal User"])
		frappe.set_user(user)
		with self.assertRaises(frappe.PermissionError):
			make.make_deal(opportunity=source.name)

	def test_lost_opportunity(self):
		source = opportunity()
		source.db_set("status", "Lost")
		self.assertMessage("is lost", api.make_deal_from_opportunity, source.name)

	def test_lead_becomes_the_customer_once(self):
		name = lead(company_name=f"Ada Works {frappe.generate_hash(length=5)}")
		deal = api.make_deal_from_opportunity(opportunity(name, "Lead").name).insert()
		self.assertEqual((deal.lead, deal.customer), (name, None))
		self.assertMessage("A deal is won with a customer", deal.submit)
		deal.reload()
		customer = deal_api.make_customer(deal.name)
		self.assertEqual(frappe.db.get_value("Customer", customer, "lead_name"), name)
		self.assertEqual(frappe.db.get_value("Deal", deal.name, "customer"), customer)
		other = api.make_deal_from_opportunity(opportunity(name, "Lead").name).insert()
		self.assertEqual(other.customer, customer)
		self.assertEqual(frappe.db.count("Customer", {"lead_name": name}), 1)

	def test_prospect_becomes_the_customer(self):
		name = f"Prospect {frappe.generate_hash(length=6)}"
		frappe.get_doc({"doctype": "Prospect", "company_name": name, "company": make.COMPANY}).insert(
			ignore_permissions=True
		)
		deal = api.make_deal_from_opportunity(opportunity(name, "Prospect").name).insert()
		self.assertEqual((deal.prospect, deal.customer), (name, None))
		customer = deal_api.make_customer(deal.name)
		self.assertEqual(frappe.db.get_value("Customer", customer, "prospect_name"), name)

	def test_a_customer_needs_the_right_to_make_one(self):
		deal = api.make_deal_from_opportunity(opportunity(lead(), "Lead").name)
		deal.deal_owner = make.SELLER
		deal.insert()
		user = make.make_user("deals.only@sca.example.com", ["Deal User"])
		frappe.db.set_value("Deal", deal.name, "deal_owner", user)
		frappe.set_user(user)
		with self.assertRaises(frappe.PermissionError):
			deal_api.make_customer(deal.name)

	def test_won_opportunity_makes_its_deal_once(self):
		self.set(deal_from_won_opportunity=1)
		source = opportunity()
		source.reload()
		source.status = "Converted"
		source.save()
		deal = frappe.get_doc("Deal", {"opportunity": source.name})
		self.assertEqual((deal.docstatus, deal.deal_owner, deal.net_total), (0, make.SELLER, 900))
		self.assertEqual(source.deal, deal.name)
		source.reload()
		source.save()
		source.db_set("status", "Open")
		source.set_status(update=True, status="Converted")
		self.assertEqual(frappe.db.count("Deal", {"opportunity": source.name}), 1)
		frappe.delete_doc("Deal", deal.name)
		source.reload()
		source.save()
		self.assertEqual(frappe.db.count("Deal", {"opportunity": source.name}), 0)

	def test_ordered_quotation_makes_the_deal(self):
		"""ERPNext sets Converted without saving the Opportunity; the user need not be a deal user."""
		self.set(deal_from_won_opportunity=1)
		from erpnext.crm.doctype.opportunity.opportunity import make_quotation
		from erpnext.selling.doctype.quotation.quotation import make_sales_order

		source = opportunity()
		user = make.make_user("sales.only@sca.example.com", ["Sales User", "Sales Manager"])
		frappe.set_user(user)
		quote = make_quotation(source.name)
		quote.update({"order_type": "Sales", "ignore_pricing_rule": 1, "valid_till": add_days(today(), 5)})
		for row in quote.items:
			row.rate = 450
		quote.insert()
		quote.submit()
		order = make_sales_order(quote.name)
		order.delivery_date = add_days(today(), 10)
		order.insert()
		order.submit()
		self.assertEqual(frappe.db.get_value("Opportunity", source.name, "status"), "Converted")
		deal = frappe.get_doc("Deal", {"opportunity": source.name})
		self.assertEqual((deal.net_total, deal.deal_owner), (900, make.SELLER))

	def test_setting_off(self):
		self.set(deal_from_won_opportunity=0)
		source = opportunity()
		source.status = "Converted"
		source.save()
		self.assertFalse(frappe.db.exists("Deal", {"opportunity": source.name}))

	def test_a_failure_never_stops_the_save_and_is_told(self):
		"""A disabled item: the Opportunity is saved, the reason is in its timeline and in the Error Log, no half deal."""
		self.set(deal_from_won_opportunity=1)
		item = make.ensure(
			"Item",
			"SCA Gone",
			item_code="SCA Gone",
			item_group=frappe.db.get_value("Item", make.SERVICE, "item_group"),
			stock_uom="Nos",
			is_stock_item=0,
		)
		frappe.db.set_value("Item", item, "disabled", 0)
		source = opportunity(items=[{"item_code": item, "qty": 1, "rate": 5, "uom": "Nos"}])
		frappe.db.set_value("Item", item, "disabled", 1)
		frappe.clear_document_cache("Item", item)
		source.reload()
		source.status = "Converted"
		source.save()
		self.assertEqual(frappe.db.get_value("Opportunity", source.name, "status"), "Converted")
		self.assertFalse(frappe.db.exists("Deal", {"opportunity": source.name}))
		comment = frappe.get_last_doc(
			"Comment",
			{"reference_doctype": "Opportunity", "reference_name": source.name, "comment_type": "Comment"},
		)
		self.assertIn("row 1: item SCA Gone is disabled", comment.content)
		self.assertTrue(
			frappe.db.exists("Error Log", {"reference_doctype": "Opportunity", "reference_name": source.name})
		)
