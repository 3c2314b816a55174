from sales_crm_accounts.services.receivables import mail_bounces


def after_insert(doc, method=None):
	mail_bounces.notice_came(doc)
