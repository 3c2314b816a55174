# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.model.document import Document

from sales_crm_accounts.services.receivables import charges


class ReceivableCharge(Document):
	"""Interest or a fee that a customer owes for paying late; nothing of it is in the books until it is invoiced."""

	def validate(self):
		if not self.flags.sca_charges:
			charges.check_by_hand(self)
		charges.fill(self)

	def on_trash(self):
		charges.check_trash(self)


def on_doctype_update():
	"""What is still claimed, by customer; and what stands of an installment."""
	frappe.db.add_index("Receivable Charge", ["company", "status", "customer"])
