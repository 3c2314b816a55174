"""Approvers who were disabled after a request was opened.

Who cannot log in cannot sign. Where the others of the level suffice, such a person is taken off it; else their manager (or the
next one above who can sign) is asked in their place; where there is none, Approval Managers are told, once. The number of
signatures never gets less: for "All" somebody else signs instead.
"""

from collections.abc import Collection

import frappe
from frappe import _
from frappe.utils import get_fullname, now_datetime

from sales_crm_accounts.core.approvals import progress as rules
from sales_crm_accounts.core.approvals.route import ALL
from sales_crm_accounts.services.approvals import decisions, notify, requests, routes, steps
from sales_crm_accounts.services.approvals.directory import SiteDirectory


def replace_absent():
	"""Every open request that counts on somebody who is disabled; each committed."""
	request, row, user = (
		frappe.qb.DocType("Approval Request"),
		frappe.qb.DocType("Approval Request Approver"),
		frappe.qb.DocType("User"),
	)
	names = (
		frappe.qb.from_(row)
		.join(request)
		.on((row.parent == request.name) & (row.parenttype == "Approval Request"))
		.join(user)
		.on(row.user == user.name)
		.where((request.status == "Open") & (user.enabled == 0) & row.escalated_on.isnull())
		.where(row.status.isin(["Pending", "Waiting", "Not Needed"]))
		.select(request.name)
		.distinct()
		.orderby(request.name)
		.run(pluck=True)
	)
	for name in names:
		try:
			replace_in(name)
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(
				title=f"Approvals: absent approver of {name}",
				reference_doctype="Approval Request",
				reference_name=name,
			)
			frappe.db.commit()


def replace_in(name: str):
	"""The disabled approvers of one request, which is held."""
	request = requests.load(name)
	if request.status != requests.OPEN:
		return
	directory = SiteDirectory(company=request.company)
	taken = {row.user for row in request.approvers} | decisions.authors(request)
	for user in dict.fromkeys(row.user for row in request.approvers):
		if directory.is_enabled(user) or not (groups := _open_groups(request, user)):
			continue
		level_rows = {group.row for group in groups}
		if all(_others_suffice(group, user, directory) for group in groups):
			text = _("{0} is disabled; the others of the level decide.").format(get_fullname(user))
			_write_down(request, user, None, groups, text)
			routes.drop(request, user, level_rows)
		elif manager := manager_above(directory, user, taken):
			text = _("{0} is disabled; {1} is asked instead.").format(
				get_fullname(user), get_fullname(manager)
			)
			_write_down(request, user, manager, groups, text)
			routes.replace(request, user, manager, routes.ESCALATED, level_rows)
			taken.add(manager)
		elif not all(row.escalated_on for row in _rows(request, user, level_rows)):
			text = _("{0} is disabled, and there is no manager to ask instead.").format(get_fullname(user))
			for row in _rows(request, user, level_rows):
				row.escalated_on = now_datetime()
			notify.stuck(request.name, text)
	requests.refresh(request)


def manager_above(directory: SiteDirectory, user: str, besides: Collection[str] = ()) -> str | None:
	"""The nearest manager above who can log in and is none of `besides`; None at the top, and where the managers go in a circle."""
	seen, manager = {user}, directory.manager_of(user)
	while manager and manager not in seen:
		if directory.is_enabled(manager) and manager not in besides:
			return manager
		seen.add(manager)
		manager = directory.manager_of(manager)
	return None


def _open_groups(request, user: str) -> list:
	"""Groups of the route that count on the user and are not complete yet."""
	states = {group.row: group.status for group in requests.progress_of(request).groups}
	return [
		group
		for group in routes.from_json(request.frozen_route).groups
		if user in group.users and states[group.row] in (rules.PENDING, rules.WAITING)
	]


def _rows(request, user: str, level_rows: set[str]) -> list:
	return [row for row in request.approvers if row.user == user and row.level_row in level_rows]


def _others_suffice(group, user: str, directory: SiteDirectory) -> bool:
	"""Whether enough others of the group can log in; "All" never has, since its number of signatures would fall."""
	others = [name for name in group.users if name != user and directory.is_enabled(name)]
	return group.rule != ALL and len(others) >= max(group.needed, 1)


def _write_down(request, user: str, to_user: str | None, groups: list, text: str):
	steps.append(
		request,
		"Escalated",
		"Administrator",
		on_behalf_of=user,
		to_user=to_user,
		level=groups[0].number,
		comment=text,
		channel="System",
	)
