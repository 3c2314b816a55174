# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_link_to_form

from sales_crm_accounts.services.receivables import assignment


class CustomerCollector(Document):
	"""Who talks to one customer of one company about what is open; it goes before the company's rules."""

	def validate(self):
		assignment.check_collector(self.collector)
		same = frappe.db.get_value(
			"Customer Collector",
			{"company": self.company, "customer": self.customer, "name": ("!=", self.name or "")},
		)
		if same:
			frappe.throw(
				_("{0} has a collector already: {1}. Change that one.").format(
					self.customer_name or self.customer, get_link_to_form("Customer Collector", same)
				)
			)


def on_doctype_update():
	frappe.db.add_unique("Customer Collector", ["company", "customer"], "sca_company_customer")
