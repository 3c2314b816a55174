"""What must be true of an expense: its deals take costs, its payer and accounts fit. Each message names the remedy."""

import frappe
from frappe import _
from frappe.utils import cint, get_link_to_form, getdate, today

from sales_crm_accounts.core import expenses as rules
from sales_crm_accounts.services.expenses import categories, filling

SETTINGS = "Sales CRM Accounts Settings"


def check(expense):
	"""Whenever it is saved."""
	_check_category(expense)
	_check_deals(expense)
	_check_dates(expense)
	_check_accounts(expense)


def check_complete(expense):
	"""Before it is posted; a salesperson may leave this to the accountant."""
	if not expense.expense_account:
		categories.need_account(expense.category, expense.company)
	if expense.paid_by == rules.EMPLOYEE and not expense.employee:
		frappe.throw(
			_("Choose the employee who is to be repaid. No employee is linked to user {0}.").format(
				frappe.utils.get_fullname(expense.owner)
			),
			title=_("Employee Missing"),
		)
	if expense.paid_by == rules.SUPPLIER and not expense.supplier:
		frappe.throw(_("Choose the supplier whose bill this is."), title=_("Supplier Missing"))
	if expense.paid_by == rules.COMPANY_ACCOUNT and not expense.paid_from:
		frappe.throw(
			_("Choose the bank or cash account that the expense was paid from."), title=_("Account Missing")
		)
	if not frappe.db.get_single_value(SETTINGS, "use_accounting_dimension"):
		frappe.throw(
			_(
				"Expenses carry their deal into the ledger by the accounting dimension Deal. Switch it on in {0} first."
			).format(_(SETTINGS)),
			title=_("Accounting Dimension"),
		)


def _check_category(expense):
	if cint(frappe.get_cached_value(categories.CATEGORY, expense.category, "disabled")):
		frappe.throw(
			_("Category {0} is disabled. Enable it or choose another.").format(
				get_link_to_form(categories.CATEGORY, expense.category, _(expense.category))
			)
		)


def _check_deals(expense):
	"""Costs go to deals that are alive; those that come after completion are marked in their category."""
	states = dict(
		frappe.get_all(
			"Deal",
			filters={"name": ("in", filling.deals_of(expense))},
			fields=["name", "status"],
			as_list=True,
		)
	)
	for deal, status in states.items():
		link = get_link_to_form("Deal", deal)
		if status == "Cancelled":
			frappe.throw(
				_("Deal {0} is cancelled and takes no expenses. Choose another deal.").format(link),
				title=_("Deal Cancelled"),
			)
		if status == "Lost":
			frappe.throw(
				_("Deal {0} is lost and takes no expenses. Reopen it, or choose another deal.").format(link),
				title=_("Deal Lost"),
			)
		if status == "Completed" and not cint(
			frappe.get_cached_value(categories.CATEGORY, expense.category, "after_completion")
		):
			frappe.throw(
				_(
					"Deal {0} is completed. Only categories marked {1} take expenses by now; {2} is not."
				).format(link, frappe.bold(_("Also on Completed Deals")), _(expense.category)),
				title=_("Deal Completed"),
			)


def _check_dates(expense):
	for field in ("posting_date", "bill_date"):
		if expense.get(field) and getdate(expense.get(field)) > getdate(today()):
			frappe.throw(
				_("{0} {1} is in the future. Choose today or an earlier day.").format(
					_(expense.meta.get_label(field)), frappe.format(expense.get(field), "Date")
				)
			)


def _check_accounts(expense):
	if expense.expense_account:
		categories.check_account(expense.company, expense.expense_account)
	categories.check_company("Cost Center", expense.cost_center, expense.company)
	if not expense.paid_from:
		return
	categories.check_company("Account", expense.paid_from, expense.company)
	account = frappe.get_cached_value(
		"Account", expense.paid_from, ["root_type", "account_type", "account_currency"], as_dict=True
	)
	if account.account_type in ("Receivable", "Payable") or account.root_type not in ("Asset", "Liability"):
		frappe.throw(
			_("Nothing can be paid from account {0}. Choose a bank, cash or credit card account.").format(
				frappe.bold(expense.paid_from)
			)
		)
	own = filling.company_currency(expense)
	if account.account_currency not in (own, expense.currency):
		frappe.throw(
			_("Account {0} is in {1}, the expense in {2}. Choose an account in {2} or {3}.").format(
				frappe.bold(expense.paid_from), account.account_currency, expense.currency, own
			)
		)
