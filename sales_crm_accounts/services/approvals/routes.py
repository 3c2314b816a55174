"""From a chain and a document to the people who are asked, and what of it stands on the request.

The route is frozen on the request as JSON: the core's groups with their candidates, and what the level asks for. Added, replaced
and escalated approvers change that JSON; the steps say who did it.
"""

import json

import frappe
from frappe import _
from frappe.utils import cint, get_fullname, now_datetime

from sales_crm_accounts.core.approvals import progress as progress_rules
from sales_crm_accounts.core.approvals import route as rules
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.approvals.directory import SiteDirectory

#: What of a level is kept with the route, for deciding and for reminding.
SETTINGS = (
	"comment_required",
	"attachment_required",
	"remind_after",
	"escalate_after",
	"escalate_to",
	"escalate_user",
	"escalate_role",
)
SOURCE_FIELD = {
	"User": "user",
	"Role": "role",
	"User Group": "user_group",
	"Document Field": "document_field",
}
PENDING, WAITING, APPROVED, SKIPPED, NOT_NEEDED = "Pending", "Waiting", "Approved", "Skipped", "Not Needed"


def resolve(chain, doc, amount, requester: str | None = None, authors=None, company: str | None = None):
	"""(core Route, problems) of the chain for a document, or for an amount alone where `doc` is None."""
	requester = requester or frappe.session.user
	if authors is None:
		authors = authors_of(doc, requester) if doc is not None else {requester}
	directory = SiteDirectory(doc, company)
	return rules.resolve(
		levels(chain, doc, requester), to_decimal(amount), requester, frozenset(authors), directory
	)


def authors_of(doc, requester: str) -> set[str]:
	"""Who made the document: they do not approve it, whatever role they have."""
	kept = frappe.db.get_value(doc.doctype, doc.name, ["owner", "modified_by"]) if doc.name else None
	return {requester, doc.get("owner"), *(kept or ())} - {None, ""}


def levels(chain, doc=None, requester: str | None = None) -> list[rules.Level]:
	return [
		rules.Level(
			row=row.name or f"row-{row.idx}",
			number=cint(row.level),
			title=row.title or "",
			source=row.approver_source,
			value=_source_value(row, doc, requester or frappe.session.user),
			rule=row.rule,
			required=cint(row.required_count),
			min_amount=to_decimal(row.min_amount),
			max_amount=to_decimal(row.max_amount),
			climb=bool(row.climb_to_limit),
			requester_may_approve=bool(row.requester_may_approve),
			skip_if_approved=bool(row.skip_if_approved),
		)
		for row in chain.levels
	]


def _source_value(row, doc, requester: str) -> str:
	if row.approver_source == "Head of Cost Center":
		return _unit_of(doc, "cost_center")
	if row.approver_source == "Head of Department":
		return _unit_of(doc, "department") or _department_of(requester)
	return row.get(SOURCE_FIELD.get(row.approver_source, "")) or ""


def _unit_of(doc, field: str) -> str:
	"""The document's own cost center or department, else the first one that its rows name."""
	if doc is None:
		return ""
	if doc.get(field):
		return doc.get(field)
	for table in frappe.get_meta(doc.doctype).get_table_fields():
		if frappe.get_meta(table.options).has_field(field):
			for row in doc.get(table.fieldname) or []:
				if row.get(field):
					return row.get(field)
	return ""


def _department_of(user: str) -> str:
	return frappe.db.get_value("Employee", {"user_id": user, "status": "Active"}, "department") or ""


# Kept on the request


def to_json(route: rules.Route, chain) -> str:
	settings = {row.name or f"row-{row.idx}": row for row in chain.levels}
	return json.dumps(
		[
			{
				"row": group.row,
				"number": group.number,
				"title": group.title,
				"rule": group.rule,
				"needed": group.needed,
				"skip_if_approved": group.skip_if_approved,
				"requester_may_approve": group.requester_may_approve,
				"candidates": [
					{"user": candidate.user, "reason": candidate.reason, "via": candidate.via}
					for candidate in group.candidates
				],
				"settings": {name: settings[group.row].get(name) for name in SETTINGS},
			}
			for group in route.groups
		],
		sort_keys=True,
		ensure_ascii=False,
		default=str,
	)


def from_json(text: str) -> rules.Route:
	return rules.Route(
		groups=tuple(
			rules.Group(
				row=group["row"],
				number=group["number"],
				title=group["title"],
				rule=group["rule"],
				needed=group["needed"],
				candidates=tuple(rules.Candidate(**candidate) for candidate in group["candidates"]),
				skip_if_approved=group["skip_if_approved"],
				requester_may_approve=group["requester_may_approve"],
			)
			for group in json.loads(text or "[]")
		)
	)


def level_settings(request, row: str) -> frappe._dict:
	"""What the level of the route asks for: comment, attachment, times; with its title."""
	for group in json.loads(request.frozen_route or "[]"):
		if group["row"] == row:
			return frappe._dict(group["settings"], title=group["title"], level=group["number"])
	return frappe._dict(title="", level=0)


def approver_rows(route: rules.Route, chain) -> list[dict]:
	"""Rows of the request's table: one for each person and level, with the reason in words."""
	return [
		_row(group.row, group.number, group.title, candidate, "Chain")
		for group in route.groups
		for candidate in group.candidates
	]


def _row(
	level_row: str, number: int, title: str, candidate, origin: str, replaces: str | None = None
) -> dict:
	return {
		"level": number,
		"level_title": title,
		"level_row": level_row,
		"user": candidate.user,
		"full_name": get_fullname(candidate.user),
		"reason": reason_text(candidate),
		"status": WAITING,
		"origin": origin,
		"replaces": replaces,
	}


ADDED, REASSIGNED, ESCALATED = "Added", "Reassigned", "Escalated"


def reason_text(candidate) -> str:
	"""Why somebody is on the route, in the reader's language."""
	name = get_fullname(candidate.via) if "@" in (candidate.via or "") else candidate.via
	if candidate.reason == ADDED:
		return _("added by {0}").format(name)
	if candidate.reason == REASSIGNED:
		return _("instead of {0}").format(name)
	if candidate.reason == ESCALATED:
		return _("because {0} did not answer").format(name)
	text = rules.REASONS.get(candidate.reason)
	return _(text).format(via=name) if text else candidate.reason


def first_stage_names(route: rules.Route) -> str:
	"""Names of those who are asked first."""
	if not route.groups:
		return ""
	first = min(group.number for group in route.groups)
	users = [c.user for group in route.groups if group.number == first for c in group.candidates]
	names = [get_fullname(user) for user in dict.fromkeys(users)]
	if len(names) > 5:
		return _("{0} and {1} others").format(", ".join(names[:4]), len(names) - 4)
	return ", ".join(names)


# Changing


def add_group(request, number: int, user: str, by: str):
	"""One more signature at a level: a group of one."""
	groups = json.loads(request.frozen_route)
	row, title = f"added-{len(groups) + 1}", _("Added")
	candidate = {"user": user, "reason": ADDED, "via": by}
	groups.append(
		{
			"row": row,
			"number": number,
			"title": title,
			"rule": "All",
			"needed": 1,
			"skip_if_approved": False,
			"requester_may_approve": False,
			"candidates": [candidate],
			"settings": {},
		}
	)
	_keep(request, groups)
	request.append("approvers", _row(row, number, title, rules.Candidate(**candidate), ADDED))


def add_candidate(request, level_row: str, user: str, instead_of: str, needed: int):
	"""One more person who may sign for a group; how many have to sign stays, so "All" becomes that number of them."""
	groups = json.loads(request.frozen_route)
	candidate = {"user": user, "reason": ESCALATED, "via": instead_of}
	for group in groups:
		if group["row"] == level_row:
			if group["rule"] == rules.ALL:
				group["rule"], group["needed"] = rules.N_OF_M, needed
			group["candidates"].append(candidate)
			request.append(
				"approvers",
				_row(
					level_row,
					group["number"],
					group["title"],
					rules.Candidate(**candidate),
					ESCALATED,
					instead_of,
				),
			)
	_keep(request, groups)


def replace(
	request, from_user: str, to_user: str, origin: str = REASSIGNED, level_rows: set[str] | None = None
):
	"""Another person in the place of one, wherever that one is still waited for (or at the levels named)."""
	groups = json.loads(request.frozen_route)
	open_rows = level_rows or {
		row.level_row
		for row in request.approvers
		if row.user == from_user and row.status in (PENDING, WAITING)
	}
	for group in groups:
		if group["row"] in open_rows:
			for candidate in group["candidates"]:
				if candidate["user"] == from_user:
					candidate.update(user=to_user, reason=origin, via=from_user)
	_keep(request, groups)
	for row in request.approvers:
		if row.user == from_user and row.level_row in open_rows:
			candidate = rules.Candidate(user=to_user, reason=origin, via=from_user)
			row.update(
				_row(row.level_row, row.level, row.level_title, candidate, origin, from_user)
				| {"asked_on": None}
			)


def drop(request, user: str, level_rows: set[str]):
	"""Take one off the route where the others of the level suffice; the row stays as the record of who was meant to sign."""
	groups = json.loads(request.frozen_route)
	for group in groups:
		if group["row"] in level_rows:
			group["candidates"] = [one for one in group["candidates"] if one["user"] != user]
	_keep(request, groups)


def _keep(request, groups: list[dict]):
	request.frozen_route = json.dumps(groups, sort_keys=True, ensure_ascii=False, default=str)


def mark_rows(request, progress) -> list[str]:
	"""Write the core's progress on the request's rows; users who are asked now and were not before."""
	groups = {group.row: group for group in progress.groups}
	signed = {(group.row, decision.user): decision for group in progress.groups for decision in group.signed}
	asked = []
	for row in request.approvers:
		group = groups[row.level_row]
		decision = signed.get((row.level_row, row.user))
		if decision:
			if row.status != APPROVED:
				row.signed_on = now_datetime()
			row.status, row.signed_by = APPROVED, decision.actor
			continue
		row.signed_by = row.signed_on = None
		if row.user in group.pending:
			if row.status != PENDING:
				row.asked_on, row.reminded_on, row.escalated_on = now_datetime(), None, None
				asked.append(row.user)
			row.status = PENDING
		elif group.status == progress_rules.WAITING:
			row.status = WAITING
		elif group.status == progress_rules.SKIPPED:
			row.status = SKIPPED
		else:
			row.status = NOT_NEEDED
	return list(dict.fromkeys(asked))
