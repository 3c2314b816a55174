# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document


class ApproverLimit(Document):
	"""Up to which amount a user, or whoever has a role, may sign."""

	def validate(self):
		if self.limit_for == "User":
			self.role = None
		else:
			self.user = None
		if self.unlimited:
			self.amount = 0
		elif not self.amount:
			frappe.throw(_("Give the amount, or mark the limit as unlimited."))
		same = frappe.get_all(
			"Approver Limit",
			filters={
				"name": ("!=", self.name or ""),
				"limit_for": self.limit_for,
				"user": self.user or ("is", "not set"),
				"role": self.role or ("is", "not set"),
				"company": self.company or ("is", "not set"),
			},
			pluck="name",
			limit=1,
		)
		if same:
			frappe.throw(
				_("{0} has a limit already: {1}. Change that one.").format(
					self.user or self.role, frappe.utils.get_link_to_form("Approver Limit", same[0])
				)
			)
