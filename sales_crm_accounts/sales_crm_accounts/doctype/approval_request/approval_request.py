# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document


class ApprovalRequest(Document):
	"""One round of approval of one document. Written by the app alone; a new round never deletes an old one."""

	def validate(self):
		if not self.flags.by_service:
			frappe.throw(
				_("An approval request is not edited. Decide on it, or withdraw it and ask again."),
				frappe.PermissionError,
			)

	def on_trash(self):
		frappe.throw(
			_("An approval request is never deleted: it is the record of its round."), frappe.PermissionError
		)


def on_doctype_update():
	"""Which DocTypes have a request that still counts; most requests are posted ones."""
	frappe.db.add_index("Approval Request", ["posted", "status", "reference_doctype"])
