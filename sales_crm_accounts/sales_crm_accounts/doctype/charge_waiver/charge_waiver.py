# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.receivables import charge_waivers


class ChargeWaiver(Document):
	"""What of a charge the company lets go, in part or whole; a credit note where the charge is invoiced."""

	def validate(self):
		charge_waivers.fill(self)
		charge_waivers.check(self)

	def on_submit(self):
		charge_waivers.waive(self)

	def on_cancel(self):
		self.ignore_linked_doctypes = (*(self.get("ignore_linked_doctypes") or ()), "Sales Invoice")
		charge_waivers.take_back(self)
