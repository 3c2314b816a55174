"""What of a document is approved: its material fields, their fingerprint, and what changed between two rounds.

Secure by default: every field is material except those known to say nothing about what is posted (notes, layout, contact
display) or to be filled by ERPNext from elsewhere (outstanding amounts, progress). An Approval Content Rule can set it per DocType.
"""

from decimal import Decimal

import frappe
from frappe.model import no_value_fields, table_fields
from frappe.utils import cint, cstr, flt, get_datetime, get_time, getdate

from sales_crm_accounts.core.approvals import content as rules

#: Decimals that numbers are compared with; more than a currency has, fewer than floats are exact to.
PRECISION = 6
ONLY_LISTED = "Only Those Listed"
CACHE_KEY = "sca_approval_content_rules"

#: Never material, wherever they stand.
HARMLESS = frozenset(
	"""status title remarks remark user_remark in_words base_in_words language letter_head select_print_heading print_heading
	tc_name terms naming_series amended_from other_charges_calculation item_wise_tax_detail contact_display contact_mobile
	contact_phone contact_email contact_person address_display shipping_address dispatch_address company_address_display
	billing_address_display group_same_items auto_repeat outstanding_amount total_advance advance_paid per_delivered
	per_received per_picked per_returned billed_amt billed_qty delivered_qty received_qty returned_qty ordered_qty
	picked_qty actual_qty actual_batch_qty company_total_stock projected_qty incoming_rate valuation_rate gross_profit
	last_purchase_rate stock_uom_rate is_internal_customer represents_company update_billed_amount_in_delivery_note
	update_billed_amount_in_sales_order lead_time_date clearance_date bank_balance party_balance paid_from_account_balance
	paid_to_account_balance balance total_billing_hours total_net_weight weight_per_unit total_weight image description
	brand page_break barcode customer_item_code deal_billing_key deal_installments receivable_charge_key scan_barcode base_outstanding ignore_pricing_rule
	pricing_rules last_scanned_warehouse claimed_landed_cost_amount against_income_account against_expense_account
	pay_to_recd_from is_system_generated total_qty total_amount_currency per_billed""".split()
)

#: Harmless in the rows of these only: ERPNext fills them from elsewhere.
HARMLESS_IN = {
	"Payment Schedule": frozenset(
		{"outstanding", "paid_amount", "base_outstanding", "base_paid_amount", "discounted_amount"}
	),
	"Payment Entry Reference": frozenset(
		{"outstanding_amount", "total_amount", "exchange_gain_loss", "payment_term_outstanding", "bill_no"}
	),
	"Journal Entry Account": frozenset({"party_balance", "against_account", "account_type"}),
	"Deal": frozenset(
		"""planned_amount billed_amount collected_amount overdue_amount credited_amount written_off_amount next_due_date
		next_due_amount per_collected stage stage_column probability won_on won_by billing_policy keep_rate credit_limit credit_exposure
		credit_with_deal credit_excess customer_overdue_amount""".split()
	),
	"Charge Waiver": frozenset({"credit_note"}),
	# What is open, and who promised it, is looked at again when it is posted.
	"Write-off Proposal Row": frozenset({"outstanding", "held_by", "customer_name"}),
	"Deal Plan Row": frozenset({"planned_amount"}),
	# What it was posted as; what people see of its keys; and which of the company's own accounts pays, for accounting chooses it.
	"Deal Expense": frozenset(
		{"voucher_type", "voucher_no", "receipt_key", "employee_name", "supplier_name", "paid_from"}
	),
	"Deal Expense Share": frozenset({"customer_name"}),
	"Expected Credit Loss": frozenset({"journal_entry", "reversal_entry", "last_error", "loss_key"}),
	"Expected Credit Loss Customer": frozenset({"customer_name"}),
	# What is in stock at the time, and what is missing from it: quantity and rate that are counted are material.
	"Stock Reconciliation": frozenset({"difference_amount"}),
	"Stock Reconciliation Item": frozenset(
		"""current_qty current_valuation_rate current_amount quantity_difference amount_difference current_serial_no
		current_serial_and_batch_bundle""".split()
	),
	"Sales Team": frozenset({"contribution_to_grand_total", "incentives", "contact_no", "commission_rate"}),
}

#: Harmless elsewhere, but what these are made for.
MATERIAL_IN = {
	"Stock Reconciliation Item": frozenset({"valuation_rate"}),
	"Asset Repair Consumed Item": frozenset({"valuation_rate"}),
	"Discounted Invoice": frozenset({"outstanding_amount"}),
	"Pick List Item": frozenset({"picked_qty"}),
}
#: Editable by their definition, and set by ERPNext all the same.
OWN_STATUS = frozenset({"Purchase Invoice", "Bank Transaction", "Work Order Operation", "BOM Update Log"})


def material(doc) -> dict:
	"""Material fields with plain values: {"fields": {...}, "rows": {table: [{...}]}}; the input of the fingerprint."""
	header, tables = _material_fields(doc.doctype)
	skipped = _own_day(doc)
	return {
		"fields": {
			name: plain(doc.get(name), fieldtype) for name, fieldtype in header if name not in skipped
		},
		"rows": {
			table: [
				{name: plain(row.get(name), fieldtype) for name, fieldtype in fields}
				for row in doc.get(table) or []
			]
			for table, fields in tables.items()
			if not _filled_by_erpnext(doc, table)
		},
	}


def fingerprint_of(doc) -> str:
	return rules.fingerprint(material(doc))


def as_text(content: dict) -> str:
	return rules.canonical(content)


def changed(before: str | dict, after: dict) -> list:
	"""Changes from what an earlier round approved; `before` as kept on its request."""
	if isinstance(before, str):
		before = rules.parse(before or "{}")
	return rules.changes(before, rules.parse(rules.canonical(after)))


def _own_day(doc) -> tuple[str, ...]:
	"""A document that takes the day of its posting by itself may be approved today and posted tomorrow."""
	meta = frappe.get_meta(doc.doctype)
	if meta.has_field("set_posting_time") and not cint(doc.get("set_posting_time")):
		return ("posting_date", "posting_time")
	return ()


def _filled_by_erpnext(doc, table: str) -> bool:
	"""Tables that ERPNext fills anew on every save, from settings or from terms."""
	if table == "advances":
		return bool(cint(doc.get("allocate_advances_automatically")))
	return table in ("pricing_rules", "packed_items", "stage_log", "item_wise_tax_details")


def plain(value, fieldtype: str):
	if fieldtype in ("Currency", "Float", "Percent"):
		return Decimal(str(flt(value, PRECISION)))
	if fieldtype in ("Int", "Check"):
		return cint(value)
	if value in (None, ""):
		return ""
	if fieldtype == "Date":
		return getdate(value).isoformat()
	# As the database gives them back: a time before ten o'clock has one digit there and two in the form.
	if fieldtype == "Time":
		return get_time(value).isoformat()
	if fieldtype == "Datetime":
		return get_datetime(value).isoformat(sep=" ")
	return cstr(value).strip()


def _material_fields(doctype: str) -> tuple[list, dict]:
	"""([(fieldname, fieldtype)] of the document, {table: the same of its rows}); kept for the length of the request."""
	kept = getattr(frappe.local, "sca_material_fields", None)
	if kept is None:
		kept = frappe.local.sca_material_fields = {}
	if doctype not in kept:
		rule = rules_by_doctype().get(doctype)
		tables = {
			field.fieldname: _find_fields(field.options, field.fieldname, rule)
			for field in frappe.get_meta(doctype).get_table_fields()
		}
		kept[doctype] = (
			_find_fields(doctype, "", rule),
			{table: fields for table, fields in tables.items() if fields},
		)
	return kept[doctype]


def _find_fields(doctype: str, table: str, rule: dict | None) -> list[tuple[str, str]]:
	listed = {field for where, field in rule["fields"] if where == table} if rule else set()
	if rule and rule["mode"] == ONLY_LISTED:
		material = listed
	else:
		harmless = (HARMLESS | HARMLESS_IN.get(doctype, frozenset())) - _material_in(doctype) | listed
		material = {field.fieldname for field in frappe.get_meta(doctype).fields} - harmless
	return [
		(field.fieldname, field.fieldtype)
		for field in frappe.get_meta(doctype).fields
		if field.fieldname in material
		and field.fieldtype not in no_value_fields
		and field.fieldtype not in table_fields
		and not field.get("is_virtual")
	]


def _material_in(doctype: str) -> frozenset:
	"""What is harmless elsewhere, and decides something here: a status that people choose, for one."""
	status = frappe.get_meta(doctype).get_field("status")
	chosen = status and not status.read_only and not status.hidden and doctype not in OWN_STATUS
	return MATERIAL_IN.get(doctype, frozenset()) | ({"status"} if chosen else frozenset())


def rules_by_doctype() -> dict:
	return frappe.cache.get_value(CACHE_KEY, generator=_read_rules)


def forget():
	"""Read the rules anew: now, and once this transaction stands."""
	frappe.local.sca_material_fields = None
	frappe.cache.delete_value(CACHE_KEY)
	# Either way the transaction ends: what was read meanwhile may never have come to stand.
	frappe.db.after_commit.add(lambda: frappe.cache.delete_value(CACHE_KEY))
	frappe.db.after_rollback.add(lambda: frappe.cache.delete_value(CACHE_KEY))


def _read_rules() -> dict:
	found = {
		row.name: {"mode": row.mode, "fields": []}
		for row in frappe.get_all("Approval Content Rule", fields=["name", "mode"])
	}
	for row in frappe.get_all(
		"Approval Content Field",
		filters={"parent": ("in", list(found) or [""])},
		fields=["parent", "table_field", "field"],
	):
		found[row.parent]["fields"].append((row.table_field or "", row.field))
	return found
