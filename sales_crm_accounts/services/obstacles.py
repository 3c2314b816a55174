"""What stands in the way of cancelling a won deal: documents that live, each with its remedy.

Decided by documents, not by links: ledger entries carry the deal for good.
"""

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import flt, get_link_to_form

from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services import changes


def of_deal(deal) -> list[dict]:
	"""Documents that keep the deal from being cancelled: `doctype`, `name`, `text` with the remedy, and `creditable`
	where the user can have it prepared by `make_credit_notes`."""
	return _find(deal) if deal.docstatus == 1 else []


def _find(deal) -> list[dict]:
	invoices = invoices_of(deal.name)
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
	found = _find(deal)
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


def names_of_invoices(deal: str) -> list[str]:
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


def invoices_of(deal: str) -> list[frappe._dict]:
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
		filters={"name": ("in", names_of_invoices(deal) or [""])},
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
