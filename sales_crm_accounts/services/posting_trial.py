"""Whether ERPNext will post a deal's invoices, tried before the deal is won. Nothing is written.

Tried on the invoice over the whole deal that its totals were computed with: every item, tax and account that any of its invoices
will have is on it, and it costs no further calculation.
"""

import frappe
from erpnext.accounts.utils import FiscalYearError
from frappe import _
from frappe.utils import flt, getdate, strip_html, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.services import policies, selling_checks
from sales_crm_accounts.services.deal_checks import check_belongings, check_link
from sales_crm_accounts.services.invoices import whole_deal_invoice


def check(deal):
	"""Refuses a deal whose invoices would fail, with the row and the remedy where they are known, else with ERPNext's reason."""
	with erpnext_compat.quiet_messages():
		invoice = deal.flags.whole_invoice or whole_deal_invoice(deal)
	check_belongings(deal)
	_check_rows(deal, invoice)
	_check_amounts(deal, invoice)
	if reason := _refusal(deal, invoice):
		frappe.throw(
			_("ERPNext would refuse the invoices of this deal: {0} Mend this before the deal is won.").format(
				reason
			),
			title=_("Invoices Cannot Be Posted"),
		)


def _check_rows(deal, invoice):
	"""Also what ERPNext filled in by itself: from the item, the customer, the company and the tax template."""
	order = policies.policy_of(deal).create_sales_order
	_check_account(deal, invoice.debit_to, _("Receivable account of the customer:") + " ")
	for row in invoice.items:
		where = _("Items, row {0}:").format(row.idx) + " "
		_check_account(deal, row.income_account, where)
		check_link(deal, "Cost Center", row.cost_center, where)
		if order:
			check_link(deal, "Warehouse", row.warehouse, where)
	for row in invoice.taxes:
		where = _("Taxes, row {0}:").format(row.idx) + " "
		if invoice.taxes_and_charges:
			where = _("Taxes of {0}, row {1}:").format(invoice.taxes_and_charges, row.idx) + " "
		_check_account(deal, row.account_head, where)
		check_link(deal, "Cost Center", row.cost_center, where)


def _check_amounts(deal, invoice):
	"""What ERPNext makes of quantities, rates and discount is what the deal says, so that the invoices can come to its amount."""
	remedy = " " + _("Change the quantity or the rate, or the decimals of these fields on the Sales Invoice.")
	for row, line in zip(deal.items, invoice.items, strict=False):
		if flt(line.amount, 9) != flt(row.amount, 9):
			frappe.throw(
				_("Items, row {0}:").format(row.idx)
				+ " "
				+ _("ERPNext would bill {0} x {1} = {2}, the deal says {3}.").format(
					*(f"{flt(value, 9):.15g}" for value in (line.qty, line.rate, line.amount, row.amount))
				)
				+ remedy,
				title=_("Invoices Cannot Be Posted"),
			)
	billed = flt(flt(invoice.total) - flt(invoice.discount_amount), invoice.precision("total"))
	if billed != flt(deal.net_total, 9):
		frappe.throw(
			_("Before tax ERPNext would bill {0}, the deal says {1}.").format(
				f"{billed:.15g}", f"{flt(deal.net_total, 9):.15g}"
			)
			+ " "
			+ _("Change the discount, or the decimals of totals on the Sales Invoice."),
			title=_("Invoices Cannot Be Posted"),
		)


def _check_account(deal, account: str | None, where: str):
	check_link(deal, "Account", account, where)
	if account and frappe.get_cached_value("Account", account, "freeze_account") == "Yes":
		role = erpnext_compat.role_for_frozen_accounts(deal.company)
		if not role or role not in frappe.get_roles(_billing_user()):
			frappe.throw(
				where + _("{0} {1} is frozen. Unfreeze it or choose another.").format(_("Account"), account)
			)


def _billing_user() -> str:
	user = frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user", cache=True)
	return user or frappe.session.user


def _refusal(deal, invoice) -> str | None:
	"""ERPNext's own reason against the parties or the ledger lines of the invoice; None where it has none."""
	with erpnext_compat.quiet_messages():
		try:
			erpnext_compat.validate_party(invoice)
			selling_checks.check_whole(invoice)
			invoice.set_against_income_account()
			erpnext_compat.ledger_lines(invoice)
		except FiscalYearError as error:
			# The year of a later invoice is opened when it begins.
			return _sentence(error) if _due_today(deal) else None
		except frappe.ValidationError as error:
			return _sentence(error)
	return None


def _sentence(error: Exception) -> str:
	text = " ".join(strip_html(str(error)).split())
	return text if text.endswith((".", "。")) else f"{text}."


def _due_today(deal) -> bool:
	return any(row.invoice_date and getdate(row.invoice_date) <= getdate(today()) for row in deal.plan)
