"""Statements of account for the desk."""

import frappe

from sales_crm_accounts.services.receivables import statement as statements


@frappe.whitelist(methods=["GET", "POST"])
def download(customer: str, company: str):
	"""The customer's statement as PDF, in the customer's language. It writes nothing, so a link may call it."""
	statements.check_may_see(customer, company)
	found = statements.data(company, [customer])[customer]
	frappe.local.response.filename = statements.file_name(found)
	frappe.local.response.filecontent = statements.pdf(found)
	frappe.local.response.type = "pdf"
