# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.expenses import categories


class DealExpenseCategory(Document):
	"""What a deal's money is spent on, and where each company books it."""

	def validate(self):
		self.category_name = (self.category_name or "").strip()
		categories.check(self)
