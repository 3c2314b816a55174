"""Requests that wait too long: reminders, escalation, people who left, the daily digest, and what lost its job.

Runs every hour and looks at where each request stands, not at what was done yesterday: a scheduler that stood still for a week
sends one reminder afterwards, not seven. Only within working hours, so that nobody is reminded at night.
"""

from collections import defaultdict

import frappe
from frappe import _
from frappe.utils import cint, flt, get_fullname, get_time, getdate, now_datetime

from sales_crm_accounts.core.approvals import reminders as rules
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.approvals import (
	absence,
	decisions,
	links,
	mails,
	notify,
	posting,
	reading,
	requests,
	routes,
	steps,
	summary,
)
from sales_crm_accounts.services.approvals.directory import SiteDirectory
from sales_crm_accounts.services.approvals.working_time import WorkingTimes

DEFAULT_DIGEST = "08:00:00"


def sca_hourly_approvals():
	"""Scheduler, hourly: each part by itself, so that one that fails keeps none of the others."""
	for part in (absence.replace_absent, remind, send_digests, posting.post_pending, links.forget_sent):
		try:
			part()
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Approval reminders stopped: {0}").format(part.__name__))
			frappe.db.commit()


# Reminders and escalation


def remind(now=None):
	"""Remind and escalate what is due, one request after the other, each committed."""
	now = now or now_datetime()
	times = WorkingTimes()
	for name, rows in waiting_rows().items():
		company, frozen_route = rows[0].company, rows[0].frozen_route
		if not times.of(company).is_working(now):
			continue
		if any(_due(row, frozen_route, now, times) for row in rows):
			_one(name, "act on", lambda name=name: _act(name, now, times))


def waiting_rows() -> dict[str, list]:
	"""Rows of open requests that wait for somebody, by request; one statement."""
	request, row = frappe.qb.DocType("Approval Request"), frappe.qb.DocType("Approval Request Approver")
	found = (
		frappe.qb.from_(row)
		.join(request)
		.on((row.parent == request.name) & (row.parenttype == "Approval Request"))
		.where((row.status == "Pending") & (request.status == "Open"))
		.select(
			request.name.as_("request"),
			request.company,
			request.frozen_route,
			row.name,
			row.level_row,
			row.user,
			row.asked_on,
			row.reminded_on,
			row.escalated_on,
		)
		.orderby(request.name, row.idx)
		.run(as_dict=True)
	)
	by_request = defaultdict(list)
	for line in found:
		by_request[line.request].append(line)
	return by_request


def _due(row, frozen_route: str, now, times: WorkingTimes, company: str | None = None) -> str | None:
	settings = routes.level_settings(frappe._dict(frozen_route=frozen_route), row.level_row)
	if not row.asked_on:
		return None
	return rules.due(
		row.asked_on,
		to_decimal(flt(settings.remind_after)),
		to_decimal(flt(settings.escalate_after)),
		row.reminded_on,
		bool(row.escalated_on),
		now,
		times.of(company or row.get("company")),
	)


def _act(name: str, now, times: WorkingTimes):
	"""What is due on one request, which is held and looked at again: somebody may have decided meanwhile."""
	request = requests.load(name)
	if request.status != requests.OPEN:
		return
	due = {
		row.name: action
		for row in request.approvers
		if row.status == "Pending"
		and (action := _due(row, request.frozen_route, now, times, request.company))
	}
	_remind(request, [row for row in request.approvers if due.get(row.name) == rules.REMIND], now)
	for row_name in [row_name for row_name, action in due.items() if action == rules.ESCALATE]:
		row = next(row for row in request.approvers if row.name == row_name)
		if row.status == "Pending":
			_escalate(request, row)


def _remind(request, rows: list, now):
	if not rows:
		return
	for row in rows:
		row.reminded_on = now
		steps.append(
			request, "Reminded", "Administrator", to_user=row.user, level=row.level, channel="System"
		)
	requests.save(request)
	notify.reminded(request.name, list(dict.fromkeys(row.user for row in rows)))


def _escalate(request, row):
	"""Ask whom the level names, too. Where that leads to nobody new, Approval Managers are told once."""
	settings = routes.level_settings(request, row.level_row)
	reason = _("{0} has not decided within {1} working hours.").format(
		get_fullname(row.user), f"{flt(settings.escalate_after):g}"
	)
	if not decisions.escalate(request, row, targets(request, row, settings), reason):
		notify.stuck(request.name, f"{reason} {_('There is nobody to pass it on to.')}")


def targets(request, row, settings) -> list[str]:
	"""Whom an escalation asks; only people who can sign."""
	directory = SiteDirectory(company=request.company)
	if settings.escalate_to == "User":
		found = [settings.escalate_user]
	elif settings.escalate_to == "Role":
		found = directory.users_with_role(settings.escalate_role) if settings.escalate_role else []
	else:
		found = [absence.manager_above(directory, row.user)]
	return [user for user in found if user and directory.is_enabled(user)]


def _one(name: str, what: str, work):
	"""One request in a transaction of its own; what fails is logged and does not keep the rest."""
	try:
		work()
		frappe.db.commit()
	except Exception:
		frappe.db.rollback()
		frappe.log_error(
			title=f"Approvals: could not {what} {name}",
			reference_doctype="Approval Request",
			reference_name=name,
		)
		frappe.db.commit()


# Digest


def send_digests(now=None):
	"""Once a day after the set time, to who chose it; an hour that was missed is made up for by the next."""
	now = now or now_datetime()
	settings = frappe.get_cached_doc("Sales CRM Accounts Settings")
	if not cint(settings.approval_mails) or now.time() < get_time(settings.digest_time or DEFAULT_DIGEST):
		return
	preference, user = frappe.qb.DocType("Approval Preference"), frappe.qb.DocType("User")
	due = (
		frappe.qb.from_(preference)
		.join(user)
		.on(preference.user == user.name)
		.where((preference.mail_mode == notify.DIGEST) & (user.enabled == 1))
		.where(preference.last_digest_on.isnull() | (preference.last_digest_on < getdate(now)))
		.select(preference.name, preference.user)
		.run(as_dict=True)
	)
	if not due:
		return
	waiting = waiting_rows()
	for row in due:
		try:
			_send_digest(row.user, waiting)
			frappe.db.set_value("Approval Preference", row.name, "last_digest_on", getdate(now))
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Approval digest not sent to {0}").format(row.user))
			frappe.db.commit()


def _send_digest(user: str, waiting: dict[str, list]):
	with reading.reading_as(user):
		found = []
		for name in waiting:
			request = frappe.get_doc("Approval Request", name)
			if rows := summary.pending_rows(request, user):
				request.waiting_since = min(row.asked_on or request.requested_on for row in rows)
				found.append(request)
		if found:
			found.sort(key=lambda request: request.waiting_since)
			mails.send(user, mails.digest(user, found))
