# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint

from sales_crm_accounts.setup import dimension


class SalesCRMAccountsSettings(Document):
	def validate(self):
		self.check_billing_user()
		self.check_plan_template()
		self.check_dimension()

	def on_update(self):
		if self.has_value_changed("use_accounting_dimension"):
			self.switch_dimension()

	def check_billing_user(self):
		"""Automatic invoices need somebody who may make them, and whom limits hold."""
		if not self.billing_user:
			frappe.throw(
				_("Choose the user that makes automatic invoices."),
				title=_("Billing User"),
				exc=frappe.MandatoryError,
			)
		if self.billing_user in frappe.STANDARD_USERS:
			frappe.throw(
				_(
					"{0} cannot be the billing user: credit limits and due date limits do not hold for it. Choose an ordinary user."
				).format(frappe.bold(self.billing_user)),
				title=_("Billing User"),
			)
		if not frappe.db.get_value("User", self.billing_user, "enabled"):
			frappe.throw(
				_("The billing user {0} is disabled. Enable it or choose another one.").format(
					frappe.bold(self.billing_user)
				),
				title=_("Billing User"),
			)
		lacking = [
			_(right)
			for right in ("create", "submit")
			if not frappe.has_permission("Sales Invoice", right, user=self.billing_user)
		]
		if lacking:
			frappe.throw(
				_(
					"The billing user {0} may not {1} a Sales Invoice. Give it the role {2} or choose another user."
				).format(
					frappe.bold(self.billing_user),
					" {} ".format(_("or")).join(lacking),
					frappe.bold(_("Accounts User")),
				),
				title=_("Billing User"),
			)

	def check_plan_template(self):
		if self.default_plan_template and frappe.db.get_value(
			"Deal Plan Template", self.default_plan_template, "disabled"
		):
			frappe.throw(
				_("The plan template {0} is disabled. Choose another one.").format(
					frappe.bold(self.default_plan_template)
				),
				title=_("Default Plan Template"),
			)

	def check_dimension(self):
		"""Making the dimension adds fields to ERPNext's documents, which is for System Managers as all customization is."""
		if not cint(self.use_accounting_dimension) or not self.has_value_changed("use_accounting_dimension"):
			return
		if dimension.dimension_name() and not dimension.missing_fields():
			return
		dimension.check_dimension_possible()
		if "System Manager" not in frappe.get_roles():
			frappe.throw(
				_("Only a System Manager can switch the accounting dimension on for the first time."),
				title=_("Accounting Dimension"),
				exc=frappe.PermissionError,
			)

	def switch_dimension(self):
		enabled = bool(cint(self.use_accounting_dimension))
		dimension.sync_dimension(enabled)
		frappe.msgprint(
			_(
				"New ledger entries carry the deal. General Ledger, Profit and Loss and Trial Balance can be filtered by it."
			)
			if enabled
			else _(
				"New ledger entries do not carry the deal any more. Entries posted so far keep theirs; invoices still show their deal."
			),
			title=_("Accounting Dimension"),
			indicator="blue",
		)
