"""Unwinding a won deal: the credit notes that clear what stands in the way (`obstacles`), and what goes with the deal.

Nothing is half undone: the deal is cancelled only when no live document of it is left, in one transaction with its
installments and its order.
"""

import frappe
from frappe import _
from frappe.utils import flt, get_link_to_form

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.services import (
	change_effects,
	changes,
	figures,
	invoice_numbers,
	ledger,
	let_go,
	obstacles,
	sources,
)

# Credit notes


def make_credit_notes(deal) -> list[str]:
	"""Draft credit notes over what is left of each submitted invoice of the deal; returns their names.

	ERPNext's own return, set to reduce the invoice itself. Where part of the invoice is paid, ERPNext lets the note stand
	on its own; it is then reconciled or refunded like any overpayment. An invoice that has a draft note gets no second one.
	"""
	invoice = frappe.qb.DocType("Sales Invoice")
	# Two clicks at once: the second waits here, and then sees the drafts of the first.
	names = (
		frappe.qb.from_(invoice)
		.where(invoice.name.isin(obstacles.names_of_invoices(deal.name) or [""]) & (invoice.docstatus == 1))
		.orderby(invoice.name)
		.for_update()
		.select(invoice.name)
		.run(pluck=True)
	)
	with_draft = set(
		frappe.qb.from_(invoice)
		.where(invoice.return_against.isin(names or [""]) & (invoice.docstatus == 0))
		.for_update()
		.select(invoice.return_against)
		.run(pluck=True)
	)
	made, by_hand = [], []
	for row in obstacles.invoices_of(deal.name):
		if row.docstatus != 1 or row.left <= 0 or row.name in with_draft:
			continue
		# ERPNext's remarks on how it books each note; what is left to do is told by the obstacles.
		with erpnext_compat.quiet_messages():
			note = _credit_note(row.name)
		if (
			flt(note.grand_total) < 0
			and flt(-note.grand_total - row.left, note.precision("grand_total")) <= 0
		):
			with erpnext_compat.quiet_messages():
				note.insert()
			made.append(note.name)
		else:
			by_hand.append(row.name)
	if by_hand:
		frappe.msgprint(
			_(
				"These invoices are credited in part by amount; make the note over the rest by hand: {0}"
			).format(", ".join(get_link_to_form("Sales Invoice", name) for name in by_hand)),
			indicator="orange",
		)
	return made


def _credit_note(invoice: str):
	from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return

	note = make_sales_return(invoice)
	note.update_outstanding_for_self = 0
	# Dated when it is submitted. The invoice's own date was given; ERPNext's form cuts the seconds off such a time, which can
	# put the note before the invoice.
	note.set_posting_time = 0
	for row in list(note.items):
		if not flt(row.qty):
			note.remove(row)
	# ERPNext compares the note's totals with what is open before it computes them, and would set the flag again.
	note.run_method("calculate_taxes_and_totals")
	return note


# What goes with the deal


def cancelled(deal):
	"""The rest of the deal goes with it: installments that were never billed, its order, its claim on where it came from."""
	cancel_installments(deal)
	_drop_order(deal)
	let_go.let_go(deal)
	sources.release(deal)
	ledger.flush()
	figures.refresh_deals([deal.name])
	deal.ignore_linked_doctypes = (*(deal.get("ignore_linked_doctypes") or ()), *_doctypes_with_deal())


def cancel_installments(deal):
	"""What was never billed is cancelled; what was billed and credited keeps its figures as history."""
	rows = [row for row in changes.installments_of(deal.name, lock=True) if changes.is_unbilled(row)]
	for row in rows:
		change_effects.put(row.name, status="Cancelled", reserved_number=None)
	invoice_numbers.note_unused_numbers(
		deal, [row.reserved_number for row in rows if row.get("reserved_number")]
	)
	if rows:
		figures.refresh_installments([row.name for row in rows])


def _drop_order(deal):
	"""Cancel the order that winning made; close it where credited invoices or returned deliveries keep hold of it."""
	name = deal.sales_order
	docstatus = name and frappe.db.get_value("Sales Order", name, "docstatus", for_update=True)
	if docstatus == 0:
		# It waits for its approval; the request is closed with it, so that nobody posts it for a deal that is none.
		deal.db_set("sales_order", None, update_modified=False)
		frappe.delete_doc("Sales Order", name, ignore_permissions=True)
	if docstatus != 1:
		return
	order = frappe.get_doc("Sales Order", deal.sales_order)
	order.flags.ignore_permissions = True
	if order.status == "Closed":
		return
	if _is_used(order.name):
		order.update_status("Closed")
	else:
		order.cancel()


def _is_used(order: str) -> bool:
	return any(
		frappe.db.exists(doctype, {field: order, "docstatus": 1})
		for doctype, field in (
			("Sales Invoice Item", "sales_order"),
			("Delivery Note Item", "against_sales_order"),
			("Purchase Order Item", "sales_order"),
			("Work Order", "sales_order"),
			("Pick List Item", "sales_order"),
		)
		if frappe.get_meta(doctype).has_field(field)
	)


def _doctypes_with_deal() -> set[str]:
	"""Everything that names a deal: its dimension stands on some fifty documents, and none of them may veto by a link."""
	found = set()
	for doctype, parent in (("DocField", "parent"), ("Custom Field", "dt")):
		found |= set(frappe.get_all(doctype, filters={"fieldtype": "Link", "options": "Deal"}, pluck=parent))
	return found
