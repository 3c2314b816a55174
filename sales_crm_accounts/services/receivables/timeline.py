"""Notes, promises, disputes and write-offs on the timelines of the customer, the deal and the invoice."""

import frappe
from frappe import _
from frappe.utils import escape_html, get_fullname, get_url_to_form

from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services.receivables.parts import money

LIMIT = 50
_FIELD = {"Customer": "customer", "Deal": "deal", "Sales Invoice": "sales_invoice"}


def collection_events(doctype: str, docname: str) -> list[dict]:
	"""Hook `additional_timeline_content`, called for a reader of the document: what they may read, newest first, five statements."""
	where = {_FIELD[doctype]: docname}
	events = [*_notes(where), *_promises(where), *_disputes(where), *_write_offs(where)]
	return sorted(events, key=lambda event: str(event["creation"]), reverse=True)[:LIMIT]


def _read(doctype: str, where: dict, fields: list[str]) -> list:
	if not may(doctype, "read"):
		return []
	return frappe.get_list(
		doctype,
		filters=where,
		fields=["name", "owner", "creation", *fields],
		order_by="creation desc",
		limit=LIMIT,
	)


def _notes(where: dict) -> list[dict]:
	texts = {
		"Call": _("{0} called ({1})"),
		"Visit": _("{0} visited ({1})"),
		"Mail": _("{0} wrote a mail ({1})"),
		"Message": _("{0} wrote a message ({1})"),
	}
	found = []
	for row in _read(
		"Collection Note",
		where,
		["note_type", "noted_on", "note", "next_step", "next_date", "collector", "contact"],
	):
		head = texts.get(row.note_type, _("{0} noted ({1})")).format(
			_person(row.collector or row.owner), _link("Collection Note", row.name)
		)
		if row.contact:
			head += ", " + _("with {0}").format(escape_html(row.contact))
		body = escape_html(row.note or "").replace("\n", "<br>")
		if row.next_step or row.next_date:
			next_line = " ".join(
				filter(None, (escape_html(row.next_step or ""), row.next_date and _day(row.next_date)))
			)
			body += "<br>" + _("Next: {0}").format(next_line)
		found.append(_event("call" if row.note_type == "Call" else "edit", row.noted_on, f"{head}<br>{body}"))
	return found


def _promises(where: dict) -> list[dict]:
	texts = {
		"Open": _("{0} was promised {1} by {2}"),
		"Kept": _("{0} was promised {1} by {2}: kept"),
		"Partly Kept": _("{0} was promised {1} by {2}: partly kept, {3} came"),
		"Broken": _("{0} was promised {1} by {2}: broken"),
		"Cancelled": _("{0} was promised {1} by {2}: cancelled"),
	}
	return [
		_event(
			"expenses" if row.status == "Broken" else "income",
			row.creation,
			texts[row.status].format(
				_person(row.collector or row.owner),
				_link("Promise to Pay", row.name, money(row.amount, row.currency)),
				_day(row.pay_by),
				money(row.received_amount, row.currency),
			),
		)
		for row in _read(
			"Promise to Pay",
			where,
			["status", "amount", "received_amount", "currency", "pay_by", "collector"],
		)
	]


def _disputes(where: dict) -> list[dict]:
	texts = {
		"Open": _("The customer disputes {0} of {1}: {2}"),
		"Resolved": _("The customer disputed {0} of {1}: {2}. Outcome: {3}"),
		"Cancelled": _("The customer disputed {0} of {1}: {2}. Cancelled since"),
	}
	return [
		_event(
			"small-message",
			row.creation,
			texts[row.status].format(
				_link("Receivable Dispute", row.name, money(row.disputed_amount, row.currency)),
				escape_html(row.sales_invoice),
				_(row.reason, context="Receivable Dispute"),
				_(row.outcome or "", context="Receivable Dispute"),
			),
		)
		for row in _read(
			"Receivable Dispute",
			where,
			["status", "disputed_amount", "currency", "sales_invoice", "reason", "outcome"],
		)
	]


def _write_offs(where: dict) -> list[dict]:
	texts = {
		"Write-Off": _("{0} wrote off {1} ({2})"),
		"Recovery": _("{0} took back a write-off of {1} ({2})"),
	}
	if not may("Write-off Proposal", "read"):
		return []
	rows = frappe.get_all(
		"Write-off Proposal Row",
		filters={**where, "docstatus": 1},
		fields=["parent", "amount", "currency"],
		order_by="creation desc",
		limit=LIMIT,
	)
	seen = _read(
		"Write-off Proposal",
		{"name": ("in", {row.parent for row in rows} or {""}), "docstatus": 1},
		["kind", "modified_by"],
	)
	proposals = {proposal.name: proposal for proposal in seen}
	return [
		_event(
			"expenses",
			proposals[row.parent].creation,
			texts[proposals[row.parent].kind].format(
				_person(proposals[row.parent].modified_by),
				money(row.amount, row.currency),
				_link("Write-off Proposal", row.parent),
			),
		)
		for row in rows
		if row.parent in proposals
	]


def _person(user: str) -> str:
	return escape_html(get_fullname(user))


def _day(value) -> str:
	return frappe.format(value, "Date")


def _link(doctype: str, name: str, label: str | None = None) -> str:
	return f'<a href="{get_url_to_form(doctype, name)}">{label or escape_html(name)}</a>'


def _event(icon: str, creation, content: str) -> dict:
	return {"icon": icon, "is_card": False, "creation": creation, "content": content}
