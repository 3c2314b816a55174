# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document

from sales_crm_accounts.services import change_effects, changes


class DealChange(Document):
	def validate(self):
		changes.validate(self)

	def on_submit(self):
		change_effects.apply(self)

	def on_cancel(self):
		change_effects.revert(self)

	def on_trash(self):
		if self.docstatus == 2:
			frappe.throw(_("A cancelled Deal Change is part of the deal's history and cannot be deleted."))
