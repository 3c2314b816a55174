# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.desk.form.meta import get_code_files_via_hooks
from frappe.utils import add_days, today

from sales_crm_accounts.api import deal as deal_api
from sales_crm_accounts.api import sources as api
from sales_crm_accounts.services import mapping
from sales_crm_accounts.setup import crm
from sales_crm_accounts.setup.install import after_app_install
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.source_case import SourceTestCase

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
	"CRM Form Script": (
		"prompt",
		[
			("dt", "Link", "DocType"),
			("view", "Select", "Form\nList"),
			("enabled", "Check", None),
			("is_standard", "Check", None),
			("script", "Code", "JS"),
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
		contact = frappe.get_doc({"doctype": "Contact", "first_name": "SCA Buyer"}).insert()
		source = self.crm_deal(contacts=[{"contact": contact.name, "is_primary": 1}])
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
		# The contact is the new customer's, so that it can stand on the invoices.
		self.assertEqual(deal.contact_person, contact.name)
		self.assertIsNone(deal_api.preview(deal.name)["blocker"])
		self.assertEqual(api.make_deal_from_crm_deal(source.name).name, deal.name)

	def test_decimals_of_the_site(self):
		"""With four: 10.0126 off 3 x 100.0000 has no exact rate, so it is the discount: 289.9874. With two, 92.276 is 92.28."""
		products = [{"product_code": "P-1", "qty": 3, "rate": 100, "discount_amount": 10.0126}]
		frappe.db.set_default("currency_precision", "4")
		self.addCleanup(frappe.clear_cache)
		deal = api.make_deal_from_crm_deal(self.crm_deal(products=products).name)
		self.assertEqual((deal.discount_amount, deal.insert().net_total), (10.0126, 289.9874))
		frappe.db.set_default("currency_precision", "2")
		source = self.crm_deal(products=[{"product_code": "P-1", "qty": 2, "rate": 92.276}])
		(row,) = api.make_deal_from_crm_deal(source.name).items
		self.assertEqual((row.rate, row.amount), (92.28, 184.56))

	def test_button_in_the_desk(self):
		files = [str(path) for path in get_code_files_via_hooks("doctype_js", "CRM Deal")]
		ours = next(path for path in files if path.endswith("sales_crm_accounts/public/js/crm_deal.js"))
		self.assertIn("sales_crm_accounts.api.sources.make_deal_from_crm_deal", frappe.read_file(ours))

	def test_button_in_frappe_crm(self):
		"""Its script comes with Frappe CRM, whichever of the two apps is installed first, follows ours, and goes with ours."""
		after_app_install("crm")
		self.addCleanup(crm.remove_form_script)
		script = frappe.get_doc("CRM Form Script", crm.SCRIPT)
		self.assertEqual(
			(script.dt, script.view, script.enabled, script.is_standard), ("CRM Deal", "Form", 1, 1)
		)
		for method in ("deal_of_crm_deal", "insert_deal_of_crm_deal"):
			self.assertIn(f"sales_crm_accounts.api.sources.{method}", script.script)
			self.assertIn(getattr(api, method), frappe.whitelisted)
		self.assertIn("setupForm(", script.script)

		crm.sync_form_script()
		self.assertEqual(frappe.get_doc("CRM Form Script", crm.SCRIPT).modified, script.modified)
		frappe.db.set_value("CRM Form Script", crm.SCRIPT, {"script": "old", "enabled": 0})
		crm.sync_form_script()
		again = frappe.get_doc("CRM Form Script", crm.SCRIPT)
		self.assertEqual((again.script, again.enabled), (script.script, 0))

		crm.remove_form_script()
		crm.remove_form_script()
		self.assertFalse(frappe.db.exists("CRM Form Script", crm.SCRIPT))

	def test_what_the_button_does(self):
		source = self.crm_deal()
		frappe.set_user(make.SELLER)
		self.assertEqual(api.deal_of_crm_deal(source.name), {"deal": None, "url": None, "may_create": True})
		made = api.insert_deal_of_crm_deal(source.name)
		self.assertEqual(
			frappe.db.get_value("Deal", made["deal"], ["crm_deal", "docstatus", "net_total"]),
			(source.name, 0, 209),
		)
		self.assertTrue(made["url"].endswith(f"/deal/{made['deal']}"))
		self.assertEqual(api.deal_of_crm_deal(source.name), made)
		self.assertEqual(api.insert_deal_of_crm_deal(source.name), made)

		# Somebody else's deal: the button is there, and says whose it is.
		frappe.set_user(make.OTHER_SELLER)
		self.assertEqual(api.deal_of_crm_deal(source.name), {"deal": None, "url": None, "may_create": True})
		with self.assertRaisesRegex(frappe.ValidationError, "who owns it"):
			api.insert_deal_of_crm_deal(source.name)

	def test_product_without_item(self):
		source = self.crm_deal(products=[{"product_name": "Consulting", "qty": 1, "rate": 50}])
		frappe.set_user(make.SELLER)
		with self.assertRaisesRegex(frappe.ValidationError, "row 1: choose an item"):
			api.insert_deal_of_crm_deal(source.name)

	def test_no_button_without_the_right(self):
		source = self.crm_deal()
		frappe.set_user(make.make_user("crm.only@sca.example.com", ["Sales User"]))
		self.assertFalse(api.deal_of_crm_deal(source.name)["may_create"])
		with self.assertRaises(frappe.PermissionError):
			api.insert_deal_of_crm_deal(source.name)

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
