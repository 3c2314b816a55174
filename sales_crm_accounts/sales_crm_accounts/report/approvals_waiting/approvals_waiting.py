# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Whom approvals wait for, and how long by working hours: one statement for the requests, one for each Holiday List."""

import frappe
from frappe import _
from frappe.utils import flt, now_datetime

from sales_crm_accounts.permissions.deal_access import plain_links, restrict
from sales_crm_accounts.sales_crm_accounts.report import common
from sales_crm_accounts.services.approvals.working_time import WorkingTimes

PEOPLE = "People"
RANGES = ("range1", "range2", "range3")
DEFAULT_RANGES = (4, 8, 24)
EQUALS = ("company", "reference_doctype", "chain", "requester")
#: People that the chart shows.
CHARTED = 15


@common.explained
def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	limits = ranges(filters)
	labels = range_labels(limits)
	rows = waiting(filters, limits)
	people = by_person(rows)
	for row in rows:
		row["range"] = labels[row.pop("bucket")]
	if filters.view == PEOPLE:
		columns, answer = people_columns(labels), people
	else:
		columns, answer = request_columns(), rows
	return plain_links(columns), answer, None, chart(people, labels), summary(rows, people, limits)


def ranges(filters) -> list[float]:
	"""Upper ends of the age ranges in hours, rising."""
	limits = [flt(filters.get(name)) or default for name, default in zip(RANGES, DEFAULT_RANGES, strict=True)]
	if sorted(set(limits)) != limits:
		frappe.throw(_("The ranges have to rise: {0}.").format(", ".join(f"{limit:g}" for limit in limits)))
	return limits


def range_labels(limits: list[float]) -> list[str]:
	hours = [f"{limit:g}" for limit in limits]
	return [
		_("Up to {0} h").format(hours[0]),
		_("{0} to {1} h").format(hours[0], hours[1]),
		_("{0} to {1} h").format(hours[1], hours[2]),
		_("Over {0} h").format(hours[2]),
	]


def waiting(filters, limits: list[float]) -> list[dict]:
	"""A row for each person that an open request waits for, the longest first."""
	request, row = frappe.qb.DocType("Approval Request"), frappe.qb.DocType("Approval Request Approver")
	query = (
		frappe.qb.from_(row)
		.join(request)
		.on((row.parent == request.name) & (row.parenttype == "Approval Request"))
		.where((request.status == "Open") & (row.status == "Pending"))
		.select(
			row.user,
			row.full_name,
			request.name.as_("request"),
			request.reference_doctype,
			request.reference_name,
			request.title,
			request.party_name,
			request.company,
			request.amount,
			request.currency,
			row.level_title,
			request.requester,
			row.asked_on,
			row.reminded_on,
			row.escalated_on,
		)
		.orderby(row.asked_on, request.name, row.idx)
	)
	for field in EQUALS:
		if filters.get(field):
			query = query.where(request[field] == filters[field])
	if filters.user:
		query = query.where(row.user == filters.user)
	times, now = WorkingTimes(), now_datetime()
	rows = restrict(query, request.name, doctype="Approval Request").run(as_dict=True)
	for line in rows:
		line.hours = flt(times.hours(line.company, line.asked_on, now), 2) if line.asked_on else 0
		line.bucket = sum(line.hours > limit for limit in limits)
	return sorted(rows, key=lambda line: -line.hours)


def by_person(rows) -> list[dict]:
	"""Counts by person and age; who keeps others waiting longest comes first."""
	people: dict[str, dict] = {}
	for row in rows:
		person = people.setdefault(
			row.user,
			{"user": row.user, "full_name": row.full_name, "waiting": 0, "b0": 0, "b1": 0, "b2": 0, "b3": 0, "longest": 0},
		)  # fmt: skip
		person["waiting"] += 1
		person[f"b{row.bucket}"] += 1
		person["longest"] = max(person["longest"], row.hours)
	return sorted(people.values(), key=lambda person: (-person["longest"], person["user"]))


def request_columns() -> list[dict]:
	return [
		{"fieldname": "user", "label": _("Approver"), "fieldtype": "Link", "options": "User", "width": 190},
		{"fieldname": "full_name", "label": _("Name", context="Approval Request Approver"), "fieldtype": "Data", "width": 150},
		{"fieldname": "hours", "label": _("Working Hours", context="Approvals Waiting"), "fieldtype": "Float", "precision": 1, "width": 120},
		{"fieldname": "range", "label": _("Age", context="Approvals Waiting"), "fieldtype": "Data", "width": 100},
		{"fieldname": "request", "label": _("Request"), "fieldtype": "Link", "options": "Approval Request", "width": 150},
		{"fieldname": "reference_doctype", "label": _("Document Type"), "fieldtype": "Link", "options": "DocType", "width": 130},
		{"fieldname": "reference_name", "label": _("Document"), "fieldtype": "Dynamic Link", "options": "reference_doctype", "width": 190},
		{"fieldname": "title", "label": _("Title"), "fieldtype": "Data", "width": 160},
		{"fieldname": "party_name", "label": _("Party"), "fieldtype": "Data", "width": 150},
		{"fieldname": "company", "label": _("Company"), "fieldtype": "Link", "options": "Company", "width": 140},
		{"fieldname": "amount", "label": _("Amount"), "fieldtype": "Currency", "options": "currency", "width": 120},
		{"fieldname": "level_title", "label": _("Level"), "fieldtype": "Data", "width": 130},
		{"fieldname": "requester", "label": _("Requester"), "fieldtype": "Link", "options": "User", "width": 180},
		{"fieldname": "asked_on", "label": _("Asked On"), "fieldtype": "Datetime", "width": 160},
		{"fieldname": "reminded_on", "label": _("Reminded On"), "fieldtype": "Datetime", "width": 160},
		{"fieldname": "escalated_on", "label": _("Escalated On"), "fieldtype": "Datetime", "width": 160},
		{"fieldname": "currency", "label": _("Currency"), "fieldtype": "Link", "options": "Currency", "hidden": 1},
	]  # fmt: skip


def people_columns(labels: list[str]) -> list[dict]:
	return [
		{"fieldname": "user", "label": _("Approver"), "fieldtype": "Link", "options": "User", "width": 220},
		{"fieldname": "full_name", "label": _("Name", context="Approval Request Approver"), "fieldtype": "Data", "width": 170},
		{"fieldname": "waiting", "label": _("Waiting"), "fieldtype": "Int", "width": 90},
		*(
			{"fieldname": f"b{number}", "label": label, "fieldtype": "Int", "width": 110}
			for number, label in enumerate(labels)
		),
		{"fieldname": "longest", "label": _("Longest (Working Hours)"), "fieldtype": "Float", "precision": 1, "width": 190},
	]  # fmt: skip


def chart(people: list[dict], labels: list[str]) -> dict | None:
	if not people:
		return None
	shown = people[:CHARTED]
	return {
		"data": {
			"labels": [person["full_name"] or person["user"] for person in shown],
			"datasets": [
				{"name": label, "values": [person[f"b{number}"] for person in shown]}
				for number, label in enumerate(labels)
			],
		},
		"type": "bar",
		"barOptions": {"stacked": 1},
		"colors": ["green", "light-blue", "orange", "red"],
	}


def summary(rows, people, limits: list[float]) -> list[dict]:
	late = sum(person["b3"] for person in people)
	return [
		{"label": _("Requests Waiting"), "value": len({row.request for row in rows}), "datatype": "Int"},
		{"label": _("People Asked"), "value": len(people), "datatype": "Int"},
		{
			"label": _("Longest (Working Hours)"),
			"value": f"{max((row.hours for row in rows), default=0):.1f}",
			"datatype": "Data",
		},
		{
			"label": _("Over {0} h").format(f"{limits[-1]:g}"),
			"value": late,
			"datatype": "Int",
			"indicator": "Red" if late else "Green",
		},
	]
