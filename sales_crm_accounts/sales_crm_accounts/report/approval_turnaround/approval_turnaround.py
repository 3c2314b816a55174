# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""How long approvals take, by chain and level, in working hours: two statements, and one for each Holiday List.

A level takes from its first question to its last signature; the chain from the request to its end. What was withdrawn, replaced
or closed took nobody's decision and is left out.
"""

from collections import defaultdict
from statistics import mean, median

import frappe
from frappe import _
from frappe.utils import add_days, flt, getdate

from sales_crm_accounts.permissions.deal_access import plain_links, restrict
from sales_crm_accounts.services.approvals.working_time import WorkingTimes

EQUALS = ("company", "reference_doctype", "chain")
WHOLE = 0


def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	times = WorkingTimes()
	requests = decided(filters)
	rows = fold(requests, levels(requests), times)
	return plain_links(columns()), rows, None, chart(rows), summary(rows, requests)


def decided(filters) -> dict[str, frappe._dict]:
	"""Requests that were approved or rejected in the period."""
	request = frappe.qb.DocType("Approval Request")
	query = (
		frappe.qb.from_(request)
		.where(request.status.isin(["Approved", "Rejected"]) & request.completed_on.isnotnull())
		.select(
			request.name,
			request.chain,
			request.company,
			request.status,
			request.reference_doctype,
			request.requested_on,
			request.completed_on,
		)
		.orderby(request.name)
	)
	for field in EQUALS:
		if filters.get(field):
			query = query.where(request[field] == filters[field])
	if filters.from_date:
		query = query.where(request.completed_on >= getdate(filters.from_date))
	if filters.to_date:
		query = query.where(request.completed_on < add_days(getdate(filters.to_date), 1))
	rows = restrict(query, request.name, doctype="Approval Request").run(as_dict=True)
	return {row.name: row for row in rows}


def levels(requests: dict[str, frappe._dict]) -> list[frappe._dict]:
	"""Signatures of these requests: level, title, when asked and when signed."""
	if not requests:
		return []
	row = frappe.qb.DocType("Approval Request Approver")
	return (
		frappe.qb.from_(row)
		.where((row.parenttype == "Approval Request") & row.parent.isin(list(requests)))
		.where(row.signed_on.isnotnull() & row.asked_on.isnotnull())
		.select(row.parent, row.level, row.level_title, row.asked_on, row.signed_on)
		.run(as_dict=True)
	)


def fold(requests, signatures, times: WorkingTimes) -> list[dict]:
	"""A row for each chain, followed by its levels."""
	spans: dict[tuple, list] = {}
	titles: dict[tuple, dict] = defaultdict(dict)
	for line in signatures:
		span = spans.setdefault((line.parent, line.level), [line.asked_on, line.signed_on])
		span[0], span[1] = min(span[0], line.asked_on), max(span[1], line.signed_on)
		titles[(requests[line.parent].chain, line.level)][line.level_title or ""] = None
	taken = defaultdict(list)
	for request in requests.values():
		taken[(request.chain, WHOLE)].append(
			(times.hours(request.company, request.requested_on, request.completed_on), request.name)
		)
	for (name, level), (start, end) in spans.items():
		request = requests[name]
		taken[(request.chain, level)].append((times.hours(request.company, start, end), name))
	return [
		{
			"chain": chain,
			"level": level,
			"step": _("Whole request") if level == WHOLE else ", ".join(filter(None, titles[(chain, level)])),
			**measures(taken[(chain, level)]),
		}
		for chain, level in sorted(taken, key=lambda key: (key[0] or "", key[1]))
	]


def measures(taken: list[tuple]) -> dict:
	"""Count, median, mean, the hours that nine of ten stay within (nearest rank), the longest and its request."""
	hours = sorted(flt(one) for one, _name in taken)
	longest, request = max(taken, key=lambda one: (one[0], one[1]))
	rank = -(-len(hours) * 9 // 10)
	return {
		"requests": len(hours),
		"median": flt(median(hours), 2),
		"mean": flt(mean(hours), 2),
		"ninety": flt(hours[rank - 1], 2),
		"longest": flt(longest, 2),
		"longest_request": request,
	}


def columns() -> list[dict]:
	hours = {"fieldtype": "Float", "precision": 1, "width": 150}
	return [
		{"fieldname": "chain", "label": _("Approval Chain"), "fieldtype": "Link", "options": "Approval Chain", "width": 220},
		{"fieldname": "level", "label": _("Level"), "fieldtype": "Int", "width": 70},
		{"fieldname": "step", "label": _("Title"), "fieldtype": "Data", "width": 200},
		{"fieldname": "requests", "label": _("Requests"), "fieldtype": "Int", "width": 100},
		{"fieldname": "median", "label": _("Median (Hours)"), **hours},
		{"fieldname": "mean", "label": _("Mean (Hours)"), **hours},
		{"fieldname": "ninety", "label": _("90 % Within (Hours)"), **hours, "width": 160},
		{"fieldname": "longest", "label": _("Longest (Hours)"), **hours},
		{"fieldname": "longest_request", "label": _("Longest Request"), "fieldtype": "Link", "options": "Approval Request", "width": 160},
	]  # fmt: skip


def chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	return {
		"data": {
			"labels": [
				row["chain"] if row["level"] == WHOLE else f"{row['chain']} · {row['level']}" for row in rows
			],
			"datasets": [
				{"name": _("Median (Hours)"), "values": [row["median"] for row in rows]},
				{"name": _("90 % Within (Hours)"), "values": [row["ninety"] for row in rows]},
			],
		},
		"type": "bar",
		"colors": ["blue", "light-blue"],
	}


def summary(rows: list[dict], requests) -> list[dict]:
	rejected = sum(request.status == "Rejected" for request in requests.values())
	return [
		{"label": _("Decided"), "value": len(requests), "datatype": "Int"},
		{"label": _("Rejected"), "value": rejected, "datatype": "Int"},
		{
			"label": _("Longest (Hours)"),
			"value": f"{max((row['longest'] for row in rows), default=0):.1f}",
			"datatype": "Data",
		},
	]
