# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document

from sales_crm_accounts.core.matching.text import account_number


class PayerAccount(Document):
	"""An account that a customer pays from."""

	def validate(self):
		self.account = account_number(self.account or "")
		if len(self.account) < 4:
			frappe.throw(_("This is no account number."))
		if frappe.db.exists(
			"Payer Account", {"account": self.account, "customer": self.customer, "name": ("!=", self.name)}
		):
			frappe.throw(_("Account {0} of {1} is known already.").format(self.account, self.customer))
