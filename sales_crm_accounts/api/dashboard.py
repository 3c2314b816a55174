"""Number cards of the workspace that need more than a sum of one field."""

import frappe

from sales_crm_accounts.services import dashboard


@frappe.whitelist()
def to_bill(filters: dict | str | None = None) -> dict:
	"""What is planned and has no invoice yet, of the deals that the user may read."""
	frappe.has_permission("Deal Installment", throw=True)
	filters = frappe.parse_json(filters) or {}
	return {
		"value": dashboard.to_bill(filters.get("company")),
		"fieldtype": "Currency",
		"route": ["List", "Deal Installment", "List"],
		"route_options": {"status": ["in", list(dashboard.NOT_BILLED)]},
	}
