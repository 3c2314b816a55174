"""Fields that the app adds to ERPNext's own documents.

Data only. They are made on install, made again by every migrate, and taken away with their columns on uninstall.
"""

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields

from sales_crm_accounts.setup import MODULE

DEAL_FIELD = "deal"


def _deal(insert_after: str, **properties) -> dict:
	"""The link to the deal; where a document has accounting dimensions, it is the field of the dimension as well."""
	return {
		"fieldname": DEAL_FIELD,
		"label": "Deal",
		"fieldtype": "Link",
		"options": "Deal",
		"insert_after": insert_after,
		"search_index": 1,
		**properties,
	}


def _source(fieldname: str, label: str, insert_after: str, **properties) -> dict:
	"""The document of ours that a voucher posts."""
	return {
		"fieldname": fieldname,
		"label": label,
		"fieldtype": "Link",
		"options": label,
		"insert_after": insert_after,
		"no_copy": 1,
		"read_only": 1,
		"print_hide": 1,
		"depends_on": fieldname,
		**properties,
	}


def _key(fieldname: str, label: str, insert_after: str, **properties) -> dict:
	"""What only the app reads."""
	return {
		"fieldname": fieldname,
		"label": label,
		"fieldtype": "Data",
		"insert_after": insert_after,
		"hidden": 1,
		"read_only": 1,
		"print_hide": 1,
		"report_hide": 1,
		"translatable": 0,
		**properties,
	}


def _deal_item() -> dict:
	"""Row of the deal's items that a row bills, so that the rest of each item is known."""
	return _key("deal_item", "Deal Item", "item_code", search_index=1)


def _receivable_charge() -> dict:
	"""The charge that a row asks for, so that waiving it credits the right row."""
	return _key("receivable_charge", "Receivable Charge", "deal_item", search_index=1)


def _deal_expense(insert_after: str) -> dict:
	"""The expense that a voucher posts; unique, so that none is posted twice."""
	return _source("deal_expense", "Deal Expense", insert_after, unique=1)


def _on_hold() -> dict:
	"""Set by the app, so that approval chains can ask for it."""
	return {
		"fieldname": "customer_on_hold",
		"label": "Customer on Credit Hold",
		"fieldtype": "Check",
		"insert_after": "deal",
		"read_only": 1,
		"no_copy": 1,
		"print_hide": 1,
		"depends_on": "customer_on_hold",
	}


def _write_off() -> list[dict]:
	"""The proposal that a Journal Entry posts, and a unique key, so that no part of it is posted twice."""
	return [
		_source("write_off_proposal", "Write-off Proposal", "deal_expense", search_index=1),
		_key("write_off_key", "Write-off Key", "write_off_proposal", unique=1, no_copy=1),
	]


def _approval_head(insert_after: str) -> dict:
	return {
		"fieldname": "approval_head",
		"label": "Head (Approvals)",
		"fieldtype": "Link",
		"options": "User",
		"insert_after": insert_after,
		"ignore_user_permissions": 1,
		"description": "Approves where an approval chain asks the head; empty: the head of the one above.",
	}


# Documents a deal leads to, or that are searched by deal. `deal` is made here and not left to the dimension, so that it is
# there with the dimension switched off, and has an index.
CUSTOM_FIELDS = {
	"Sales Invoice": [
		_deal("dimension_col_break", allow_on_submit=1),
		{
			"fieldname": "deal_installment",
			"label": "Deal Installment",
			"fieldtype": "Link",
			"options": "Deal Installment",
			"insert_after": "deal",
			"read_only": 1,
			"print_hide": 1,
			"search_index": 1,
			"depends_on": "deal_installment",
		},
		# Makes a second invoice for the same installment impossible. Data that is empty is kept as NULL, so the unique index leaves
		# all other invoices alone.
		_key("deal_billing_key", "Deal Billing Key", "deal_installment", unique=1, no_copy=1),
		# Set when it is cancelled: what it billed, a name a line, for whoever amends it.
		_key(
			"deal_installments",
			"Deal Installments",
			"receivable_charge_key",
			fieldtype="Small Text",
			no_copy=1,
		),
		# Set on an invoice over interest and fees: the first of its charges, so that no second invoice has it.
		_key("receivable_charge_key", "Receivable Charge Key", "deal_billing_key", unique=1, no_copy=1),
	],
	"Sales Invoice Item": [_deal_item(), _receivable_charge()],
	"Sales Order Item": [_deal_item()],
	"Sales Order": [_deal("dimension_col_break"), _on_hold()],
	"Delivery Note": [_deal("dimension_col_break"), _on_hold()],
	"Purchase Order": [_deal("dimension_col_break")],
	"Purchase Invoice": [_deal("dimension_col_break", allow_on_submit=1), _deal_expense("deal")],
	"Journal Entry": [_deal_expense("bill_date"), *_write_off()],
	"Expense Claim": [_deal_expense("remark")],
	"Payment Entry": [_deal("dimension_col_break", allow_on_submit=1)],
	"GL Entry": [_deal("cost_center")],
	"Cost Center": [_approval_head("parent_cost_center")],
	"Department": [_approval_head("parent_department")],
	"Opportunity": [_deal("party_name", read_only=1, no_copy=1, print_hide=1, depends_on="deal")],
	"Quotation": [
		_deal("party_name", read_only=1, no_copy=1, print_hide=1, allow_on_submit=1, depends_on="deal"),
		_on_hold(),
	],
}


def sync_custom_fields() -> None:
	"""Make the fields, or bring them up to date. Property setters that a user put over them stay."""
	create_custom_fields(
		{
			doctype: [{**field, "module": MODULE} for field in fields]
			for doctype, fields in CUSTOM_FIELDS.items()
			if frappe.db.exists("DocType", doctype)
		},
		ignore_validate=True,
	)
