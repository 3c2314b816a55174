# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.receivables import credit_holds


class CreditHold(Document):
	"""Nothing new is sold to a customer until they have paid, or somebody lifts it."""

	def validate(self):
		credit_holds.validate(self)

	def after_insert(self):
		credit_holds.tell(self)

	def on_trash(self):
		credit_holds.check_trash(self)
