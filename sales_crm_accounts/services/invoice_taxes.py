"""The tax rows of a document of a deal: from its template, or from the customer's Tax Rule; and that they are not missing."""

import frappe
from frappe import _


def add_taxes_of(deal, invoice):
	"""`add_taxes`, reading the template once for all invoices of the deal that are made with this copy of it."""
	if not invoice.taxes_and_charges:
		add_taxes(invoice, deal.total_taxes_and_charges)
		return
	known = deal.flags.sca_taxes
	if not known or known[0] != invoice.taxes_and_charges:
		add_taxes(invoice)
		rows = [row.as_dict(no_default_fields=True, no_nulls=True) for row in invoice.taxes]
		deal.flags.sca_taxes = (invoice.taxes_and_charges, rows)
		return
	for row in known[1]:
		invoice.append("taxes", dict(row))


def add_taxes(doc, expected=True):
	"""The rows of the document's tax template, and where none is named and taxes are `expected`, those of the customer's Tax Rule.

	On saving, ERPNext adds them only where Accounts Settings say so (`add_taxes_from_item_tax_template`); in its forms and
	mappers it always does.
	"""
	if doc.taxes_and_charges:
		doc.append_taxes_from_master()
	elif expected and not frappe.db.get_single_value("Accounts Settings", "add_taxes_from_item_tax_template"):
		doc.flags.ignore_permissions = True
		doc.set_missing_lead_customer_details()


def check_taxes(deal, invoice):
	"""Refuses an invoice without any tax where the deal was won with tax."""
	if invoice.taxes or not deal.total_taxes_and_charges:
		return
	tax = frappe.format_value(deal.total_taxes_and_charges, {"fieldtype": "Currency"}, currency=deal.currency)
	if invoice.taxes_and_charges:
		frappe.throw(
			_("Tax template {0} has no taxes, the deal has {1}. Enter them in the template again.").format(
				invoice.taxes_and_charges, tax
			)
		)
	frappe.throw(
		_(
			"No tax template is found for the invoice, the deal has taxes of {0}. Name one in the billing policy or in a Tax Rule of the customer."
		).format(tax)
	)
