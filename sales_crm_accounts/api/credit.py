"""Whitelisted function of the forms Deal, Quotation, Sales Order and Delivery Note: the customer's credit."""

import frappe
from frappe import _

from sales_crm_accounts.services.receivables import credit

DOCTYPES = ("Deal", "Quotation", "Sales Order", "Delivery Note")


@frappe.whitelist()
def of_document(doctype: str, name: str) -> dict | None:
	"""Limit, exposure with its parts, what this document adds, and the credit hold; None where there is neither limit nor hold.

	Whoever may read the document sees the customer's figures, as the document is judged by them.
	"""
	if doctype not in DOCTYPES:
		frappe.throw(_("Credit is shown on {0} only.").format(", ".join(_(name) for name in DOCTYPES)))
	doc = frappe.get_doc(doctype, name)
	doc.check_permission("read")
	return credit.of_document(doc)
