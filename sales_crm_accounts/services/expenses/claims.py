"""What an employee paid as an Expense Claim of HRMS, where that app is installed; HRMS itself is never imported."""

import frappe
from frappe import _
from frappe.utils import escape_html, getdate

from sales_crm_accounts.core import expenses as rules
from sales_crm_accounts.services.expenses import filling, ledger_lines, parts

CLAIM, TYPE, TYPE_ACCOUNT = "Expense Claim", "Expense Claim Type", "Expense Claim Account"
SETTINGS = "Company Receivables Settings"
JOURNAL = "Journal Entry"


def installed() -> bool:
	return bool(frappe.db.exists("DocType", CLAIM, cache=True))


def check_settings(settings):
	if settings.repay_employees_by == CLAIM and not installed():
		frappe.throw(
			_("Expense Claims come with the app HRMS, which is not installed. Choose {0}.").format(
				frappe.bold(_(JOURNAL))
			)
		)


def wanted(expense) -> bool:
	"""An Expense Claim, unless the company has said otherwise, or HRMS would book it in another company: the employee's own."""
	if expense.paid_by != rules.EMPLOYEE or not installed():
		return False
	if frappe.db.get_value(SETTINGS, expense.company, "repay_employees_by") == JOURNAL:
		return False
	return frappe.db.get_value("Employee", expense.employee, "company") == expense.company


def claim(expense):
	"""An unsaved, approved claim in company currency: one row a share, taxes as amounts, all with their deal."""
	own, bearers = filling.company_currency(expense), parts.bearers(expense)
	payable = parts.employee_account(expense)
	parts.need_own_currency(payable, own)
	doc = frappe.new_doc(CLAIM)
	let_through(doc)
	doc.update(
		{
			"employee": expense.employee,
			"company": expense.company,
			"approval_status": "Approved",
			"posting_date": getdate(expense.posting_date),
			"payable_account": payable,
			"cost_center": bearers[0]["cost_center"],
			"remark": parts.remark(expense),
		}
	)
	if doc.meta.has_field("exchange_rate"):
		doc.update({"currency": own, "exchange_rate": 1})
	if len(filling.deals_of(expense)) == 1:
		doc.update({field: value for field, value in bearers[0].items() if field != "cost_center"})
	for line in ledger_lines.of(expense):
		parts.need_own_currency(line.account, own)
		amount = float(line.base_amount)
		if line.is_tax:
			row = {"account_head": line.account, "description": line.account, "tax_amount": amount}
			doc.append("taxes", {**row, **bearers[line.share]})
		else:
			row = {
				"expense_date": getdate(expense.bill_date or expense.posting_date),
				"expense_type": _type(expense, line.account),
				"default_account": line.account,
				"description": _description(expense),
				"amount": amount,
				"sanctioned_amount": amount,
			}
			doc.append("expenses", {**row, **bearers[line.share]})
	return doc


def let_through(voucher):
	"""Who may post the expense may post its claim: HRMS gives the right to HR and to approvers only, not to accounting."""
	if voucher.doctype == CLAIM:
		voucher.flags.ignore_permissions = True


def _description(expense) -> str:
	"""HRMS shows it as HTML."""
	texts = [expense.description or _(expense.category)]
	if expense.currency != filling.company_currency(expense):
		texts.append(filling.money(expense.total_amount, expense.currency))
	return escape_html(" · ".join(texts))


def _type(expense, account: str) -> str:
	"""HRMS's name for the category: the type of the same name, else the first that has the account, else a new one."""
	if frappe.db.exists(TYPE, expense.category):
		return expense.category
	kind, row = frappe.qb.DocType(TYPE), frappe.qb.DocType(TYPE_ACCOUNT)
	found = (
		frappe.qb.from_(row)
		.join(kind)
		.on(row.parent == kind.name)
		.where((row.company == expense.company) & (row.default_account == account))
		.select(kind.name)
		.orderby(kind.name)
		.limit(1)
		.run()
	)
	if found:
		return found[0][0]
	doc = frappe.get_doc(
		{
			"doctype": TYPE,
			"expense_type": expense.category,
			"accounts": [{"company": expense.company, "default_account": account}],
		}
	)
	# The accountant has set the category's account; the type only repeats it, and HR alone may make types.
	doc.flags.ignore_permissions = True
	return doc.insert(ignore_if_duplicate=True).name
