"""Who sees which approval request and its steps: who asked, who is or was on its route, who acts for them, and those who see all.

Nobody has the right to write: requests and steps are written by the app alone (see their controllers).
"""

import frappe
from frappe.utils import today

from sales_crm_accounts import erpnext_compat

APPROVAL_MANAGER = "Approval Manager"
SEES_ALL = frozenset({APPROVAL_MANAGER, "System Manager", "Auditor", "Administrator"})
MANAGES = frozenset({APPROVAL_MANAGER, "System Manager"})


def sees_all_requests(user: str | None = None) -> bool:
	user = user or frappe.session.user
	return user == "Administrator" or not SEES_ALL.isdisjoint(frappe.get_roles(user))


def is_manager(user: str | None = None) -> bool:
	"""Whether the user may configure chains, reassign and withdraw for others; never approve for others."""
	user = user or frappe.session.user
	return user == "Administrator" or not MANAGES.isdisjoint(frappe.get_roles(user))


def request_conditions(user: str | None = None, table: str = "tabApproval Request") -> str:
	"""SQL condition over requests; empty where the user sees all."""
	user = user or frappe.session.user
	if sees_all_requests(user):
		return ""
	if user == "Guest":
		return "1=0"
	me, day = frappe.db.escape(user, percent=False), frappe.db.escape(today(), percent=False)
	represented = (
		"select `tabApproval Delegation`.`delegator` from `tabApproval Delegation`"
		f" where `tabApproval Delegation`.`delegate` = {me} and `tabApproval Delegation`.`disabled` = 0"
		f" and `tabApproval Delegation`.`from_date` <= {day} and `tabApproval Delegation`.`to_date` >= {day}"
	)
	return (
		f"(`{table}`.`requester` = {me} or `{table}`.`name` in ("
		"select `tabApproval Request Approver`.`parent` from `tabApproval Request Approver`"
		f" where `tabApproval Request Approver`.`user` = {me} or `tabApproval Request Approver`.`signed_by` = {me}"
		f" or `tabApproval Request Approver`.`user` in ({represented})))"
	)


def can_see(request: str, user: str | None = None) -> bool:
	conditions = request_conditions(user)
	if not conditions:
		return True
	return bool(
		frappe.db.sql(  # nosemgrep: conditions are built above from escaped values
			"select 1 from `tabApproval Request` where `tabApproval Request`.`name` = %(name)s"
			f" and {conditions.replace('%', '%%')}",
			{"name": request},
		)
	)


# Hooks


def request_query(user: str | None = None, doctype: str | None = None) -> str:
	return request_conditions(user)


def step_query(user: str | None = None, doctype: str | None = None) -> str:
	conditions = request_conditions(user)
	if not conditions or conditions == "1=0":
		return conditions
	return (
		"`tabApproval Step`.`request` in (select `tabApproval Request`.`name` from `tabApproval Request`"
		f" where {conditions})"
	)


def delegation_query(user: str | None = None, doctype: str | None = None) -> str:
	user = user or frappe.session.user
	if sees_all_requests(user):
		return ""
	me = frappe.db.escape(user, percent=False)
	return f"(`tabApproval Delegation`.`delegator` = {me} or `tabApproval Delegation`.`delegate` = {me})"


def preference_query(user: str | None = None, doctype: str | None = None) -> str:
	user = user or frappe.session.user
	if is_manager(user):
		return ""
	return f"`tabApproval Preference`.`user` = {frappe.db.escape(user, percent=False)}"


def has_request_permission(doc, ptype: str | None = None, user: str | None = None, debug: bool = False):
	return _granted(can_see(doc.name, user))


def has_step_permission(doc, ptype: str | None = None, user: str | None = None, debug: bool = False):
	return _granted(can_see(doc.request, user))


def has_delegation_permission(doc, ptype: str | None = None, user: str | None = None, debug: bool = False):
	"""Everybody arranges their own absence; the delegate may read it. Managers arrange it for others."""
	user = user or frappe.session.user
	if is_manager(user) or doc.delegator in (user, None, ""):
		kept = None if doc.is_new() else frappe.db.get_value(doc.doctype, doc.name, "delegator")
		return _granted(is_manager(user) or kept in (None, user))
	reading = ptype in (None, "read", "select", "print", "report")
	return _granted(reading and (doc.delegate == user or sees_all_requests(user)))


def has_preference_permission(doc, ptype: str | None = None, user: str | None = None, debug: bool = False):
	user = user or frappe.session.user
	return _granted(is_manager(user) or doc.user in (user, None, ""))


def _granted(yes) -> bool | None:
	return erpnext_compat.permission_granted() if yes else False
