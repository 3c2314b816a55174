# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, getdate, today

from sales_crm_accounts.core.receivables import statement_days

WHEN = ("frequency", "weekday", "month_day")


class CustomerStatementSchedule(Document):
	"""Statements of account that are mailed every week or month."""

	def validate(self):
		if self.frequency == statement_days.MONTHLY and not 1 <= cint(self.month_day) <= 31:
			frappe.throw(_("The day of the month is 1 to 31."))
		before = self.get_doc_before_save()
		moved = before and any(before.get(field) != self.get(field) for field in WHEN)
		if not self.next_date or (moved and before.next_date == self.next_date):
			self.next_date = self.day_from(getdate(today()))

	def day_from(self, start):
		return statement_days.on_or_after(start, self.frequency, self.weekday, cint(self.month_day))

	def due_day(self, on):
		"""The day whose statements are to go out `on` that day; None if it has not come."""
		if not self.enabled or not self.next_date:
			return None
		return statement_days.latest(
			getdate(self.next_date), getdate(on), self.frequency, self.weekday, cint(self.month_day)
		)
