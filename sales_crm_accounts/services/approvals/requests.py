"""Approval requests: opened, followed from level to level, closed. One open request a document and action.

The route is frozen when the request is opened; what people decide stands in the steps; everything else on the request is
derived from the two by `refresh`, so that it can be rebuilt.
"""

import json

import frappe
from frappe import _
from frappe.utils import get_fullname, now_datetime

from sales_crm_accounts.core.approvals import progress as rules
from sales_crm_accounts.services.approvals import SUBMIT, chains, content, gate, notify, routes, steps
from sales_crm_accounts.services.as_user import acting_as

OPEN, APPROVED, REJECTED, WITHDRAWN, SUPERSEDED, CLOSED = (
	"Open",
	"Approved",
	"Rejected",
	"Withdrawn",
	"Superseded",
	"Closed",
)
POST = "Post It for the Requester"


def load(name: str):
	"""The request, held until the end of the transaction; nobody else decides meanwhile."""
	request = frappe.get_doc("Approval Request", name, for_update=True)
	request.flags.tampered = not steps.is_sealed(request)
	return request


def save(request):
	if not request.flags.tampered:
		# A row that was changed from outside keeps the seal that does not fit: it is found, and opens nothing.
		request.seal = steps.request_seal(request)
	request.flags.by_service = True
	request.save(ignore_permissions=True)
	frappe.publish_realtime(
		"sca_approval",
		{"doctype": request.reference_doctype, "name": request.reference_name},
		after_commit=True,
	)


# Opening


def open_later(doc, action: str, requester: str | None = None, submit_as: str | None = None):
	"""Open the request when the transaction that was stopped has been rolled back, or after it was kept by who swallowed the stop."""
	doctype, name, user = doc.doctype, doc.name, frappe.session.user
	done = []

	def ask():
		if done:
			return
		done.append(True)
		try:
			_ask_after_stop(doctype, name, action, user, requester, submit_as)
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(
				title=_("Approval request for {0} {1} not opened").format(_(doctype), name)[:140]
			)
			frappe.db.commit()  # the log; and nothing is left that a rollback's other callbacks would cut in two

	frappe.db.after_rollback.add(ask)
	frappe.db.after_commit.add(ask)


def _ask_after_stop(doctype, name, action: str, user: str, requester: str | None, submit_as: str | None):
	if not frappe.db.exists(doctype, name):
		return
	doc = frappe.get_doc(doctype, name)
	if doc.docstatus != (0 if action == SUBMIT else 1) or not needed(doc, action):
		return  # the rollback took the reason away, too
	messages = list(frappe.local.message_log or [])
	try:
		with acting_as(user):
			open_request(
				doc, action, requester or user, submit_as=submit_as, channel="System" if submit_as else "Form"
			)
	finally:
		frappe.local.message_log = messages


def open_request(
	doc,
	action: str = SUBMIT,
	requester: str | None = None,
	comment: str = "",
	submit_as: str | None = None,
	channel: str = "Form",
):
	"""The open request for the document as it is now: the one there is, or a new round.

	`requester` is whose managers are asked; `submit_as` posts the document afterwards where that is somebody else.
	"""
	requester = requester or frappe.session.user
	as_of_today(doc)
	fingerprint = content.fingerprint_of(doc)
	standing = open_of(doc.doctype, doc.name, action)
	if standing and standing.fingerprint == fingerprint:
		return standing
	if gate.approved_request(doc, action, fingerprint):
		frappe.throw(
			_("{0} {1} is approved as it is. It can be posted.").format(_(doc.doctype), doc.name)
			if action == SUBMIT
			else _("{0} {1} may be cancelled: that is approved.").format(_(doc.doctype), doc.name)
		)
	verdict = gate.judge(doc, action)
	if verdict.passes:
		frappe.throw(
			_("{0} {1} needs no approval as it is.").format(_(doc.doctype), doc.name),
			title=_("No Approval Needed"),
		)
	authors = routes.authors_of(doc, requester)
	if verdict.problems or (requester != frappe.session.user):
		verdict = gate.route_of(doc, verdict.chain, fingerprint, requester, authors)
	if verdict.problems:
		gate.stop(doc, action, verdict)
	if standing:
		close(load(standing.name), SUPERSEDED, _("The document was changed."))
	return _insert(doc, action, requester, comment, submit_as, channel, verdict, authors)


def _insert(doc, action, requester, comment, submit_as, channel, verdict, authors):
	previous = latest_of(doc.doctype, doc.name, action) or _of_amended(doc, action)
	chain = verdict.chain
	request = frappe.new_doc("Approval Request")
	request.update(
		{
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"action": action,
			"title": title_of(doc),
			"status": OPEN,
			"company": doc.get("company"),
			"customer": customer_of(doc),
			"party_name": party_of(doc),
			"amount": float(verdict.amount),
			"currency": verdict.currency,
			"requester": requester,
			"requested_on": now_datetime(),
			"round": (previous.round + 1) if previous else 1,
			"previous_request": previous.name if previous else None,
			"chain": chain.name,
			"after_approval": chain.after_approval,
			"submit_as": submit_as,
			"fingerprint": verdict.fingerprint,
			"authors": "\n".join(sorted(authors)),
			"content": content.as_text(content.material(doc)),
			"frozen_route": routes.to_json(verdict.route, chain),
			"open_key": key_of(doc.doctype, doc.name, action),
		}
	)
	for row in routes.approver_rows(verdict.route, chain):
		request.append("approvers", row)
	request.flags.by_service = True
	try:
		request.insert(ignore_permissions=True)
	except frappe.UniqueValidationError:
		# Two at the same moment: the other one's request stands.
		frappe.clear_last_message()
		return open_of(doc.doctype, doc.name, action)
	steps.append(request, "Requested", requester, comment=comment, channel=channel)
	refresh(request)
	return request


def key_of(doctype: str, name: str, action: str) -> str:
	return f"{doctype}|{name}|{action}"[:140]


def open_of(doctype: str, name: str, action: str | None = None):
	"""The open request of a document, None where there is none."""
	filters = {"reference_doctype": doctype, "reference_name": name, "status": OPEN}
	if action:
		filters["action"] = action
	found = frappe.db.get_value("Approval Request", filters, "name")
	return frappe.get_doc("Approval Request", found) if found else None


def latest_of(doctype: str, name: str, action: str):
	rows = frappe.get_all(
		"Approval Request",
		filters={"reference_doctype": doctype, "reference_name": name, "action": action},
		fields=["name", "round", "status"],
		order_by="round desc, creation desc",
		limit=1,
	)
	return rows[0] if rows else None


def _of_amended(doc, action: str):
	return latest_of(doc.doctype, doc.amended_from, action) if doc.get("amended_from") else None


def title_of(doc) -> str:
	title = doc.get_title() if hasattr(doc, "get_title") else doc.get("title")
	return str(title or doc.name)[:140]


def customer_of(doc) -> str | None:
	"""The customer whose exposure the approver wants to see."""
	if doc.get("party_type") == "Customer":
		return doc.get("party")
	if doc.meta.has_field("customer"):
		return doc.get("customer")
	return next((row.party for row in doc.get("accounts") or [] if row.get("party_type") == "Customer"), None)


def party_of(doc) -> str | None:
	for field in (
		"customer_name",
		"supplier_name",
		"party_name",
		"party",
		"employee_name",
		"pay_to_recd_from",
	):
		if doc.get(field):
			return doc.get(field)
	return None


# Following


def progress_of(request, rows=None) -> rules.Progress:
	"""Where the request stands, from its frozen route and what was decided."""
	route = routes.from_json(request.frozen_route)
	return rules.progress(route, decisions_of(request, rows), gone(route))


def gone(route) -> frozenset[str]:
	"""People of a route who were disabled since it was frozen: they can sign no more."""
	users = {candidate.user for group in route.groups for candidate in group.candidates}
	return frozenset(user for user in users if not frappe.get_cached_value("User", user, "enabled"))


def decisions_of(request, rows=None) -> list[rules.Decision]:
	"""Approvals that count: those of a level that was asked again do not, from then on."""
	approvals, send_backs = [], []
	for step in rows if rows is not None else steps.of_request(request.name):
		if step.decision == "Approved":
			approvals.append(
				rules.Decision(
					level=step.level,
					user=step.on_behalf_of or step.user,
					actor=step.user,
					sequence=step.sequence,
				)
			)
		elif step.decision == "Sent Back":
			send_backs.append(rules.SendBack(step.to_level, step.sequence))
	return rules.standing(approvals, send_backs)


def refresh(request):
	"""Derive the request's rows and status from its steps, and tell those who are asked now for the first time."""
	if request.status != OPEN:
		save(request)
		return
	progress = progress_of(request)
	asked = routes.mark_rows(request, progress)
	request.current_level = progress.stage or 0
	if progress.complete:
		request.status, request.completed_on, request.open_key = APPROVED, now_datetime(), None
		request.current_level = 0
		save(request)
		_approved(request)
		return
	save(request)
	if asked:
		notify.asked(request.name, asked)


def _approved(request):
	from sales_crm_accounts.services.approvals import posting

	notify.finished(request.name)
	if request.after_approval == POST:
		posting.enqueue(request.name)


def close(
	request, status: str, reason: str = "", user: str | None = None, comment: str = "", channel="System"
):
	"""End a request that is open, or approved and not used; it stays as the record of its round."""
	decision = {REJECTED: "Rejected", WITHDRAWN: "Withdrawn", SUPERSEDED: "Superseded", CLOSED: "Closed"}[
		status
	]
	was_waiting = [row.user for row in request.approvers if row.status == "Pending"]
	if status != REJECTED:
		steps.append(
			request, decision, user or frappe.session.user, comment=comment or reason, channel=channel
		)
	request.status, request.completed_on, request.open_key = status, now_datetime(), None
	request.closing_reason, request.current_level = reason, 0
	for row in request.approvers:
		if row.status in ("Pending", "Waiting"):
			row.status = "Not Needed"
	save(request)
	if status in (SUPERSEDED, WITHDRAWN, CLOSED):
		notify.superseded(request.name, was_waiting)
	else:
		notify.finished(request.name)


def mark_posted(name: str):
	"""The document was posted with this request; within the same transaction."""
	request = load(name)
	if request.status != APPROVED or request.posted or request.flags.tampered:
		frappe.db.rollback()
		frappe.throw(
			_(
				"Approval request {0} was withdrawn or used meanwhile. Nothing was posted; submit again."
			).format(name)
		)
	steps.append(request, "Posted", frappe.session.user, channel="System")
	request.posted, request.posted_on, request.posting_error = 1, now_datetime(), None
	save(request)


# What happens to the document meanwhile


def document_changed(doc):
	"""A draft was saved: a request for other content than it has now is over."""
	if doc.docstatus != 0:
		return
	names = frappe.get_all(
		"Approval Request",
		filters={
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"action": SUBMIT,
			"status": ("in", (OPEN, APPROVED)),
			"posted": 0,
		},
		fields=["name", "fingerprint"],
	)
	if not names:
		return
	# As it will be read at the gate: what the save computed is rounded by the database.
	fingerprint = content.fingerprint_of(doc)
	for row in names:
		if row.fingerprint != fingerprint:
			close(load(row.name), SUPERSEDED, _("The document was changed after approval was asked for."))


def document_gone(doc, reason: str):
	"""Deleted, discarded, cancelled otherwise: nothing is left to decide."""
	for name in frappe.get_all(
		"Approval Request",
		filters={
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"status": ("in", (OPEN, APPROVED)),
			"posted": 0,
		},
		pluck="name",
	):
		close(load(name), CLOSED, reason)


def document_renamed(doctype: str, old: str, new: str):
	"""Frappe has moved the link; seal and key follow it."""
	for name in frappe.get_all(
		"Approval Request", filters={"reference_doctype": doctype, "reference_name": new}, pluck="name"
	):
		request = load(name)
		# The seal was made with the old name; only where it fits that one, it is renewed.
		before = frappe._dict(request.as_dict(), reference_name=old)
		request.flags.tampered = not steps.is_sealed(before)
		if request.open_key:
			request.open_key = key_of(doctype, new, request.action)
		save(request)


def chain_changed(chain: str):
	"""Requests that are open keep the route they were opened with; who switched the chain off is named on them."""
	for name in frappe.get_all("Approval Request", filters={"chain": chain, "status": OPEN}, pluck="name"):
		request = load(name)
		request.add_comment(
			"Info",
			_("changed or switched off approval chain {0}; this round keeps its route.").format(chain),
		)


def waiting_names(request) -> str:
	names = [get_fullname(row.user) for row in request.approvers if row.status == "Pending"]
	return ", ".join(dict.fromkeys(names))


def snapshot(request) -> dict:
	return json.loads(request.content or "{}")


def needed(doc, action: str = SUBMIT) -> bool:
	"""Whether posting the document as it is would be stopped; for programs that would rather ask first."""
	if not chains.gated(doc.doctype):
		return False
	as_of_today(doc)
	return not gate.judge(doc, action).passes


def as_of_today(doc):
	"""Figures that submitting computes anew and conditions may compare, on a draft as it was saved: the credit of a deal, and whether
	a customer is on hold. By the document's own method, or by a handler of that name in `doc_events`.
	"""
	if doc.docstatus == 0:
		doc.run_method("set_figures_of_today")
	return doc
