# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.model.document import Document

from sales_crm_accounts.permissions.approval_access import is_manager


class ApprovalPreference(Document):
	"""How an approver wants to be told."""

	def before_insert(self):
		if not is_manager():
			self.user = frappe.session.user
