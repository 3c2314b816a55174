from sales_crm_accounts.services.receivables import write_off_posting


def validate(doc, method=None):
	write_off_posting.keep_key(doc)


def before_cancel(doc, method=None):
	write_off_posting.check_voucher_cancel(doc)
