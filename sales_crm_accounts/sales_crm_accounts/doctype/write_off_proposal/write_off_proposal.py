# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document

from sales_crm_accounts.services.receivables import write_off_checks, write_off_posting, write_offs


class WriteoffProposal(Document):
	"""Installments that the company gives up. Submitting it posts Journal Entries that close just them."""

	def validate(self):
		write_offs.fill(self)
		write_off_checks.check(self)

	def before_submit(self):
		write_off_checks.check_complete(self)

	def on_submit(self):
		# Also where validation was skipped (flags.ignore_validate): before_submit did not run then.
		if self.flags.ignore_validate:
			self.validate()
			self.before_submit()
		write_off_posting.post(self)

	def on_update(self):
		write_off_checks.warn(self)

	def before_cancel(self):
		write_off_posting.check_cancel(self)

	def on_cancel(self):
		write_off_posting.cancel(self)

	def on_trash(self):
		if self.docstatus == 2:
			frappe.throw(
				_("A cancelled Write-off Proposal stands for what was posted and cannot be deleted.")
			)
