from sales_crm_accounts.services.receivables import dunning_bounces


def after_insert(doc, method=None):
	dunning_bounces.notice_came(doc)
