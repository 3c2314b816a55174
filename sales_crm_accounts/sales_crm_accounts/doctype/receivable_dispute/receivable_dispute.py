# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.receivables import disputes


class ReceivableDispute(Document):
	"""What a customer does not agree to pay of an invoice; its outcome is set by the buttons of the form."""

	def validate(self):
		disputes.validate(self)

	def on_update(self):
		disputes.after_save(self)
