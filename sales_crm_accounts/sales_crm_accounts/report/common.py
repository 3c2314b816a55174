"""What the reports over deals have in common: columns, filters, cards and charts."""

from collections.abc import Callable, Iterable
from functools import wraps

import frappe
from frappe import _
from frappe.utils import escape_html, flt

AMOUNTS = (
	"planned_amount",
	"billed_amount",
	"paid_amount",
	"credited_amount",
	"written_off_amount",
	"outstanding_amount",
)
GRAY = "#c0c6cc"


def company_currency(filters) -> str | None:
	return filters.company and frappe.get_cached_value("Company", filters.company, "default_currency")


def explained(execute: Callable) -> Callable:
	"""A report that says in its place why it cannot be made, in the place of raising.

	Frappe watches how long a report takes, and stops watching only when it returns: one that raises becomes a background
	report for everybody 15 seconds later (report.py, execute_script_report, v15).
	"""

	@wraps(execute)
	def report(filters: dict | None = None) -> tuple:
		try:
			return execute(filters)
		except (frappe.ValidationError, frappe.PermissionError) as error:
			frappe.clear_last_message()
			return [], [], escape_html(str(error))

	return report


# Columns


def column(fieldname: str, label: str, fieldtype: str = "Data", width: int = 120, **values) -> dict:
	return {"fieldname": fieldname, "label": label, "fieldtype": fieldtype, "width": width, **values}


def link(fieldname: str, label: str, doctype: str, width: int = 160) -> dict:
	return column(fieldname, label, "Link", width, options=doctype)


def amount(fieldname: str, label: str, width: int = 130) -> dict:
	"""Money in the currency that the row names."""
	return column(fieldname, label, "Currency", width, options="currency")


def currency_column() -> dict:
	"""Read by the amounts; not shown."""
	return {**link("currency", _("Currency"), "Currency", 80), "hidden": 1}


# Filters


def where_equal(query, table, filters, fields: Iterable[str]):
	for field in fields:
		if filters.get(field):
			query = query.where(table[field] == filters[field])
	return query


def where_between(query, field, filters):
	if filters.from_date:
		query = query.where(field >= filters.from_date)
	if filters.to_date:
		query = query.where(field <= filters.to_date)
	return query


def date_field(installment, filters):
	"""The date that an installment is reported by, as `date_based_on` says."""
	return installment["planned_invoice_date" if filters.date_based_on == "Invoice Date" else "due_date"]


# Over the table


def card(label: str, rows: Iterable[dict], field: str, currency: str, indicator: str | None = None) -> dict:
	return {
		"label": label,
		"value": flt(sum(row[field] for row in rows), 2),
		"datatype": "Currency",
		"currency": currency,
		"indicator": indicator,
	}


def count(label: str, rows: Iterable[dict], field: str, indicator: str | None = None) -> dict:
	return {
		"label": label,
		"value": sum(row[field] for row in rows),
		"datatype": "Int",
		"indicator": indicator,
	}


def bar_chart(
	labels: list[str],
	series: Iterable[tuple[str, list]],
	colors: list[str],
	currency: str,
	stacked: bool = False,
) -> dict:
	"""Bars of money; `series` are (name, values)."""
	chart = {
		"data": {
			"labels": labels,
			"datasets": [{"name": name, "values": values} for name, values in series],
		},
		"type": "bar",
		"colors": colors,
		"fieldtype": "Currency",
		"options": "currency",
		"currency": currency,
	}
	if stacked:
		chart["barOptions"] = {"stacked": 1}
	return chart
