"""What waits for a user, what they asked for, and what is done: a fixed number of statements, whatever there is."""

import frappe
from frappe.query_builder.functions import Count
from frappe.utils import cint, get_datetime, getdate, now_datetime, today
from pypika import Order
from pypika.functions import Min, Sum

from sales_crm_accounts.services.approvals import delegates, requests, routes

MINE, ASKED, DONE = "mine", "asked", "done"


def inbox(filter: str = MINE, start: int = 0, page_length: int = 20, search: str = "") -> dict:
	"""Page of the inbox: {"rows": [...], "total": n, "counts": {"mine": n, "asked": n}}."""
	user = frappe.session.user
	people = represented(user)
	names, total = _names(filter, user, people, start, page_length, search)
	counts = {MINE: _count(_mine(user, people)), ASKED: _count(_asked(user))}
	return {"rows": _rows(names, user, people), "total": total, "counts": counts}


def waiting(user: str) -> int:
	"""How many requests wait for the user."""
	return _count(_mine(user, represented(user)))


def represented(user: str) -> dict[str, list]:
	"""Whom the user may act for today: {principal: [delegations]}; limits are looked at when they decide."""
	found: dict[str, list] = {}
	open_, rules = [user], delegates.current()
	while open_:
		actor = open_.pop()
		for rule in rules:
			if rule.delegate == actor and rule.delegator not in found and rule.delegator != user:
				found.setdefault(rule.delegator, []).append(rule)
				open_.append(rule.delegator)
	return found


def _mine(user: str, people):
	request, row = frappe.qb.DocType("Approval Request"), frappe.qb.DocType("Approval Request Approver")
	query = (
		frappe.qb.from_(row)
		.join(request)
		.on(row.parent == request.name)
		.where((row.status == routes.PENDING) & (request.status == requests.OPEN))
		.where(request.requester != user)
	)
	own = row.user == user
	for principal, rules in people.items():
		if any(not rule.doctypes for rule in rules):
			own = own | (row.user == principal)
		else:
			allowed = sorted({doctype for rule in rules for doctype in rule.doctypes})
			own = own | ((row.user == principal) & request.reference_doctype.isin(allowed))
	return query.where(own), request


def _asked(user: str):
	request = frappe.qb.DocType("Approval Request")
	return frappe.qb.from_(request).where(
		(request.requester == user) & (request.status == requests.OPEN)
	), request


def _done(user: str):
	request, step = frappe.qb.DocType("Approval Request"), frappe.qb.DocType("Approval Step")
	mine = (
		frappe.qb.from_(step)
		.where((step.user == user) & step.decision.isin(["Approved", "Rejected", "Sent Back"]))
		.select(step.request)
	)
	closed = (request.requester == user) & (request.status != requests.OPEN)
	return frappe.qb.from_(request).where(closed | request.name.isin(mine)), request


def _count(source) -> int:
	query, request = source
	return query.select(Count(request.name).distinct()).run()[0][0]


def _names(filter: str, user: str, people, start: int, page_length: int, search: str):
	query, request = _source(filter, user, people, search)
	total = _count((query, request))
	query, request = _source(filter, user, people, search)
	page = (
		query.groupby(request.name)
		.select(request.name)
		.orderby(Min(request.requested_on), order=Order.asc if filter == MINE else Order.desc)
		.limit(page_length)
		.offset(start)
		.run()
	)
	return [name for (name,) in page], total


def _source(filter: str, user: str, people, search: str):
	"""A new query (they change as they are built) and its request table."""
	if filter == ASKED:
		query, request = _asked(user)
	elif filter == DONE:
		query, request = _done(user)
	else:
		query, request = _mine(user, people)
	if search:
		text = f"%{search.strip()}%"
		query = query.where(
			request.title.like(text)
			| request.reference_name.like(text)
			| request.party_name.like(text)
			| request.name.like(text)
		)
	return query, request


def _rows(names: list[str], user: str, people) -> list[dict]:
	if not names:
		return []
	found = {
		row.name: row
		for row in frappe.get_all(
			"Approval Request",
			filters={"name": ("in", names)},
			fields=[
				"name",
				"reference_doctype",
				"reference_name",
				"action",
				"status",
				"title",
				"customer",
				"party_name",
				"company",
				"amount",
				"currency",
				"requester",
				"requested_on",
				"completed_on",
				"current_level",
				"round",
				"chain",
				"posted",
				"posting_error",
				"frozen_route",
			],
		)
	}
	approvers = frappe.get_all(
		"Approval Request Approver",
		filters={"parent": ("in", names)},
		fields=["parent", "user", "full_name", "status", "level_row", "level_title", "asked_on"],
		order_by="parent, idx",
	)
	overdue = _overdue(found.values())
	names_of = dict(
		frappe.get_all(
			"User",
			filters={"name": ("in", sorted({row.requester for row in found.values()}))},
			fields=["name", "full_name"],
			as_list=True,
		)
	)
	now, result = now_datetime(), []
	for name in names:
		row = found[name]
		pending = [entry for entry in approvers if entry.parent == name and entry.status == routes.PENDING]
		mine = [entry for entry in pending if entry.user == user] or [
			entry for entry in pending if entry.user in people
		]
		shown = (mine or pending or [None])[0]
		asked_on = (shown and shown.asked_on) or row.requested_on
		level = routes.level_settings(row, shown.level_row) if shown else frappe._dict()
		row.frozen_route = None
		result.append(
			{
				**row,
				"request": name,
				"doctype": row.reference_doctype,
				"document": row.reference_name,
				"requester_name": names_of.get(row.requester) or row.requester,
				"asked_on": asked_on,
				"waiting_hours": round((now - get_datetime(asked_on)).total_seconds() / 3600, 1)
				if row.status == requests.OPEN
				else 0,
				"waiting_for": list(dict.fromkeys(entry.full_name for entry in pending)),
				"level_title": shown.level_title if shown else "",
				"comment_required": cint(level.comment_required),
				"attachment_required": cint(level.attachment_required),
				"on_behalf_of": mine[0].user if mine and mine[0].user != user else None,
				"on_behalf_of_name": mine[0].full_name if mine and mine[0].user != user else "",
				"overdue_amount": overdue.get((row.company, row.customer), 0),
			}
		)
	return result


def _overdue(rows) -> dict[tuple, float]:
	"""Overdue amount in company currency by company and customer, from the installment ledger; one statement."""
	customers = {row.customer for row in rows if row.customer}
	if not customers:
		return {}
	open_ = frappe.qb.DocType("Open Installment")
	found = (
		frappe.qb.from_(open_)
		.where(open_.customer.isin(sorted(customers)))
		.where((open_.due_date < getdate(today())) & (open_.outstanding_amount > 0))
		.groupby(open_.company, open_.customer)
		.select(open_.company, open_.customer, Sum(open_.base_outstanding_amount))
		.run()
	)
	return {(company, customer): float(amount or 0) for company, customer, amount in found}
