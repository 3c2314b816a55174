"""What a form shows of a document's approval: its route, where it stands, and what the user may do."""

import frappe
from frappe import _
from frappe.utils import cint, get_fullname

from sales_crm_accounts.core.approvals import progress as rules
from sales_crm_accounts.permissions.approval_access import can_see, is_manager
from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services import messages
from sales_crm_accounts.services.approvals import (
	CANCEL,
	SUBMIT,
	chains,
	decisions,
	gate,
	requests,
	routes,
	steps,
)


def state(doc) -> dict:
	"""Banner of a document: the request that counts for it, or the route it would take."""
	action = CANCEL if doc.docstatus == 1 else SUBMIT
	answer = {
		"gated": chains.gated(doc.doctype),
		"needs_approval": None,
		"chain": None,
		"action": action,
		"request": None,
		"can": {},
		"acting_for": [],
		"why": "",
		"history": [],
		"problems": [],
		"route": [],
	}
	rounds = _rounds(doc)
	if not answer["gated"] and not rounds:
		return answer
	answer["history"] = rounds
	standing = next((row for row in rounds if _counts(row, doc, action)), None)
	if standing and can_see(standing.name):
		request = frappe.get_doc("Approval Request", standing.name)
		answer.update(of_request(request), chain=request.chain, needs_approval=True)
		return answer
	if standing:  # asked for already, by people among whom the reader is not
		return {**answer, "action": standing.action, "needs_approval": True, "why": _to_others(standing)}
	if doc.docstatus == 2 or not answer["gated"]:
		return answer
	return {**answer, **_would_be(doc, action)}


def _rounds(doc) -> list:
	return frappe.get_all(
		"Approval Request",
		filters={"reference_doctype": doc.doctype, "reference_name": doc.name},
		fields=[
			"name",
			"round",
			"status",
			"action",
			"posted",
			"requester",
			"requested_on",
			"completed_on",
			"closing_reason",
		],
		order_by="requested_on desc, creation desc",
		limit=20,
	)


def _counts(row, doc, action: str) -> bool:
	if (
		row.action == action
		and row.status in (requests.OPEN, requests.APPROVED, requests.REJECTED)
		and not row.posted
	):
		return True
	# What is posted shows by whom it was approved.
	return bool(doc.docstatus == 1 and row.action == SUBMIT and row.posted)


def _to_others(standing) -> str:
	"""Whoever posts what others approved has to know that it is; while it is open, who is asked is theirs."""
	if standing.status == requests.OPEN:
		return _("Approval is asked for already. You take no part in it.")
	return why(frappe.get_doc("Approval Request", standing.name), frappe.session.user, {})


def _would_be(doc, action: str) -> dict:
	"""The route that posting would take now; a chain that cannot be judged says why."""
	requests.as_of_today(doc)
	try:
		verdict = gate.judge(doc, action)
	except chains.ChainUnusable as error:
		frappe.clear_last_message()
		return {"needs_approval": True, "problems": [str(error)], "why": frappe.utils.strip_html(str(error))}
	if verdict.passes:
		return {"needs_approval": False, "chain": verdict.chain.name if verdict.chain else None}
	can_ask = may(doc, "submit" if action == SUBMIT else "cancel") or may(doc, "write")
	problems = [messages.text(problem) for problem in verdict.problems]
	why = (
		_("Nobody can approve this: {0}").format(" ".join(problems))
		if problems
		else _("It will wait for {0} first.").format(routes.first_stage_names(verdict.route))
	)
	return {
		"needs_approval": True,
		"chain": verdict.chain.name,
		"problems": problems,
		"why": why,
		"route": route_levels(verdict.route),
		# A posted document is cancelled from its own menu; asking beforehand is for drafts.
		"can": {"request": bool(can_ask and not problems and action == SUBMIT)},
	}


def of_request(request) -> dict:
	"""Request, steps and rights of the present user."""
	rows = steps.of_request(request.name)
	user = frappe.session.user
	open_ = request.status == requests.OPEN
	progress = requests.progress_of(request, rows)
	mine = decisions.principals(request, progress, user) if open_ else {}
	asked = decisions.open_questions(request, rows) if open_ else {}
	answered = {step.user: place for place, step in enumerate(rows) if step.decision == "Answered"}
	manager = is_manager(user)
	part = decisions.takes_part(request, user)
	level = _level_of(request, progress, mine)
	return {
		"request": {
			**{
				field: request.get(field)
				for field in (
					"name",
					"reference_doctype",
					"reference_name",
					"status",
					"action",
					"round",
					"previous_request",
					"amount",
					"currency",
					"requester",
					"requested_on",
					"completed_on",
					"current_level",
					"chain",
					"after_approval",
					"posted",
					"posted_on",
					"posting_error",
					"closing_reason",
				)
			},
			"requester_name": get_fullname(request.requester),
			"levels": levels_of(request, progress, rows),
			"steps": [_step(step) for step in rows],
			"comment_required": cint(level.get("comment_required")),
			"attachment_required": cint(level.get("attachment_required")),
		},
		"can": {
			"approve": bool(mine),
			"reject": bool(mine),
			"send_back": bool(mine) and _earlier_levels(progress) != [],
			"ask": open_ and part,
			"answer": open_ and user in asked,
			"add_approver": open_ and (bool(mine) or manager),
			"reassign": open_
			and (manager or any(row.user == user and row.status == "Pending" for row in request.approvers)),
			"withdraw": not request.posted
			and request.status in (requests.OPEN, requests.APPROVED)
			and (manager or user == request.requester),
			"request": request.status == requests.REJECTED and user == request.requester,
			"manage": manager,
		},
		"earlier_levels": _earlier_levels(progress),
		"acting_for": [
			{"user": principal, "full_name": get_fullname(principal)}
			for principal in mine
			if principal != user
		],
		"questions": [
			{
				"user": step.user,
				"full_name": get_fullname(step.user),
				"text": step.comment,
				"to_user": step.to_user,
				"open": open_ and place > answered.get(step.to_user, -1),
			}
			for place, step in enumerate(rows)
			if step.decision == "Asked"
		],
		"why": why(request, user, mine),
	}


def why(request, user: str, mine) -> str:
	"""Where the request stands and what to do, in one sentence."""
	if request.status == requests.OPEN:
		if mine:
			return _("{0} asks you to decide.").format(get_fullname(request.requester))
		names = requests.waiting_names(request)
		return _("Waits for {0} at level {1}.").format(names or _("nobody"), request.current_level)
	if request.posted:
		return _("Approved, and posted with this approval.")
	if request.status == requests.APPROVED:
		if request.posting_error:
			return _("Approved, but not posted: {0} Correct what is wrong, then submit it.").format(
				request.posting_error
			)
		if request.after_approval == requests.POST:
			return _("Approved. It is being posted for {0}.").format(get_fullname(request.requester))
		return _("Approved as it is. It can be posted; a changed document asks again.")
	if request.status == requests.REJECTED:
		return _("Rejected: {0} Change the document and submit it to ask again.").format(
			request.closing_reason or ""
		)
	return request.closing_reason or _(request.status)


def levels_of(request, progress, rows) -> list[dict]:
	"""Groups of the route in order, each with its people and what they did."""
	comments = {
		(step.level, step.on_behalf_of or step.user): step.comment
		for step in rows
		if step.decision in ("Approved", "Rejected")
	}
	groups = {group.row: group for group in routes.from_json(request.frozen_route).groups}
	# In the reader's language; the request keeps them in that of who asked.
	reasons = {
		(group.row, candidate.user): routes.reason_text(candidate)
		for group in groups.values()
		for candidate in group.candidates
	}
	rejected = {row.level_row for row in request.approvers if row.status == "Rejected"}
	return [
		{
			"row": state_.row,
			"level": state_.number,
			"title": groups[state_.row].title,
			"rule": groups[state_.row].rule,
			"needed": state_.needed,
			"signed": len(state_.signed),
			"status": "Rejected" if state_.row in rejected else state_.status,
			"reason": messages.text(state_.reason) if state_.reason else "",
			"people": [
				{
					"user": row.user,
					"full_name": row.full_name,
					"reason": reasons.get((row.level_row, row.user)) or row.reason,
					"status": row.status,
					"origin": row.origin,
					"signed_by": row.signed_by,
					"signed_by_name": get_fullname(row.signed_by) if row.signed_by else "",
					"signed_on": row.signed_on,
					"on_behalf_of": row.user if row.signed_by and row.signed_by != row.user else None,
					"asked_on": row.asked_on,
					"comment": comments.get((row.level, row.user)) or "",
				}
				for row in request.approvers
				if row.level_row == state_.row
			],
		}
		for state_ in progress.groups
	]


def route_levels(route) -> list[dict]:
	"""The same for a route that nobody has been asked on yet."""
	return [
		{
			"row": group.row,
			"level": group.number,
			"title": group.title,
			"rule": group.rule,
			"needed": group.needed,
			"signed": 0,
			"status": rules.WAITING,
			"reason": "",
			"people": [
				{
					"user": candidate.user,
					"full_name": get_fullname(candidate.user),
					"reason": routes.reason_text(candidate),
					"status": "Waiting",
				}
				for candidate in group.candidates
			],
		}
		for group in route.groups
	]


def _step(step) -> dict:
	return {
		"decision": step.decision,
		"user": step.user,
		"full_name": get_fullname(step.user),
		"on_behalf_of": step.on_behalf_of,
		"on_behalf_of_name": get_fullname(step.on_behalf_of) if step.on_behalf_of else "",
		"to_user": step.to_user,
		"to_user_name": get_fullname(step.to_user) if step.to_user else "",
		"to_level": step.to_level,
		"decided_on": step.decided_on,
		"comment": step.comment,
		"attachment": step.attachment,
		"level": step.level,
		"channel": step.channel,
	}


def _level_of(request, progress, mine) -> dict:
	for group in progress.groups:
		if set(group.pending) & set(mine):
			return routes.level_settings(request, group.row)
	return {}


def _earlier_levels(progress) -> list[int]:
	return sorted(
		{group.number for group in progress.groups if progress.stage and group.number < progress.stage}
	)
