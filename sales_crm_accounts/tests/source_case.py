"""What the tests of the sources of deals share: the documents that deals are made from, and the settings."""

import frappe
from frappe.utils import add_days, today

from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


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
