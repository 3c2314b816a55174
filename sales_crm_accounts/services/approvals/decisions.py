"""What people do with a request: approve, reject, send back, ask, answer, add, reassign, withdraw.

The request is held while it is decided on, so that of two people at the same moment the second sees what the first did. Rights
are looked up at that moment, whatever page or mail the click comes from.
"""

import frappe
from frappe import _
from frappe.utils import get_fullname, now_datetime

from sales_crm_accounts.core.approvals import progress as rules
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.permissions.approval_access import is_manager
from sales_crm_accounts.services import messages
from sales_crm_accounts.services.approvals import CANCEL, content, delegates, notify, requests, routes, steps


class NotYours(frappe.PermissionError):
	"""The user is not among those who may decide now."""


def decide(
	request_name: str,
	decision: str,
	comment: str = "",
	user: str | None = None,
	channel: str = "Form",
	attachment: str | None = None,
):
	"""Approve or reject as `user`, for themselves or for whom they act; returns the request."""
	if decision not in ("Approved", "Rejected"):
		frappe.throw(_("A request is approved or rejected."))
	user = user or frappe.session.user
	request = _open(request_name)
	progress = requests.progress_of(request)
	principal, delegation = _principal(request, progress, user, channel, approving=decision == "Approved")
	group = _group_of(progress, principal)
	level = routes.level_settings(request, group.row)
	comment = (comment or "").strip()
	if decision == "Rejected" and not comment:
		frappe.throw(
			_("Say why you reject it: the requester has to know what to change."),
			title=_("Comment", context="Approval Step"),
		)
	if level.comment_required and not comment:
		frappe.throw(
			_("Level {0} asks for a comment.").format(level.title),
			title=_("Comment", context="Approval Step"),
		)
	if level.attachment_required and not attachment and decision == "Approved":
		frappe.throw(_("Level {0} asks for an attachment.").format(level.title), title=_("Attachment"))
	if decision == "Approved":
		_same_content(request)
	steps.append(
		request,
		decision,
		user,
		on_behalf_of=principal if principal != user else None,
		delegation=delegation,
		level=progress.stage,
		comment=comment,
		attachment=attachment,
		channel=channel,
	)
	if decision == "Rejected":
		for row in request.approvers:
			if row.user == principal and row.status == "Pending":
				row.status, row.signed_by, row.signed_on = "Rejected", user, now_datetime()
		requests.close(request, requests.REJECTED, comment)
	else:
		requests.refresh(request)
	return request


def decide_many(names: list[str], decision: str, comment: str = "") -> list[dict]:
	"""Decide on several, each by itself; one dict a request: name, done, message."""
	results = []
	for name in dict.fromkeys(names):
		frappe.db.savepoint("sca_decide")
		try:
			decide(name, decision, comment, channel="Bulk")
			results.append({"name": name, "done": True, "message": ""})
		except (frappe.ValidationError, frappe.PermissionError, frappe.DoesNotExistError) as error:
			frappe.db.rollback(save_point="sca_decide")
			frappe.clear_last_message()
			results.append({"name": name, "done": False, "message": frappe.utils.strip_html(str(error))})
	return results


def send_back(request_name: str, to_level: int, comment: str, user: str | None = None, channel: str = "Form"):
	"""Ask an earlier level again: its approvals and those after it no longer count."""
	user = user or frappe.session.user
	request = _open(request_name)
	progress = requests.progress_of(request)
	principal, delegation = _principal(request, progress, user, channel)
	levels = sorted({group.number for group in progress.groups})
	if to_level not in levels or to_level >= (progress.stage or 0):
		frappe.throw(
			_("A request goes back to an earlier level: {0}.").format(
				", ".join(str(level) for level in levels if level < (progress.stage or 0))
				or _("there is none")
			)
		)
	_need_text(comment)
	steps.append(
		request,
		"Sent Back",
		user,
		on_behalf_of=principal if principal != user else None,
		delegation=delegation,
		level=progress.stage,
		to_level=to_level,
		comment=comment,
		channel=channel,
	)
	requests.refresh(request)
	return request


def ask(request_name: str, to_user: str, text: str, user: str | None = None):
	"""Put a question to the requester or to somebody of the route; the request waits where it is."""
	user = user or frappe.session.user
	request = _open(request_name)
	_need_text(text)
	if not takes_part(request, user):
		_refuse(request, user, _("Only who takes part in this request can ask."))
	if to_user != request.requester and to_user not in {row.user for row in request.approvers}:
		frappe.throw(_("{0} does not take part in this request.").format(get_fullname(to_user)))
	steps.append(
		request, "Asked", user, to_user=to_user, comment=text, channel="Form", level=request.current_level
	)
	requests.save(request)
	notify.question(request.name, to_user, user, text)
	return request


def answer(request_name: str, text: str, user: str | None = None):
	"""Answer the questions that are open to the user."""
	user = user or frappe.session.user
	request = _open(request_name)
	_need_text(text)
	askers = open_questions(request).get(user)
	if not askers:
		frappe.throw(_("Nobody asked you anything that is not answered yet."))
	steps.append(request, "Answered", user, comment=text, channel="Form", level=request.current_level)
	requests.save(request)
	notify.answered(request.name, askers, user, text)
	return request


def open_questions(request, rows=None) -> dict[str, list[str]]:
	"""Who was asked and has not answered: {user: [askers]}."""
	waiting: dict[str, list[str]] = {}
	for step in rows if rows is not None else steps.of_request(request.name):
		if step.decision == "Asked":
			waiting.setdefault(step.to_user, []).append(step.user)
		elif step.decision == "Answered":
			waiting.pop(step.user, None)
	return waiting


def add_approver(request_name: str, new_user: str, comment: str = "", user: str | None = None):
	"""Have one more person sign at the present level, as somebody who may decide there (or an Approval Manager) wishes."""
	user = user or frappe.session.user
	request = _open(request_name)
	progress = requests.progress_of(request)
	if not is_manager(user):
		_principal(request, progress, user, "Form")
	_usable(request, new_user)
	if any(
		row.user == new_user and row.status in ("Pending", "Waiting", "Approved") for row in request.approvers
	):
		frappe.throw(_("{0} is on the route already.").format(get_fullname(new_user)))
	routes.add_group(request, progress.stage, new_user, user)
	steps.append(
		request,
		"Approver Added",
		user,
		to_user=new_user,
		comment=comment,
		channel="Form",
		level=progress.stage,
	)
	requests.refresh(request)
	return request


def reassign(request_name: str, from_user: str, to_user: str, comment: str, user: str | None = None):
	"""Put another person in the place of one who has not decided: by that person, or by an Approval Manager."""
	user = user or frappe.session.user
	request = _open(request_name)
	if user != from_user and not is_manager(user):
		_refuse(
			request,
			user,
			_("Only {0} or an Approval Manager can reassign this.").format(get_fullname(from_user)),
		)
	_need_text(comment)
	_usable(request, to_user)
	if user == to_user:
		frappe.throw(_("You cannot put yourself in the place of {0}.").format(get_fullname(from_user)))
	level_rows = _waited_for_at(request, from_user)
	if not level_rows:
		frappe.throw(_("{0} is not waited for.").format(get_fullname(from_user)))
	if any(
		row.user == to_user
		and (row.status in ("Pending", "Waiting", "Approved") or row.level_row in level_rows)
		for row in request.approvers
	):
		frappe.throw(_("{0} is on the route already.").format(get_fullname(to_user)))
	routes.replace(request, from_user, to_user, level_rows=level_rows)
	steps.append(
		request,
		"Reassigned",
		user,
		on_behalf_of=from_user if from_user != user else None,
		to_user=to_user,
		comment=comment,
		channel="Form",
		level=request.current_level,
	)
	requests.refresh(request)
	return request


def _waited_for_at(request, user: str) -> set[str]:
	"""Levels of the route that wait for the user, or would if they were not disabled: somebody has to be put in their place."""
	rows = [row for row in request.approvers if row.user == user]
	if frappe.get_cached_value("User", user, "enabled"):
		return {row.level_row for row in rows if row.status in ("Pending", "Waiting")}
	states = {group.row: group.status for group in requests.progress_of(request).groups}
	return {row.level_row for row in rows if states.get(row.level_row) in (rules.PENDING, rules.WAITING)}


def withdraw(request_name: str, comment: str = "", user: str | None = None):
	"""The requester takes the request back; the document stays a draft."""
	user = user or frappe.session.user
	request = requests.load(request_name)
	if request.status not in (requests.OPEN, requests.APPROVED) or request.posted:
		frappe.throw(_("This request is {0}; there is nothing to withdraw.").format(_(request.status)))
	if user != request.requester and not is_manager(user):
		_refuse(
			request,
			user,
			_("Only {0} or an Approval Manager can withdraw it.").format(get_fullname(request.requester)),
		)
	requests.close(request, requests.WITHDRAWN, comment or _("Withdrawn."), user=user, channel="Form")
	return request


def escalate(request, row, to_users: list[str], reason: str):
	"""Ask others, too, in the place of one who does not answer (or cannot any more); the request is held by the caller."""
	added = []
	needed = next(
		(group.needed for group in requests.progress_of(request).groups if group.row == row.level_row), 1
	)
	for new_user in to_users:
		if new_user in authors(request) or any(other.user == new_user for other in request.approvers):
			continue
		routes.add_candidate(request, row.level_row, new_user, row.user, needed)
		steps.append(
			request,
			"Escalated",
			frappe.session.user,
			on_behalf_of=row.user,
			to_user=new_user,
			comment=reason,
			channel="System",
			level=row.level,
		)
		added.append(new_user)
	row.escalated_on = now_datetime()
	requests.refresh(request)
	return added


# Who may


def authors(request) -> set[str]:
	return set((request.authors or "").split("\n")) - {""}


def takes_part(request, user: str) -> bool:
	if user == request.requester or is_manager(user):
		return True
	people = {row.user for row in request.approvers}
	return user in people or bool(people & set(acting_for(request, user)))


def acting_for(request, user: str) -> dict[str, str]:
	"""Whom the user may act for on this request now, with the delegation's name."""
	return delegates.acting_for(
		user,
		doctype=request.reference_doctype,
		amount=to_decimal(request.amount),
		company_currency=request.currency,
	)


def principals(request, progress, user: str, approving: bool = False) -> dict[str, str | None]:
	"""For whom the user may decide now: {principal: delegation or None}; their own name first.

	With `approving`, only those whose signature leaves enough people for the rest of the chain.
	"""
	route = routes.from_json(request.frozen_route)
	decided = requests.decisions_of(request)
	pending = set(progress.pending)
	found: dict[str, str | None] = {}
	for principal, delegation in {user: None, **acting_for(request, user)}.items():
		if principal in pending and not rules.may_sign(
			route, decided, principal, user, authors(request), approving, requests.gone(route)
		):
			found[principal] = delegation
	return found


def _principal(request, progress, user: str, channel: str, approving: bool = False) -> tuple[str, str | None]:
	if not frappe.get_cached_value("User", user, "enabled"):
		frappe.throw(_("This user is disabled."), NotYours)
	found = principals(request, progress, user, approving)
	if found:
		return next(iter(found.items()))
	_refuse(request, user, why_not(request, progress, user), channel)


def why_not(request, progress, user: str) -> str:
	"""Why the user cannot decide now, in words."""
	route = routes.from_json(request.frozen_route)
	decided = requests.decisions_of(request)
	pending = set(progress.pending)
	for principal in (user, *acting_for(request, user)):
		if principal in pending:
			if problem := rules.may_sign(
				route, decided, principal, user, authors(request), gone=requests.gone(route)
			):
				return messages.text(problem)
	if any(decision.actor == user or decision.user == user for decision in decided):
		return _("You have signed already; every signature comes from another person.")
	if user in authors(request):
		return _("You asked for this approval or made the document, so somebody else has to approve it.")
	waits = requests.waiting_names(request)
	return _("This request does not wait for you, but for {0}.").format(waits or _("nobody"))


def _refuse(request, user: str, reason: str, channel: str = "Form"):
	"""Say no, and keep that it was tried where an author tried to approve their own document."""
	if user in authors(request):
		name, done = request.name, []

		def write_down():
			if done:
				return
			done.append(True)
			held = requests.load(name)
			steps.append(held, "Refused", user, comment=reason, channel=channel, level=held.current_level)
			requests.save(held)
			frappe.db.commit()

		# After the rollback that follows, or after the commit where only this decision of several was taken back.
		frappe.db.after_rollback.add(write_down)
		frappe.db.after_commit.add(write_down)
	frappe.throw(reason, NotYours, title=_("Not Yours to Decide"))


def _group_of(progress, principal: str):
	return next(group for group in progress.groups if principal in group.pending)


def _open(name: str):
	request = requests.load(name)
	if request.flags.tampered or steps.verify(name):
		frappe.throw(
			_(
				"Request {0} was changed outside the app. Nothing is decided on it: withdraw it, then ask again."
			).format(name),
			title=_("Seal Broken"),
		)
	if request.status != requests.OPEN:
		frappe.throw(
			_("This request is {0} since {1}: nothing is left to decide.").format(
				_(request.status), frappe.format(request.completed_on, "Datetime")
			),
			title=_("Already Decided"),
		)
	return request


def _same_content(request):
	"""What is approved is what stands in the database at this moment."""
	if not frappe.db.exists(request.reference_doctype, request.reference_name):
		frappe.throw(_("{0} {1} is gone.").format(_(request.reference_doctype), request.reference_name))
	doc = frappe.get_doc(request.reference_doctype, request.reference_name)
	wanted = 1 if request.action == CANCEL else 0
	if doc.docstatus != wanted:
		frappe.throw(
			_("{0} {1} is not waiting any more: it was posted, cancelled or discarded meanwhile.").format(
				_(doc.doctype), doc.name
			)
		)
	if content.fingerprint_of(requests.as_of_today(doc)) != request.fingerprint:
		frappe.throw(
			_("{0} {1} was changed after approval was asked for. It has to be asked for again.").format(
				_(doc.doctype), doc.name
			),
			title=_("Document Changed"),
		)


def _usable(request, user: str):
	if not frappe.get_cached_value("User", user, "enabled") or user == "Guest":
		frappe.throw(_("{0} is disabled.").format(get_fullname(user)))
	if user in authors(request):
		frappe.throw(
			_("{0} asked for this approval or made the document and cannot approve it.").format(
				get_fullname(user)
			)
		)


def _need_text(text: str):
	if not (text or "").strip():
		frappe.throw(
			_("Write a few words: others have to understand it."), title=_("Comment", context="Approval Step")
		)
