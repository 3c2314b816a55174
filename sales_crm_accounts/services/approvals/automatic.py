"""Documents that the app makes by itself: posted where no chain covers them, else kept as drafts whose approval is asked for.

Asked in the name of the person whose work it is (the deal's owner), whose managers then decide; posted afterwards by the user that
made the document, who has the rights of a bookkeeper.
"""

import frappe

from sales_crm_accounts.services import month_sales
from sales_crm_accounts.services.approvals import SUBMIT, chains, requests


def insert_and_post(doc, requester: str, set_name: str | None = None):
	"""Insert the document, and post it or ask for its approval; `doc.docstatus` says which of the two came."""
	if not chains.gated(doc.doctype):
		# Inserted as submitted: ERPNext validates once instead of twice.
		doc.docstatus = 1
		doc.insert(set_name=set_name)
		month_sales.posted(doc)
		return
	doc.insert(set_name=set_name)
	if requests.needed(doc):
		requests.open_request(
			doc,
			SUBMIT,
			requester=requester or frappe.session.user,
			submit_as=frappe.session.user,
			channel="System",
		)
	else:
		doc.submit()
		month_sales.posted(doc)
