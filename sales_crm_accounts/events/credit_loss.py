from sales_crm_accounts.services.receivables import credit_loss_posting


def journal_posted(doc, method=None):
	credit_loss_posting.entry_posted(doc)
