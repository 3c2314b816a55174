"""What the form of a deal shows of its money. Reads what is kept and computes nothing but sums."""

import frappe
from frappe.utils import flt, getdate, today

from sales_crm_accounts.services import ledger


def cash_panel(deal) -> dict:
	"""Figures of the deal and of each installment, in the deal's currency; `deal` is a Deal that the caller may read.

	What is due and overdue follows from the dates of today, not from a status that the nightly job sets.
	"""
	ledger.flush()
	now = getdate(today())
	rows = _rows(deal.name)
	live = [row for row in rows if row.status != "Cancelled" or row.billed]
	late = [row for row in live if row.outstanding > 0 and row.due_date and row.due_date < now]
	coming = [row for row in live if row.outstanding > 0 and row.due_date and row.due_date >= now]
	next_due = min((row.due_date for row in coming), default=None)
	sums = {
		"planned": _sum(row.planned_amount for row in live),
		"billed": _sum(row.billed for row in rows),
		"collected": _sum(row.paid for row in rows),
		"credited": _sum(row.credited for row in rows),
		"written_off": _sum(row.written_off for row in rows),
		"outstanding": _sum(row.outstanding for row in rows),
	}
	return {
		"currency": deal.currency,
		"company_currency": frappe.get_cached_value("Company", deal.company, "default_currency"),
		**sums,
		"overdue": _sum(row.outstanding for row in late),
		"to_bill": _sum(row.planned_amount for row in live if not row.billed),
		"next_due_date": next_due,
		"next_due_amount": _sum(row.outstanding for row in coming if row.due_date == next_due),
		"per_billed": _percent(sums["billed"], sums["planned"]),
		"per_collected": _percent(sums["collected"], sums["planned"]),
		"rows": rows,
	}


def _rows(deal: str) -> list[frappe._dict]:
	row, invoice = frappe.qb.DocType("Deal Installment"), frappe.qb.DocType("Sales Invoice")
	return (
		frappe.qb.from_(row)
		.left_join(invoice)
		.on(row.sales_invoice == invoice.name)
		.where(row.deal == deal)
		.orderby(row.sequence)
		.select(
			row.name.as_("installment"),
			row.sequence,
			row.title,
			row.status,
			row.net_amount,
			row.planned_amount,
			row.planned_invoice_date,
			row.due_date,
			row.billing_trigger,
			row.milestone,
			row.confirmed_on,
			row.sales_invoice,
			invoice.docstatus.as_("invoice_docstatus"),
			invoice.posting_date.as_("invoice_date"),
			row.billed_amount.as_("billed"),
			row.paid_amount.as_("paid"),
			row.credited_amount.as_("credited"),
			row.written_off_amount.as_("written_off"),
			row.outstanding_amount.as_("outstanding"),
			row.on_hold,
			row.hold_reason,
			row.last_error,
		)
		.run(as_dict=True)
	)


def _sum(values) -> float:
	return flt(sum(values), 9)


def _percent(part: float, whole: float) -> float:
	return flt(part / whole * 100, 2) if whole else 0
