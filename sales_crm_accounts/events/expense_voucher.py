from sales_crm_accounts.services.expenses import posting


def validate(doc, method=None):
	posting.keep_key(doc)


def before_cancel(doc, method=None):
	posting.check_voucher_cancel(doc)
