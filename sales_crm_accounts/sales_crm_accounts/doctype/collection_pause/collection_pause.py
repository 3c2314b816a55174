# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.receivables import pauses


class CollectionPause(Document):
	"""Nothing is sent to a customer, or about an invoice, until a day is over."""

	def validate(self):
		pauses.validate(self)
