"""Which collector talks to which customer: whom the customer was handed to, else the nearest rule of the company."""

from collections.abc import Iterable, Mapping

import frappe
from frappe import _
from frappe.utils import now_datetime

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.policy import PolicyScope, choose

SETTINGS = "Company Receivables Settings"
#: Roles whose users can work the list.
WORKING_ROLES = ("Collector", "Collections Manager", "Accounts User", "Accounts Manager", "System Manager")


def collectors(company: str, places: Mapping[str, tuple[str | None, str | None]]) -> dict[str, str]:
	"""Collector by customer, of `places`: {customer: (customer group, territory)}; who has none is left out.

	Two statements, and two more where there are rules.
	"""
	found = handed_over(company, places)
	rules = frappe.get_all(
		"Collector Rule",
		filters={"parenttype": SETTINGS, "parent": company},
		fields=["idx", "for_customer_group", "for_territory", "collector"],
		order_by="idx",
	)
	if not rules:
		return found
	scopes = [
		PolicyScope(f"{rule.idx:05}", rule.for_customer_group or "", rule.for_territory or "")
		for rule in rules
	]
	by_name = {scope.name: rule.collector for scope, rule in zip(scopes, rules, strict=True)}
	groups, territories = _parents("Customer Group"), _parents("Territory")
	chosen: dict[tuple, str | None] = {}
	for customer, place in places.items():
		if customer in found:
			continue
		if place not in chosen:
			name = choose(scopes, _upwards(groups, place[0]), _upwards(territories, place[1]), ZERO)
			chosen[place] = by_name.get(name)
		if chosen[place]:
			found[customer] = chosen[place]
	return found


def handed_over(company: str, customers: Iterable[str]) -> dict[str, str]:
	"""Collector by customer, where somebody was named for that customer."""
	wanted = set(customers)
	rows = frappe.get_all(
		"Customer Collector", filters={"company": company}, fields=["customer", "collector"], as_list=True
	)
	return {customer: collector for customer, collector in rows if customer in wanted}


def hand_over(company: str, customer: str, collector: str, reason: str = ""):
	"""Give the customer to another collector; the user needs the right to write Customer Collector. Returns the document."""
	name = frappe.db.get_value("Customer Collector", {"company": company, "customer": customer})
	doc = (
		frappe.get_doc("Customer Collector", name, for_update=True)
		if name
		else frappe.new_doc("Customer Collector", company=company, customer=customer)
	)
	if doc.collector == collector and not doc.is_new():
		frappe.throw(_("The customer is with {0} already.").format(frappe.utils.get_fullname(collector)))
	doc.update(
		{
			"collector": collector,
			"handed_over_by": frappe.session.user,
			"handed_over_on": now_datetime(),
			"reason": reason,
		}
	)
	doc.save()
	if collector != frappe.session.user:
		_tell(doc)
	return doc


def may_work(user: str | None = None) -> bool:
	"""Whether the user (the present one) has one of the roles that open the list."""
	return not set(WORKING_ROLES).isdisjoint(frappe.get_roles(user))


def check_collector(user: str):
	"""Refuse somebody who cannot open the list."""
	if not frappe.db.get_value("User", user, "enabled"):
		frappe.throw(_("{0} cannot log in.").format(user))
	if not may_work(user):
		frappe.throw(
			_("{0} has none of the roles that open the worklist: {1}.").format(
				frappe.utils.get_fullname(user), ", ".join(_(role) for role in WORKING_ROLES)
			)
		)


def check_rules(rules):
	"""Every rule says for whom, no two say the same, and every collector can open the list."""
	seen = {}
	for rule in rules:
		place = (rule.for_customer_group or "", rule.for_territory or "")
		if place in seen:
			frappe.throw(
				_("Collector Rules: rows {0} and {1} are for the same customers.").format(
					seen[place], rule.idx
				)
			)
		seen[place] = rule.idx
		check_collector(rule.collector)


def _tell(doc):
	"""A line in the new collector's bell."""
	from frappe.desk.doctype.notification_log.notification_log import enqueue_create_notification

	enqueue_create_notification(
		[doc.collector],
		{
			"type": "Alert",
			"document_type": "Customer",
			"document_name": doc.customer,
			"from_user": frappe.session.user,
			"subject": _("{0} handed {1} over to you").format(
				frappe.bold(frappe.utils.escape_html(frappe.utils.get_fullname())),
				frappe.bold(frappe.utils.escape_html(doc.customer_name or doc.customer)),
			),
			"email_content": frappe.utils.escape_html(doc.reason or ""),
		},
	)


def _parents(doctype: str) -> dict[str, str | None]:
	return dict(frappe.get_all(doctype, fields=["name", f"parent_{frappe.scrub(doctype)}"], as_list=True))


def _upwards(parents: Mapping[str, str | None], name: str | None) -> list[str]:
	"""The name and those above it, nearest first."""
	found: list[str] = []
	while name and name not in found:
		found.append(name)
		name = parents.get(name)
	return found


def people(roles: Iterable[str] = ("Collector", "Collections Manager")) -> list[str]:
	"""Enabled users of the desk who have one of the roles."""
	user, role = frappe.qb.DocType("User"), frappe.qb.DocType("Has Role")
	found = (
		frappe.qb.from_(user)
		.join(role)
		.on((role.parent == user.name) & (role.parenttype == "User"))
		.where((user.enabled == 1) & (user.user_type == "System User"))
		.where(role.role.isin(list(roles)))
		.where(user.name.notin(["Administrator", "Guest"]))
		.select(user.name)
		.distinct()
		.orderby(user.name)
		.run()
	)
	return [name for (name,) in found]


def search_people(
	txt: str, start: int, page_length: int, roles: Iterable[str] = WORKING_ROLES
) -> list[tuple[str, str]]:
	"""(user, full name) of those who have one of the roles, by default of those who can work the list; for a link field."""
	text = txt.lower()
	found = [(user, frappe.utils.get_fullname(user)) for user in people(roles)]
	found = [row for row in found if text in row[0].lower() or text in row[1].lower()]
	return sorted(found, key=lambda row: row[1].lower())[start : start + page_length]
