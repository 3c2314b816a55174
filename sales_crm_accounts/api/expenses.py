"""What the desk asks of expenses."""

import frappe

from sales_crm_accounts.services.expenses import budget, categories, filling


@frappe.whitelist()
def defaults(deal: str, category: str = "") -> dict:
	"""What the form fills in once the deal (and the category) is chosen: company, its currency, tax template."""
	doc = frappe.get_doc("Deal", deal)
	doc.check_permission("read")
	found = categories.account_of(category, doc.company) if category else None
	return {
		"company": doc.company,
		"currency": frappe.get_cached_value("Company", doc.company, "default_currency"),
		"tax_template": (found and found.tax_template) or "",
		"has_account": bool(found) or not category,
	}


@frappe.whitelist()
def budgets(expense: str) -> list:
	"""Plan, spent and what this expense adds, for each of its deals that has a plan for the category."""
	doc = frappe.get_doc("Deal Expense", expense)
	doc.check_permission("read")
	if doc.docstatus == 2:
		return []
	if doc.docstatus == 1:
		# It is in the ledger by now, so it is part of what is spent.
		return [
			{"deal": deal, **row, "amount": 0.0}
			for deal in filling.deals_of(doc)
			for row in budget.by_category(frappe.get_doc("Deal", deal))
			if row["category"] == doc.category and row["has_plan"]
		]
	return [
		{
			"deal": row.deal,
			"planned": float(row.planned),
			"spent": float(row.spent),
			"amount": float(row.amount),
			"left": float(row.left),
		}
		for row in budget.budgets_of(doc)
	]


@frappe.whitelist()
def deal_costs(deal: str) -> list:
	"""Planned, spent and left of each category of a deal, in company currency."""
	doc = frappe.get_doc("Deal", deal)
	doc.check_permission("read")
	return budget.by_category(doc)
