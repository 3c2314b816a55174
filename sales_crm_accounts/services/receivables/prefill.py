"""What a new promise, dispute, pause or note starts with, for the invoice, deal or customer that the user looks at.

Everything is read with the user's own rights, by way of the open installments that they see.
"""

import frappe
from frappe import _
from frappe.utils import flt, getdate, today

PROMISE, DISPUTE, PAUSE, NOTE = (
	"Promise to Pay",
	"Receivable Dispute",
	"Collection Pause",
	"Collection Note",
)
DOCTYPES = (PROMISE, DISPUTE, PAUSE, NOTE)
_ROW = (
	*("sales_invoice", "installment_no", "company", "customer", "deal", "account_currency"),
	*("outstanding_amount", "due_date"),
)


def new_values(
	doctype: str,
	sales_invoice: str | None,
	deal: str | None,
	customer: str | None,
	company: str | None,
	installment_no: int,
) -> dict:
	values = {}
	if deal and not sales_invoice:
		doc = frappe.get_doc("Deal", deal)
		doc.check_permission("read")
		values = {"company": doc.company, "customer": doc.customer, "contact": doc.contact_person}
		if doctype == NOTE:
			values["deal"] = deal
		elif oldest := next(iter(_rows({"deal": deal})), None):
			# A deal may have many invoices; the oldest open one is what is spoken of first.
			sales_invoice = oldest.sales_invoice
	elif customer and not sales_invoice:
		values = {"company": company, "customer": customer}
	if sales_invoice:
		facts = part(sales_invoice, installment_no)
		values.update(
			{
				"company": facts["company"],
				"customer": facts["customer"],
				"sales_invoice": sales_invoice,
				"deal": facts["deal"],
			}
		)
		if doctype != NOTE:
			values["installment_no"] = installment_no
		if doctype in (PROMISE, DISPUTE):
			values["currency"] = facts["currency"]
			values["amount" if doctype == PROMISE else "disputed_amount"] = facts[
				"free_to_promise" if doctype == PROMISE else "free_to_dispute"
			]
	if doctype in (DISPUTE, PAUSE):
		values.pop("contact", None)
	return {field: value for field, value in values.items() if value}


def part(sales_invoice: str, installment_no: int = 0, without: str | None = None) -> dict:
	"""Whose the invoice is, and what is open, promised and disputed of it (`without` the document at hand)."""
	rows = _rows({"sales_invoice": sales_invoice}, closed=True)
	if not rows:
		frappe.throw(
			_("Invoice {0} is not among the receivables that you see.").format(sales_invoice),
			frappe.PermissionError,
		)
	chosen = [row for row in rows if installment_no in (0, row.installment_no)]
	open_amount = sum(max(flt(row.outstanding_amount), 0) for row in chosen)
	promised = _sum(PROMISE, sales_invoice, installment_no, without, ("amount", "received_amount"))
	disputed = _sum(DISPUTE, sales_invoice, installment_no, without, ("disputed_amount",))
	places = frappe.get_precision("Open Installment", "outstanding_amount")
	return {
		"company": rows[0].company,
		"customer": rows[0].customer,
		"deal": rows[0].deal,
		"currency": rows[0].account_currency,
		"installments": len(rows),
		"open_amount": flt(open_amount, places),
		"promised": promised,
		"disputed": disputed,
		"free_to_promise": flt(max(open_amount - promised - disputed, 0), places),
		"free_to_dispute": flt(max(open_amount - disputed, 0), places),
		"overdue_since": _overdue_since(chosen, getdate(today())),
	}


def search_invoices(txt: str, start: int, page_len: int, filters: dict) -> list[list]:
	where = [["is_return", "=", 0], ["outstanding_amount", ">", 0]]
	where += [[field, "=", filters[field]] for field in ("company", "customer", "deal") if filters.get(field)]
	if txt:
		where.append(["sales_invoice", "like", f"%{txt}%"])
	found = {}
	# An invoice may have several open installments; enough rows are read to fill the page with most of them.
	for row in frappe.get_list(
		"Open Installment",
		filters=where,
		fields=["sales_invoice", "customer", "due_date"],
		order_by="due_date asc, sales_invoice asc",
		limit=(start + page_len) * 6,
	):
		found.setdefault(
			row.sales_invoice, [row.sales_invoice, row.customer, frappe.format(row.due_date, "Date")]
		)
	return list(found.values())[start : start + page_len]


def _rows(filters: dict, closed: bool = False) -> list:
	where = {**filters, "is_return": 0}
	if not closed:
		where["outstanding_amount"] = (">", 0)
	return frappe.get_list(
		"Open Installment",
		filters=where,
		fields=list(_ROW),
		order_by="due_date asc, sales_invoice asc, installment_no asc",
		limit=0,
	)


def _sum(
	doctype: str, sales_invoice: str, installment_no: int, without: str | None, fields: tuple[str, ...]
) -> float:
	"""What is promised or disputed of the part already: the first field less the second one."""
	rows = frappe.get_all(
		doctype,
		filters={"sales_invoice": sales_invoice, "status": "Open", "name": ("!=", without or "")},
		fields=["installment_no", *fields],
	)
	return flt(
		sum(
			max(flt(row[fields[0]]) - sum(flt(row[field]) for field in fields[1:]), 0)
			for row in rows
			if installment_no in (0, row.installment_no) or not row.installment_no
		),
		frappe.get_precision("Open Installment", "outstanding_amount"),
	)


def _overdue_since(rows: list, day):
	late = [getdate(row.due_date) for row in rows if flt(row.outstanding_amount) > 0]
	first = min(late, default=None)
	return first if first and first < day else None
