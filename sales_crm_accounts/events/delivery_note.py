from sales_crm_accounts.services import delivery


def on_submit(doc, method=None):
	delivery.delivered(doc)


def on_cancel(doc, method=None):
	delivery.returned(doc)
