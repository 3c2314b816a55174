"""What the form of a deal shows of its profit."""

import frappe

from sales_crm_accounts.services import profit_panel


@frappe.whitelist()
def deal_profit(deal: str) -> dict | None:
	"""Planned against actual by category, profit and margin; None where the user may read the deal, but not its profit."""
	doc = frappe.get_doc("Deal", deal)
	doc.check_permission("read")
	return profit_panel.panel(doc)
