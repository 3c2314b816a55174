from sales_crm_accounts.services.matching import apply as matching


def on_submit(doc, method=None):
	if doc.payment_type == "Receive":
		matching.submitted(doc)


def on_cancel(doc, method=None):
	if doc.payment_type == "Receive":
		matching.gone(doc)


def on_discard(doc, method=None):
	"""Since v16 a draft can be discarded."""
	on_cancel(doc)


def on_trash(doc, method=None):
	if doc.payment_type == "Receive":
		matching.gone(doc)
