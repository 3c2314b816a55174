# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, flt, get_link_to_form

from sales_crm_accounts.services import policies


class BillingPolicy(Document):
	"""How a company bills its deals. Narrower policies (customer group, territory, amount) win over wider ones."""

	def validate(self):
		self.check_amounts()
		self.check_days_ahead()
		self.check_company_records()
		self.check_accounts()
		self.check_naming_series()
		self.check_mail()
		self.check_scope_is_single()
		self.check_method_is_kept()

	def check_amounts(self):
		if flt(self.min_amount) < 0 or flt(self.max_amount) < 0:
			frappe.throw(_("The amounts of the scope cannot be negative."), title=_("Billing Policy"))
		if flt(self.max_amount) and flt(self.max_amount) < flt(self.min_amount):
			frappe.throw(
				_(
					"The smallest amount {0} is above the largest amount {1}. Enter 0 as the largest for no limit."
				).format(
					frappe.bold(self.get_formatted("min_amount")),
					frappe.bold(self.get_formatted("max_amount")),
				),
				title=_("Billing Policy"),
			)

	def check_days_ahead(self):
		if not 0 <= cint(self.days_ahead) <= 365:
			frappe.throw(_("Days Ahead must be between 0 and 365."), title=_("Billing Policy"))

	def check_company_records(self):
		"""What belongs to one company must belong to this one, and be usable for posting."""
		for fieldname in ("debit_to", "income_account", "cost_center", "taxes_and_charges"):
			name = self.get(fieldname)
			if not name:
				continue
			doctype = self.meta.get_field(fieldname).options
			label = _(self.meta.get_label(fieldname))
			record = frappe.get_cached_doc(doctype, name)
			if record.company != self.company:
				frappe.throw(
					_("{0}: {1} belongs to the company {2}, the policy to {3}.").format(
						label, frappe.bold(name), frappe.bold(record.company), frappe.bold(self.company)
					),
					title=_("Billing Policy"),
				)
			if cint(record.get("is_group")):
				frappe.throw(
					_("{0}: {1} is a group. Choose one below it.").format(label, frappe.bold(name)),
					title=_("Billing Policy"),
				)
			if cint(record.get("disabled")):
				frappe.throw(
					_("{0}: {1} is disabled. Choose another one.").format(label, frappe.bold(name)),
					title=_("Billing Policy"),
				)
		for fieldname in ("tc_name", "letter_head", "print_format"):
			name = self.get(fieldname)
			if name and cint(frappe.db.get_value(self.meta.get_field(fieldname).options, name, "disabled")):
				frappe.throw(
					_("{0}: {1} is disabled. Choose another one.").format(
						_(self.meta.get_label(fieldname)), frappe.bold(name)
					),
					title=_("Billing Policy"),
				)

	def check_accounts(self):
		if (
			self.debit_to
			and frappe.get_cached_value("Account", self.debit_to, "account_type") != "Receivable"
		):
			frappe.throw(
				_("{0} is not a receivable account. Choose one of the type Receivable.").format(
					frappe.bold(self.debit_to)
				),
				title=_("Billing Policy"),
			)
		# Liabilities are allowed for money received in advance, as in ERPNext's own invoice.
		if self.income_account and frappe.get_cached_value(
			"Account", self.income_account, "root_type"
		) not in (
			"Income",
			"Liability",
		):
			frappe.throw(
				_("{0} is not an income account. Choose an account of the type Income or Liability.").format(
					frappe.bold(self.income_account)
				),
				title=_("Billing Policy"),
			)

	def check_naming_series(self):
		if not self.naming_series:
			return
		known = (frappe.get_meta("Sales Invoice").get_field("naming_series").options or "").split("\n")
		if self.naming_series not in known:
			frappe.throw(
				_("{0} is not a naming series of Sales Invoice. Use one of: {1}.").format(
					frappe.bold(self.naming_series), ", ".join(series for series in known if series)
				),
				title=_("Billing Policy"),
			)

	def check_mail(self):
		if not cint(self.email_invoice):
			return
		if not self.email_template:
			frappe.throw(
				_("Choose the email template that invoices are sent with."),
				title=_("Billing Policy"),
				exc=frappe.MandatoryError,
			)
		doctype = self.print_format and frappe.db.get_value("Print Format", self.print_format, "doc_type")
		if doctype and doctype != "Sales Invoice":
			frappe.throw(
				_("The print format {0} is for {1}. Choose one for Sales Invoice.").format(
					frappe.bold(self.print_format), _(doctype)
				),
				title=_("Billing Policy"),
			)

	def check_scope_is_single(self):
		"""Two policies over exactly the same deals would leave the choice to their names."""
		if cint(self.disabled):
			return
		for other in frappe.get_all(
			"Billing Policy",
			filters={"company": self.company, "disabled": 0, "name": ("!=", self.name)},
			fields=["name", "for_customer_group", "for_territory", "min_amount", "max_amount"],
		):
			if all(
				(self.get(f) or "") == (other[f] or "") for f in ("for_customer_group", "for_territory")
			) and all(flt(self.get(f), 9) == flt(other[f], 9) for f in ("min_amount", "max_amount")):
				frappe.throw(
					_(
						"{0} already covers the same customer group, territory and amounts. Change the scope, or disable it."
					).format(frappe.bold(other.name)),
					title=_("Billing Policy"),
				)

	def check_method_is_kept(self):
		"""A won deal's plan was checked for one method; by the other one its milestones and due dates would not be kept."""
		if self.is_new() or not self.has_value_changed("invoicing_method"):
			return
		deal = policies.deal_to_be_billed_by(self.name)
		if deal:
			frappe.throw(
				_(
					"{0} stays: won deals are still to be billed by it, for example {1}. Disable this policy and make another one for the deals to come."
				).format(
					frappe.bold(_(self.meta.get_label("invoicing_method"))), get_link_to_form("Deal", deal)
				),
				title=_("Billing Policy"),
			)
