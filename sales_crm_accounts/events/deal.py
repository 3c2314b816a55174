from sales_crm_accounts.services import deal_rates


def set_figures_of_today(doc, method=None):
	"""After the deal's own: where the rate moved, what it compares in company currency is looked at again."""
	if deal_rates.refresh(doc):
		doc.set_figures_of_today()
