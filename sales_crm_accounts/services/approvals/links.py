"""Deciding from a mail: links that open a page to decide on, for one person, one request and one time that they were asked.

The token is 256 random bits and stands in the mail alone: the database keeps its SHA-256, so that who reads the database cannot
decide with it, and looking it up by that digest tells nothing by the time it takes. A link is used once, and only if at that
moment the request still waits for this person as it did when the mail was sent, the person may still log in, and the document is
what was sent to approval. A page that is opened changes nothing: mail scanners open every link.
"""

import hashlib
import hmac
import re
import secrets

import frappe
from frappe import _
from frappe.utils import add_to_date, cint, get_datetime, get_url, now_datetime

from sales_crm_accounts.services.approvals import content, requests, summary

SETTINGS = "Sales CRM Accounts Settings"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
DEFAULT_HOURS = 72
#: What stays in the Email Queue of a mail with a link.
NOT_KEPT = "-"

READY, INVALID, OFF, EXPIRED, USED, SOMEBODY_ELSE, NOT_WAITING, CHANGED = (
	"ready",
	"invalid",
	"off",
	"expired",
	"used",
	"somebody_else",
	"not_waiting",
	"changed",
)


def make(request, user: str, row) -> tuple[str, str]:
	"""(name of the Approval Link, its URL) for `user`, who is asked by `row` of the request."""
	token = secrets.token_urlsafe(32)
	hours = cint(frappe.db.get_single_value(SETTINGS, "approval_link_hours")) or DEFAULT_HOURS
	link = frappe.new_doc("Approval Link")
	link.update(
		{
			"request": request.name,
			"user": user,
			"level": row.level,
			"asked_on": row.asked_on,
			"token_hash": digest(token),
			"expires_on": add_to_date(now_datetime(), hours=hours),
		}
	)
	link.insert(ignore_permissions=True)
	return link.name, get_url(f"/approval?token={token}")


def digest(token: str) -> str:
	return hashlib.sha256(token.encode()).hexdigest()


def look_up(token: str | None, for_update: bool = False) -> tuple[str, frappe._dict | None]:
	"""(state, link) of a token for the session's user; nothing is said about a request to who does not hold the link."""
	if not token or not TOKEN.fullmatch(token):
		return INVALID, None
	wanted = digest(token)
	link = frappe.db.get_value(
		"Approval Link",
		{"token_hash": wanted},
		["name", "request", "user", "level", "asked_on", "token_hash", "expires_on", "used_on"],
		as_dict=True,
		for_update=for_update,
	)
	if not link or not hmac.compare_digest(link.token_hash, wanted):
		return INVALID, None
	return _state(link), link


def _state(link) -> str:
	if not cint(frappe.db.get_single_value(SETTINGS, "approve_by_mail")):
		return OFF
	if frappe.session.user not in ("Guest", link.user):
		return SOMEBODY_ELSE
	if link.used_on:
		return USED
	if get_datetime(link.expires_on) < now_datetime():
		return EXPIRED
	if not frappe.db.get_value("User", link.user, "enabled"):
		return NOT_WAITING
	return READY


def waiting(link) -> tuple[str, object, list]:
	"""(state, request, rows that the link was sent for): whether the request still waits as it did when the mail was sent."""
	request = frappe.get_doc("Approval Request", link.request)
	rows = [
		row
		for row in summary.pending_rows(request, link.user)
		if row.level == link.level and get_datetime(row.asked_on) == get_datetime(link.asked_on)
	]
	if request.status != "Open" or not rows:
		return NOT_WAITING, request, []
	doctype, name = request.reference_doctype, request.reference_name
	if not frappe.db.exists(doctype, name):
		return NOT_WAITING, request, []
	if content.fingerprint_of(requests.as_of_today(frappe.get_doc(doctype, name))) != request.fingerprint:
		return CHANGED, request, []
	return READY, request, rows


def use(token: str, decision: str, comment: str = "") -> str:
	"""Decide with the link, once, as the person it was made for; returns the state. What `decide` refuses, it raises."""
	from sales_crm_accounts.services.approvals import decisions, reading

	state, link = look_up(token, for_update=True)
	if state != READY:
		return state
	with reading.reading_as(link.user):
		state, request, _rows = waiting(link)
		if state != READY:
			return state
		decisions.decide(request.name, decision, comment, user=link.user, channel="Mail")
		frappe.db.set_value("Approval Link", link.name, "used_on", now_datetime())
	return READY


def explain(state: str) -> tuple[str, str]:
	"""(title, text) for a link that cannot be used; none of them names the request."""
	nothing = _("Nothing was changed.")
	texts = {
		INVALID: (
			_("This link is not valid"),
			_(
				"It may have been cut off: copy the whole address from the mail, or open the request in the desk."
			),
		),
		OFF: (_("Deciding from mails is switched off"), _("Log in and decide in the desk.")),
		EXPIRED: (_("This link has expired"), _("Log in and decide in the desk, if it still waits for you.")),
		USED: (_("This link was used"), _("Each link decides once. Log in to see what was decided.")),
		SOMEBODY_ELSE: (
			_("This link belongs to somebody else"),
			_(
				"You are logged in as {0}. Log out, or open the link where you are logged in as who received it."
			).format(frappe.session.user),
		),
		NOT_WAITING: (
			_("There is nothing left to decide"),
			_("It was decided, withdrawn or replaced since the mail was sent."),
		),
		CHANGED: (
			_("The document was changed"),
			_(
				"It is not what was sent for approval any more. A new request comes when it is submitted again."
			),
		),
	}
	title, text = texts[state]
	return title, f"{text} {nothing}"


def forget_sent():
	"""Take the text of mails that hold a link out of the Email Queue once they are sent, and links away a month after they ended."""
	queue = frappe.qb.DocType("Email Queue")
	for name in (
		frappe.qb.from_(queue)
		.where((queue.reference_doctype == "Approval Link") & (queue.status == "Sent"))
		.where(queue.message != NOT_KEPT)
		.select(queue.name)
		.run(pluck=True)
	):
		frappe.db.set_value("Email Queue", name, "message", NOT_KEPT, update_modified=False)
	frappe.db.delete("Approval Link", {"expires_on": ("<", add_to_date(now_datetime(), days=-30))})
