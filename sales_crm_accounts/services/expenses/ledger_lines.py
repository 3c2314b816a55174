"""The debit side of an expense: each deal's cost and tax, in its currency and in the company's, to the cent."""

from collections import defaultdict
from decimal import Decimal

import frappe

from sales_crm_accounts.core import expenses as rules
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.expenses import categories, filling, taxes


def of(expense) -> list[rules.Line]:
	"""Lines over the shares of `filling.parts_of`; where the accountant has set no account yet, under an empty one."""
	account = expense.expense_account
	if not account:
		found = categories.account_of(expense.category, expense.company)
		account = found.expense_account if found else ""
	totals = taxes.compute(expense)
	return rules.lines(
		account,
		[part for _deal, part in filling.parts_of(expense)],
		[(tax_account, amount) for tax_account, _center, amount in totals.taxes if amount],
		to_decimal(expense.base_total_amount),
		expense.precision("amount"),
		expense.precision("base_total_amount"),
	)


def cost_by_deal(expense) -> dict[str, Decimal]:
	"""What the ledger will count as cost of each deal: before tax, and with tax that cannot be claimed back."""
	deals = [deal for deal, _part in filling.parts_of(expense)]
	found: dict[str, Decimal] = defaultdict(Decimal)
	for line in of(expense):
		if not line.is_tax or is_cost(line.account):
			found[deals[line.share]] += line.base_amount
	return dict(found)


def is_cost(account: str) -> bool:
	return frappe.get_cached_value("Account", account, "root_type") == "Expense"
