# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.receivables import dunning_run


class DunningRun(Document):
	"""One look over everything that is due in a company on a day: reminders made, and who was passed over and why."""

	def onload(self):
		self.set_onload("summary", dunning_run.summary(self.name))

	def on_trash(self):
		dunning_run.forget_rows(self.name)
