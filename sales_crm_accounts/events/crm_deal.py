from sales_crm_accounts.services import sources


def on_update(doc, method=None):
	sources.won_crm_deal(doc)
