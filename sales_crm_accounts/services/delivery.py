"""Installments that are billed on delivery: a Delivery Note that completes the deal's goods confirms them, a return takes it back."""

import frappe
from frappe.query_builder.functions import Sum
from frappe.utils import flt, getdate

from sales_crm_accounts.core.plan import ON_DELIVERY
from sales_crm_accounts.services import installments, winning


def submitted(note):
	"""A delivery brings goods, a return takes them back."""
	for deal in _won_deals_on(note):
		if note.is_return:
			_taken_back(deal, note, before=is_delivered(deal, without=note.name))
		else:
			_brought(deal, note.posting_date)


def cancelled(note):
	"""And the other way round."""
	for deal in _won_deals_on(note):
		if note.is_return:
			_brought(deal, _last_delivery(deal))
		else:
			_taken_back(deal, note, before=is_delivered(deal, also=note.name))


def _brought(deal, day):
	"""Confirm the delivery where all goods are delivered now, and bill it."""
	if not day or not is_delivered(deal):
		return
	rows = _waiting(deal.name, confirmed=False)
	for name in rows:
		installments.confirm(name, day)
	if rows and winning.automatic(deal):
		winning.enqueue_billing(deal.name, "Manual")


def _taken_back(deal, note, before: bool):
	"""Goods are missing again: what their delivery had confirmed waits again where nothing is billed yet.

	What a user confirmed by hand stays: it was confirmed while goods were missing (`before`), or on a day without a delivery.
	"""
	if not before or is_delivered(deal):
		return
	days = {*_delivery_days(deal), getdate(note.posting_date)}
	for name in _waiting(deal.name, confirmed=True):
		if getdate(frappe.db.get_value("Deal Installment", name, "confirmed_on")) in days:
			installments.unconfirm(name)


def is_delivered(deal, also: str = "", without: str = "") -> bool:
	"""Whether submitted Delivery Notes carry every stock item of the deal in full, returns taken off.

	`also` counts though it is cancelled, `without` does not though it is submitted: how it was before a note came or went.
	"""
	wanted = {}
	for row in deal.items:
		if frappe.get_cached_value("Item", row.item_code, "is_stock_item"):
			wanted[row.item_code] = wanted.get(row.item_code, 0) + flt(row.qty) * (
				flt(row.conversion_factor) or 1
			)
	if not wanted:
		wanted = {row.item_code: flt(row.qty) * (flt(row.conversion_factor) or 1) for row in deal.items}
	query, note, item = _delivered_rows(deal)
	counts = ((note.docstatus == 1) | (note.name == also)) & (note.name != without)
	rows = query.where(counts).groupby(item.item_code).select(item.item_code, Sum(item.stock_qty)).run()
	got = {code: flt(quantity) for code, quantity in rows}
	return all(flt(got.get(code, 0) - quantity, 6) >= 0 for code, quantity in wanted.items())


def _delivered_rows(deal):
	"""(query over the deal's rows of Delivery Notes, their tables)."""
	note, item = frappe.qb.DocType("Delivery Note"), frappe.qb.DocType("Delivery Note Item")
	of_deal = (item.deal == deal.name) | (note.deal == deal.name)
	if deal.sales_order:
		of_deal = of_deal | (item.against_sales_order == deal.sales_order)
	return frappe.qb.from_(item).join(note).on(item.parent == note.name).where(of_deal), note, item


def _delivery_days(deal) -> list:
	"""Days of the deal's deliveries that stand, returns not counted."""
	query, note, _item = _delivered_rows(deal)
	query = query.where((note.docstatus == 1) & (note.is_return == 0))
	return [getdate(day) for (day,) in query.select(note.posting_date).distinct().run()]


def _last_delivery(deal):
	return max(_delivery_days(deal), default=None)


def _won_deals_on(note) -> list:
	deals = [frappe.get_doc("Deal", name) for name in _deals_on(note)]
	return [deal for deal in deals if deal.docstatus == 1]


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
