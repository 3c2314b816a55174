"""Who sees which expense: whoever entered it, and whoever sees one of its deals. Only who entered it changes a draft.

The roles that see every deal see every expense; what they may do is decided by their roles.
"""

import frappe

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.permissions import deal_access

_READING = frozenset({None, "read", "select", "print", "email", "export", "report"})


def expense_conditions(user: str | None = None) -> str:
	"""SQL condition over `tabDeal Expense`; empty where the user sees every expense."""
	user = user or frappe.session.user
	conditions = deal_access.deal_conditions(user)
	if not conditions or conditions == "1=0":
		return conditions
	me = frappe.db.escape(user, percent=False)
	deals = f"(select `tabDeal`.`name` from `tabDeal` where {conditions})"
	return (
		f"(`tabDeal Expense`.`owner` = {me} or `tabDeal Expense`.`deal` in {deals}"
		" or `tabDeal Expense`.`name` in (select `tabDeal Expense Share`.`parent` from `tabDeal Expense Share`"
		f" where `tabDeal Expense Share`.`parenttype` = 'Deal Expense' and `tabDeal Expense Share`.`deal` in {deals}))"
	)


def expense_query(user: str | None = None, doctype: str | None = None) -> str:
	return expense_conditions(user)


def has_expense_permission(doc, ptype: str | None = None, user: str | None = None, debug: bool = False):
	user = user or frappe.session.user
	if deal_access.sees_all_deals(user):
		return erpnext_compat.permission_granted()
	kept = None if doc.is_new() else _kept(doc.name)
	if ptype in _READING:
		allowed = kept is None or kept["owner"] == user or _any_visible(kept["deals"], user)
	else:
		# Nobody puts costs on a deal that they do not see.
		mine = kept is None or kept["owner"] == user
		allowed = mine and all(deal_access.can("read", deal, user) for deal in _deals(doc))
	return erpnext_compat.permission_granted() if allowed else False


def _deals(doc) -> set[str]:
	return {deal for deal in [doc.get("deal"), *(row.get("deal") for row in doc.get("shares") or [])] if deal}


def _kept(name: str) -> dict:
	"""Owner and deals as they are in the database, not as they come from the browser."""
	row = frappe.db.get_value("Deal Expense", name, ["owner", "deal"], as_dict=True) or frappe._dict()
	shares = frappe.get_all(
		"Deal Expense Share", filters={"parent": name, "parenttype": "Deal Expense"}, pluck="deal"
	)
	return {"owner": row.owner, "deals": {deal for deal in [row.deal, *shares] if deal}}


def _any_visible(deals: set[str], user: str) -> bool:
	return any(deal_access.can("read", deal, user) for deal in deals)
