# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document


class ApprovalStep(Document):
	"""What somebody decided: appended by the app, never changed, never deleted, whatever role asks."""

	def validate(self):
		if not self.flags.appended or not self.is_new():
			frappe.throw(_("An approval step is written once, when it is decided."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("An approval step is never deleted."), frappe.PermissionError)


def on_doctype_update():
	frappe.db.add_unique("Approval Step", ["request", "sequence"], constraint_name="sca_step_sequence")
