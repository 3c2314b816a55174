# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""What did not go the ordinary way through an approval chain: one statement for each source, four in all.

Overrides (approvers added, reassigned, escalated), decisions of delegates, authors who tried to approve their own document,
chains that were switched off while requests were open, and documents that passed the gate by what they contain.
"""

import json

import frappe
from frappe import _
from frappe.utils import add_days, flt, get_datetime, getdate

from sales_crm_accounts.permissions.deal_access import plain_links, restrict

ADDED, REASSIGNED, ESCALATED = "Approver Added", "Reassigned", "Escalated"
DELEGATED, SELF_APPROVAL, SWITCHED_OFF, BY_CONTENT = (
	"Delegated Decision",
	"Self-Approval Attempt",
	"Chain Switched Off",
	"Passed by Content",
)
KINDS = (ADDED, REASSIGNED, ESCALATED, DELEGATED, SELF_APPROVAL, SWITCHED_OFF, BY_CONTENT)
OVERRIDES = (ADDED, REASSIGNED, ESCALATED)
DECISIONS = ("Approved", "Rejected", "Sent Back")
CONTENT_OUTCOMES = ("System Voucher", "Receipt")
#: Rows that one source gives at most.
LIMIT = 5000


def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	kinds = wanted(filters)
	rows = []
	if set(kinds) - {SWITCHED_OFF, BY_CONTENT}:
		rows += from_steps(filters)
	if SWITCHED_OFF in kinds:
		rows += from_chains(filters)
	if BY_CONTENT in kinds:
		rows += from_gate(filters)
	rows = [row for row in rows if row["kind"] in kinds]
	rows.sort(
		key=lambda row: (row["happened_on"], row["request"] or "", row["document_name"] or ""), reverse=True
	)
	counts = {kind: sum(row["kind"] == kind for row in rows) for kind in kinds}
	for row in rows:
		row["kind"] = _(row["kind"])
	return plain_links(columns()), rows, None, chart(counts), None


def wanted(filters) -> tuple[str, ...]:
	kinds = filters.kind or []
	kinds = kinds if isinstance(kinds, list) else [kinds]
	return tuple(kind for kind in KINDS if not kinds or kind in kinds)


def _between(query, field, filters):
	if filters.from_date:
		query = query.where(field >= getdate(filters.from_date))
	if filters.to_date:
		query = query.where(field < add_days(getdate(filters.to_date), 1))
	return query


def from_steps(filters) -> list[dict]:
	"""Overrides, decisions of delegates and refused attempts."""
	step, request = frappe.qb.DocType("Approval Step"), frappe.qb.DocType("Approval Request")
	query = (
		frappe.qb.from_(step)
		.join(request)
		.on(step.request == request.name)
		.where(
			step.decision.isin([*OVERRIDES, "Refused"])
			| (
				step.decision.isin(DECISIONS)
				& step.on_behalf_of.isnotnull()
				& (step.on_behalf_of != "")
				& (step.on_behalf_of != step.user)
			)
		)
		.select(
			step.decided_on,
			step.decision,
			step.user,
			step.on_behalf_of,
			step.to_user,
			step.comment,
			*_of_request(request),
		)
		.orderby(step.decided_on, order=frappe.qb.desc)
		.limit(LIMIT)
	)
	query = _filtered(_between(query, step.decided_on, filters), request, filters)
	if filters.user:
		query = query.where(
			(step.user == filters.user) | (step.on_behalf_of == filters.user) | (step.to_user == filters.user)
		)
	found = restrict(query, request.name, doctype="Approval Request").run(as_dict=True)
	return [
		_row(
			line.decided_on,
			line.decision
			if line.decision in OVERRIDES
			else SELF_APPROVAL
			if line.decision == "Refused"
			else DELEGATED,
			line,
			user=line.user,
			other_user=line.to_user if line.decision in OVERRIDES else line.on_behalf_of,
			detail=_step_detail(line),
		)
		for line in found
	]


def _step_detail(line) -> str:
	if line.decision in DECISIONS:
		return ": ".join(part for part in (_(line.decision), line.comment) if part)
	return line.comment or ""


def _of_request(request) -> list:
	return [
		request.name.as_("request"),
		request.reference_doctype,
		request.reference_name,
		request.chain,
		request.company,
		request.amount,
		request.currency,
	]


def _filtered(query, request, filters):
	for field in ("company", "reference_doctype", "chain"):
		if filters.get(field):
			query = query.where(request[field] == filters[field])
	return query


def from_chains(filters) -> list[dict]:
	"""Requests that were open when somebody switched their chain off, with who did."""
	version, request = frappe.qb.DocType("Version"), frappe.qb.DocType("Approval Request")
	query = (
		frappe.qb.from_(version)
		.join(request)
		.on(
			(request.chain == version.docname)
			& (request.requested_on <= version.creation)
			& (request.completed_on.isnull() | (request.completed_on >= version.creation))
		)
		.where((version.ref_doctype == "Approval Chain") & version.data.like('%"active"%'))
		.select(version.creation, version.owner, version.data, *_of_request(request))
		.orderby(version.creation, order=frappe.qb.desc)
		.limit(LIMIT)
	)
	query = _filtered(_between(query, version.creation, filters), request, filters)
	if filters.user:
		query = query.where(version.owner == filters.user)
	found = restrict(query, request.name, doctype="Approval Request").run(as_dict=True)
	return [
		_row(
			line.creation,
			SWITCHED_OFF,
			line,
			user=line.owner,
			detail=_("The request was open and kept its route."),
		)
		for line in found
		if _switches_off(line.data)
	]


def _switches_off(data: str) -> bool:
	return any(
		field == "active" and not flt(after) and flt(before)
		for field, before, after in json.loads(data or "{}").get("changed") or ()
	)


def from_gate(filters) -> list[dict]:
	"""System vouchers and receipts, which no chain asks about."""
	if filters.chain or not frappe.has_permission("Approval Gate Log", "read"):
		return []
	log = frappe.qb.DocType("Approval Gate Log")
	query = (
		frappe.qb.from_(log)
		.where(log.outcome.isin(CONTENT_OUTCOMES))
		.select(log.creation, log.outcome, log.reason, log.user, log.reference_doctype, log.reference_name)
		.orderby(log.creation, order=frappe.qb.desc)
		.limit(LIMIT)
	)
	query = _between(query, log.creation, filters)
	if filters.reference_doctype:
		query = query.where(log.reference_doctype == filters.reference_doctype)
	if filters.user:
		query = query.where(log.user == filters.user)
	if filters.company:
		# The gate's log names no company: those of the documents that can pass by content do.
		journal, payment = frappe.qb.DocType("Journal Entry"), frappe.qb.DocType("Payment Entry")
		query = query.where(
			log.reference_name.isin(
				frappe.qb.from_(journal).where(journal.company == filters.company).select(journal.name)
			)
			| log.reference_name.isin(
				frappe.qb.from_(payment).where(payment.company == filters.company).select(payment.name)
			)
		)
	return [
		_row(
			line.creation,
			BY_CONTENT,
			frappe._dict(line),
			user=line.user,
			detail=": ".join(
				part
				for part in (
					_(line.outcome, context="Approval Gate Log"),
					_(line.reason) if line.reason else "",
				)
				if part
			),
		)
		for line in query.run(as_dict=True)
	]


def _row(moment, kind: str, line, user: str, other_user: str | None = None, detail: str = "") -> dict:
	return {
		"happened_on": get_datetime(moment),
		"kind": kind,
		"user": user,
		"other_user": other_user,
		"document_type": line.reference_doctype,
		"document_name": line.reference_name,
		"request": line.get("request"),
		"chain": line.get("chain"),
		"company": line.get("company"),
		"amount": line.get("amount"),
		"currency": line.get("currency"),
		"detail": detail,
	}


def columns() -> list[dict]:
	return [
		{"fieldname": "happened_on", "label": _("When"), "fieldtype": "Datetime", "width": 180},
		{"fieldname": "kind", "label": _("Kind"), "fieldtype": "Data", "width": 170},
		{"fieldname": "user", "label": _("By"), "fieldtype": "Link", "options": "User", "width": 190},
		{"fieldname": "other_user", "label": _("For or To"), "fieldtype": "Link", "options": "User", "width": 190},
		{"fieldname": "document_type", "label": _("Document Type"), "fieldtype": "Link", "options": "DocType", "width": 130},
		{"fieldname": "document_name", "label": _("Document"), "fieldtype": "Dynamic Link", "options": "document_type", "width": 190},
		{"fieldname": "request", "label": _("Request"), "fieldtype": "Link", "options": "Approval Request", "width": 150},
		{"fieldname": "chain", "label": _("Approval Chain"), "fieldtype": "Link", "options": "Approval Chain", "width": 180},
		{"fieldname": "company", "label": _("Company"), "fieldtype": "Link", "options": "Company", "width": 140},
		{"fieldname": "amount", "label": _("Amount"), "fieldtype": "Currency", "options": "currency", "width": 120},
		{"fieldname": "detail", "label": _("Detail"), "fieldtype": "Data", "width": 300},
		{"fieldname": "currency", "label": _("Currency"), "fieldtype": "Link", "options": "Currency", "hidden": 1},
	]  # fmt: skip


def chart(counts: dict[str, int]) -> dict | None:
	shown = {kind: count for kind, count in counts.items() if count}
	if not shown:
		return None
	return {
		"data": {
			"labels": [_(kind) for kind in shown],
			"datasets": [{"name": _("Count"), "values": list(shown.values())}],
		},
		"type": "bar",
		"colors": ["orange"],
	}
