# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe import _

DEAL_FIELD = "deal"
#: (label of the group, DocType, where its `deal` is). Of a Dunning Message and a Journal Entry the rows name the deal; most of the
#: other fields are made by ERPNext's accounting dimension, so they may be missing. All else stands in `links` of deal.json.
MORE = (
	("Collection", "Dunning Message", "Dunning Message Row"),
	("Invoices and Payments", "Payment Request", "Payment Request"),
	("Invoices and Payments", "Journal Entry", "Journal Entry Account"),
	("Costs", "Purchase Receipt", "Purchase Receipt"),
	("Costs", "Stock Entry", "Stock Entry"),
	("Costs", "Expense Claim", "Expense Claim"),
)


def add_connections(data):
	"""Connections of a deal that `links` cannot name, behind those of the same group.

	Frappe counts and filters by a field of a row, where the document itself has none of that name.
	"""
	groups = {group.get("label"): group["items"] for group in data.transactions}
	for label, doctype, holder in MORE:
		items = groups.get(label, groups.get(_(label)))
		if items is None or doctype in items or not _has_deal(holder):
			continue
		items.append(doctype)
		data.non_standard_fieldnames[doctype] = DEAL_FIELD
	return data


def _has_deal(doctype: str) -> bool:
	return bool(frappe.db.exists("DocType", doctype, cache=True)) and frappe.get_meta(doctype).has_field(
		DEAL_FIELD
	)
