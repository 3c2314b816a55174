"""Cancelling a won deal: what stands in the way, the credit notes that clear it, and what goes with the deal.

Nothing is half undone: the deal is cancelled only when no live document of it is left, in one transaction with its
installments and its order. Decided by documents, not by links: ledger entries carry the deal for good.
"""

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import flt, get_link_to_form

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services import (
	change_effects,
	changes,
	figures,
	invoice_numbers,
	ledger,
	let_go,
	sources,
)

# What stands in the way


def obstacles(deal) -> list[dict]:
	"""Documents that keep the deal from being cancelled: `doctype`, `name`, `text` with the remedy, and `creditable`
	where the user can have it prepared by `make_credit_notes`."""
	return _obstacles(deal) if deal.docstatus == 1 else []


def _obstacles(deal) -> list[dict]:
	invoices = _invoices(deal.name)
	return [
		*_open_invoices(invoices),
		*_money_left(invoices),
		*_orders(deal, invoices),
		*_deliveries(deal),
		*_draft_changes(deal),
	]


def check(deal):
	"""Stop the cancellation with one message that lists everything in its way."""
	# Billing takes the same rows, so no invoice appears between this look and the end of the transaction.
	fresh = changes.installments_of(deal.name, lock=True)
	found = _obstacles(deal)
	known = {row["name"] for row in found}
	standing = frappe._dict(
		frappe.get_all(
			"Sales Invoice",
			filters={"name": ("in", [row.sales_invoice for row in fresh if row.sales_invoice] or [""])},
			fields=["name", "docstatus"],
			as_list=True,
		)
	)
	for row in fresh:
		if row.sales_invoice and row.sales_invoice not in standing and row.sales_invoice not in known:
			known.add(row.sales_invoice)
			found.append(
				_obstacle(
					"Sales Invoice",
					row.sales_invoice,
					_("Invoice {0} has just been made. Reload the deal and look again."),
					row.sales_invoice,
				)
			)
	if not found:
		return
	texts = [row["text"] for row in found]
	if any(row.get("creditable") for row in found):
		texts.append(_("Actions > What Stands in the Way on the deal prepares the credit notes as drafts."))
	frappe.throw(
		texts if len(texts) > 1 else texts[0],
		title=_("The Deal Cannot Be Cancelled Yet"),
		as_list=len(texts) > 1,
	)


def _obstacle(doctype: str, name: str, text: str, *values, creditable: bool = False) -> dict:
	link = get_link_to_form(doctype, name)
	return {
		"doctype": doctype,
		"name": name,
		"text": text.format(link, *values[1:]),
		"creditable": creditable,
	}


def _names_of_invoices(deal: str) -> list[str]:
	"""Live invoices that name the deal, and those that bill its installments, whatever they name."""
	billing = frappe.get_all(
		"Deal Installment", filters={"deal": deal, "sales_invoice": ("is", "set")}, pluck="sales_invoice"
	)
	return frappe.get_all(
		"Sales Invoice",
		filters={"is_return": 0, "docstatus": ("<", 2)},
		or_filters={"deal": deal, "name": ("in", billing or [""])},
		pluck="name",
	)


def _invoices(deal: str) -> list[frappe._dict]:
	"""Live invoices of the deal, each with what its credit notes take off and the state of its account."""
	fields = [
		"name",
		"docstatus",
		"currency",
		"grand_total",
		"outstanding_amount",
		"is_return",
		"return_against",
	]
	invoices = frappe.get_all(
		"Sales Invoice",
		filters={"name": ("in", _names_of_invoices(deal) or [""])},
		fields=fields,
		order_by="name",
	)
	by_name = {
		row.name: row.update(credited=0.0, open=row.outstanding_amount, notes=[], drafts=[])
		for row in invoices
	}
	notes = (
		frappe.get_all(
			"Sales Invoice",
			filters={"return_against": ("in", list(by_name)), "is_return": 1, "docstatus": ("<", 2)},
			fields=fields,
			order_by="name",
		)
		if by_name  # `in` with an empty text would find the credit notes against no invoice
		else ()
	)
	for note in notes:
		invoice = by_name[note.return_against]
		if note.docstatus == 0:
			invoice.drafts.append(note.name)
			continue
		invoice.notes.append(note.name)
		invoice.credited -= flt(note.grand_total)
		invoice.open += flt(note.outstanding_amount)
	for invoice in invoices:
		precision = frappe.get_precision("Sales Invoice", "grand_total", currency=invoice.currency) or 2
		invoice.left = flt(flt(invoice.grand_total) - invoice.credited, precision)
		invoice.open = flt(invoice.open, precision)
	return invoices


def _open_invoices(invoices) -> list[dict]:
	found = []
	for row in invoices:
		if row.docstatus == 0:
			found.append(
				_obstacle("Sales Invoice", row.name, _("Invoice {0} is a draft. Delete it."), row.name)
			)
		elif row.left > 0 and row.drafts:
			for note in row.drafts:
				found.append(
					_obstacle(
						"Sales Invoice",
						note,
						_("Credit note {0} for invoice {1} is a draft. Submit it."),
						note,
						row.name,
					)
				)
		elif row.left > 0:
			found.append(
				_obstacle(
					"Sales Invoice",
					row.name,
					_("Invoice {0}: {1} is not credited. Make a credit note.")
					if row.credited
					else _("Invoice {0} over {1} stands. Make a credit note."),
					row.name,
					frappe.format_value(row.left, {"fieldtype": "Currency"}, currency=row.currency),
					creditable=may("Sales Invoice", "create"),
				)
			)
	return found


def _money_left(invoices) -> list[dict]:
	"""Payments on invoices that are credited: the money is the customer's and must go somewhere first."""
	overpaid = [row for row in invoices if row.docstatus == 1 and row.left <= 0 and row.open < 0]
	if not overpaid:
		return []
	entry = frappe.qb.DocType("Payment Ledger Entry")
	found = []
	for row in overpaid:
		vouchers = (
			frappe.qb.from_(entry)
			.where(entry.against_voucher_type == "Sales Invoice")
			.where(entry.against_voucher_no.isin([row.name, *row.notes]))
			.where(entry.voucher_type.isin(["Payment Entry", "Journal Entry"]))
			.where(entry.delinked == 0)
			.groupby(entry.voucher_type, entry.voucher_no)
			.orderby(entry.voucher_no)
			.select(entry.voucher_type, entry.voucher_no, Sum(entry.amount_in_account_currency))
			.run()
		)
		paid = [(doctype, name) for doctype, name, amount in vouchers if flt(amount) < 0]
		for doctype, name in paid or [("Sales Invoice", row.name)]:
			found.append(
				_obstacle(
					doctype,
					name,
					_(
						"{0} paid invoice {1}, which is credited now. Refund it with a Payment Entry, or unreconcile it so that the money stays on the customer's account."
					),
					name,
					row.name,
				)
			)
	return found


def _orders(deal, invoices) -> list[dict]:
	found = []
	own_invoices = {row.name for row in invoices}
	for order in frappe.get_all(
		"Sales Order",
		filters={"deal": deal.name, "docstatus": ("<", 2)},
		fields=["name", "docstatus", "status", "per_delivered"],
		order_by="name",
	):
		if order.name != deal.sales_order:
			if order.docstatus == 0:
				found.append(
					_obstacle(
						"Sales Order", order.name, _("Sales Order {0} is a draft. Delete it."), order.name
					)
				)
			elif order.status != "Closed":
				found.append(
					_obstacle(
						"Sales Order",
						order.name,
						_("Sales Order {0} is open. Cancel or close it."),
						order.name,
					)
				)
			continue
		if order.docstatus == 1 and flt(order.per_delivered) > 0:
			found.append(
				_obstacle(
					"Sales Order",
					order.name,
					_(
						"Sales Order {0} is delivered in part or in full. Make a return of its Delivery Notes."
					),
					order.name,
				)
			)
		item, invoice = frappe.qb.DocType("Sales Invoice Item"), frappe.qb.DocType("Sales Invoice")
		others = (
			frappe.qb.from_(item)
			.join(invoice)
			.on(item.parent == invoice.name)
			.where((item.sales_order == order.name) & (invoice.docstatus < 2) & (invoice.is_return == 0))
			.where(invoice.deal.isnull() | (invoice.deal != deal.name))
			.groupby(invoice.name)
			.select(invoice.name)
			.run(pluck=True)
		)
		found += [
			_obstacle(
				"Sales Invoice",
				name,
				_("Invoice {0} bills Sales Order {1} of the deal. Cancel it, or delete the draft."),
				name,
				order.name,
			)
			for name in others
			if name not in own_invoices
		]
		found += _advances(order.name)
	return found


def _advances(order: str) -> list[dict]:
	"""Payments that name the order; ERPNext cancels no order that a payment names."""
	found = []
	for child, parent, field, link in (
		("Payment Entry Reference", "Payment Entry", "reference_doctype", "reference_name"),
		("Journal Entry Account", "Journal Entry", "reference_type", "reference_name"),
	):
		names = frappe.get_all(
			child, filters={field: "Sales Order", link: order, "docstatus": 1}, pluck="parent", distinct=True
		)
		found += [
			_obstacle(
				parent,
				name,
				_("{0} is an advance on Sales Order {1}. Cancel it and enter it again without the order."),
				name,
				order,
			)
			for name in names
		]
	return found


def _deliveries(deal) -> list[dict]:
	"""Delivery Notes of the deal without an order; those of its order are seen on the order."""
	return [
		_obstacle("Delivery Note", row.name, _("Delivery Note {0} is delivered. Make a return."), row.name)
		if row.docstatus == 1
		else _obstacle("Delivery Note", row.name, _("Delivery Note {0} is a draft. Delete it."), row.name)
		for row in frappe.get_all(
			"Delivery Note",
			filters={"deal": deal.name, "docstatus": ("<", 2), "is_return": 0, "per_returned": ("<", 100)},
			fields=["name", "docstatus"],
			order_by="name",
		)
	]


def _draft_changes(deal) -> list[dict]:
	return [
		_obstacle("Deal Change", name, _("Deal Change {0} is a draft. Delete it."), name)
		for name in frappe.get_all("Deal Change", filters={"deal": deal.name, "docstatus": 0}, pluck="name")
	]


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
		.where(invoice.name.isin(_names_of_invoices(deal.name) or [""]) & (invoice.docstatus == 1))
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
	for row in _invoices(deal.name):
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
