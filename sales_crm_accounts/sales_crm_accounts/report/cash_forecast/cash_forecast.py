# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""What is expected to come in: thirteen weeks, the rows behind every figure, and what earlier forecasts became.

By Week and Rows are as of today. Kept and Received puts a kept Cash Forecast beside the money that the ledger shows for each
of its weeks.
"""

import frappe
from frappe import _
from frappe.core.doctype.user_permission.user_permission import get_permitted_documents
from frappe.utils import flt, formatdate, getdate, today

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.receivables import forecast as rules
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common
from sales_crm_accounts.services.messages import axis_label
from sales_crm_accounts.services.receivables import cash_forecast as service

KINDS = tuple(service.FIELDS.values())


@common.explained
def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	if not filters.company:
		frappe.throw(_("Choose a company."))
	check_company(filters.company)
	currency = common.company_currency(filters)
	if filters.view == "Kept and Received":
		return compare(filters, currency)
	day = getdate(today())
	expected = service.expected(filters.company, day, customers(filters))
	if filters.view == "Rows":
		return deal_access.plain_links(row_columns()), detail(expected, filters, day, currency)
	return by_week(expected, day, currency)


def check_company(company: str):
	"""Not every reader of the report has a right on companies; User Permissions hold all the same."""
	permitted = get_permitted_documents("Company")
	if permitted and company not in permitted:
		frappe.throw(_("You may not read the figures of {0}.").format(company), frappe.PermissionError)


def customers(filters) -> list[str] | None:
	"""The chosen customer, or those that User Permissions leave; None for all."""
	permitted = service.permitted_customers()
	if filters.customer:
		return [filters.customer] if permitted is None or filters.customer in permitted else []
	return permitted


# By week


def by_week(expected, day, currency) -> tuple:
	weeks, beside = rules.by_week(expected, day)
	rows, running = [], ZERO
	for week in weeks:
		running += week.total
		rows.append(
			{
				"period": _("{0} to {1}").format(formatdate(week.start), formatdate(week_end(week.start))),
				"week_start": week.start,
				**{field: flt(week.amounts[kind], 2) for kind, field in service.FIELDS.items()},
				"total": flt(week.total, 2),
				"running": flt(running, 2),
				"currency": currency,
			}
		)
	chart = common.bar_chart(
		[axis_label(row["week_start"], "MMMd") for row in rows],
		[(label, [row[field] for row in rows]) for field, label in kind_labels().items()],
		["green", "blue", "light-blue", common.GRAY],
		currency,
		stacked=True,
	)
	total = {field: flt(sum(row[field] for row in rows), 2) for field in (*KINDS, "total")}
	rows.append({"period": _("13 Weeks"), **total, "running": None, "currency": currency, "bold": 1})
	for name, label in beside_labels().items():
		if beside.get(name):
			rows.append({"period": label, "place": name, "total": flt(beside[name], 2), "currency": currency})
	summary = [
		common.card(label, rows[: len(weeks)], field, currency, colour)
		for label, field, colour in (
			(_("Expected in 13 Weeks"), "total", "Blue"),
			(_("Promised"), "promised", "Green"),
			(_("Billed"), "billed", "Blue"),
			(_("Pipeline"), "pipeline", "Grey"),
		)
	]
	return week_columns(), rows, None, chart, summary


def week_end(start):
	return frappe.utils.add_days(start, 6)


def kind_labels() -> dict[str, str]:
	return {
		"promised": _("Promised"),
		"billed": _("Billed"),
		"planned": _("Planned"),
		"pipeline": _("Pipeline"),
	}


def beside_labels() -> dict[str, str]:
	return {
		"Later": _("Later"),
		"No Date": _("No Date"),
		rules.DISPUTED: _("Disputed"),
		rules.DOUBTFUL: _("Doubtful"),
	}


def week_columns() -> list[dict]:
	return [
		common.column("period", _("Week"), width=230),
		*(common.amount(field, label) for field, label in kind_labels().items()),
		common.amount("total", _("Total")),
		common.amount("running", _("Running Total")),
		common.currency_column(),
	]


# Rows


def detail(expected, filters, day, currency) -> list[dict]:
	"""The rows behind a week, a kind or a place beside the weeks; oldest day first."""
	start = rules.first_week(day)
	week = getdate(filters.week_start) if filters.week_start else None
	labels = {kind: kind_labels()[field] for kind, field in service.FIELDS.items()} | {
		rules.DISPUTED: _("Disputed"),
		rules.DOUBTFUL: _("Doubtful"),
	}
	rows = []
	for part in expected:
		place = rules.week_of(part, start)
		if week and (isinstance(place, str) or rules.first_week(part.day) != rules.first_week(week)):
			continue
		if filters.place and filters.place != (
			place if isinstance(place, str) else "Later" if place >= rules.WEEKS else ""
		):
			continue
		if filters.kind and filters.kind != part.kind:
			continue
		rows.append(
			{
				"day": part.day,
				"kind": labels[part.kind],
				"customer": part.customer,
				"deal": part.deal,
				"sales_invoice": part.sales_invoice,
				"installment_no": part.installment_no or None,
				"due_date": part.due_date,
				"amount": flt(part.amount, 2),
				"reason": service.reason(part),
				"currency": currency,
			}
		)
	rows.sort(key=lambda row: (row["day"] is None, row["day"] or day, row["customer"] or "", -row["amount"]))
	if rows:
		total = flt(sum(row["amount"] for row in rows), 2)
		rows.append({"kind": _("Total"), "amount": total, "currency": currency, "bold": 1})
	return rows


def row_columns() -> list[dict]:
	return [
		common.column("day", _("Expected On"), "Date", 110),
		common.column("kind", _("Kind"), width=100),
		common.column("customer", _("Customer"), width=180),
		common.amount("amount", _("Amount")),
		common.column("due_date", _("Due Date"), "Date", 110),
		common.link("deal", _("Deal"), "Deal", 150),
		common.link("sales_invoice", _("Sales Invoice"), "Sales Invoice", 170),
		common.column("installment_no", _("Installment"), "Int", 90),
		common.column("reason", _("Why"), width=420),
		common.currency_column(),
	]


# Kept and received


def compare(filters, currency) -> tuple:
	conditions = {"company": filters.company}
	if filters.kept:
		conditions["name"] = filters.kept
	kept = frappe.get_list("Cash Forecast", filters=conditions, order_by="week_start desc", limit=1)
	columns = [
		common.column("period", _("Week"), width=230),
		common.amount("expected", _("Expected")),
		common.amount("received", _("Received")),
		common.amount("difference", _("Difference")),
		common.currency_column(),
	]
	if not kept:
		return columns, [], _("No forecast of this company has been kept yet.")
	doc = frappe.get_doc("Cash Forecast", kept[0].name)
	came = service.received_by_week(filters.company, [row.week_start for row in doc.weeks])
	rows = []
	for row in doc.weeks:
		arrived = came.get(getdate(row.week_start))
		rows.append(
			{
				"period": _("{0} to {1}").format(
					formatdate(row.week_start), formatdate(week_end(row.week_start))
				),
				"expected": flt(row.total, 2),
				"received": None if arrived is None else flt(arrived, 2),
				"difference": None if arrived is None else flt(flt(arrived) - row.total, 2),
				"currency": currency,
			}
		)
	past = [row for row in rows if row["received"] is not None]
	chart = common.bar_chart(
		[axis_label(getdate(row.week_start), "MMMd") for row in doc.weeks],
		[
			(_("Expected"), [row["expected"] for row in rows]),
			(_("Received"), [row["received"] or 0 for row in rows]),
		],
		["light-blue", "green"],
		currency,
	)
	summary = [
		common.card(label, past, field, currency, colour)
		for label, field, colour in (
			(_("Expected"), "expected", "Blue"),
			(_("Received"), "received", "Green"),
			(_("Difference"), "difference", "Orange"),
		)
	]
	note = _("Forecast {0}, kept on {1}. The running week is not over yet.").format(
		doc.name, formatdate(doc.kept_on)
	)
	return columns, rows, note, chart, summary
