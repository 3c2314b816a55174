# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Installments of deals with what was billed, paid and is open: one query, only deals that the user may read."""

import frappe
from frappe import _
from frappe.utils import date_diff, flt, getdate, today

from sales_crm_accounts.permissions import deal_access

AMOUNTS = (
	"planned_amount",
	"billed_amount",
	"paid_amount",
	"credited_amount",
	"written_off_amount",
	"outstanding_amount",
)
#: Filters that compare a field of the installment with the value given.
EQUALS = ("company", "deal", "customer", "deal_owner")


def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	currency = filters.company and frappe.get_cached_value("Company", filters.company, "default_currency")
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
			*(installment[field] for field in AMOUNTS),
		)
		.orderby(installment.due_date.isnull(), installment.due_date, installment.name)
	)
	for field in EQUALS:
		if filters.get(field):
			query = query.where(installment[field] == filters[field])
	if filters.status:
		statuses = filters.status if isinstance(filters.status, list) else [filters.status]
		query = query.where(installment.status.isin(statuses))
	else:
		query = query.where(installment.status != "Cancelled")
	date_field = installment[
		"planned_invoice_date" if filters.date_based_on == "Invoice Date" else "due_date"
	]
	if filters.from_date:
		query = query.where(date_field >= filters.from_date)
	if filters.to_date:
		query = query.where(date_field <= filters.to_date)
	return deal_access.restrict(query, installment.deal).run(as_dict=True)


def _finish(row, today_, company_currency: str | None):
	"""Overdue from the dates, since a status changes only when the nightly job looks; amounts in the asked currency."""
	rate = flt(row.pop("conversion_rate")) or 1
	if company_currency and row.currency != company_currency:
		for field in AMOUNTS:
			row[field] = flt(row[field] * rate, 2)
		row.currency = company_currency
	late = row.outstanding_amount > 0 and row.due_date and row.due_date < today_
	row.overdue_amount = row.outstanding_amount if late else 0
	row.days_overdue = date_diff(today_, row.due_date) if late else 0


def get_columns() -> list[dict]:
	def amount(fieldname, label):
		return {
			"fieldname": fieldname,
			"label": label,
			"fieldtype": "Currency",
			"options": "currency",
			"width": 120,
		}

	return [
		{
			"fieldname": "installment",
			"label": _("Installment"),
			"fieldtype": "Link",
			"options": "Deal Installment",
			"width": 185,
		},
		{"fieldname": "title", "label": _("Description"), "fieldtype": "Data", "width": 160},
		{"fieldname": "deal", "label": _("Deal"), "fieldtype": "Link", "options": "Deal", "width": 160},
		{
			"fieldname": "customer",
			"label": _("Customer"),
			"fieldtype": "Link",
			"options": "Customer",
			"width": 160,
		},
		{"fieldname": "status", "label": _("Status"), "fieldtype": "Data", "width": 100},
		{"fieldname": "planned_invoice_date", "label": _("Invoice Date"), "fieldtype": "Date", "width": 120},
		{"fieldname": "due_date", "label": _("Due Date"), "fieldtype": "Date", "width": 120},
		{
			"fieldname": "days_overdue",
			"label": _("Days Overdue"),
			"fieldtype": "Int",
			"width": 120,
			"disable_total": 1,
		},
		amount("planned_amount", _("Planned")),
		amount("billed_amount", _("Billed")),
		amount("paid_amount", _("Paid")),
		amount("credited_amount", _("Credited")),
		amount("written_off_amount", _("Written Off")),
		amount("outstanding_amount", _("Outstanding")),
		amount("overdue_amount", _("Overdue")),
		{
			"fieldname": "sales_invoice",
			"label": _("Sales Invoice"),
			"fieldtype": "Link",
			"options": "Sales Invoice",
			"width": 150,
		},
		{
			"fieldname": "deal_owner",
			"label": _("Deal Owner"),
			"fieldtype": "Link",
			"options": "User",
			"width": 150,
		},
		{
			"fieldname": "currency",
			"label": _("Currency"),
			"fieldtype": "Link",
			"options": "Currency",
			"width": 80,
			"hidden": 1,
		},
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
	names = (_("Paid"), _("Outstanding"), _("To Be Billed"))
	return {
		"data": {
			"labels": labels,
			"datasets": [
				{"name": name, "values": [flt(months[label][index], 2) for label in labels]}
				for index, name in enumerate(names)
			],
		},
		"type": "bar",
		"barOptions": {"stacked": 1},
		"colors": ["green", "orange", "#c0c6cc"],
		"fieldtype": "Currency",
		"options": "currency",
		"currency": currency,
	}


def get_summary(rows, currency) -> list[dict]:
	def card(label, field, indicator=None):
		return {
			"label": label,
			"value": flt(sum(row[field] for row in rows), 2),
			"datatype": "Currency",
			"currency": currency,
			"indicator": indicator,
		}

	return [
		card(_("Planned"), "planned_amount"),
		card(_("Billed"), "billed_amount"),
		card(_("Paid"), "paid_amount", "Green"),
		card(_("Outstanding"), "outstanding_amount", "Orange"),
		card(_("Overdue"), "overdue_amount", "Red"),
	]
