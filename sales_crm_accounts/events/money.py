"""Money of customers that may close no invoice yet: payments on account, and journals."""

from sales_crm_accounts.services.receivables import promises


def payment_moved(doc, method=None):
	if doc.party_type == "Customer":
		promises.mark(doc.party)


def journal_moved(doc, method=None):
	for customer in {row.party for row in doc.accounts if row.party_type == "Customer"}:
		promises.mark(customer)
