from sales_crm_accounts.services.expenses import events


def on_update(doc, method=None):
	if doc.reference_doctype == "Deal Expense":
		events.follow_request(doc)
