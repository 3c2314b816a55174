# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document


class ApprovalGateLog(Document):
	"""Why a document passed the gate. Written by the gate alone."""

	def validate(self):
		if not self.flags.by_gate or not self.is_new():
			frappe.throw(_("The log of the gate is written by the gate."), frappe.PermissionError)

	def on_trash(self):
		frappe.throw(_("The log of the gate is never deleted."), frappe.PermissionError)


def on_doctype_update():
	frappe.db.add_index("Approval Gate Log", ["reference_name", "reference_doctype"])
