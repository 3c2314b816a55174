from sales_crm_accounts.services.approvals import waiting
from sales_crm_accounts.services.expenses import events
from sales_crm_accounts.services.receivables import write_off_posting


def on_update(doc, method=None):
	waiting.request_saved(doc)
	if doc.reference_doctype == "Deal Expense":
		events.follow_request(doc)
	elif doc.reference_doctype == "Write-off Proposal":
		write_off_posting.follow_request(doc)
