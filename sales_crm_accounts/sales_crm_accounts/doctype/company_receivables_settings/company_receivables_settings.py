# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.expenses import claims
from sales_crm_accounts.services.receivables import (
	assignment,
	charge_terms,
	credit_loss_settings,
	write_off_checks,
)


class CompanyReceivablesSettings(Document):
	"""How one company chases what is owed to it."""

	def validate(self):
		charge_terms.check(self)
		claims.check_settings(self)
		assignment.check_rules(self.collector_rules)
		write_off_checks.check_settings(self)
		credit_loss_settings.check(self)
