"""Installments that are billed on delivery: a Delivery Note that completes the deal's goods confirms them."""

import frappe
from frappe.query_builder.functions import Sum
from frappe.utils import flt

from sales_crm_accounts.core.plan import ON_DELIVERY
from sales_crm_accounts.services import installments, winning


def delivered(note):
	"""Confirm the delivery of each deal on the note whose goods are all delivered now, and bill it."""
	for deal_name in _deals_on(note):
		deal = frappe.get_doc("Deal", deal_name)
		if deal.docstatus != 1 or not is_delivered(deal):
			continue
		rows = _waiting(deal_name, confirmed=False)
		for name in rows:
			installments.confirm(name, note.posting_date)
		if rows and winning.automatic(deal):
			winning.enqueue_billing(deal_name, "Manual")


def returned(note):
	"""A cancelled note takes the confirmation back where nothing is billed yet."""
	for deal_name in _deals_on(note):
		deal = frappe.get_doc("Deal", deal_name)
		if not is_delivered(deal):
			for name in _waiting(deal_name, confirmed=True):
				installments.unconfirm(name)


def is_delivered(deal) -> bool:
	"""Whether submitted Delivery Notes carry every stock item of the deal in full, returns taken off."""
	wanted = {}
	for row in deal.items:
		if frappe.get_cached_value("Item", row.item_code, "is_stock_item"):
			wanted[row.item_code] = wanted.get(row.item_code, 0) + flt(row.qty) * (
				flt(row.conversion_factor) or 1
			)
	if not wanted:
		wanted = {row.item_code: flt(row.qty) * (flt(row.conversion_factor) or 1) for row in deal.items}
	note, item = frappe.qb.DocType("Delivery Note"), frappe.qb.DocType("Delivery Note Item")
	of_deal = (item.deal == deal.name) | (note.deal == deal.name)
	if deal.sales_order:
		of_deal = of_deal | (item.against_sales_order == deal.sales_order)
	rows = (
		frappe.qb.from_(item)
		.join(note)
		.on(item.parent == note.name)
		.where((note.docstatus == 1) & of_deal)
		.groupby(item.item_code)
		.select(item.item_code, Sum(item.stock_qty))
		.run()
	)
	got = {code: flt(quantity) for code, quantity in rows}
	return all(flt(got.get(code, 0) - quantity, 6) >= 0 for code, quantity in wanted.items())


def _deals_on(note) -> list[str]:
	names = {note.get("deal"), *(row.get("deal") for row in note.items)}
	orders = {row.against_sales_order for row in note.items if row.against_sales_order}
	if orders:
		names |= set(frappe.get_all("Sales Order", filters={"name": ("in", list(orders))}, pluck="deal"))
	return sorted(name for name in names if name)


def _waiting(deal: str, confirmed: bool) -> list[str]:
	return frappe.get_all(
		"Deal Installment",
		filters={
			"deal": deal,
			"billing_trigger": ON_DELIVERY,
			"confirmed_on": ("is", "set" if confirmed else "not set"),
			"sales_invoice": ("is", "not set"),
			"status": ("!=", "Cancelled"),
		},
		pluck="name",
		order_by="name",
	)
