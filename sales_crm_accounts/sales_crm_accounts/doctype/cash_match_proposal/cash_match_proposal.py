# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document

from sales_crm_accounts.services.matching import PAYMENT, PROPOSED, proposals

#: What a person may correct while nobody has decided.
CORRECTABLE = {"customer", "several_customers", "rows"}


class CashMatchProposal(Document):
	"""Which installments a receipt pays. Status and money are the service's: services/matching/apply.py."""

	def validate(self):
		before = self.get_doc_before_save()
		if before and not self.flags.by_service:
			self._only_corrections(before)
		if self.status == PROPOSED:
			if not self.customer and self.rows:
				frappe.throw(_("Choose the customer first."))
			proposals.check(self)

	def _only_corrections(self, before):
		if before.status != PROPOSED:
			frappe.throw(_("{0} is {1}: it cannot be changed any more.").format(self.name, _(before.status)))
		for field in self.meta.get_valid_columns():
			if field not in CORRECTABLE and field not in ("modified", "modified_by", "customer_name"):
				self.set(field, before.get(field))
		for row in self.rows:
			row.payment_entry = None  # only applying makes one
		if self.source_type == PAYMENT:
			self.customer = before.customer
			self.several_customers = 0
		if self._given() != before._given():
			self.corrected = 1

	def _given(self):
		return (
			self.customer,
			self.several_customers,
			sorted(
				(
					row.sales_invoice,
					row.installment_no,
					row.allocated_amount,
					row.discount_amount,
					row.fee_amount,
				)
				for row in self.rows
			),
		)
