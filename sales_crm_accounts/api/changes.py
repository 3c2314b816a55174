"""Whitelisted functions of the form Deal Change."""

import frappe

from sales_crm_accounts.services import changes


@frappe.whitelist()
def fill(deal: str) -> dict:
	"""Fields, `rows` and `before_rows` of a new Deal Change: what of the deal is not billed yet."""
	frappe.has_permission("Deal Change", "create", throw=True)
	frappe.get_doc("Deal", deal).check_permission("read")
	return changes.fill(deal)
