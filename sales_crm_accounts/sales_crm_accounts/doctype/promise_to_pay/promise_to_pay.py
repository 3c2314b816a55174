# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.model.document import Document

from sales_crm_accounts.services.receivables import promises


class PromisetoPay(Document):
	"""What a customer said they would pay, and by when; whether it was kept is judged from the ledger, never typed."""

	def validate(self):
		promises.validate(self)

	def on_update(self):
		promises.after_save(self)

	def on_trash(self):
		promises.mark(self.customer, self.sales_invoice)


def on_doctype_update():
	frappe.db.add_index("Promise to Pay", ["status", "pay_by"])
