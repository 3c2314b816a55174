"""Money on a deal's timeline: its invoices, credit notes and payments among what people wrote and did."""

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import escape_html, get_url_to_form

LIMIT = 50


def money_events(doctype: str, docname: str) -> list[dict]:
	"""Hook `additional_timeline_content` of Deal, called for a reader of the deal; newest first, four statements."""
	return sorted(_invoices(docname) + _payments(docname), key=lambda event: event["creation"], reverse=True)[
		:LIMIT
	]


def _invoices(deal: str) -> list[dict]:
	rows = frappe.get_all(
		"Sales Invoice",
		filters={"deal": deal, "docstatus": ("!=", 0)},
		fields=["name", "docstatus", "is_return", "grand_total", "currency", "creation", "due_date"],
		order_by="creation desc",
		limit=LIMIT,
	)
	texts = {
		(0, 1): _("Invoice {0} over {1}"),
		(1, 1): _("Credit note {0} over {1}"),
		(0, 2): _("Invoice {0} over {1}, cancelled since"),
		(1, 2): _("Credit note {0} over {1}, cancelled since"),
	}
	return [
		_event(
			"file",
			texts[row.is_return, row.docstatus],
			"Sales Invoice",
			row.name,
			abs(row.grand_total),
			row.currency,
			row.creation,
		)
		for row in rows
	]


def _payments(deal: str) -> list[dict]:
	"""What payments and journals brought to the deal's invoices, by voucher, from the payment ledger."""
	ledger, invoice = frappe.qb.DocType("Payment Ledger Entry"), frappe.qb.DocType("Sales Invoice")
	rows = (
		frappe.qb.from_(ledger)
		.join(invoice)
		.on((ledger.against_voucher_type == "Sales Invoice") & (ledger.against_voucher_no == invoice.name))
		.where((invoice.deal == deal) & (ledger.delinked == 0))
		.where(ledger.voucher_type.isin(["Payment Entry", "Journal Entry"]))
		.groupby(ledger.voucher_type, ledger.voucher_no, ledger.account_currency)
		.select(
			ledger.voucher_type,
			ledger.voucher_no,
			ledger.account_currency,
			Sum(ledger.amount_in_account_currency).as_("amount"),
		)
		.limit(LIMIT)
		.run(as_dict=True)
	)
	created, given_up = {}, set()
	for doctype, more in (("Payment Entry", []), ("Journal Entry", ["voucher_type"])):
		names = [row.voucher_no for row in rows if row.voucher_type == doctype]
		if names:
			found = frappe.get_all(
				doctype, filters={"name": ("in", names)}, fields=["name", "creation", *more]
			)
			created.update({(doctype, row.name): row.creation for row in found})
			given_up.update(row.name for row in found if row.voucher_type == "Write Off Entry")
	texts = {
		(True, False): _("{0} brought {1}"),
		(False, False): _("{0} took back {1}"),
		(True, True): _("{0} wrote off {1}"),
		(False, True): _("{0} took back a write-off of {1}"),
	}
	return [
		_event(
			"income" if row.amount < 0 and row.voucher_no not in given_up else "expenses",
			texts[row.amount < 0, row.voucher_no in given_up],
			row.voucher_type,
			row.voucher_no,
			abs(row.amount),
			row.account_currency,
			created[row.voucher_type, row.voucher_no],
		)
		for row in rows
		if row.amount and (row.voucher_type, row.voucher_no) in created
	]


def _event(icon: str, text: str, doctype: str, name: str, amount: float, currency: str, creation) -> dict:
	label = escape_html(name)
	if frappe.has_permission(doctype, "read"):
		label = f'<a href="{get_url_to_form(doctype, name)}">{label}</a>'
	money = frappe.format_value(amount, {"fieldtype": "Currency"}, currency=currency)
	return {"icon": icon, "is_card": False, "creation": creation, "content": text.format(label, money)}
