from sales_crm_accounts.services import delivery


def on_submit(doc, method=None):
	delivery.submitted(doc)


def on_cancel(doc, method=None):
	delivery.cancelled(doc)
