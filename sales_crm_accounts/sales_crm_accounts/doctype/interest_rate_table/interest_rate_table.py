# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, getdate


class InterestRateTable(Document):
	"""Annual rates of interest by the day from which each holds, as a law or a contract changes them."""

	def validate(self):
		seen = {}
		for row in self.rows:
			if flt(row.annual_rate) < 0:
				frappe.throw(
					_("Row {0}: the rate is negative. Enter 0 for a time without interest.").format(row.idx)
				)
			day = getdate(row.from_date)
			if day in seen:
				frappe.throw(
					_("Rows {0} and {1} begin on the same day. Keep the one that holds.").format(
						seen[day], row.idx
					)
				)
			seen[day] = row.idx
		self.rows.sort(key=lambda row: getdate(row.from_date))
		for number, row in enumerate(self.rows, 1):
			row.idx = number
