# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.api import deal as deal_api
from sales_crm_accounts.api import sources as api
from sales_crm_accounts.services import mapping, sources
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

CRM_DOCTYPES = {
	# The fields of Frappe CRM that are read, by their names there (crm/fcrm/doctype).
	"CRM Deal Status": (
		"field:deal_status",
		[("deal_status", "Data", None), ("type", "Select", "Open\nOngoing\nOn Hold\nWon\nLost")],
	),
	"CRM Product": (
		"field:product_code",
		[("product_code", "Data", None), ("product_name", "Data", None), ("erpnext_item_code", "Data", None)],
	),
	"CRM Products": (
		None,
		[
			("product_code", "Link", "CRM Product"),
			("product_name", "Data", None),
			("qty", "Float", None),
			("rate", "Currency", None),
			("discount_percentage", "Percent", None),
			("discount_amount", "Currency", None),
			("net_amount", "Currency", None),
		],
	),
	"CRM Contacts": (None, [("contact", "Link", "Contact"), ("is_primary", "Check", None)]),
	"CRM Deal": (
		"hash",
		[
			("organization", "Data", None),
			("organization_name", "Data", None),
			("lead_name", "Data", None),
			("status", "Link", "CRM Deal Status"),
			("currency", "Link", "Currency"),
			("exchange_rate", "Float", None),
			("deal_owner", "Link", "User"),
			("probability", "Percent", None),
			("expected_closure_date", "Date", None),
			("territory", "Data", None),
			("website", "Data", None),
			("products", "Table", "CRM Products"),
			("contacts", "Table", "CRM Contacts"),
		],
	),
}


def opportunity(party: str = make.CUSTOMER, party_type: str = "Customer", **values):
	return frappe.get_doc(
		{
			"doctype": "Opportunity",
			"opportunity_from": party_type,
			"party_name": party,
			"company": make.COMPANY,
			"currency": "USD",
			"title": "Two machines",
			"opportunity_owner": make.SELLER,
			"expected_closing": add_days(today(), 20),
			"probability": 60,
			"items": [{"item_code": make.SERVICE, "qty": 2, "rate": 450, "uom": "Nos"}],
			**values,
		}
	).insert(ignore_permissions=True)


def quotation(party: str = make.CUSTOMER, party_type: str = "Customer", submit: bool = True, **values):
	doc = frappe.get_doc(
		{
			"doctype": "Quotation",
			"quotation_to": party_type,
			"party_name": party,
			"company": make.COMPANY,
			"currency": "USD",
			"valid_till": add_days(today(), 30),
			"ignore_pricing_rule": 1,
			"items": [
				{
					"item_code": make.SERVICE,
					"qty": 3,
					"rate": 90,
					"price_list_rate": 100,
					"discount_percentage": 10,
					"uom": "Nos",
				}
			],
			**values,
		}
	).insert(ignore_permissions=True)
	if submit:
		doc.submit()
	return doc


def lead(company_name: str | None = None) -> str:
	return (
		frappe.get_doc(
			{
				"doctype": "Lead",
				"first_name": "Ada",
				"last_name": frappe.generate_hash(length=8),
				"company_name": company_name,
			}
		)
		.insert(ignore_permissions=True)
		.name
	)


class SourceTestCase(SiteTestCase):
	def assertMessage(self, text: str, function, *args, **kwargs):
		with self.assertRaises(frappe.ValidationError) as caught:
			function(*args, **kwargs)
		self.assertIn(text, str(caught.exception))

	def set(self, **settings):
		before = frappe.get_single("Sales CRM Accounts Settings")
		before = {field: before.get(field) for field in settings}
		self._write_settings(settings)
		self.addCleanup(self._write_settings, before)

	@staticmethod
	def _write_settings(values):
		for field, value in values.items():
			frappe.db.set_single_value("Sales CRM Accounts Settings", field, value)
		frappe.clear_document_cache("Sales CRM Accounts Settings", "Sales CRM Accounts Settings")


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

	def test_rights(self):
		source = quotation()
		frappe.set_user(make.ACCOUNTANT)
		with self.assertRaises(frappe.PermissionError):
			api.make_deal_from_quotation(source.name)


class TestCRMDeal(SourceTestCase):
	"""Against DocTypes with the fields of Frappe CRM, made for the test where that app is not installed."""

	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		cls.made = []
		for name, (autoname, fields) in CRM_DOCTYPES.items():
			if frappe.db.exists("DocType", name):
				continue
			table = name in ("CRM Products", "CRM Contacts")
			frappe.get_doc(
				{
					"doctype": "DocType",
					"name": name,
					"module": "Custom",
					"custom": 1,
					"istable": table,
					"autoname": autoname or "hash",
					"fields": [
						{
							"fieldname": field,
							"fieldtype": kind,
							"options": options,
							"label": field,
							"unique": 0,
						}
						for field, kind, options in fields
					],
					"permissions": []
					if table
					else [{"role": "Sales User", "read": 1, "write": 1, "create": 1}],
				}
			).insert(ignore_permissions=True)
			cls.made.append(name)
		for status, kind in (("Negotiation", "Ongoing"), ("Won", "Won")):
			if not frappe.db.exists("CRM Deal Status", status):
				frappe.get_doc({"doctype": "CRM Deal Status", "deal_status": status, "type": kind}).insert(
					ignore_permissions=True
				)
		if not frappe.db.exists("CRM Product", "P-1"):
			frappe.get_doc(
				{
					"doctype": "CRM Product",
					"product_code": "P-1",
					"product_name": "Service",
					"erpnext_item_code": make.SERVICE,
				}
			).insert(ignore_permissions=True)
		frappe.defaults.set_global_default("company", make.COMPANY)
		frappe.db.commit()

	@classmethod
	def tearDownClass(cls):
		frappe.set_user("Administrator")
		for name in reversed(cls.made):
			frappe.delete_doc("DocType", name, force=True, ignore_permissions=True)
			frappe.db.sql_ddl(f"drop table if exists `tab{name}`")
		frappe.db.commit()
		super().tearDownClass()

	def crm_deal(self, **values):
		return frappe.get_doc(
			{
				"doctype": "CRM Deal",
				"organization": f"Org {frappe.generate_hash(length=6)}",
				"status": "Negotiation",
				"currency": "USD",
				"deal_owner": make.SELLER,
				"probability": 40,
				"expected_closure_date": add_days(today(), 9),
				"products": [
					{
						"product_code": "P-1",
						"product_name": "Service",
						"qty": 2,
						"rate": 100,
						"discount_percentage": 10,
					},
					{
						"product_code": "P-1",
						"product_name": "Service",
						"qty": 3,
						"rate": 10,
						"discount_amount": 1,
					},
				],
				**values,
			}
		).insert(ignore_permissions=True)

	def test_one_click(self):
		"""2 x 100.00 less 10 % is 2 x 90.00; 1.00 off 3 x 10.00 has no exact rate and becomes the deal's discount: 209.00."""
		source = self.crm_deal()
		frappe.set_user(make.SELLER)
		deal = api.make_deal_from_crm_deal(source.name)
		self.assertEqual((deal.title, deal.customer, deal.crm_deal), (source.organization, None, source.name))
		self.assertEqual(
			[(row.item_code, row.qty, row.rate) for row in deal.items],
			[(make.SERVICE, 2, 90), (make.SERVICE, 3, 10)],
		)
		deal.insert()
		self.assertEqual((deal.discount_amount, deal.net_total, deal.deal_owner), (1, 209, make.SELLER))
		self.assertEqual(frappe.db.get_value("Customer", deal.customer, "customer_name"), source.organization)
		self.assertEqual(api.make_deal_from_crm_deal(source.name).name, deal.name)

	def test_won_makes_its_deal_once(self):
		self.set(deal_from_won_crm_deal=1)
		customer = make.CUSTOMER
		source = self.crm_deal(organization=customer)
		self.assertFalse(frappe.db.exists("Deal", {"crm_deal": source.name}))
		source.status = "Won"
		source.save()
		source.save()
		deals = frappe.get_all("Deal", filters={"crm_deal": source.name}, fields=["customer", "docstatus"])
		self.assertEqual([(row.customer, row.docstatus) for row in deals], [(customer, 0)])

	def test_setting_off(self):
		source = self.crm_deal(status="Won")
		self.assertFalse(frappe.db.exists("Deal", {"crm_deal": source.name}))


class TestWithoutCRM(SourceTestCase):
	def test_message(self):
		if frappe.db.table_exists("CRM Deal"):
			self.skipTest("Frappe CRM is installed")
		with self.assertRaises(frappe.ValidationError):
			mapping.from_crm_deal("X")
