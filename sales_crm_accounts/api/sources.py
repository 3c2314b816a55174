"""Deals from other documents, for `frappe.model.open_mapped_doc`: the unsaved deal, or the one that exists already."""

import frappe

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
