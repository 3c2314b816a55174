"""Telling people about requests: in the desk, and by mail as each of them likes it. To the person, never to a whole role.

Nothing here can stop a submit: what is to be told is kept until the transaction stands, and a job tells it. A mail that fails is
in the Error Log, and the request waits in the inbox all the same.
"""

import frappe
from frappe import _
from frappe.desk.doctype.notification_settings.notification_settings import is_notifications_enabled
from frappe.utils import cint, escape_html, get_url_to_form

from sales_crm_accounts.core.approvals import delegation as delegation_rules
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.approvals import delegates, mails, reading
from sales_crm_accounts.services.approvals.directory import SiteDirectory

EACH, DIGEST, NONE = "Each Request", "Daily Digest", "None"


# What happened


def asked(request_name: str, users: list[str]):
	"""They are asked to decide now."""
	_later("asked", request_name, users)


def reminded(request_name: str, users: list[str]):
	"""They were asked a while ago."""
	_later("reminded", request_name, users)


def finished(request_name: str):
	"""The last level approved, or somebody rejected."""
	_later("finished", request_name, [])


def superseded(request_name: str, users: list[str]):
	"""They need not decide any more: the document changed, or the request was withdrawn or closed."""
	_later("superseded", request_name, users)


def question(request_name: str, to_user: str, by: str, text: str):
	_later("question", request_name, [to_user], by=by, text=text)


def answered(request_name: str, to_users: list[str], by: str, text: str):
	_later("answered", request_name, to_users, by=by, text=text)


def posting_failed(request_name: str):
	"""Approved, but ERPNext did not post it."""
	_later("posting_failed", request_name, [])


def stuck(request_name: str, reason: str):
	"""Nobody is left to ask: Approval Managers have to act."""
	_later("stuck", request_name, [], text=reason)


def _later(kind: str, request: str, users: list[str], **details):
	frappe.db.after_commit.add(lambda: _start(kind, request, list(users), details))


def _start(kind: str, request: str, users: list[str], details: dict):
	try:
		frappe.enqueue(
			"sales_crm_accounts.services.approvals.notify.send",
			queue="short",
			kind=kind,
			request=request,
			users=users,
			details=details,
		)
	except Exception:
		# What was committed stands, whether or not the queue can be reached.
		frappe.log_error(title=_("Approval mails of {0} not made").format(request))


# The job


def send(kind: str, request: str, users: list[str], details: dict | None = None):
	"""Tell each of them; one that fails is logged and does not keep the others from theirs. Commits."""
	if not frappe.db.exists("Approval Request", request):
		return
	doc = frappe.get_doc("Approval Request", request)
	for user in _people(kind, doc, users):
		try:
			tell(kind, doc, user, frappe._dict(details or {}))
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(
				title=f"Approval mail to {user}", reference_doctype=doc.doctype, reference_name=doc.name
			)
			frappe.db.commit()


def tell(kind: str, request, user: str, details):
	"""One person: a line in the desk's bell, and a mail where they want one for each request."""
	with reading.reading_as(user):
		message = mails.compose(kind, request, user, details)
		if message is None:
			return
		ring(user, message)
		if message.mail and wants(user) == EACH:
			mails.send(user, message)


def wants(user: str) -> str:
	"""How the user wants to be mailed; the settings can switch mails off for all."""
	if not cint(frappe.db.get_single_value("Sales CRM Accounts Settings", "approval_mails")):
		return NONE
	return frappe.db.get_value("Approval Preference", user, "mail_mode") or EACH


def ring(user: str, message):
	if not is_notifications_enabled(user):
		return
	log = frappe.new_doc("Notification Log")
	log.update(
		{
			"type": "Alert",
			"for_user": user,
			"from_user": message.from_user,
			"subject": escape_html(message.subject),
			"document_type": message.reference[0],
			"document_name": message.reference[1],
			"link": get_url_to_form(*message.reference),
		}
	)
	log.insert(ignore_permissions=True)


def _people(kind: str, request, users: list[str]) -> list[str]:
	"""Whom it concerns, enabled and able to log in; with those who act for them while they are asked."""
	if kind in ("finished", "posting_failed"):
		users = [user for user in (request.requester, request.submit_as) if user and not _is_program(user)]
		if kind == "posting_failed" and not users:
			users = managers()
	elif kind == "stuck":
		users = managers()
	elif kind in ("asked", "reminded"):
		users = [*users, *deputies(request, users)]
	users = list(dict.fromkeys(user for user in users if user))
	enabled = frappe.get_all(
		"User",
		filters={"name": ("in", users or [""]), "enabled": 1, "user_type": "System User"},
		pluck="name",
	)
	return [user for user in users if user in set(enabled) - {"Guest"}]


def _is_program(user: str) -> bool:
	"""The user of automatic billing reads no mail and rings no bell."""
	return user == frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user", cache=True)


def deputies(request, users: list[str]) -> list[str]:
	"""Who acts for them today on this document."""
	current = delegates.current(request.currency)
	authors = set((request.authors or "").split("\n"))
	return [
		delegate
		for delegate in dict.fromkeys(rule.delegate for rule in current)
		if delegate not in authors
		and set(users)
		& set(
			delegation_rules.acting_for(
				delegate,
				current,
				day=frappe.utils.getdate(),
				doctype=request.reference_doctype,
				amount=to_decimal(request.amount),
			)
		)
	]


def managers(*roles: str) -> list[str]:
	"""Users with one of the roles (default: Approval Manager) that can act; System Managers where there is none."""
	directory = SiteDirectory()
	found = [user for role in roles or ("Approval Manager",) for user in directory.users_with_role(role)]
	return list(dict.fromkeys(found or directory.users_with_role("System Manager")))
