# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from sales_crm_accounts.services.matching import runs


class CashMatchingRun(Document):
	"""One look at what came in. Its figures are written by services/matching/runs.py."""

	def onload(self):
		self.set_onload("is_at_work", runs.is_at_work(self))

	def validate(self):
		if self.from_date and self.to_date and getdate(self.from_date) > getdate(self.to_date):
			frappe.throw(_("From Date is after To Date."))
		if self.bank_account:
			company = frappe.db.get_value("Bank Account", self.bank_account, "company")
			if company != self.company:
				frappe.throw(_("{0} is not an account of {1}.").format(self.bank_account, self.company))
