"""What a person has to know to decide, as plain texts in the language and with the rights of the session's user.

For the mail and for the page that its link opens; the desk has `briefing` itself.
"""

import frappe
from frappe import _
from frappe.utils import flt, fmt_money, formatdate, get_datetime, get_fullname, get_url, get_url_to_form

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.approvals import CANCEL, briefing, delegates, routes, steps
from sales_crm_accounts.services.approvals.working_time import WorkingTimes

#: Lines that a mail lists of the ledger and of the changes; the document has all.
LISTED = 6


def of(request, user: str, rows: list | None = None, times: WorkingTimes | None = None) -> frappe._dict:
	"""Texts about the request for `user`, who is asked by `rows` of it (default: those that wait for them or whom they act for)."""
	rows = pending_rows(request, user) if rows is None else rows
	row = rows[0] if rows else None
	settings = routes.level_settings(request, row.level_row) if row else frappe._dict()
	facts = _briefing(request)
	return frappe._dict(
		head(request),
		comment=_requested_with(request),
		why=why(request, row, user) if row else "",
		level_title=settings.title or "",
		deadline=deadline(request, row, settings, times or WorkingTimes()) if row else "",
		comment_required=bool(settings.comment_required),
		attachment_required=bool(settings.attachment_required),
		round=request.round,
		document=[line for line in facts.get("document") or () if line.get("value")],
		ledger=_ledger(facts, request),
		ledger_more=max(len(facts.get("ledger") or ()) - LISTED, 0),
		exposure=_exposure(facts, request),
		changes=(facts.get("changes") or ())[:LISTED],
		changes_more=max(len(facts.get("changes") or ()) - LISTED, 0),
	)


def head(request) -> dict:
	"""Document, amount and people: the part that every mail has."""
	cancels = request.action == CANCEL
	return {
		"request": request.name,
		"doctype": _(request.reference_doctype),
		"name": request.reference_name,
		"title": request.title if request.title != request.reference_name else "",
		"cancels": cancels,
		"party": request.party_name or "",
		"company": request.company or "",
		"amount": money(request.amount, request.currency) if flt(request.amount) else "",
		"requester": get_fullname(request.requester),
		"requested_on": moment(request.requested_on),
		"url": document_url(request),
	}


def document_url(request) -> str:
	"""The document where the user may read it, else the request: approvers need no right on the document."""
	return get_url_to_form(*readable(request))


def readable(request) -> tuple[str, str]:
	doctype, name = request.reference_doctype, request.reference_name
	if frappe.db.exists(doctype, name) and frappe.has_permission(doctype, "read", name):
		return doctype, name
	return request.doctype, request.name


def pending_rows(request, user: str) -> list:
	"""Rows of the request that wait for the user, or for whom they act; their own first."""
	principals = [user, *acting_for(request, user)]
	rows = [row for row in request.approvers if row.status == "Pending" and row.user in principals]
	return sorted(rows, key=lambda row: principals.index(row.user))


def acting_for(request, user: str) -> dict[str, str]:
	if user in (request.authors or "").split("\n"):
		return {}
	return delegates.acting_for(
		user,
		doctype=request.reference_doctype,
		amount=to_decimal(request.amount),
		company_currency=request.currency,
	)


def why(request, row, user: str) -> str:
	"""Why this person is asked."""
	reason = next(
		(
			routes.reason_text(candidate)
			for group in routes.from_json(request.frozen_route).groups
			if group.row == row.level_row
			for candidate in group.candidates
			if candidate.user == row.user
		),
		row.reason,
	)
	parts = [row.level_title, reason]
	if row.user != user:
		delegation = acting_for(request, user).get(row.user)
		until = delegation and frappe.db.get_value("Approval Delegation", delegation, "to_date")
		parts.insert(
			0,
			_("You act for {0} until {1}").format(get_fullname(row.user), frappe.format(until, "Date"))
			if until
			else _("You act for {0}").format(get_fullname(row.user)),
		)
	return " · ".join(part for part in parts if part)


def deadline(request, row, settings, times: WorkingTimes) -> str:
	"""When somebody else is asked, as a text; empty where the level does not escalate."""
	if not flt(settings.escalate_after) or row.escalated_on or not row.asked_on:
		return ""
	return moment(times.after(request.company, row.asked_on, settings.escalate_after))


def moment(value) -> str:
	"""Day as the site writes it, and the time to the minute."""
	value = get_datetime(value)
	return f"{formatdate(value)} {value:%H:%M}"


def money(amount, currency: str | None) -> str:
	return fmt_money(flt(amount), currency=currency)


def url_to_inbox() -> str:
	return get_url("/app/approvals")


def _requested_with(request) -> str:
	return (
		next((step.comment for step in steps.of_request(request.name) if step.decision == "Requested"), "")
		or ""
	)


def _briefing(request) -> dict:
	"""The desk's briefing; a document that cannot be computed must not keep the request from being told."""
	try:
		return briefing.briefing(request)
	except Exception:
		frappe.clear_last_message()
		frappe.log_error(
			title=f"Approval briefing of {request.name}",
			reference_doctype=request.doctype,
			reference_name=request.name,
		)
		return {}


def _ledger(facts: dict, request) -> list[dict]:
	return [
		{
			"account": line.get("account"),
			"party": line.get("party") or "",
			"debit": money(line.get("debit"), request.currency) if flt(line.get("debit")) else "",
			"credit": money(line.get("credit"), request.currency) if flt(line.get("credit")) else "",
		}
		for line in (facts.get("ledger") or ())[:LISTED]
	]


def _exposure(facts: dict, request) -> list[dict]:
	"""What the party owes, and what the deal earns, as label, value and whether it deserves a second look."""
	exposure, margin = facts.get("exposure") or {}, facts.get("margin") or {}
	outstanding, overdue, limit = (
		flt(exposure.get(key)) for key in ("outstanding", "overdue", "credit_limit")
	)
	lines = []
	if exposure:
		lines.append({"label": _("Outstanding"), "value": money(outstanding, request.currency)})
	if overdue:
		lines.append({"label": _("Overdue"), "value": money(overdue, request.currency), "alert": True})
	if limit:
		lines.append(
			{
				"label": _("Credit Limit"),
				"value": money(limit, request.currency),
				"alert": outstanding > limit,
			}
		)
	if flt(exposure.get("billed_later")):
		lines.append({"label": _("Billed Later"), "value": money(exposure["billed_later"], request.currency)})
	for key, label in (("discount_percent", _("Discount")), ("margin_percent", _("Margin"))):
		if margin.get(key) is not None and (key == "margin_percent" or flt(margin[key])):
			value = flt(margin[key], 1)
			lines.append({"label": label, "value": f"{value:g} %", "alert": value < 0})
	return lines
