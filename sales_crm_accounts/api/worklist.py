"""What the collectors' page asks: the list, everything for one call, and handing a customer over."""

import frappe
from frappe import _

from sales_crm_accounts.core.receivables.worklist import CALL, WAITING
from sales_crm_accounts.services.receivables import assignment, call
from sales_crm_accounts.services.receivables import worklist as service


def _check_role():
	if not assignment.may_work():
		frappe.throw(_("The worklist is for collectors and accounting."), frappe.PermissionError)


def _check(company: str):
	"""Roles of the list, and the user's own rights on the company."""
	_check_role()
	if not frappe.db.exists("Company", company):
		frappe.throw(_("Company {0} does not exist.").format(company), frappe.DoesNotExistError)
	if company not in companies():
		frappe.throw(_("You have no right on the company {0}.").format(company), frappe.PermissionError)


def _check_customer(company: str, customer: str):
	_check(company)
	allowed = service.readable_customers(company)
	if not frappe.db.exists("Customer", customer) or (allowed is not None and customer not in allowed):
		frappe.throw(
			_("The customer {0} does not exist, or you have no right on it.").format(customer),
			frappe.PermissionError,
		)


@frappe.whitelist()
def companies() -> list:
	"""Companies whose list the user may see, their default one first."""
	_check_role()
	permitted = frappe.permissions.get_user_permissions(frappe.session.user).get("Company")
	names = frappe.get_all("Company", filters={"is_group": 0}, pluck="name", order_by="name")
	if permitted:
		allowed = {row.get("doc") for row in permitted if not row.get("applicable_for")}
		names = [name for name in names if name in allowed] if allowed else names
	default = frappe.defaults.get_user_default("Company")
	return sorted(names, key=lambda name: name != default)


@frappe.whitelist()
def worklist(
	company: str,
	scope: str = "all",
	state: str = "Call",
	search: str = "",
	start: int = 0,
	page_length: int = 50,
) -> dict:
	"""See services.receivables.worklist.page."""
	_check(company)
	if scope not in (service.MINE, service.UNASSIGNED, service.ALL) or state not in (CALL, WAITING):
		frappe.throw(_("There is no such list."))
	return service.page(company, scope, state, search, max(0, start), max(1, min(page_length, 200)))


@frappe.whitelist()
def customer(company: str, customer: str) -> dict:
	"""Everything for the call; see services.receivables.call.briefing."""
	_check_customer(company, customer)
	return call.briefing(company, customer)


@frappe.whitelist(methods=["POST"])
def hand_over(company: str, customer: str, collector: str, reason: str = "") -> dict:
	"""Give the customer to another collector."""
	_check_customer(company, customer)
	frappe.has_permission("Customer Collector", "write", throw=True)
	doc = assignment.hand_over(company, customer, collector, reason)
	return {"collector": doc.collector, "collector_name": frappe.utils.get_fullname(doc.collector)}


@frappe.whitelist()
@frappe.validate_and_sanitize_search_inputs
def collectors(doctype: str, txt: str, searchfield: str, start: int, page_len: int, filters: dict) -> list:
	"""Link search: users that can work the list."""
	_check_role()
	return assignment.search_people(txt, start, page_len)
