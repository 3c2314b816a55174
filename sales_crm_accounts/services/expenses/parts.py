"""What every voucher of an expense needs: its accounts, who bears it, and what it says."""

import frappe
from frappe import _

from sales_crm_accounts.services.expenses import categories, filling
from sales_crm_accounts.services.invoices import dimensions_of


def expense_account(expense) -> str:
	return (
		expense.expense_account or categories.need_account(expense.category, expense.company).expense_account
	)


def bearers(expense) -> list[dict]:
	"""For each share: deal, cost centre, project and the site's other dimensions."""
	names = [deal for deal, _part in filling.parts_of(expense)]
	fields = ["name", "cost_center", "project", *dimensions_of_deal()]
	deals = {
		row.name: row
		for row in frappe.get_all("Deal", filters={"name": ("in", names)}, fields=list(dict.fromkeys(fields)))
	}
	default = frappe.get_cached_value("Company", expense.company, "cost_center")
	found = []
	for name in names:
		deal = deals[name]
		found.append(
			{
				"deal": name,
				"cost_center": expense.cost_center or deal.cost_center or default,
				"project": deal.project,
				**dimensions_of(deal),
			}
		)
	return found


def dimensions_of_deal() -> list[str]:
	"""The site's other dimensions that a deal has a field for."""
	from sales_crm_accounts import erpnext_compat

	meta = frappe.get_meta("Deal")
	return [
		name for name in erpnext_compat.accounting_dimensions() if name != "deal" and meta.has_field(name)
	]


def employee_account(expense) -> str:
	"""Payable account for what employees paid."""
	company = frappe.get_cached_doc("Company", expense.company)
	account = (
		frappe.db.get_value("Company Receivables Settings", expense.company, "employee_payable_account")
		or company.get("default_expense_claim_payable_account")
		or company.default_payable_account
	)
	if not account:
		frappe.throw(
			_("Company {0} has no payable account for employees. Set {1} in its {2}.").format(
				expense.company, frappe.bold(_("Owed to Employees")), _("Company Receivables Settings")
			),
			title=_("Account Missing"),
		)
	return account


def need_own_currency(account: str, own: str):
	currency = frappe.get_cached_value("Account", account, "account_currency") or own
	if currency != own:
		frappe.throw(
			_("Account {0} is in {1}. Choose one in the company's currency {2}.").format(
				frappe.bold(account), currency, own
			)
		)


def remark(expense) -> str:
	return " · ".join(
		filter(None, [f"{_('Deal Expense')} {expense.name}", _(expense.category), expense.description])
	)
