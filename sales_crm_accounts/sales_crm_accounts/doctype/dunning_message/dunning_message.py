# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.model.document import Document

from sales_crm_accounts.services.receivables import dunning_messages


class DunningMessage(Document):
	"""A reminder to one customer in one currency: a draft until it is released, then sent once."""

	def validate(self):
		dunning_messages.check(self)

	def on_trash(self):
		dunning_messages.check_trash(self)


def on_doctype_update():
	"""Who was written to lately, and what waits."""
	frappe.db.add_index("Dunning Message", ["company", "status", "message_date"])
