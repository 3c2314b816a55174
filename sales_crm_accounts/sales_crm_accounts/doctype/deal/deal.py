# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.model.document import Document

from sales_crm_accounts.services import deal_checks, deals, obstacles, sources, unwind, winning
from sales_crm_accounts.services.receivables import credit, credit_holds


class Deal(Document):
	"""A sale from first contact to the last payment. A draft is open, submitting wins it."""

	def _validate_links(self):
		# Comes before before_insert, and would refuse what an amended deal was copied with.
		if self.is_new() and self.amended_from:
			sources.leave_cancelled(self)
		super()._validate_links()

	def before_validate(self):
		self.title = (self.title or "").strip()
		deals.keep_derived(self)
		if self._action == "submit":
			winning.prepare(self)

	def validate(self):
		deal_checks.check_party(self)
		deal_checks.check_opened(self)
		deal_checks.check_accounting_links(self)
		deal_checks.check_sales_team(self)
		deals.set_totals(self)
		deals.set_costs(self)
		deals.set_plan(self)
		deals.set_stage(self)
		self.set_figures_of_today()

	def set_figures_of_today(self):
		"""What others change while the deal is a draft: the customer's credit."""
		credit.set_on_deal(self)
		if self.docstatus == 0 or self.flags.winning:
			credit_holds.mark(self)

	def on_update(self):
		self.flags.log_stage = self.flags.stage_moved and self._action == "save"

	def on_change(self):
		# Runs on every db_set, too; the log comes last, after the version of the deal.
		if self.flags.log_stage:
			self.flags.log_stage = False
			deals.log_stage(self)

	def before_submit(self):
		winning.check(self)
		credit_holds.check(self)

	def before_insert(self):
		# A copy or an amended deal starts again in the pipeline.
		if not self.flags.keep_stage and (self.amended_from or self.status not in (None, "Open")):
			self.stage = self.stage_column = None
		self.status = "Open"
		self.won_on = self.won_by = self.lost_on = None
		sources.claim(self)

	def after_insert(self):
		sources.claimed(self)

	def on_submit(self):
		self.db_set("status", "Won", update_modified=False)
		winning.won(self)
		self.flags.log_stage = True

	def before_update_after_submit(self):
		deals.keep_derived(self)
		deals.check_plan_kept(self)
		deals.set_costs(self)

	def before_cancel(self):
		obstacles.check(self)

	def on_cancel(self):
		self.db_set("status", "Cancelled", update_modified=False)
		self.ignore_linked_doctypes = (
			"GL Entry",
			"Payment Ledger Entry",
			"Sales Invoice",
			"Payment Entry",
			"Journal Entry",
			"Sales Order",
			"Deal Change",
			"Advance Payment Ledger Entry",
		)
		unwind.cancelled(self)

	def on_trash(self):
		sources.release(self)
		if self.docstatus == 0:
			return
		for name in frappe.get_all("Deal Installment", filters={"deal": self.name}, pluck="name"):
			frappe.delete_doc("Deal Installment", name, ignore_permissions=True, force=True)
