# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.receivables import notes


class CollectionNote(Document):
	"""What was said with a customer about open money."""

	def validate(self):
		notes.validate(self)
