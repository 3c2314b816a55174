"""Something new is sold or handed over: Quotation, Sales Order, Delivery Note. A Deal asks by itself."""

from sales_crm_accounts.services.receivables import credit_holds


def validate(doc, method=None):
	if doc.docstatus < 2:
		credit_holds.mark(doc)


def before_submit(doc, method=None):
	credit_holds.check(doc)
