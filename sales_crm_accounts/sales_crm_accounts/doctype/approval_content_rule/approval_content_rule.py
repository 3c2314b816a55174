# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document

from sales_crm_accounts.services.approvals import content


class ApprovalContentRule(Document):
	"""Which fields of a DocType are part of what is approved."""

	def validate(self):
		meta = frappe.get_meta(self.document_type)
		for row in self.fields_listed:
			row.table_field = row.table_field or ""
			where = meta
			if row.table_field:
				table = meta.get_field(row.table_field)
				if not table or table.fieldtype not in frappe.model.table_fields:
					frappe.throw(
						_("Row {0}: {1} has no table {2}.").format(
							row.idx, _(self.document_type), row.table_field
						)
					)
				where = frappe.get_meta(table.options)
			if not where.has_field(row.field):
				frappe.throw(_("Row {0}: {1} has no field {2}.").format(row.idx, _(where.name), row.field))
		if self.mode == content.ONLY_LISTED and not self.fields_listed:
			frappe.throw(_("List at least one field; without any, every change would pass unseen."))

	def on_update(self):
		content.forget()

	def on_trash(self):
		content.forget()
