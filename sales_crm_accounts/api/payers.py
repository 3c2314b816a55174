"""How a customer pays, for the desk."""

import frappe

from sales_crm_accounts.services.receivables import payer_scores
from sales_crm_accounts.services.receivables import statement as statements


@frappe.whitelist()
def scores(customer: str) -> list:
	"""The customer's score with each company that has sold to them and that the user may see, by name of the company."""
	frappe.has_permission("Customer", "read", doc=customer, throw=True)
	return [
		{"company": company, **payer_scores.as_dict(payer_scores.of_customer(company, customer))}
		for company in payer_scores.companies_of(customer)
		if statements.may_see(customer, company)
	]
