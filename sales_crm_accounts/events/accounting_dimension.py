from sales_crm_accounts.setup import other_dimensions


def on_update(doc, method=None):
	other_dimensions.sync_other_dimensions()


def after_delete(doc, method=None):
	other_dimensions.sync_other_dimensions()
