# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from frappe.model.document import Document

from sales_crm_accounts.services.approvals import baseline, chain_rules


class ApprovalChain(Document):
	"""Who must agree before documents of a type are posted or cancelled."""

	def validate(self):
		chain_rules.check(self)

	def on_update(self):
		chain_rules.updated(self)
		baseline.chain_saved(self)

	def on_trash(self):
		chain_rules.updated(self)
		baseline.chain_deleted(self)

	def after_rename(self, old: str, new: str, merge: bool = False):
		chain_rules.updated(self)
