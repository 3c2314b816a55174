# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.receivables import dunning_policies


class DunningPolicy(Document):
	"""A ladder of reminders, and whom it is for."""

	def validate(self):
		dunning_policies.check(self)
