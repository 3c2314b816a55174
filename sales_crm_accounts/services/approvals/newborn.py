"""Documents that were inserted in the present transaction: a stop takes them back, so nobody can approve them by then.

Three programs insert and submit in one go and could not bear the stop: an Auto Repeat would switch itself off, a Subscription
would lose its invoice and try again every day, a Data Import would drop the row. What they make stays a draft, and the request
is opened in the name of whoever set the program up.
"""

import frappe
from frappe import _

#: Fields that name the document which made this one.
MAKERS = {"auto_repeat": "Auto Repeat", "subscription": "Subscription"}


def remember(doc):
	"""Called when a document of a gated DocType has been inserted."""
	if not doc.flags.in_insert:
		return
	if not _names():
		frappe.db.after_commit.add(_forget)
		frappe.db.after_rollback.add(_forget)
	_names().add((doc.doctype, doc.name))


def is_newborn(doc) -> bool:
	return bool(not doc.name or doc.flags.in_insert or doc.is_new() or (doc.doctype, doc.name) in _names())


def by_machine(doc) -> bool:
	"""Whether a program that cannot bear a stop has inserted the document and now submits it."""
	if (doc.doctype, doc.name) not in _names():
		return False
	return bool(frappe.flags.in_import or any(doc.get(field) for field in MAKERS))


def keep_as_draft(doc):
	"""Turn the submit that is about to happen into a save, and have approval asked for."""
	from sales_crm_accounts.services.approvals import SUBMIT, requests

	doc.docstatus, doc._action = 0, "save"
	user = frappe.session.user
	requests.open_later(doc, SUBMIT, requester=set_up_by(doc) or user, submit_as=user)
	frappe.msgprint(
		_(
			"{0} {1} needs approval before it is posted. It was saved as a draft, and the approval is asked for."
		).format(_(doc.doctype), doc.name),
		alert=True,
	)


def set_up_by(doc) -> str | None:
	"""Who set up the program that made the document: their managers are asked, not those of the scheduler's user."""
	for field, doctype in MAKERS.items():
		if name := doc.get(field):
			owner = frappe.db.get_value(doctype, name, "owner")
			if owner and owner != "Administrator" and frappe.get_cached_value("User", owner, "enabled"):
				return owner
	return None


def _names() -> set:
	kept = getattr(frappe.local, "sca_newborn", None)
	if kept is None:
		kept = frappe.local.sca_newborn = set()
	return kept


def _forget():
	frappe.local.sca_newborn = None
