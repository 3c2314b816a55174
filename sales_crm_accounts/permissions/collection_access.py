"""Who sees promises, disputes, pauses and notes: those who see every deal see all of them, a salesperson those of their deals.

Lists, documents, link search and reports all ask here. Salespeople write notes on the deals they see, and change only their
own; what else a user may do is decided by their roles as anywhere in Frappe.
"""

import frappe

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.permissions import deal_access

NOTE = "Collection Note"
_READING = frozenset({None, "read", "select", "print", "email", "export", "report"})


def conditions(doctype: str, user: str | None = None) -> str:
	"""SQL condition over one of the four DocTypes; empty where the user sees all. What has no deal is not a salesperson's."""
	return deal_access.linked_conditions(doctype, user)


def promise_query(user: str | None = None, doctype: str | None = None) -> str:
	return conditions("Promise to Pay", user)


def dispute_query(user: str | None = None, doctype: str | None = None) -> str:
	return conditions("Receivable Dispute", user)


def pause_query(user: str | None = None, doctype: str | None = None) -> str:
	return conditions("Collection Pause", user)


def note_query(user: str | None = None, doctype: str | None = None) -> str:
	return conditions(NOTE, user)


def has_collection_permission(doc, ptype: str | None = None, user: str | None = None, debug: bool = False):
	"""For all four: the deal decides, the one that is kept and the one that the document is given to."""
	user = user or frappe.session.user
	if deal_access.sees_all_deals(user):
		return erpnext_compat.permission_granted()
	if ptype not in _READING and (doc.doctype != NOTE or ptype not in ("create", "write", "delete")):
		return False
	if doc.is_new():
		deals = {doc.get("deal")}
		if not doc.get("deal"):
			# A form just opened; the deal is asked for before it is saved.
			return erpnext_compat.permission_granted()
	else:
		kept = frappe.db.get_value(doc.doctype, doc.name, ["deal", "owner"], as_dict=True)
		if not kept or (ptype not in _READING and kept.owner != user):
			return False
		deals = {doc.get("deal"), kept.deal}
	if all(deal and deal_access.can("read", deal, user) for deal in deals):
		return erpnext_compat.permission_granted()
	return False
