"""Approval steps: appended, sealed, never changed.

Each step carries a hash over its own content and the hash before it, keyed with the site's encryption key. The request keeps
number and hash of its last step, and a seal of its own over what it decides (document, fingerprint, route, status). Whoever has
only the database can therefore neither change, insert, move nor cut off a step unnoticed. Who also has the site's key can.
"""

import hashlib

import frappe
from frappe.utils import cstr, flt, get_datetime, now_datetime
from frappe.utils.password import get_encryption_key

from sales_crm_accounts.core.approvals import seal as rules

SEALED = (
	"request",
	"sequence",
	"decision",
	"user",
	"on_behalf_of",
	"delegation",
	"decided_on",
	"level",
	"to_user",
	"to_level",
	"channel",
	"comment",
	"attachment",
	"fingerprint",
)
SEALED_REQUEST = (
	"name",
	"reference_doctype",
	"reference_name",
	"action",
	"status",
	"posted",
	"requester",
	"authors",
	"submit_as",
	"fingerprint",
	"frozen_route",
	"round",
	"amount",
	"currency",
	"step_count",
	"last_hash",
)


def key() -> bytes:
	"""A key of its own derived from the site's, so that neither reveals the other."""
	return hashlib.sha256(b"sales_crm_accounts.approvals:" + get_encryption_key().encode()).digest()


def append(request, decision: str, user: str, **fields):
	"""Write the next step of a request that is held by `for_update`; the request has to be saved by the caller."""
	step = frappe.new_doc("Approval Step")
	step.update(
		{
			"request": request.name,
			"sequence": (request.step_count or 0) + 1,
			"decision": decision,
			"user": user,
			"decided_on": now_datetime().replace(microsecond=0),
			"fingerprint": request.fingerprint,
			"previous_hash": request.last_hash or rules.START,
			**fields,
		}
	)
	step.hash = rules.seal(step.previous_hash, values(step), key())
	step.flags.appended = True
	step.insert(ignore_permissions=True)
	request.step_count, request.last_hash = step.sequence, step.hash
	return step


def values(step) -> dict[str, str]:
	return {name: _text(name, step.get(name)) for name in SEALED}


def request_seal(request) -> str:
	return rules.seal(rules.START, {name: _text(name, request.get(name)) for name in SEALED_REQUEST}, key())


def _text(name: str, value) -> str:
	if name == "decided_on":
		return get_datetime(value).strftime("%Y-%m-%d %H:%M:%S") if value else ""
	if name in ("sequence", "level", "to_level", "posted", "round", "step_count"):
		return str(int(value or 0))
	if name == "amount":
		return f"{flt(value, 2):.2f}"
	return cstr(value).strip()


def of_request(name: str) -> list:
	return frappe.get_all(
		"Approval Step",
		filters={"request": name},
		fields=["name", "previous_hash", "hash", *SEALED],
		order_by="sequence, creation",
	)


def verify(name: str) -> list[str]:
	"""What is wrong with the sealed chain of a request, in words; empty where all is as it was written."""
	return verify_many([name]).get(name) or (
		[]
		if frappe.db.exists("Approval Request", name)
		else [frappe._("Approval request {0} is gone.").format(name)]
	)


def verify_many(names: list[str]) -> dict[str, list[str]]:
	"""The same for several requests, by their names, in two statements."""
	if not names:
		return {}
	requests = frappe.get_all(
		"Approval Request", filters={"name": ("in", names)}, fields=[*SEALED_REQUEST, "seal"]
	)
	rows: dict[str, list] = {}
	for step in frappe.get_all(
		"Approval Step",
		filters={"request": ("in", names)},
		fields=["name", "previous_hash", "hash", *SEALED],
		order_by="request, sequence, creation",
	):
		rows.setdefault(step.request, []).append(step)
	return {request.name: _wrong(request, rows.get(request.name, [])) for request in requests}


def _wrong(request, rows: list) -> list[str]:
	from sales_crm_accounts.services import messages

	found = []
	if request.seal != request_seal(request):
		found.append(frappe._("The request was changed outside the app: its seal does not fit."))
	problems = rules.verify(
		[(step.previous_hash, values(step), step.hash) for step in rows],
		key(),
		request.last_hash or rules.START,
		request.step_count or 0,
	)
	return found + [messages.text(problem) for problem in problems]


def is_sealed(request) -> bool:
	"""Whether the request is as the app wrote it; a row made or changed by SQL is not."""
	return bool(request.seal) and request.seal == request_seal(request)
