"""ERPNext's checks of prices and rows, where an invoice bills a part of a deal.

A row over a third of an item has a third of its rate. That it is below the cost, or is not the order's rate, says nothing: the deal's
full prices were checked when it was won. So ERPNext's checks are left out on invoices that bill only shares of their deal, also when a
person submits or amends them.
"""

import frappe
from frappe.utils import cint, flt

#: Methods of a Sales Invoice, and the setting that each obeys.
CHECKS = {
	"validate_selling_price": "validate_selling_price",
	"validate_rate_with_reference_doc": "maintain_same_sales_rate",
}


def one_row_an_item() -> bool:
	"""Whether ERPNext refuses a second row of an item."""
	return not _setting("allow_multiple_items")


def check_whole(invoice):
	"""On the invoice over the whole deal: its prices and rows by ERPNext's own checks."""
	invoice.validate_selling_price()
	invoice.validate_for_duplicate_items()


def leave_out(invoice):
	"""Before ERPNext validates: on this document, the checks that its rates, being shares, cannot pass.

	The document's own, not the setting's: it holds in v15 and v16, and for nothing else that is validated meanwhile.
	"""
	methods = [method for method, setting in CHECKS.items() if _setting(setting)]
	if methods and bills_shares(invoice):
		for method in methods:
			invoice.__dict__[method] = _nothing


def put_back(invoice):
	for method in CHECKS:
		invoice.__dict__.pop(method, None)


def bills_shares(invoice) -> bool:
	"""Whether each row bills an item of the deal, and some of them at another rate, its share.

	A row that somebody added, or made cheaper, leaves the whole invoice to ERPNext. The key is the stored one: a client may send any.
	"""
	stored = invoice.get_doc_before_save()
	if not (stored or invoice).deal_billing_key or invoice.is_return:
		return False
	kept = {row.name: (row.item_code, flt(row.rate)) for row in stored.items} if stored else {}
	for row in invoice.items:
		item, rate = kept.get(row.name, (row.item_code, flt(row.rate)))
		if item != row.item_code or flt(row.rate) < rate:
			return False
	names = {row.deal_item for row in invoice.items}
	rates = dict(
		frappe.get_all(
			"Deal Item",
			filters={"parent": invoice.deal, "name": ("in", [name or "" for name in names])},
			fields=["name", "rate"],
			as_list=True,
		)
	)
	return len(rates) == len(names) and any(
		flt(row.rate) != flt(rates[row.deal_item]) for row in invoice.items
	)


def _setting(fieldname: str) -> bool:
	return bool(cint(frappe.db.get_single_value("Selling Settings", fieldname)))


def _nothing(*_args):
	pass
