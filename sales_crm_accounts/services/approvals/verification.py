"""Whether what stands in the books is still what passed the gate, and whether the steps are as they were written.

What was touched since the last look is looked at every hour; everything each night, in parts: a chunk of documents costs a fixed
number of statements, and where a run has used up its time the next hourly run goes on from there. SQL can change a document
without a trace in `modified`, so only the full check is complete.
"""

import json
from collections import defaultdict
from time import monotonic

import frappe
from frappe import _
from frappe.utils import get_datetime, now_datetime

from sales_crm_accounts.core.approvals import content as rules
from sales_crm_accounts.services.approvals import (
	SUBMIT,
	baseline,
	breaches,
	chains,
	content,
	differences,
	gate,
	moves,
	steps,
)

SETTINGS, CURSOR = "Sales CRM Accounts Settings", "approval_check_cursor"
#: Documents or requests that are read at once.
CHUNK = 200
#: Seconds that one run takes at most; the next goes on.
SECONDS = 600
STEPS, LOGS = "steps", "logs"
#: Changes that a finding lists.
LISTED = 10


# The full check


def start():
	"""Begin a full check, unless one is on its way. Commits."""
	if _cursor():
		return
	parts = [f"content:{doctype}" for doctype in _doctypes()] + [STEPS, LOGS]
	_keep({"started": str(now_datetime()), "parts": parts, "after": ""})


def go_on(seconds: float = SECONDS) -> list[str]:
	"""Go on with the full check for so long, one chunk at least; names of the findings. The place reached is committed with each chunk."""
	found, until = [], monotonic() + seconds
	while cursor := _cursor():
		found += _next_chunk(cursor)
		if monotonic() >= until:
			break
	return found


def _next_chunk(cursor: dict) -> list[str]:
	"""Look at the next chunk and move the place on; a chunk that cannot be looked at is logged and holds up none of the others."""
	part = cursor["parts"][0]
	names = _names(part, cursor["after"])
	try:
		found = _look(part, names)
	except Exception:
		frappe.db.rollback()
		frappe.log_error(title=_("Approval check stopped: {0} after {1}").format(part, cursor["after"])[:140])
		found = []
	if names:
		cursor["after"] = names[-1]
	else:
		cursor["parts"].pop(0)
		cursor["after"] = ""
	_keep(cursor if cursor["parts"] else None)
	return found


def _names(part: str, after: str) -> list[str]:
	if part == LOGS:
		return []
	return _requests_after(after) if part == STEPS else _documents_after(part.split(":", 1)[1], after)


def _look(part: str, names: list[str]) -> list[str]:
	if part == LOGS:
		return check_logs()
	return check_steps(names) if part == STEPS else check_content(part.split(":", 1)[1], names)


def _cursor() -> dict | None:
	text = frappe.db.get_single_value(SETTINGS, CURSOR, cache=False)
	return json.loads(text) if text else None


def _keep(cursor: dict | None):
	frappe.db.set_single_value(SETTINGS, CURSOR, json.dumps(cursor) if cursor else "", update_modified=False)
	frappe.db.commit()


def _doctypes() -> list[str]:
	return sorted({doctype for doctype, action in baseline.gates() if action == SUBMIT})


def _documents_after(doctype: str, after: str) -> list[str]:
	log = frappe.qb.DocType("Approval Gate Log")
	return (
		frappe.qb.from_(log)
		.where((log.reference_doctype == doctype) & (log.action == SUBMIT) & (log.reference_name > after))
		.where(log.fingerprint.isnotnull() & (log.fingerprint != ""))
		.select(log.reference_name)
		.distinct()
		.orderby(log.reference_name)
		.limit(CHUNK)
		.run(pluck=True)
	)


def _requests_after(after: str) -> list[str]:
	return frappe.get_all(
		"Approval Request", filters={"name": (">", after)}, pluck="name", order_by="name", limit=CHUNK
	)


# What was touched since the last look


def check_recent(since) -> list[str]:
	"""Posted documents and requests that were written to since then."""
	since, found = get_datetime(since or "2000-01-01"), []
	for doctype in _doctypes():
		doc, log = frappe.qb.DocType(doctype), frappe.qb.DocType("Approval Gate Log")
		names = (
			frappe.qb.from_(doc)
			.join(log)
			.on(
				(log.reference_doctype == doctype) & (log.reference_name == doc.name) & (log.action == SUBMIT)
			)
			.where((doc.modified >= since) & (doc.docstatus == 1) & (log.outcome != baseline.BEFORE))
			.select(doc.name)
			.distinct()
			.run(pluck=True)
		)
		for place in range(0, len(names), CHUNK):
			found += check_content(doctype, names[place : place + CHUNK])
	names = frappe.get_all("Approval Request", filters={"modified": (">=", since)}, pluck="name")
	for place in range(0, len(names), CHUNK):
		found += check_steps(names[place : place + CHUNK])
	return found


# Contents


def check_content(doctype: str, names: list[str]) -> list[str]:
	"""Posted documents whose material fields are not what passed the gate; a fixed number of statements where there are none."""
	passed = _passed(doctype, names)
	found = []
	for doc in read(doctype, list(passed)):
		log = passed[doc.name]
		if (
			get_datetime(log.creation) < get_datetime(doc.creation)
			or content.fingerprint_of(doc) == log.fingerprint
		):
			continue
		if detail := _what_changed(doc, log):
			found += breaches.record(
				breaches.CHANGED,
				doctype,
				doc.name,
				detail,
				action=SUBMIT,
				company=doc.get("company"),
				document_user=doc.modified_by,
				amount=breaches.amount_of(doctype, doc.name),
				key=(doc.name, log.name, content.fingerprint_of(doc)),
			)
	return found


def _passed(doctype: str, names: list[str]) -> dict[str, frappe._dict]:
	"""The gate's last row of each document."""
	rows = frappe.get_all(
		"Approval Gate Log",
		filters={"reference_doctype": doctype, "reference_name": ("in", names or [""]), "action": SUBMIT},
		fields=["name", "reference_name", "outcome", "request", "fingerprint", "creation"],
		order_by="creation",
	)
	return {row.reference_name: row for row in rows if row.fingerprint}


def read(doctype: str, names: list[str]) -> list[frappe._dict]:
	"""Submitted documents with their rows, as plain values: one statement, and one for each table."""
	if not names:
		return []
	found = {row.name: row for row in _rows(doctype, "name", names) if row.docstatus == 1}
	for row in found.values():
		row.doctype = doctype
	for field in frappe.get_meta(doctype).get_table_fields():
		rows = defaultdict(list)
		for line in _rows(field.options, "parent", list(found)):
			if line.parentfield == field.fieldname and line.parenttype == doctype:
				line.doctype = field.options
				rows[line.parent].append(line)
		for name, doc in found.items():
			doc[field.fieldname] = sorted(rows[name], key=lambda line: line.idx)
	return list(found.values())


def _rows(doctype: str, by: str, names: list[str]) -> list[frappe._dict]:
	if not names or frappe.get_meta(doctype).get("is_virtual"):
		return []
	table = frappe.qb.DocType(doctype)
	return frappe.qb.from_(table).where(table[by].isin(names)).select("*").run(as_dict=True)


def _what_changed(doc, log) -> str:
	"""The change in words; empty where ERPNext itself moves what is different after posting."""
	before = log.request and frappe.db.get_value("Approval Request", log.request, "content")
	if before:
		before, after = _without_cancelled_deals(
			rules.parse(before), rules.parse(content.as_text(content.material(doc)))
		)
		changes = rules.changes(moves.comparable(doc.doctype, before), moves.comparable(doc.doctype, after))
		if not changes:
			return ""
		lines = [
			_("{0}: {1} → {2}").format(
				f"{line['label']} ({line['row']})" if line["row"] else line["label"],
				line["before"],
				line["after"],
			)
			for line in differences.described(doc.doctype, changes)
		]
		more = len(lines) - LISTED
		return "\n".join([*lines[:LISTED], _("and {0} more").format(more)] if more > 0 else lines)
	return _no_longer_passes(doc, log)


def _without_cancelled_deals(before: dict, after: dict) -> tuple[dict, dict]:
	"""Both contents without deals that are cancelled: what is still open gives them up (services/let_go.py)."""
	parts = [
		part
		for text in (before, after)
		for part in (
			text.get("fields", {}),
			*(line for lines in text.get("rows", {}).values() for line in lines),
		)
	]
	named = {part["deal"] for part in parts if part.get("deal")}
	cancelled = named and set(
		frappe.get_all("Deal", filters={"name": ("in", sorted(named)), "docstatus": 2}, pluck="name")
	)
	for part in parts:
		if cancelled and part.get("deal") in cancelled:
			del part["deal"]
	return before, after


def _no_longer_passes(doc, log) -> str:
	"""For what passed without a request: whether it would be stopped as it is now."""
	try:
		verdict = gate.judge(frappe.get_doc(doc.doctype, doc.name), SUBMIT)
	except chains.ChainUnusable:
		frappe.clear_last_message()
		return ""  # a finding of its own
	if verdict.passes:
		return ""
	return _("It passed without approval ({0}); as it is now, chain {1} would have asked for it.").format(
		_(log.outcome, context="Approval Gate Log"), verdict.chain.name
	)


# Steps and requests


def check_steps(names: list[str]) -> list[str]:
	"""Requests whose seal or whose chain of steps is not as it was written; two statements."""
	found = []
	for name, problems in steps.verify_many(names).items():
		if problems:
			row = frappe.db.get_value(
				"Approval Request", name, ["company", "amount", "modified_by"], as_dict=True
			)
			found += breaches.record(
				breaches.TAMPERED,
				"Approval Request",
				name,
				"\n".join(problems),
				company=row.company,
				amount=row.amount,
				document_user=row.modified_by,
				key=(name, *problems),
			)
	return found


def check_logs() -> list[str]:
	"""Rows of the gate's log that name an approval which is not there: written by SQL to cover something up. One statement."""
	log, request = frappe.qb.DocType("Approval Gate Log"), frappe.qb.DocType("Approval Request")
	rows = (
		frappe.qb.from_(log)
		.left_join(request)
		.on(log.request == request.name)
		.where(log.outcome == gate.APPROVED)
		.where(
			request.name.isnull()
			| (request.status != "Approved")
			| (request.posted == 0)
			| (request.reference_doctype != log.reference_doctype)
			| (request.reference_name != log.reference_name)
			| (request.action != log.action)
			| (request.fingerprint != log.fingerprint)
		)
		.select(log.name, log.reference_doctype, log.reference_name, log.action, log.request, log.user)
		.orderby(log.creation, order=frappe.qb.desc)
		.limit(breaches.LIMIT)
		.run(as_dict=True)
	)
	found = []
	for row in rows:
		found += breaches.record(
			breaches.TAMPERED,
			row.reference_doctype,
			row.reference_name,
			_("The gate's log names request {0}, which does not approve this document.").format(
				row.request or "–"
			),
			action=row.action,
			document_user=row.user,
			key=("log", row.name),
		)
	return found
