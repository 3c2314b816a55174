"""Quantity, rate and amount of a deal's items, with the decimals that they have on a line of an invoice.

ERPNext rounds both before it multiplies, without a word (`taxes_and_totals.calculate_item_values`). A deal that kept more
decimals would come to another amount than its invoices.
"""

import frappe
from frappe.utils import flt


def precision(fieldname: str, currency: str | None) -> int:
	return frappe.get_precision("Sales Invoice Item", fieldname, currency=currency)


def round_row(deal, row):
	row.qty = flt(row.qty, precision("qty", deal.currency))
	row.rate = flt(row.rate, precision("rate", deal.currency))
	row.amount = flt(row.rate * row.qty, row.precision("amount"))


def round_rows(deal):
	for row in deal.items:
		round_row(deal, row)
