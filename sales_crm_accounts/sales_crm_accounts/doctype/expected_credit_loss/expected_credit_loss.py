# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document

from sales_crm_accounts.services.receivables import credit_loss, credit_loss_posting


class ExpectedCreditLoss(Document):
	"""What the company expects not to be paid of what is open on a day, by a matrix of its own history; posted as a provision."""

	def validate(self):
		credit_loss.fill(self)

	def before_submit(self):
		credit_loss.check_complete(self)

	def on_submit(self):
		# Also where validation was skipped (flags.ignore_validate): before_submit did not run then.
		if self.flags.ignore_validate:
			frappe.throw(_("An Expected Credit Loss is not posted without its checks."))
		credit_loss_posting.post(self)

	def before_cancel(self):
		credit_loss.check_cancel(self)

	def on_cancel(self):
		credit_loss_posting.cancel(self)
