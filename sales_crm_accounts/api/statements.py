"""Statements of account for the desk."""

import frappe
from frappe import _

from sales_crm_accounts.services.receivables import mail_bounces
from sales_crm_accounts.services.receivables import statement as statements


@frappe.whitelist(methods=["GET", "POST"])
def download(customer: str, company: str):
	"""The customer's statement as PDF, in the customer's language. It writes nothing, so a link may call it."""
	statements.check_may_see(customer, company)
	found = statements.data(company, [customer])[customer]
	frappe.local.response.filename = statements.file_name(found)
	frappe.local.response.filecontent = statements.pdf(found)
	frappe.local.response.type = "pdf"


@frappe.whitelist()
def default_company(customer: str) -> str | None:
	"""The company to propose for the customer's statement; none to whom no statement of it may be shown."""
	company = statements.company_for(customer)
	return company if company and statements.may_see(customer, company) else None


@frappe.whitelist(methods=["POST"])
def came_back(name: str, reason: str):
	"""A statement that was mailed came back; its address is left alone until it is changed."""
	frappe.get_doc(mail_bounces.STATEMENT, name).check_permission("read")
	# Nobody writes the records of statements by hand. Whoever may say it of a reminder may say it of a statement.
	frappe.has_permission(mail_bounces.REMINDER, "write", throw=True)
	if not (reason or "").strip():
		frappe.throw(_("Please say why."))
	mail_bounces.said_so(mail_bounces.STATEMENT, name, reason.strip())
