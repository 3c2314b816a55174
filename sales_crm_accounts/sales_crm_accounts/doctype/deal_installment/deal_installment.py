# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document


class DealInstallment(Document):
	"""What is billed and collected of a won deal at one time. Made by winning and by changes, never by hand."""

	def autoname(self):
		self.name = f"{self.deal}-{self.sequence:02d}"

	def on_trash(self):
		if frappe.db.get_value("Deal", self.deal, "docstatus") == 1:
			frappe.throw(_("Installments of a won deal cannot be deleted. Use a Deal Change instead."))


def on_doctype_update():
	frappe.db.add_index("Deal Installment", ["status", "planned_invoice_date"])
