"""The mails of approvals: what each says, and how it is sent. Composed in the reader's language and with the reader's rights."""

import frappe
from frappe import _
from frappe.utils import cint, get_fullname, get_url_to_form

from sales_crm_accounts.services.approvals import CANCEL, links, summary

#: templates/emails/sca_approval.html and .txt
TEMPLATE = "sca_approval"


def compose(kind: str, request, user: str, details) -> frappe._dict | None:
	"""The message for one person; None where there is nothing to tell any more."""
	message = KINDS[kind](request, user, details)
	if message is None:
		return None
	message.setdefault("mail", True)
	message.setdefault("from_user", request.requester)
	message.reference = summary.readable(request)
	message.request = request.name
	return message


def send(user: str, message) -> None:
	"""Put the mail in Frappe's queue; it goes out with the next flush."""
	address = frappe.db.get_value("User", user, "email")
	if not address or address.endswith(".invalid"):
		return
	frappe.sendmail(
		recipients=[address],
		subject=message.subject,
		template=TEMPLATE,
		args={"message": message, "preference_url": _preference_url(user)},
		reference_doctype="Approval Link"
		if message.link
		else "Approval Request"
		if message.request
		else None,
		reference_name=message.link or message.request,
		add_unsubscribe_link=0,
	)


def _preference_url(user: str) -> str:
	return get_url_to_form(
		"Approval Preference", user if frappe.db.exists("Approval Preference", user) else "new"
	)


# What each kind says


def _asked(request, user, details, heading=None):
	rows = summary.pending_rows(request, user)
	if request.status != "Open" or not rows:
		return None  # decided meanwhile
	facts = summary.of(request, user, rows)
	message = frappe._dict(
		subject=(heading or _heading(request)).format(_subject(facts)),
		heading=_("Cancel this document?") if facts.cancels else _("Approve this document?"),
		tone="blue",
		facts=facts,
		decide=True,
	)
	if cint(frappe.db.get_single_value(links.SETTINGS, "approve_by_mail")) and not facts.attachment_required:
		message.link, message.decide_url = links.make(request, user, rows[0])
	return message


def _heading(request) -> str:
	return _("Approval to cancel needed: {0}") if request.action == CANCEL else _("Approval needed: {0}")


def _reminded(request, user, details):
	message = _asked(request, user, details, _("Still waiting for you: {0}"))
	if message:
		message.heading = _("This still waits for you")
		message.tone = "orange"
	return message


def _finished(request, user, details):
	facts = frappe._dict(summary.head(request))
	if request.status == "Rejected":
		last = _last_step(request, "Rejected")
		return frappe._dict(
			subject=_("Rejected: {0}").format(_subject(facts)),
			heading=_("Rejected"),
			tone="red",
			facts=facts,
			from_user=last and last.user,
			quote=last and {"by": get_fullname(last.user), "text": last.comment},
			intro=_("Nothing was posted. Correct the document and submit it again: a new round starts."),
		)
	if request.status != "Approved":
		return None
	last = _last_step(request, "Approved")
	if request.after_approval == "Post It for the Requester":
		intro = (
			_("It is being cancelled in your name.")
			if facts.cancels
			else _("It is being posted in your name.")
		)
	else:
		intro = _("You can cancel it now.") if facts.cancels else _("You can submit it now.")
	return frappe._dict(
		subject=_("Approved: {0}").format(_subject(facts)),
		heading=_("Approved"),
		tone="green",
		facts=facts,
		from_user=last and last.user,
		quote=last and last.comment and {"by": get_fullname(last.user), "text": last.comment},
		intro=intro,
	)


def _superseded(request, user, details):
	facts = frappe._dict(summary.head(request))
	return frappe._dict(subject=_("No longer needed: {0}").format(_subject(facts)), facts=facts, mail=False)


def _question(request, user, details, subject=None, heading=None):
	facts = frappe._dict(summary.head(request))
	name = get_fullname(details.by)
	return frappe._dict(
		subject=(subject or _("Question from {0}: {1}")).format(name, _subject(facts)),
		heading=heading or _("{0} asks you").format(name),
		tone="blue",
		facts=facts,
		from_user=details.by,
		quote={"by": name, "text": details.text},
		intro="" if heading else _("Open the document and answer there; approval goes on meanwhile."),
	)


def _answered(request, user, details):
	return _question(
		request,
		user,
		details,
		_("Answer from {0}: {1}"),
		_("{0} has answered").format(get_fullname(details.by)),
	)


def _posting_failed(request, user, details):
	facts = frappe._dict(summary.head(request))
	return frappe._dict(
		subject=_("Approved, but not posted: {0}").format(_subject(facts)),
		heading=_("Approved, but not posted"),
		tone="orange",
		facts=facts,
		quote={"by": "ERPNext", "text": request.posting_error},
		intro=_("The approval stands. Correct what is said here and submit the document yourself."),
	)


def _stuck(request, user, details):
	facts = frappe._dict(summary.head(request))
	return frappe._dict(
		subject=_("Nobody can approve: {0}").format(_subject(facts)),
		heading=_("Nobody can approve this"),
		tone="red",
		facts=facts,
		quote={"by": _("Why"), "text": details.text},
		intro=_("Open it and reassign it, or add an approver. Until then the document is not posted."),
	)


KINDS = {
	"asked": _asked,
	"reminded": _reminded,
	"finished": _finished,
	"superseded": _superseded,
	"question": _question,
	"answered": _answered,
	"posting_failed": _posting_failed,
	"stuck": _stuck,
}


# Lists


def digest(user: str, requests: list) -> frappe._dict:
	"""Everything that waits for the user, oldest first, in one mail."""
	lines = []
	for request in requests:
		facts = summary.head(request)
		lines.append(
			{
				"title": f"{facts['doctype']} {facts['name']}",
				"text": " · ".join(part for part in (facts["party"], facts["requester"]) if part),
				"amount": facts["amount"],
				"note": frappe.utils.pretty_date(request.waiting_since),
				"url": facts["url"],
			}
		)
	return frappe._dict(
		subject=_("1 approval waits for you")
		if len(lines) == 1
		else _("{0} approvals wait for you").format(len(lines)),
		heading=_("Waiting for you"),
		tone="blue",
		lines=lines,
		inbox_url=summary.url_to_inbox(),
	)


def breaches(rows: list) -> frappe._dict:
	"""What came past the gate, for those who have to look into it."""
	return frappe._dict(
		subject=_("1 document came past the approval gate")
		if len(rows) == 1
		else _("{0} findings at the approval gate").format(len(rows)),
		heading=_("Look into this"),
		tone="red",
		intro=_("Each finding stays open until somebody explains it."),
		lines=[
			{
				"title": f"{_(row.reference_doctype)} {row.reference_name or ''}".strip(),
				"text": row.detail,
				"amount": summary.money(row.amount, row.currency) if row.amount else "",
				"note": _(row.kind),
				"url": get_url_to_form("Approval Breach", row.name),
			}
			for row in rows
		],
	)


def _subject(facts) -> str:
	return ", ".join(part for part in (f"{facts.doctype} {facts.name}", facts.party, facts.amount) if part)


def _last_step(request, decision: str):
	rows = frappe.get_all(
		"Approval Step",
		filters={"request": request.name, "decision": decision},
		fields=["user", "comment"],
		order_by="sequence desc",
		limit=1,
	)
	return rows[0] if rows else None
