"""Money moves, or an invoice goes: Dunnings that a level made keep out of the way."""

from sales_crm_accounts.services.receivables import dunning_shield


def before_ledger_entry(doc, method=None):
	# The lines of the invoice itself come before any Dunning of it, or after its Dunnings are cancelled.
	if doc.against_voucher_type == "Sales Invoice" and doc.against_voucher_no != doc.voucher_no:
		dunning_shield.shield([doc.against_voucher_no])


def before_unreconcile(doc, method=None):
	dunning_shield.shield(
		row.reference_name for row in doc.allocations if row.reference_doctype == "Sales Invoice"
	)


def before_invoice_cancel(doc, method=None):
	dunning_shield.cancel_of(doc.name)
