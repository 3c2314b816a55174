"""Credit holds: what the form of the customer shows, and lifting one."""

import frappe
from frappe import _

from sales_crm_accounts.services.receivables import credit_holds


@frappe.whitelist()
def of_customer(customer: str) -> list[dict]:
	"""Holds in force, by company."""
	frappe.get_doc("Customer", customer).check_permission("read")
	return credit_holds.of_customer(customer) if frappe.has_permission("Credit Hold", "read") else []


@frappe.whitelist(methods=["POST"])
def lift(name: str, reason: str):
	"""Sell to the customer again although nothing was paid, or end a hold that was set by hand."""
	frappe.get_doc("Credit Hold", name).check_permission("write")
	if not (reason or "").strip():
		frappe.throw(_("Please say why."))
	credit_holds.lift(name, reason.strip())
