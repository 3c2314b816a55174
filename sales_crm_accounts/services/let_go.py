"""What is still to be settled when its deal is cancelled: it goes on without the deal.

Frappe inserts and saves no submittable document that names a cancelled one. A payment on account could not be reconciled, a
supplier's bill not be paid, goods on order not be received. So documents with something open give up the link, each with a note
on its timeline; their ledger entries keep the deal, and its profit with them. What is settled keeps its link as history.
"""

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import flt, get_link_to_form

from sales_crm_accounts import erpnext_compat

#: Bought for the deal, and not all of it billed yet.
BUYING = ("Purchase Order", "Purchase Receipt")


def let_go(deal):
	"""Take the deal, which is being cancelled, off what is still open."""
	for doctype, name in sorted({*_open_vouchers(deal.name), *_open_purchases(deal.name)}):
		_take_off(doctype, name, deal.name)


def _open_vouchers(deal: str) -> set[tuple[str, str]]:
	"""Vouchers of the deal with something open in the Payment Ledger: bills, invoices, journals, money on account.

	Not the deal's own invoices: those are credited, and their figures are the deal's.
	"""
	entry = frappe.qb.DocType("GL Entry")
	vouchers = set(
		frappe.qb.from_(entry)
		.where((entry.deal == deal) & (entry.is_cancelled == 0))
		.select(entry.voucher_type, entry.voucher_no)
		.distinct()
		.run()
	)
	# A payment is reconciled by saving it. Bills lead to payments that name the deal only where it is a dimension; where it is
	# none, their header is all that says whose cost they are.
	heads = ["Payment Entry"]
	if "deal" in erpnext_compat.accounting_dimensions():
		heads.append("Purchase Invoice")
	for doctype in heads:
		vouchers |= {
			(doctype, name)
			for name in frappe.get_all(doctype, filters={"deal": deal, "docstatus": 1}, pluck="name")
		}
	vouchers -= {
		("Sales Invoice", name)
		for name in frappe.get_all("Sales Invoice", filters={"deal": deal, "docstatus": 1}, pluck="name")
	}
	if not vouchers:
		return set()
	ledger = frappe.qb.DocType("Payment Ledger Entry")
	rows = (
		frappe.qb.from_(ledger)
		.where(ledger.against_voucher_no.isin(sorted({name for _doctype, name in vouchers})))
		.where(ledger.delinked == 0)
		.groupby(ledger.against_voucher_type, ledger.against_voucher_no, ledger.account, ledger.party)
		.select(
			ledger.against_voucher_type,
			ledger.against_voucher_no,
			Sum(ledger.amount_in_account_currency),
		)
		.run()
	)
	return {(doctype, name) for doctype, name, amount in rows if flt(amount, 6)} & vouchers


def _open_purchases(deal: str) -> set[tuple[str, str]]:
	found = set()
	if "deal" not in erpnext_compat.accounting_dimensions():
		return found  # ERPNext copies the link from document to document only as a dimension
	for doctype in BUYING:
		meta = frappe.get_meta(doctype)
		names = set()
		if meta.has_field("deal"):
			names |= set(frappe.get_all(doctype, filters={"deal": deal, "docstatus": 1}, pluck="name"))
		rows = meta.get_field("items").options
		if frappe.get_meta(rows).has_field("deal"):
			names |= set(frappe.get_all(rows, filters={"deal": deal, "docstatus": 1}, pluck="parent"))
		found |= {
			(doctype, name)
			for name in frappe.get_all(
				doctype,
				filters={
					"name": ("in", sorted(names) or [""]),
					"docstatus": 1,
					"status": ("not in", ("Closed", "Completed")),
				},
				pluck="name",
			)
		}
	return found


def _take_off(doctype: str, name: str, deal: str):
	meta = frappe.get_meta(doctype)
	if meta.has_field("deal"):
		frappe.db.set_value(doctype, {"name": name, "deal": deal}, "deal", None, update_modified=False)
	for table in meta.get_table_fields():
		if frappe.get_meta(table.options).has_field("deal"):
			frappe.db.set_value(
				table.options,
				{"parent": name, "parenttype": doctype, "deal": deal},
				"deal",
				None,
				update_modified=False,
			)
	frappe.clear_document_cache(doctype, name)
	frappe.get_doc(doctype, name).add_comment(
		"Comment",
		text=_(
			"Deal {0} was cancelled and is not named here any more, so that what is open can be settled. The ledger entries keep it."
		).format(get_link_to_form("Deal", deal)),
	)
