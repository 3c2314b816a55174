# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.model.document import Document


class OpenInstallment(Document):
	pass


def on_doctype_update():
	"""What is open, by day: for figures, ageing and reminders that read no paid invoices."""
	frappe.db.add_index("Open Installment", ["company", "due_date", "outstanding_amount"])
