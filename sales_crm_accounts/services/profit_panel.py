"""Profit of one deal for its form, in the company's currency: what was planned against what the ledger has."""

from decimal import Decimal

import frappe
from frappe.query_builder.functions import Min
from frappe.utils import getdate, today

from sales_crm_accounts.core import profit as core
from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.services import profit
from sales_crm_accounts.services.expenses import budget


def panel(deal) -> dict | None:
	"""Figures over the deal's whole life; None for users who may not see the profit of this deal (`deal` may be read)."""
	if not (profit.may_see() and deal_access.can("profit", deal.name)):
		return None
	digits = profit.precision(deal.company)
	profits = profit.read(profit.Scope(deal.company, deals=[deal.name]), {})
	key = (deal.name, "")
	figures = profits.figures.get(key, core.Figures())
	rate = to_decimal(deal.conversion_rate or 1)
	planned_costs = quantize(to_decimal(deal.total_planned_cost) * rate, digits)
	planned_margin = quantize(to_decimal(deal.planned_margin) * rate, digits)
	waiting = profits.waiting.get(key, ZERO)
	spent, accounts = _spent(deal.name, profits, figures, digits)
	return {
		"currency": frappe.get_cached_value("Company", deal.company, "default_currency"),
		"company": deal.company,
		"from_date": _first_day(deal.name) or deal.transaction_date,
		"to_date": getdate(today()),
		"can_read_ledger": bool(frappe.has_permission("GL Entry", "read")),
		"revenue": float(figures.revenue),
		"credit_notes": float(figures.credit_notes),
		"discounts": float(profits.discounts.get(key, ZERO)),
		"interest": float(figures.interest),
		"exchange": float(figures.exchange),
		"expenses": float(figures.expense),
		"write_offs": float(figures.write_offs),
		"provisions": float(figures.provisions),
		"profit": float(figures.profit),
		"margin": float(quantize(figures.margin, 2)) if figures.margin is not None else None,
		"by_voucher": float(figures.by_voucher),
		"planned_revenue": float(planned_margin + planned_costs),
		"planned_costs": float(planned_costs),
		"planned_margin": float(planned_margin),
		"planned_margin_percent": deal.planned_margin_percent,
		"difference": float(figures.profit - planned_margin),
		"waiting_rate": float(profit.waiting_rate(deal.company)),
		"waiting": float(waiting),
		"profit_after_waiting": float(figures.profit - waiting),
		"categories": [
			{
				"category": category,
				"planned": float(planned),
				"actual": float(actual),
				"difference": float(planned - actual),
				"accounts": accounts.get(category) or profits.accounts_of(core.EXPENSE, category),
			}
			for category, planned, actual in _categories(deal, profits, spent, planned_costs, digits)
		],
	}


def _spent(
	deal: str, profits: profit.Profits, figures: core.Figures, digits: int
) -> tuple[dict[str, Decimal], dict[str, list[str]]]:
	"""Cost by category, and the accounts of those that have none of their own.

	An expense of ours counts under its own category, as for the plan that it is held against, also where another category by the
	same account comes first by name.
	"""
	spent, accounts = dict(figures.expenses), {}
	for account, category, amount in budget.posted_under(deal):
		meaning = profits.meaning.get(account)
		if not meaning or meaning.kind != core.EXPENSE or meaning.category == category:
			continue
		amount = quantize(amount, digits)
		spent[meaning.category] = spent.get(meaning.category, ZERO) - amount
		spent[category] = spent.get(category, ZERO) + amount
		accounts.setdefault(category, profits.accounts_of(core.EXPENSE, category)).append(account)
	return spent, accounts


def _categories(
	deal, profits: profit.Profits, spent: dict[str, Decimal], total: Decimal, digits: int
) -> list[tuple[str, Decimal, Decimal]]:
	"""(category, planned, actual) by name. A plan without category counts under its account's, else by its description."""
	planned: dict[str, Decimal] = {}
	rows = [row for row in deal.planned_costs if to_decimal(row.amount) > 0]
	if rows:
		for row, amount in zip(
			rows, core.share(total, [to_decimal(row.amount) for row in rows], digits), strict=True
		):
			meaning = profits.meaning.get(row.expense_account)
			name = row.category or (meaning and meaning.category) or row.description
			planned[name] = planned.get(name, ZERO) + amount
	names = {*planned, *(name for name, amount in spent.items() if amount)}
	return [
		(name, planned.get(name, ZERO), spent.get(name, ZERO)) for name in sorted(names, key=str.casefold)
	]


def _first_day(deal: str):
	"""The first posting that carries the deal, so that the ledger is opened from there."""
	entry = frappe.qb.DocType("GL Entry")
	return frappe.qb.from_(entry).where(entry.deal == deal).select(Min(entry.posting_date)).run()[0][0]
