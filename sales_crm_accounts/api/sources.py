"""Deals from other documents, for `frappe.model.open_mapped_doc`: the unsaved deal, or the one that exists already.

Frappe CRM's own pages cannot show an unsaved document of the desk: their button saves the deal and opens it.
"""

import frappe
from frappe.utils import get_url_to_form

from sales_crm_accounts.services import mapping, sources


def _make(doctype: str, name: str, make):
	frappe.has_permission(doctype, "read", name, throw=True)
	if deal := sources.existing(doctype, name):
		return deal
	frappe.has_permission("Deal", "create", throw=True)
	return make(name)


@frappe.whitelist()
def make_deal_from_opportunity(source_name: str, target_doc: str | dict | None = None):
	return _make("Opportunity", source_name, mapping.from_opportunity)


@frappe.whitelist()
def make_deal_from_quotation(source_name: str, target_doc: str | dict | None = None):
	return _make("Quotation", source_name, mapping.from_quotation)


@frappe.whitelist()
def make_deal_from_crm_deal(source_name: str, target_doc: str | dict | None = None):
	return _make("CRM Deal", source_name, mapping.from_crm_deal)


@frappe.whitelist()
def deal_of_crm_deal(name: str) -> dict:
	"""What the button in Frappe CRM does: open the deal, make one, or nothing."""
	frappe.has_permission("CRM Deal", "read", name, throw=True)
	deal = sources.deal_of("CRM Deal", name)
	if deal and frappe.has_permission("Deal", "read", deal):
		return _opened(deal)
	# A deal that the user may not see: pressing the button says whom to ask.
	return {"deal": None, "url": None, "may_create": bool(frappe.has_permission("Deal", "create"))}


@frappe.whitelist(methods=["POST"])
def insert_deal_of_crm_deal(name: str) -> dict:
	"""The deal of a CRM Deal, saved as a draft unless there is one."""
	deal = make_deal_from_crm_deal(name)
	if deal.is_new():
		deal.insert()
	return _opened(deal.name)


def _opened(deal: str) -> dict:
	return {"deal": deal, "url": get_url_to_form("Deal", deal), "may_create": False}
