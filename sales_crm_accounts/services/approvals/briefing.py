"""What an approver needs to see to decide: what will be posted, whom it concerns, what changed, and what others said."""

import frappe
from frappe import _
from frappe.model import no_value_fields, table_fields
from frappe.utils import flt, getdate, today
from pypika.functions import Sum

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.services.approvals import content, differences, requests, view

ROWS = 20
#: Shown first, where a document has them; other fields of its list follow.
FACTS = (
	"customer",
	"supplier",
	"party",
	"payment_type",
	"voucher_type",
	"posting_date",
	"transaction_date",
	"due_date",
	"grand_total",
	"base_grand_total",
	"paid_amount",
	"total_debit",
	"discount_amount",
	"mode_of_payment",
	"cost_center",
	"project",
	"deal",
	"explanation",
	"paid_by",
	"employee_name",
	"bill_no",
	"description",
	"user_remark",
	"remarks",
)


def briefing(request) -> dict:
	"""See the module; `request` is one that the user takes part in. Amounts are in the currency of their field."""
	answer = {
		**view.of_request(request),
		"document": [],
		"rows": {"label": "", "columns": [], "rows": [], "more": 0},
		"ledger": [],
		"exposure": None,
		"margin": None,
		"changes": [],
		"attachments": [],
		"gone": False,
	}
	if not frappe.db.exists(request.reference_doctype, request.reference_name):
		return {**answer, "gone": True}
	doc = frappe.get_doc(request.reference_doctype, request.reference_name)
	answer["document"] = facts(doc)
	answer["rows"] = rows(doc)
	answer["ledger"] = ledger(doc)
	answer["company_currency"] = request.currency
	if request.customer:
		answer["exposure"] = exposure(request.customer, request.company)
	answer["margin"] = margin(doc)
	answer["changes"] = changes(request)
	answer["attachments"] = frappe.get_all(
		"File",
		filters={"attached_to_doctype": doc.doctype, "attached_to_name": doc.name},
		fields=["file_name", "file_url", "is_private"],
	)
	return answer


def facts(doc) -> list[dict]:
	"""Label and formatted value of the fields that say what the document is about."""
	meta = frappe.get_meta(doc.doctype)
	company = doc.get("company")
	company_currency = company and frappe.get_cached_value("Company", company, "default_currency")
	names = [name for name in FACTS if meta.has_field(name)]
	names += [
		field.fieldname
		for field in meta.fields
		if field.in_list_view
		and field.fieldname not in names
		and field.fieldtype not in (*no_value_fields, *table_fields)
		and field.fieldname not in ("status", "stage", "title", "naming_series")
	]
	return [
		{
			"label": _(meta.get_label(name), context=meta.name),
			"value": doc.get_formatted(name),
			"fieldname": name,
		}
		for name in names
		if doc.get(name) not in (None, "", 0, 0.0)
		and not (name == "base_grand_total" and doc.get("currency") == company_currency)
	][:12]


def rows(doc) -> dict:
	"""The document's main table with the columns that its grid shows."""
	meta = frappe.get_meta(doc.doctype)
	for table in ("items", "accounts", "references", "expenses", "shares", "installments", "matrix"):
		if meta.has_field(table) and doc.get(table):
			break
	else:
		return {"label": "", "columns": [], "rows": [], "more": 0}
	columns = [
		field
		for field in frappe.get_meta(meta.get_field(table).options).fields
		if field.in_list_view and field.fieldtype not in no_value_fields
	][:6]
	entries = doc.get(table)
	return {
		"label": _(meta.get_label(table)),
		"columns": [
			{
				"label": _(field.label, context=field.parent),
				"number": field.fieldtype in ("Currency", "Float", "Percent", "Int"),
			}
			for field in columns
		],
		"rows": [[entry.get_formatted(field.fieldname) for field in columns] for entry in entries[:ROWS]],
		"more": max(0, len(entries) - ROWS),
	}


def ledger(doc) -> list[dict]:
	"""Lines that posting would write, in company currency; a won deal shows those of the invoices that its plan knows."""
	if doc.docstatus == 1:
		return []
	frappe.db.savepoint("sca_briefing")
	try:
		if doc.doctype == "Deal":
			from sales_crm_accounts.services.preview import preview

			return [line for invoice in preview(doc)["invoices"] for line in invoice["gl"]]
		return erpnext_compat.voucher_lines(doc)
	except (frappe.ValidationError, frappe.DoesNotExistError, TypeError, AttributeError):
		# What cannot be computed yet is ERPNext's to say when it is posted.
		return []
	finally:
		frappe.db.rollback(save_point="sca_briefing")


def exposure(customer: str, company: str | None) -> dict:
	"""What the customer owes, what of it is overdue, what is still to be billed under won deals, and the credit limit."""
	open_, planned = frappe.qb.DocType("Open Installment"), frappe.qb.DocType("Deal Installment")
	base = frappe.qb.from_(open_).where(open_.customer == customer)
	if company:
		base = base.where(open_.company == company)
	outstanding = base.select(Sum(open_.base_outstanding_amount)).run()[0][0]
	overdue = (
		base.where((open_.due_date < getdate(today())) & (open_.outstanding_amount > 0))
		.select(Sum(open_.base_outstanding_amount))
		.run()[0][0]
	)
	deal = frappe.qb.DocType("Deal")
	later = (
		frappe.qb.from_(planned)
		.join(deal)
		.on(planned.deal == deal.name)
		.where((planned.customer == customer) & planned.status.isin(["Planned", "Ready"]))
		.select(Sum(planned.planned_amount * deal.conversion_rate))
	)
	if company:
		later = later.where(planned.company == company)
	limit = None
	if company:
		from erpnext.selling.doctype.customer.customer import get_credit_limit

		limit = flt(get_credit_limit(customer, company)) or None
	return {
		"outstanding": flt(outstanding, 2),
		"overdue": flt(overdue, 2),
		"billed_later": flt(later.run()[0][0], 2),
		"credit_limit": limit,
	}


def margin(doc) -> dict | None:
	"""Discount against list prices, and the planned margin of a deal, in percent."""
	answer = {}
	items = doc.get("items") or []
	listed = sum(flt(row.get("price_list_rate")) * flt(row.get("qty")) for row in items)
	net = flt(doc.get("net_total"))
	if listed > net > 0 and all(flt(row.get("price_list_rate")) for row in items):
		answer["discount_percent"] = flt((listed - net) / listed * 100, 2)
	elif flt(doc.get("discount_amount")) and flt(doc.get("total")):
		answer["discount_percent"] = flt(flt(doc.discount_amount) / flt(doc.total) * 100, 2)
	if doc.meta.has_field("planned_margin_percent"):
		answer["margin_percent"] = flt(doc.planned_margin_percent, 2)
	return answer or None


def changes(request) -> list[dict]:
	"""What is different from the last round, with the fields' labels."""
	if not request.previous_request:
		return []
	before = frappe.db.get_value("Approval Request", request.previous_request, "content")
	return differences.described(
		request.reference_doctype, content.changed(before, requests.snapshot(request))
	)
