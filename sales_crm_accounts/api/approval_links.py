"""What the page behind a mail's link calls; whoever holds the link may call it, logged in or not."""

import frappe
from frappe import _
from frappe.rate_limiter import rate_limit
from frappe.utils import strip_html

from sales_crm_accounts.services.approvals import links, reading


@frappe.whitelist(allow_guest=True, methods=["POST"])
@rate_limit(limit=30, seconds=60 * 10)
def decide(token: str, decision: str, comment: str = "") -> dict:
	"""Approve or reject with the link of a mail: {done, title, text}; where it cannot be done, nothing is changed."""
	state, link = links.look_up(token)
	if link and state != links.SOMEBODY_ELSE:
		frappe.local.lang = reading.language_of(link.user)
	try:
		state = links.use(token, decision, comment[:1000])
	except (frappe.ValidationError, frappe.PermissionError) as error:
		frappe.db.rollback()
		frappe.clear_messages()
		return {"done": False, "title": _("Not Done"), "text": strip_html(str(error))}
	if state != links.READY:
		title, text = links.explain(state)
		return {"done": False, "over": True, "title": title, "text": text}
	return {
		"done": True,
		"title": _("Approved") if decision == "Approved" else _("Rejected"),
		"text": _("Thank you. You can close this page."),
	}
