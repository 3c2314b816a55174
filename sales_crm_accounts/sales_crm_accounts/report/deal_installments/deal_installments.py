# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Installments of deals with what was billed, paid and is open: one query, only deals that the user may read."""

import frappe
from frappe import _
from frappe.utils import date_diff, flt, getdate, today

from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common

#: Filters that compare a field of the installment with the value given.
EQUALS = ("company", "deal", "customer", "deal_owner")


def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	currency = common.company_currency(filters)
	rows = get_rows(filters)
	today_ = getdate(today())
	for row in rows:
		_finish(row, today_, currency if filters.in_company_currency else None)
	one_currency = len({row.currency for row in rows}) <= 1
	currency = rows[0].currency if rows else currency
	return (
		deal_access.plain_links(get_columns()),
		rows,
		None,
		get_chart(rows, currency) if one_currency else None,
		get_summary(rows, currency) if one_currency else None,
		not one_currency,
	)


def get_rows(filters) -> list:
	"""The report's one statement."""
	installment, deal = frappe.qb.DocType("Deal Installment"), frappe.qb.DocType("Deal")
	query = (
		frappe.qb.from_(installment)
		.join(deal)
		.on(installment.deal == deal.name)
		.select(
			installment.name.as_("installment"),
			installment.title,
			installment.deal,
			installment.customer,
			installment.customer_name,
			installment.deal_owner,
			installment.status,
			installment.planned_invoice_date,
			installment.due_date,
			installment.sales_invoice,
			installment.currency,
			deal.conversion_rate,
			*(installment[field] for field in common.AMOUNTS),
		)
		.orderby(installment.due_date.isnull(), installment.due_date, installment.name)
	)
	query = common.where_equal(query, installment, filters, EQUALS)
	if filters.status:
		statuses = filters.status if isinstance(filters.status, list) else [filters.status]
		query = query.where(installment.status.isin(statuses))
	else:
		query = query.where(installment.status != "Cancelled")
	query = common.where_between(query, common.date_field(installment, filters), filters)
	return deal_access.restrict(query, installment.deal).run(as_dict=True)


def _finish(row, today_, company_currency: str | None):
	"""Overdue from the dates, since a status changes only when the nightly job looks; amounts in the asked currency."""
	rate = flt(row.pop("conversion_rate")) or 1
	if company_currency and row.currency != company_currency:
		for field in common.AMOUNTS:
			row[field] = flt(row[field] * rate, 2)
		row.currency = company_currency
	late = row.outstanding_amount > 0 and row.due_date and row.due_date < today_
	row.overdue_amount = row.outstanding_amount if late else 0
	row.days_overdue = date_diff(today_, row.due_date) if late else 0


def get_columns() -> list[dict]:
	return [
		common.link("installment", _("Installment"), "Deal Installment", 185),
		common.column("title", _("Description"), width=160),
		common.link("deal", _("Deal"), "Deal"),
		common.link("customer", _("Customer"), "Customer"),
		common.column("status", _("Status"), width=100),
		common.column("planned_invoice_date", _("Planned Invoice Date"), "Date", 160),
		common.column("due_date", _("Due Date"), "Date"),
		common.column("days_overdue", _("Days Overdue"), "Int", disable_total=1),
		common.amount("planned_amount", _("Planned")),
		common.amount("billed_amount", _("Billed")),
		common.amount("paid_amount", _("Paid")),
		common.amount("credited_amount", _("Credited")),
		common.amount("written_off_amount", _("Written Off")),
		common.amount("outstanding_amount", _("Outstanding")),
		common.amount("overdue_amount", _("Overdue")),
		common.link("sales_invoice", _("Sales Invoice"), "Sales Invoice"),
		common.link("deal_owner", _("Deal Owner"), "User"),
		common.currency_column(),
	]


def get_chart(rows, currency) -> dict | None:
	"""Paid, open and still to be billed by the month in which it is due."""
	months: dict[str, list[float]] = {}
	for row in rows:
		if not row.due_date or row.status == "Cancelled":
			continue
		sums = months.setdefault(row.due_date.strftime("%Y-%m"), [0, 0, 0])
		sums[0] += row.paid_amount
		sums[1] += row.outstanding_amount
		sums[2] += 0 if row.billed_amount else row.planned_amount
	if not months:
		return None
	labels = sorted(months)
	return common.bar_chart(
		labels,
		[
			(name, [flt(months[label][index], 2) for label in labels])
			for index, name in enumerate((_("Paid"), _("Outstanding"), _("To Be Billed")))
		],
		["green", "orange", common.GRAY],
		currency,
		stacked=True,
	)


def get_summary(rows, currency) -> list[dict]:
	cards = (
		(_("Planned"), "planned_amount", None),
		(_("Billed"), "billed_amount", None),
		(_("Paid"), "paid_amount", "Green"),
		(_("Outstanding"), "outstanding_amount", "Orange"),
		(_("Overdue"), "overdue_amount", "Red"),
	)
	return [common.card(label, rows, field, currency, indicator) for label, field, indicator in cards]
