"""What forms and pages call about write-offs."""

import frappe
from frappe.utils import cint

from sales_crm_accounts.services.receivables import write_off_drafts, write_offs


@frappe.whitelist()
def defaults(company: str) -> dict:
	"""Account, cost center and tax relief of a new proposal of the company."""
	# By a document of the company, so that User Permissions on companies hold.
	frappe.get_doc({"doctype": write_offs.PROPOSAL, "company": company}).check_permission("create")
	return {**write_offs.defaults(company), "accounts": sorted(write_offs.accounts_of(company))}


@frappe.whitelist(methods=["POST"])
def propose(proposal: str) -> int:
	"""Fill a draft by the company's rule; the number of rows that were added."""
	doc = frappe.get_doc(write_offs.PROPOSAL, proposal)
	doc.check_permission("write")
	added = write_off_drafts.propose(doc)
	if added:
		doc.save()
	return added


@frappe.whitelist(methods=["POST"])
def make_draft(
	customer: str | None = None,
	company: str | None = None,
	sales_invoice: str | None = None,
	installment_no: int = 0,
	dispute: str | None = None,
	reason: str | None = None,
	explanation: str | None = None,
) -> str:
	"""A draft over what is open and overdue of a customer, an invoice or installment, or of what a dispute is about; its name."""
	frappe.has_permission(write_offs.PROPOSAL, "create", throw=True)
	return write_off_drafts.draft(
		customer, company, sales_invoice, cint(installment_no), dispute, reason, explanation
	)


@frappe.whitelist(methods=["POST"])
def recover(proposal: str) -> str:
	"""A draft that opens again what a posted write-off gave up, as money came after all; its name."""
	frappe.has_permission(write_offs.PROPOSAL, "create", throw=True)
	return write_off_drafts.recovery(proposal)
