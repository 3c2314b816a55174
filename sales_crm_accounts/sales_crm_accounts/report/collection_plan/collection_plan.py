# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""What deals planned to collect in each period, and what became of it: billed, collected, open, still to be billed.

Every figure of a row belongs to the installments whose date falls into its period, in the company's currency at the
deal's frozen rate. So a row can be read from left to right, and the columns add up.
"""

import frappe
from frappe import _
from frappe.query_builder import Case
from frappe.query_builder.functions import Count, Sum
from frappe.utils import flt, getdate, today

from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common

SHOWN = ("planned", "billed", "collected", "relieved", "outstanding", "overdue", "to_bill")
EQUALS = ("company", "customer", "deal_owner")


def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	currency = common.company_currency(filters)
	rows = fold(get_rows(filters), filters.periodicity or "Monthly", getdate(today()))
	chart, summary = get_chart(rows, currency), get_summary(rows, currency)
	if rows:
		rows.append(total_of(rows))
	for row in rows:
		row["currency"] = currency
	return deal_access.plain_links(get_columns()), rows, None, chart, summary


def get_rows(filters) -> list:
	"""Sums by date, rate and whether it is billed: the report's one statement."""
	installment, deal = frappe.qb.DocType("Deal Installment"), frappe.qb.DocType("Deal")
	date_field = common.date_field(installment, filters)
	billed = Case().when(installment.billed_amount != 0, 1).else_(0)
	query = (
		frappe.qb.from_(installment)
		.join(deal)
		.on(installment.deal == deal.name)
		.select(
			date_field.as_("date"),
			installment.due_date,
			billed.as_("is_billed"),
			Count("*").as_("installments"),
			*(Sum(installment[field] * deal.conversion_rate).as_(field) for field in common.AMOUNTS),
		)
		.where(installment.status != "Cancelled")
		.groupby(date_field, installment.due_date, billed)
	)
	query = common.where_equal(query, installment, filters, EQUALS)
	query = common.where_between(query, date_field, filters)
	return deal_access.restrict(query, installment.deal).run(as_dict=True)


def fold(rows, periodicity: str, today_) -> list[dict]:
	"""Rows by period in order of time; what has no date yet comes last."""
	periods: dict[str, dict] = {}
	for row in rows:
		key = period(row.date, periodicity)
		sums = periods.setdefault(key, dict.fromkeys(("installments", *SHOWN), 0))
		sums["installments"] += row.installments
		sums["planned"] += row.planned_amount
		sums["billed"] += row.billed_amount
		sums["collected"] += row.paid_amount
		sums["relieved"] += row.credited_amount + row.written_off_amount
		sums["outstanding"] += row.outstanding_amount
		if row.due_date and row.due_date < today_:
			sums["overdue"] += row.outstanding_amount
		if not row.is_billed:
			sums["to_bill"] += row.planned_amount
	return [
		{
			"period": key or _("No date yet"),
			"installments": sums["installments"],
			**{field: flt(sums[field], 2) for field in SHOWN},
			"per_collected": _share(sums),
		}
		for key, sums in sorted(periods.items(), key=lambda item: (item[0] == "", item[0]))
	]


def total_of(rows) -> dict:
	"""Not Frappe's own total row: that one adds percentages up."""
	sums = {field: flt(sum(row[field] for row in rows), 2) for field in SHOWN}
	return {
		"period": _("Total"),
		"installments": sum(row["installments"] for row in rows),
		**sums,
		"per_collected": _share(sums),
		"bold": 1,
	}


def _share(sums) -> float:
	return flt(sums["collected"] / sums["planned"] * 100, 1) if sums["planned"] else 0


def period(date, periodicity: str) -> str:
	"""2026-11, 2026-Q4 or 2026; empty where there is no date."""
	if not date:
		return ""
	if periodicity == "Quarterly":
		return f"{date.year}-Q{(date.month + 2) // 3}"
	return str(date.year) if periodicity == "Yearly" else f"{date.year}-{date.month:02d}"


def get_columns() -> list[dict]:
	return [
		common.column("period", _("Period"), width=110),
		common.column("installments", _("Installments"), "Int", 110),
		common.amount("planned", _("Planned")),
		common.amount("billed", _("Billed")),
		common.amount("collected", _("Collected")),
		common.amount("relieved", _("Credited or Written Off")),
		common.amount("outstanding", _("Outstanding")),
		common.amount("overdue", _("Overdue")),
		common.amount("to_bill", _("To Be Billed")),
		common.column("per_collected", _("% Collected"), "Percent", 110),
		common.currency_column(),
	]


def get_chart(rows, currency) -> dict | None:
	if not rows:
		return None
	series = ((_("Planned"), "planned"), (_("Billed"), "billed"), (_("Collected"), "collected"))
	return common.bar_chart(
		[row["period"] for row in rows],
		[(name, [row[field] for row in rows]) for name, field in series],
		["light-blue", "orange", "green"],
		currency,
	)


def get_summary(rows, currency) -> list[dict]:
	cards = (
		(_("Planned"), "planned", None),
		(_("Collected"), "collected", "Green"),
		(_("Outstanding"), "outstanding", "Orange"),
		(_("Overdue"), "overdue", "Red"),
		(_("To Be Billed"), "to_bill", "Blue"),
	)
	return [common.card(label, rows, field, currency, indicator) for label, field, indicator in cards]
