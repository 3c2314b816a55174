from sales_crm_accounts.services import sources


def on_change(doc, method=None):
	# Not on_update: ERPNext sets Converted by db_set when the quotation is ordered, which runs on_change only.
	sources.keep_pointer(doc)
	sources.won_opportunity(doc)
