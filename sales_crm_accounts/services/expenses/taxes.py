"""Tax of an expense by ERPNext's own calculation, on a Purchase Invoice that is never saved."""

from dataclasses import dataclass
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import cint, flt, get_link_to_form

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core.money import ZERO, to_decimal

TEMPLATE = "Purchase Taxes and Charges Template"


@dataclass(frozen=True, slots=True)
class Totals:
	"""In the expense's currency; `taxes` are (account, cost centre, amount), a deduction negative."""

	net: Decimal
	taxes: tuple[tuple[str, str | None, Decimal], ...] = ()

	@property
	def tax(self) -> Decimal:
		return sum((amount for _account, _center, amount in self.taxes), ZERO)

	@property
	def total(self) -> Decimal:
		return self.net + self.tax


def compute(expense) -> Totals:
	"""Amount before tax, each tax, and what was paid."""
	if not expense.tax_template:
		return Totals(to_decimal(expense.amount))
	_check_template(expense)
	invoice = frappe.new_doc("Purchase Invoice")
	invoice.update(
		{
			"company": expense.company,
			"posting_date": expense.posting_date,
			"currency": expense.currency,
			"conversion_rate": expense.conversion_rate,
			"disable_rounded_total": 1,
		}
	)
	invoice.append(
		"items",
		{"item_name": expense.category, "qty": 1, "rate": expense.amount, "conversion_factor": 1},
	)
	for row in rows(expense):
		invoice.append("taxes", row)
	with erpnext_compat.quiet_messages():
		invoice.calculate_taxes_and_totals()
	precision = expense.precision("amount")
	found = tuple(
		(
			row.account_head,
			row.cost_center,
			to_decimal(flt(row.tax_amount_after_discount_amount, precision))
			* (-1 if row.add_deduct_tax == "Deduct" else 1),
		)
		for row in invoice.taxes
		if row.category != "Valuation"
	)
	if cint(expense.tax_included):
		# What was paid is what the receipt says; the tax is ERPNext's, the rest is the cost.
		net = to_decimal(expense.amount) - sum((amount for _a, _c, amount in found), ZERO)
	else:
		net = to_decimal(expense.amount)
	if not net > 0:
		frappe.throw(_("The tax is as much as the amount. Check the tax template."))
	return Totals(net, found)


def rows(expense) -> list[dict]:
	"""Tax rows of the template, ready to append to a Purchase Invoice."""
	from erpnext.controllers.accounts_controller import get_taxes_and_charges

	found = []
	for row in get_taxes_and_charges(TEMPLATE, expense.tax_template) or []:
		row = dict(row)
		if cint(expense.tax_included) and row.get("category") != "Valuation":
			if row.get("charge_type") == "Actual":
				frappe.throw(
					_(
						"Tax template {0} adds a fixed amount, which the amount of a receipt cannot include. Untick {1}, or choose another template."
					).format(get_link_to_form(TEMPLATE, expense.tax_template), _("Amount Includes the Tax"))
				)
			row["included_in_print_rate"] = 1
		else:
			row["included_in_print_rate"] = 0
		found.append(row)
	return found


def _check_template(expense):
	found = frappe.get_cached_value(TEMPLATE, expense.tax_template, ["company", "disabled"], as_dict=True)
	if not found or found.company != expense.company:
		frappe.throw(
			_("{0} {1} belongs to company {2}, not to {3}.").format(
				_(TEMPLATE), expense.tax_template, found and found.company, expense.company
			)
		)
	if found.disabled:
		frappe.throw(
			_("{0} {1} is disabled. Enable it or choose another.").format(_(TEMPLATE), expense.tax_template)
		)
