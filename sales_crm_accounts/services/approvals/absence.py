"""Approvers who were disabled after a request was opened.

Who cannot log in cannot sign. Where the others of the level suffice, such a person is taken off it; else their manager (or the
next one above who can sign) is asked in their place; where there is none, Approval Managers are told, once. The number of
signatures never gets less: for "All" somebody else signs instead.
"""

from collections.abc import Collection

import frappe
from frappe import _
from frappe.utils import get_fullname, now_datetime

from sales_crm_accounts.services.approvals import decisions, notify, requests, routes, steps
from sales_crm_accounts.services.approvals.directory import SiteDirectory


def replace_absent():
	"""Every open request that waits, now or later, for somebody who is disabled; each committed."""
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
		.where((request.status == "Open") & row.status.isin(["Pending", "Waiting"]) & (user.enabled == 0))
		.where(row.escalated_on.isnull())
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
	absent = dict.fromkeys(
		row.user
		for row in request.approvers
		if row.status in ("Pending", "Waiting") and not row.escalated_on and not directory.is_enabled(row.user)
	)
	taken = {row.user for row in request.approvers} | decisions.authors(request)
	for user in absent:
		if _others_suffice(request, user, directory):
			_take_off(request, user)
		elif manager := manager_above(directory, user, taken):
			_put_in_place(request, user, manager)
			taken.add(manager)
		else:
			_nobody(request, user)
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


def _open_rows(request, user: str) -> list:
	return [row for row in request.approvers if row.user == user and row.status in ("Pending", "Waiting")]


def _others_suffice(request, user: str, directory: SiteDirectory) -> bool:
	"""Whether every level that waits for the user has enough others who can log in; "All" never has."""
	rows = {row.level_row for row in _open_rows(request, user)}
	for group in routes.from_json(request.frozen_route).groups:
		if group.row not in rows:
			continue
		others = [
			candidate.user
			for candidate in group.candidates
			if candidate.user != user and directory.is_enabled(candidate.user)
		]
		if group.rule == "All" or len(others) < max(group.needed, 1):
			return False
	return True


def _take_off(request, user: str):
	_write_down(request, user, None, _("{0} is disabled; the others of the level decide.").format(get_fullname(user)))
	routes.drop(request, user)


def _put_in_place(request, user: str, manager: str):
	text = _("{0} is disabled; {1} is asked instead.").format(get_fullname(user), get_fullname(manager))
	_write_down(request, user, manager, text)
	routes.replace(request, user, manager, "Escalated", "Administrator")


def _nobody(request, user: str):
	for row in _open_rows(request, user):
		row.escalated_on = now_datetime()
	text = _("{0} is disabled, and there is no manager to ask instead.").format(get_fullname(user))
	notify.stuck(request.name, text)


def _write_down(request, user: str, to_user: str | None, text: str):
	steps.append(
		request,
		"Escalated",
		"Administrator",
		on_behalf_of=user,
		to_user=to_user,
		level=_open_rows(request, user)[0].level,
		comment=text,
		channel="System",
	)
