from sales_crm_accounts.services import sources


def on_submit(doc, method=None):
	sources.quotation_amended(doc)


def on_cancel(doc, method=None):
	sources.quotation_cancelled(doc)
