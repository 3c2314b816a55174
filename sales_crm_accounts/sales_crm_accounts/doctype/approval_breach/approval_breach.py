# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

#: What a person may write; all else is the finding itself.
OPEN_TO_PEOPLE = ("status", "explanation")


class ApprovalBreach(Document):
	"""What came past the gate, or was changed behind it; open until somebody explains it."""

	def validate(self):
		before = self.get_doc_before_save()
		if before:
			self.keep_finding(before)
		if self.status == "Explained":
			if not (self.explanation or "").strip():
				frappe.throw(
					_("Write down how it came about and what was done before the finding is closed."),
					title=_("Explanation Missing"),
				)
			if not before or before.status != "Explained" or before.explanation != self.explanation:
				self.explained_by, self.explained_on = frappe.session.user, now_datetime()
		else:
			self.explained_by = self.explained_on = None

	def keep_finding(self, before):
		"""Only status and explanation change; `read_only` is not held by the server."""
		for field in self.meta.fields:
			if field.fieldname not in OPEN_TO_PEOPLE:
				self.set(field.fieldname, before.get(field.fieldname))

	def on_trash(self):
		frappe.throw(_("A finding is explained, never deleted."), frappe.PermissionError)
