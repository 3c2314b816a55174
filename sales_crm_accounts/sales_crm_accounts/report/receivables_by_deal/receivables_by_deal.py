# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""What is open of each deal: agreed, billed and collected beside what is due, overdue and since when. Company currency.

What belongs to no deal is one row, for those who see everything, so that the report sums to the receivables of the company.
"""

import frappe
from frappe import _
from frappe.utils import flt, getdate, today

from sales_crm_accounts.core.receivables.ageing import NOT_DUE, Buckets, gather
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import ageing
from sales_crm_accounts.services.receivables.ageing import Question

FILTERS = ("customer", "customer_group", "deal", "deal_owner")
OPEN = ("outstanding", "not_due", "overdue", "credits", "on_account", "balance")
AGREED = ("planned_amount", "billed_amount", "collected_amount")


@common.explained
def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	if not filters.company:
		frappe.throw(_("Choose a company."))
	question = Question(
		company=filters.company,
		as_of=getdate(filters.as_of or today()),
		**{field: filters.get(field) or None for field in FILTERS},
	)
	currency = common.company_currency(filters)
	rows = get_rows(question, bool(filters.overdue_only))
	if rows:
		rows.append(total_of(rows))
	for row in rows:
		row["currency"] = currency
	chart = get_chart(rows[:-1], currency) if rows else None
	cards = get_summary(rows[-1], currency) if rows else None
	return deal_access.plain_links(get_columns()), rows, None, chart, cards, True


def get_rows(question: Question, overdue_only: bool = False) -> list[dict]:
	"""Most overdue money first, what is without a deal last."""
	buckets, day = Buckets(), question.day
	placed, oldest, next_due = [], {}, {}
	for row in ageing.rows(question):
		deal = row.deal or None
		place = buckets.place(row.outstanding, row.due_date, day, of_invoice=bool(row.is_invoice))
		placed.append((deal, place, row.outstanding))
		if place > NOT_DUE:
			oldest[deal] = min(row.due_date, oldest.get(deal, row.due_date))
		elif place == NOT_DUE:
			next_due[deal] = min(row.due_date, next_due.get(deal, row.due_date))
	found = gather(placed, buckets)
	deals = facts([deal for deal in found if deal])
	decimals, rows = precision(), []
	for deal, sums in found.items():
		if overdue_only and not sums.overdue:
			continue
		rows.append(
			{
				**(deals.get(deal) or {"deal": deal, "title": _("Without a deal")}),
				**{field: flt(getattr(sums, field), decimals) for field in OPEN},
				"days_overdue": (day - oldest[deal]).days if deal in oldest else 0,
				"oldest_due": oldest.get(deal),
				"next_due": next_due.get(deal),
			}
		)
	return sorted(
		rows, key=lambda row: (not row["deal"], -row["overdue"], -row["outstanding"], row["deal"] or "")
	)


def facts(deals: list[str]) -> dict[str, dict]:
	"""Deals with their amounts at the deal's own rate; which of them the user may read, the rows have decided."""
	decimals, found = precision(), {}
	fields = ["name", "title", "customer", "customer_name", "deal_owner", "conversion_rate", *AGREED]
	for row in frappe.get_all("Deal", filters={"name": ("in", deals or [""])}, fields=fields):
		rate = flt(row.pop("conversion_rate")) or 1
		name = row.pop("name")
		found[name] = {"deal": name, **row, **{field: flt(row[field] * rate, decimals) for field in AGREED}}
	return found


def total_of(rows: list[dict]) -> dict:
	return {
		"title": _("Total"),
		"bold": 1,
		**{field: flt(sum(row.get(field) or 0 for row in rows), precision()) for field in (*AGREED, *OPEN)},
	}


def get_columns() -> list[dict]:
	return [
		common.link("deal", _("Deal"), "Deal", 140),
		common.column("title", _("Title"), width=180),
		common.link("customer", _("Customer"), "Customer", 150),
		common.column("customer_name", _("Name"), width=150),
		common.link("deal_owner", _("Deal Owner"), "User"),
		common.amount("planned_amount", _("Agreed")),
		common.amount("billed_amount", _("Billed")),
		common.amount("collected_amount", _("Collected")),
		common.amount("outstanding", _("Outstanding")),
		common.amount("not_due", _("Not Due")),
		common.amount("overdue", _("Overdue")),
		common.column("days_overdue", _("Days Overdue"), "Int", 105),
		common.column("oldest_due", _("Overdue Since"), "Date", 110),
		common.column("next_due", _("Next Due Date"), "Date", 110),
		common.amount("credits", _("Credits")),
		common.amount("on_account", _("On Account")),
		common.amount("balance", _("Balance")),
		common.currency_column(),
	]


def get_chart(rows: list[dict], currency: str) -> dict | None:
	"""The ten deals with the most overdue."""
	top = [row for row in rows if row["deal"]][:10]
	if not top:
		return None
	series = ((_("Overdue"), "overdue"), (_("Not Due"), "not_due"))
	return common.bar_chart(
		[row["title"] or row["deal"] for row in top],
		[(name, [row[field] for row in top]) for name, field in series],
		["red", "light-blue"],
		currency,
		stacked=True,
	)


def get_summary(total: dict, currency: str) -> list[dict]:
	cards = (
		(_("Outstanding"), "outstanding", "Blue"),
		(_("Overdue"), "overdue", "Red"),
		(_("Credits"), "credits", None),
		(_("On Account"), "on_account", "Green"),
		(_("Balance"), "balance", None),
	)
	return [common.card(label, [total], field, currency, indicator) for label, field, indicator in cards]
