# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Profit of deals from the General Ledger, with what no deal bears: together the company's Profit and Loss Statement."""

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import flt

from sales_crm_accounts.core import profit as core
from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common
from sales_crm_accounts.services import profit

#: What the rows are -> field of the deal; item group and month are not fields of it.
GROUPS = {
	"Deal": "name",
	"Deal Owner": "deal_owner",
	"Customer": "customer",
	"Customer Group": "customer_group",
	"Item Group": "item_group",
	"Territory": "territory",
	"Month": "month",
}
#: Expense categories with a column of their own; the smaller ones share one.
MOST_CATEGORIES = 12
NOT_SET = "\0"


@common.explained
def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	for name, label in (("company", _("Company")), ("from_date", _("From Date")), ("to_date", _("To Date"))):
		if not filters.get(name):
			frappe.throw(_("Choose {0}.").format(label))
	if filters.from_date > filters.to_date:
		frappe.throw(_("To Date is before From Date."))
	group_by = filters.group_by or "Deal"
	if group_by not in GROUPS:
		frappe.throw(_("Choose {0}.").format(_("Group By")))
	profits = profit.of_filters(filters, by_month=group_by == "Month")
	digits = profit.precision(filters.company)
	lines = fold(
		profits, group_by, weights_of_items(filters.company) if group_by == "Item Group" else {}, digits
	)
	categories = columns_of_categories(line.figures for line in lines)
	currency = common.company_currency(filters)
	names = {core.NO_DEAL: _("Without Deal"), NOT_SET: _("Not Set")}
	rows = [line.row(names, group_by, categories, currency, profits) for line in lines]
	columns = deal_access.plain_links(get_columns(group_by, categories, profits, bool(profits.waiting)))
	return columns, rows, None, get_chart(rows, currency), get_summary(lines, currency)


class Line:
	"""A row of the report: what one group earned."""

	def __init__(self, group: str):
		self.group, self.figures = group, core.Figures()
		self.discounts = self.waiting = self.planned = ZERO
		self.deals: set[str] = set()

	def row(self, names: dict, group_by: str, categories: list, currency: str, profits) -> dict:
		figures = self.figures
		profit_amount = figures.profit
		planned = bool(self.deals) and group_by != "Month"
		row = {
			"group": names.get(self.group, self.group),
			"key": self.group if self.group not in names else None,
			"without_deal": int(self.group == core.NO_DEAL),
			"currency": currency,
			"revenue": float(figures.revenue),
			"discounts": float(self.discounts),
			"credit_notes": float(figures.credit_notes),
			"interest": float(figures.interest),
			"exchange": float(figures.exchange),
			"expenses": float(figures.expense),
			"write_offs": float(figures.write_offs),
			"provisions": float(figures.provisions),
			"profit": float(profit_amount),
			"margin": flt(figures.margin, 2) if figures.margin is not None else None,
			"planned_margin": float(self.planned) if planned else None,
			"difference": float(profit_amount - self.planned) if planned else None,
			"waiting": float(self.waiting),
			"profit_after_waiting": float(profit_amount - self.waiting),
			"by_voucher": float(figures.by_voucher),
		}
		named = ZERO
		for index, category in enumerate(categories):
			if category is not None:
				amount = figures.expenses.get(category, ZERO)
				named += amount
				row[f"expense_{index}"] = float(amount)
			else:
				row[f"expense_{index}"] = float(figures.expense - named)
		if group_by == "Deal" and (deal := profits.deals.get(self.group)):
			row.update(
				{
					"title": deal.title,
					"customer": deal.customer,
					"deal_owner": deal.deal_owner,
					"status": _(deal.status, context="Deal"),
				}
			)
		return row


def fold(profits: profit.Profits, group_by: str, items: dict, digits: int) -> list[Line]:
	"""Lines by profit, largest first, months by their order; what no deal bears comes last."""
	lines: dict[str, Line] = {}

	def line(group: str) -> Line:
		if group not in lines:
			lines[group] = Line(group)
		return lines[group]

	field = GROUPS[group_by]
	for key in {*profits.figures, *profits.waiting, *profits.discounts}:
		name, month = key
		deal = profits.deals.get(name)
		figures = profits.figures.get(key, core.Figures())
		discount, waiting = profits.discounts.get(key, ZERO), profits.waiting.get(key, ZERO)
		if not (figures or discount or waiting):
			continue
		planned = planned_margin(deal, digits)
		if name == core.NO_DEAL:
			groups = [(core.NO_DEAL, figures, discount, waiting, ZERO)]
		elif field == "item_group" and name in items:
			groups = shares(items[name], figures, discount, waiting, planned, digits)
		elif field == "month":
			groups = [(month, figures, discount, waiting, ZERO)]
		else:
			group = name if field == "name" else (deal or {}).get(field)
			groups = [(group or NOT_SET, figures, discount, waiting, planned)]
		for group, own, *amounts in groups:
			entry = line(group)
			entry.figures.add(own)
			entry.discounts += amounts[0]
			entry.waiting += amounts[1]
			entry.planned += amounts[2]
			if name != core.NO_DEAL:
				entry.deals.add(name)
	by_order = (
		(lambda entry: entry.group)
		if field == "month"
		else (lambda entry: (-entry.figures.profit, entry.group))
	)
	rest = lines.pop(core.NO_DEAL, None)
	return [*sorted(lines.values(), key=by_order), *([rest] if rest else [])]


def planned_margin(deal, digits: int):
	"""Of the whole deal, in the company's currency."""
	if not deal:
		return ZERO
	return quantize(to_decimal(deal.planned_margin) * to_decimal(deal.conversion_rate or 1), digits)


def shares(items: dict, figures: core.Figures, discount, waiting, planned, digits: int) -> list[tuple]:
	"""A deal's figures by item group, in proportion to what its items are sold for; they sum to the deal's."""
	groups, weights = list(items), list(items.values())
	parts = zip(
		groups,
		figures.shares(weights, digits),
		core.share(discount, weights, digits),
		core.share(waiting, weights, digits),
		core.share(planned, weights, digits),
		strict=True,
	)
	return list(parts)


def weights_of_items(company: str) -> dict[str, dict]:
	"""deal -> item group -> what its items are sold for; one statement."""
	deal, row, item = (frappe.qb.DocType(name) for name in ("Deal", "Deal Item", "Item"))
	query = (
		frappe.qb.from_(row)
		.join(deal)
		.on((row.parent == deal.name) & (row.parenttype == "Deal"))
		.left_join(item)
		.on(row.item_code == item.name)
		.where((deal.company == company) & (row.amount > 0))
		.groupby(row.parent, item.item_group)
		.orderby(item.item_group)
		.select(row.parent, item.item_group, Sum(row.amount))
	)
	found: dict[str, dict] = {}
	for parent, group, amount in query.run():
		found.setdefault(parent, {})[group or NOT_SET] = to_decimal(amount)
	return found


def columns_of_categories(figures) -> list[str | None]:
	"""Categories with a column, largest first; None stands for all others."""
	totals: dict[str, object] = {}
	for each in figures:
		for category, amount in each.expenses.items():
			if amount:
				totals[category] = totals.get(category, ZERO) + abs(amount)
	ordered = sorted(totals, key=lambda category: (-totals[category], category))
	if len(ordered) <= MOST_CATEGORIES:
		return ordered
	return [*ordered[: MOST_CATEGORIES - 1], None]


def get_columns(group_by: str, categories: list, profits: profit.Profits, with_waiting: bool) -> list[dict]:
	# Shown as a link by the report's own formatter: the rest of the company and what is not set are rows as well.
	columns = [common.column("group", _(group_by), "Data", 190)]
	if group_by == "Deal":
		columns += [
			common.column("title", _("Title"), "Data", 160),
			common.link("customer", _("Customer"), "Customer", 150),
			common.link("deal_owner", _("Deal Owner"), "User", 150),
			common.column("status", _("Status"), "Data", 90),
		]

	def ledger(fieldname: str, label: str, kind: str, category: str | None = None, width: int = 130) -> dict:
		return {**common.amount(fieldname, label, width), "accounts": profits.accounts_of(kind, category)}

	columns += [
		ledger("revenue", _("Revenue"), core.REVENUE),
		common.amount("discounts", _("Discounts Given (Info)"), 140),
		ledger("credit_notes", _("Credit Notes"), core.REVENUE),
		ledger("interest", _("Interest and Fees"), core.INTEREST),
		ledger("expenses", _("Expenses"), core.EXPENSE),
	]
	for index, category in enumerate(categories):
		columns.append(
			ledger(f"expense_{index}", _(category), core.EXPENSE, category, 140)
			if category is not None
			else common.amount(f"expense_{index}", _("Other Expenses"), 140)
		)
	columns += [
		ledger("write_offs", _("Write-Offs"), core.WRITE_OFF),
		ledger("provisions", _("Provisions"), core.PROVISION),
		ledger("exchange", _("Exchange Differences"), core.EXCHANGE, width=160),
		{**common.amount("profit", _("Profit")), "accounts": sorted(profits.meaning)},
		common.column("margin", _("Margin %"), "Percent", 90, disable_total=1),
	]
	if group_by != "Month":
		columns += [
			common.amount("planned_margin", _("Planned Margin")),
			common.amount("difference", _("Difference from Plan"), 150),
		]
	if with_waiting:
		columns += [
			common.amount("waiting", _("Cost of Waiting (Not Booked)"), 190),
			common.amount("profit_after_waiting", _("Profit after Cost of Waiting"), 190),
		]
	return [
		*columns,
		common.amount("by_voucher", _("Of It Found by Voucher"), 170),
		common.currency_column(),
	]


def get_chart(rows: list[dict], currency: str) -> dict | None:
	shown = [row for row in rows if not row["without_deal"]][:20]
	if not shown:
		return None
	return common.bar_chart(
		[row.get("title") or row["group"] for row in shown],
		[
			(_("Revenue"), [flt(row["revenue"] + row["credit_notes"], 2) for row in shown]),
			(_("Profit"), [row["profit"] for row in shown]),
		],
		["light-blue", "green"],
		currency,
	)


def get_summary(lines: list[Line], currency: str) -> list[dict]:
	total = core.Figures()
	for line in lines:
		total.add(line.figures)
	waiting = sum((line.waiting for line in lines), ZERO)

	def card(label: str, value, indicator: str | None = None) -> dict:
		return {
			"label": label,
			"value": float(value),
			"datatype": "Currency",
			"currency": currency,
			"indicator": indicator,
		}

	cards = [
		card(_("Revenue"), total.revenue + total.credit_notes),
		card(_("Expenses and Bad Debts"), total.expense + total.write_offs + total.provisions),
		card(_("Profit"), total.profit, "Green" if total.profit >= 0 else "Red"),
	]
	if total.margin is not None:
		cards.append({"label": _("Margin %"), "value": flt(total.margin, 2), "datatype": "Percent"})
	if waiting:
		cards.append(card(_("Cost of Waiting (Not Booked)"), waiting))
	return cards
