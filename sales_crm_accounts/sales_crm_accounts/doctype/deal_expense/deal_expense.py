# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document

from sales_crm_accounts.services.expenses import budget, checks, events, filling, posting, receipts


class DealExpense(Document):
	"""Money that was spent on a deal, or on several. Submitting it posts one document of ERPNext that carries the deals."""

	def before_insert(self):
		filling.start(self)

	def after_insert(self):
		events.after_repeat(self)

	def validate(self):
		filling.fill(self)
		checks.check(self)
		receipts.set_keys(self)
		receipts.check(self)
		budget.set_state(self)

	def before_submit(self):
		checks.check_complete(self)
		receipts.check(self, lock=True)
		budget.enforce(self)

	def on_submit(self):
		# Also where validation was skipped (flags.ignore_validate): before_submit did not run then.
		if self.flags.ignore_validate:
			self.before_submit()
		posting.post(self)

	def on_update(self):
		budget.warn(self)

	def on_cancel(self):
		posting.cancel(self)

	def on_trash(self):
		if self.docstatus == 2:
			frappe.throw(_("A cancelled Deal Expense is part of the deal's history and cannot be deleted."))

	def on_recurring(self, reference_doc, auto_repeat_doc):
		filling.repeat(self, reference_doc, auto_repeat_doc)
