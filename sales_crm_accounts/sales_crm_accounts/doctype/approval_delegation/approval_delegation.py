# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, get_fullname

from sales_crm_accounts.core.approvals import delegation as rules
from sales_crm_accounts.services import messages
from sales_crm_accounts.services.approvals import delegates


class ApprovalDelegation(Document):
	"""Somebody approves instead of somebody else, for some days, DocTypes and amounts."""

	def validate(self):
		others = [] if self.disabled else delegates.between(self.from_date, self.to_date)
		messages.throw(rules.check(delegates.as_rule(self), others))
		if not frappe.get_cached_value("User", self.delegate, "enabled"):
			frappe.throw(_("{0} is disabled.").format(get_fullname(self.delegate)))
		if self.delegate == frappe.session.user:
			frappe.throw(
				_(
					"Nobody takes over somebody else's approvals by themselves: {0} has to delegate them."
				).format(get_fullname(self.delegator))
			)
		if flt(self.max_amount) and not self.currency:
			frappe.throw(_("Give the currency of the amount."))
