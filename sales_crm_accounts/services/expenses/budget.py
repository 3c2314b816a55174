"""What was planned for a category on a deal, what is spent of it by whoever booked it, and what happens when it is passed."""

from collections import defaultdict
from decimal import Decimal

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import flt, get_link_to_form

from sales_crm_accounts.core import expenses as rules
from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.services.approvals import SUBMIT, gate
from sales_crm_accounts.services.expenses import categories, filling, ledger_lines

SETTINGS = "Sales CRM Accounts Settings"


def planned(company: str, deals: list[str]) -> dict[tuple[str, str], Decimal]:
	"""(deal, category) -> planned cost in company currency. A row without category counts by its account."""
	row, deal = frappe.qb.DocType("Deal Planned Cost"), frappe.qb.DocType("Deal")
	rows = (
		frappe.qb.from_(row)
		.join(deal)
		.on((row.parent == deal.name) & (row.parenttype == "Deal"))
		.where(deal.name.isin(deals or [""]))
		.where(deal.company == company)
		.select(deal.name, row.category, row.expense_account, row.amount, deal.conversion_rate)
		.run()
	)
	by_account, found = categories.by_account(company), defaultdict(Decimal)
	for name, category, account, amount, rate in rows:
		category = category or by_account.get(account)
		if category:
			found[name, category] += to_decimal(flt(flt(amount) * (flt(rate) or 1), 6))
	return dict(found)


def spent(company: str, deals: list[str]) -> dict[tuple[str, str | None], Decimal]:
	"""(deal, category) -> cost in the ledger, in company currency; category None where no category has the account.

	An expense of ours counts under its own category; what others booked on the deal counts under the category of its account.
	"""
	entry, account, expense = (
		frappe.qb.DocType("GL Entry"),
		frappe.qb.DocType("Account"),
		frappe.qb.DocType("Deal Expense"),
	)
	rows = (
		frappe.qb.from_(entry)
		.join(account)
		.on((account.name == entry.account) & (account.root_type == "Expense"))
		.left_join(expense)
		.on(
			(expense.voucher_no == entry.voucher_no)
			& (expense.voucher_type == entry.voucher_type)
			& (expense.docstatus == 1)
		)
		.where((entry.company == company) & (entry.is_cancelled == 0) & entry.deal.isin(deals or [""]))
		.where(entry.voucher_type != "Period Closing Voucher")
		.groupby(entry.deal, entry.account, expense.category)
		.select(entry.deal, entry.account, expense.category, Sum(entry.debit - entry.credit))
		.run()
	)
	by_account, found = categories.by_account(company), defaultdict(Decimal)
	for deal, name, category, amount in rows:
		found[deal, category or by_account.get(name)] += to_decimal(flt(amount, 6))
	return dict(found)


def posted_under(deal: str) -> list[tuple[str, str, Decimal]]:
	"""(account, category, cost) of what expenses of ours posted on the deal: where categories share an account, it does not tell."""
	entry, expense = frappe.qb.DocType("GL Entry"), frappe.qb.DocType("Deal Expense")
	rows = (
		frappe.qb.from_(entry)
		.join(expense)
		.on((expense.voucher_no == entry.voucher_no) & (expense.voucher_type == entry.voucher_type))
		.where((entry.deal == deal) & (entry.is_cancelled == 0) & (expense.docstatus == 1))
		.groupby(entry.account, expense.category)
		.select(entry.account, expense.category, Sum(entry.debit - entry.credit))
		.run()
	)
	return [(account, category, to_decimal(flt(amount, 6))) for account, category, amount in rows]


def budgets_of(expense) -> list[rules.Budget]:
	"""The plans that a draft expense touches."""
	deals = filling.deals_of(expense)
	plan = {
		deal: amount
		for (deal, category), amount in planned(expense.company, deals).items()
		if category == expense.category
	}
	if not plan:
		return []
	gone = {
		deal: amount
		for (deal, category), amount in spent(expense.company, deals).items()
		if category == expense.category
	}
	return rules.budgets(ledger_lines.cost_by_deal(expense), plan, gone)


def by_category(deal) -> list[dict]:
	"""Planned, spent and left of each category of a deal, in company currency; for forms and reports."""
	plan, gone = planned(deal.company, [deal.name]), spent(deal.company, [deal.name])
	names = sorted({category for _deal, category in {*plan, *gone} if category})
	found = []
	for name in names:
		row = rules.Budget(deal.name, plan.get((deal.name, name), ZERO), gone.get((deal.name, name), ZERO))
		found.append(
			{
				"category": name,
				"planned": float(row.planned),
				"spent": float(row.spent),
				"left": float(row.left),
				"has_plan": (deal.name, name) in plan,
			}
		)
	return found


def action_of(category: str) -> str:
	return (
		frappe.get_cached_value(categories.CATEGORY, category, "budget_action")
		or frappe.db.get_single_value(SETTINGS, "expense_budget_action")
		or rules.WARN
	)


def set_state(expense):
	"""Fields that lists and approval chains read; found anew on every save and once more when it is posted."""
	passed = [row for row in budgets_of(expense) if row.passed]
	expense.over_budget = 1 if passed else 0
	expense.budget_action = action_of(expense.category) if passed else None
	expense.flags.budgets_passed = passed


def warn(expense):
	"""Tell whoever saves a draft, and whoever posts where nothing else stops them."""
	passed = expense.flags.budgets_passed
	if not passed or expense.flags.in_import:
		return
	if expense.docstatus == 1 and expense.budget_action != rules.WARN:
		return
	remedy = {
		rules.WARN: "",
		rules.ASK: _("It has to be approved before it is posted."),
		rules.STOP: _("It cannot be posted unless the planned cost is raised on the deal."),
	}[expense.budget_action]
	frappe.msgprint(
		" ".join(filter(None, [*_texts(expense, passed), remedy])),
		title=_("Planned Cost Passed"),
		indicator="orange",
	)


def enforce(expense):
	"""Before it is posted: stop, or make sure that somebody approves."""
	passed = expense.flags.budgets_passed
	if passed is None:
		set_state(expense)
		passed = expense.flags.budgets_passed
	if not passed:
		return
	texts = _texts(expense, passed)
	if expense.budget_action == rules.STOP:
		frappe.throw(
			" ".join([*texts, _("Raise the planned cost on the deal first, or choose another category.")]),
			title=_("Planned Cost Passed"),
		)
	if expense.budget_action != rules.ASK:
		return
	if gate.judge(expense, SUBMIT).outcome not in (gate.APPROVED, gate.STOPPED):
		frappe.throw(
			" ".join(
				[
					*texts,
					_(
						"Category {0} asks for approval then, and no active approval chain covers this expense. An Approval Manager switches on {1}."
					).format(
						frappe.bold(_(expense.category)), frappe.bold(_("Expenses Over the Planned Cost"))
					),
				]
			),
			title=_("Approval Needed"),
		)


def _texts(expense, passed: list[rules.Budget]) -> list[str]:
	currency = filling.company_currency(expense)
	return [
		_("Deal {0}, {1}: planned {2}, spent {3}, this expense {4}: {5} too much.").format(
			get_link_to_form("Deal", row.deal),
			_(expense.category),
			*(filling.money(value, currency) for value in (row.planned, row.spent, row.amount, -row.left)),
		)
		for row in passed
	]
