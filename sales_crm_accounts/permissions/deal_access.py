"""Who sees which deal, said once: lists, documents, link search and reports all ask here.

A salesperson sees the deals they own, made, are in the sales team of (or somebody below them in the Sales Person tree is), or
that were shared with them. The roles of `SEES_ALL` see every deal. What a user may *do* with a deal they see is decided by
their roles as anywhere in Frappe; a share gives no more than it says.

Documents are judged as they are in the database, not as they come from the browser: whoever puts their own name on a deal
that is not theirs does not get it by that.
"""

import frappe
from frappe.desk.reportview import build_match_conditions
from pypika.terms import LiteralValue

from sales_crm_accounts import erpnext_compat

SEES_ALL = frozenset(
	{
		*("Deal Manager", "Accounts User", "Accounts Manager", "Auditor"),
		*("Collector", "Collections Manager", "System Manager", "Administrator"),
	}
)

# What a share can give (frappe.share), by what is asked for. Anything else comes with ownership only.
_SHARED_RIGHT = {
	None: "read",
	"read": "read",
	"select": "read",
	"print": "read",
	"email": "read",
	"write": "write",
	"submit": "submit",
	"share": "share",
}

# For a record that hangs on a deal: reading it needs the deal to be visible, all else needs the deal to be changeable.
_READING = frozenset({None, "read", "select", "print", "email", "export", "report"})


def sees_all_deals(user: str | None = None) -> bool:
	user = user or frappe.session.user
	return user == "Administrator" or not SEES_ALL.isdisjoint(frappe.get_roles(user))


def deal_conditions(user: str | None = None, ptype: str | None = None) -> str:
	"""SQL condition over `tabDeal`; empty where the user sees every deal."""
	user = user or frappe.session.user
	if sees_all_deals(user):
		return ""
	if user == "Guest":
		return "1=0"
	me = frappe.db.escape(user, percent=False)
	own = [f"`tabDeal`.`deal_owner` = {me}", f"`tabDeal`.`owner` = {me}"]
	if persons := _sales_persons(user):
		names = ", ".join(frappe.db.escape(person, percent=False) for person in persons)
		own.append(
			"exists (select 1 from `tabSales Team` where `tabSales Team`.`parent` = `tabDeal`.`name`"
			f" and `tabSales Team`.`parenttype` = 'Deal' and `tabSales Team`.`sales_person` in ({names}))"
		)
	if right := _SHARED_RIGHT.get(ptype):
		own.append(
			"`tabDeal`.`name` in (select `tabDocShare`.`share_name` from `tabDocShare`"
			f" where `tabDocShare`.`share_doctype` = 'Deal' and `tabDocShare`.`{right}` = 1"
			f" and (`tabDocShare`.`user` = {me} or `tabDocShare`.`everyone` = 1))"
		)
	return f"({' or '.join(own)})"


def linked_conditions(doctype: str, user: str | None = None) -> str:
	"""The same over a DocType with a link field `deal`."""
	conditions = deal_conditions(user)
	if not conditions or conditions == "1=0":
		return conditions
	return f"`tab{doctype}`.`deal` in (select `tabDeal`.`name` from `tabDeal` where {conditions})"


def restrict(query, field, user: str | None = None, doctype: str = "Deal"):
	"""A query of a report, with only what the user may read, shares and User Permissions included.

	`field` is the field of the query that holds the name of the `doctype`: `installment.deal`, or `installment.name` with
	`doctype="Deal Installment"`.
	"""
	names = readable_names(doctype, user)
	return query.where(field.isin(LiteralValue(names))) if names else query


def readable_names(doctype: str, user: str | None = None) -> str:
	"""Sub-select of the names that the user may read, for a statement of a report; empty where all may be read."""
	conditions = build_match_conditions(doctype, user=user or frappe.session.user)
	return f"(select `tab{doctype}`.`name` from `tab{doctype}` where {conditions})" if conditions else ""


def plain_links(columns: list[dict]) -> list[dict]:
	"""Columns of a report for the user at hand: links to documents that they may not read become text.

	Frappe refuses a whole report with a link to a DocType that the user has no right on, as salespeople have none on invoices.
	"""
	for column in columns:
		if column.get("fieldtype") == "Link" and not (
			frappe.has_permission(column["options"], "read")
			or frappe.has_permission(column["options"], "select")
		):
			column.update({"fieldtype": "Data", "options": None})
	return columns


def can(ptype: str, deal: str, user: str | None = None) -> bool:
	"""Whether the saved deal is among those that `ptype` may be asked for; roles are not looked at."""
	conditions = deal_conditions(user, ptype)
	if not conditions:
		return True
	return bool(
		frappe.db.sql(  # nosemgrep: conditions are built above from escaped values
			f"select 1 from `tabDeal` where `tabDeal`.`name` = %(deal)s and {conditions.replace('%', '%%')}",
			{"deal": deal},
		)
	)


# Hooks


def deal_query(user: str | None = None, doctype: str | None = None) -> str:
	return deal_conditions(user)


def deal_installment_query(user: str | None = None, doctype: str | None = None) -> str:
	return linked_conditions("Deal Installment", user)


def deal_change_query(user: str | None = None, doctype: str | None = None) -> str:
	return linked_conditions("Deal Change", user)


def open_installment_query(user: str | None = None, doctype: str | None = None) -> str:
	return linked_conditions("Open Installment", user)


def receivable_charge_query(user: str | None = None, doctype: str | None = None) -> str:
	return linked_conditions("Receivable Charge", user)


def has_deal_permission(doc, ptype: str | None = None, user: str | None = None, debug: bool = False):
	user = user or frappe.session.user
	if sees_all_deals(user) or doc.is_new() or can(ptype, doc.name, user):
		return erpnext_compat.permission_granted()
	return False


def has_deal_child_permission(doc, ptype: str | None = None, user: str | None = None, debug: bool = False):
	"""For Deal Installment, Deal Change, Open Installment and Receivable Charge: the deal decides, the kept one and the one it is given to."""
	user = user or frappe.session.user
	if sees_all_deals(user):
		return erpnext_compat.permission_granted()
	deals = {doc.get("deal")}
	if not doc.is_new():
		deals.add(frappe.db.get_value(doc.doctype, doc.name, "deal"))
	elif not doc.get("deal"):
		# A form just opened; the deal is asked for before it is saved.
		return erpnext_compat.permission_granted()
	needed = "read" if ptype in _READING else "write"
	if all(deal and can(needed, deal, user) for deal in deals):
		return erpnext_compat.permission_granted()
	return False


def _sales_persons(user: str) -> list[str]:
	"""The user's own Sales Person, by way of the Employee, and all below it in the tree."""
	top, below, employee = (
		frappe.qb.DocType("Sales Person").as_("top"),
		frappe.qb.DocType("Sales Person").as_("below"),
		frappe.qb.DocType("Employee"),
	)
	rows = (
		frappe.qb.from_(employee)
		.join(top)
		.on(top.employee == employee.name)
		.join(below)
		.on((below.lft >= top.lft) & (below.rgt <= top.rgt))
		.where(employee.user_id == user)
		.select(below.name)
		.distinct()
		.run()
	)
	return [name for (name,) in rows]
