"""What winning a deal would post, from ERPNext's own calculation on unsaved documents. Nothing is written."""

import frappe
from frappe import _
from frappe.utils import flt, getdate, strip_html, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core.billing import ONE_INVOICE
from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.services import deal_rates, deals, policies, winning
from sales_crm_accounts.services.invoices import Position, build_invoice, compute, position_before


def preview(deal) -> dict:
	"""Rate, invoices, dates, taxes, totals and ledger lines of a draft deal, or of what a won deal still bills.

	An invoice that ERPNext cannot compute has its `problem`, and is left out of the totals (`incomplete`).
	"""
	policy = policies.policy_of(deal)
	drafted = flt(deal.conversion_rate)
	rows, position = _installments(deal)
	units = [rows] if policy.invoicing_method == ONE_INVOICE else [[row] for row in rows]
	invoices = [_invoice(deal, unit, position) for unit in units if unit]
	blocker = _blocker(deal) if deal.docstatus == 0 else None
	computed = [row for row in invoices if row["computed"]]
	total = lambda field: flt(sum(flt(row[field]) for row in computed), deal.precision("grand_total"))  # noqa: E731
	return {
		"currency": deal.currency,
		"company_currency": frappe.get_cached_value("Company", deal.company, "default_currency"),
		"rate": _rate(deal, drafted),
		"policy": policy.name,
		"method": policy.invoicing_method,
		"automatic": winning.automatic(deal),
		"submitted": bool(policy.submit_invoices),
		"blocker": blocker,
		"invoices": invoices,
		"incomplete": len(computed) < len(invoices),
		"totals": {field: total(field) for field in ("net_total", "total_taxes_and_charges", "grand_total")},
	}


def _blocker(deal) -> str | None:
	"""Why the deal cannot be won as it stands, in words; None where it can."""
	with erpnext_compat.quiet_messages():
		try:
			deal_rates.check(deal)
			winning.check(deal)
		except frappe.ValidationError as error:
			return strip_html(str(error))
	return None


def _rate(deal, drafted: float) -> dict | None:
	"""Exchange rate that the deal is won at, why it is that one, and what the draft was saved with; None in company currency."""
	if deal.currency == frappe.get_cached_value("Company", deal.company, "default_currency"):
		return None
	why, rate = deal_rates.now(deal)
	return {"why": why, "rate": rate or drafted, "drafted": drafted}


def _installments(deal):
	if deal.docstatus == 1:
		rows = frappe.get_all(
			"Deal Installment",
			filters={"deal": deal.name, "sales_invoice": ("is", "not set"), "status": ("!=", "Cancelled")},
			fields=["*"],
			order_by="sequence",
		)
		return rows, position_before(deal, policies.policy_of(deal), rows) if rows else None
	deal.won_on = getdate(today())
	deals.set_totals(deal)
	deals.set_plan(deal)
	gross = deals.planned_amounts(deal, [row.net_amount for row in deal.plan]) if deal.net_total else []
	rows = (
		[
			winning.new_installment(deal, row, index, planned)
			for index, (row, planned) in enumerate(zip(deal.plan, gross, strict=True), 1)
		]
		if gross
		else []
	)
	for row in rows:
		row.name = f"{deal.name}-{row.sequence:02d}"
	return rows, Position({}, to_decimal(deal.net_total))


def _invoice(deal, rows, position) -> dict:
	known = all(row.planned_invoice_date for row in rows)
	posting_date = max(
		getdate(today()),
		min(
			(getdate(row.planned_invoice_date) for row in rows if row.planned_invoice_date),
			default=getdate(today()),
		),
	)
	part = sum((to_decimal(row.net_amount) for row in rows), ZERO)
	result = {
		"title": ", ".join(row.title for row in rows),
		"known": known,
		"waits_for": None if known else rows[0].milestone or _(rows[0].billing_trigger),
		"posting_date": posting_date if known else None,
		"due_date": None,
		"items": [],
		"taxes": [],
		"schedule": [],
		"gl": [],
		"net_total": float(part),
		"total_taxes_and_charges": 0,
		"grand_total": 0,
		"rounded_total": 0,
		"problem": None,
		"computed": False,
	}
	with erpnext_compat.quiet_messages():
		try:
			invoice = build_invoice(deal, rows, posting_date, position)
			compute(invoice)
			invoice.name = result["title"][:140]
			if not invoice.payment_schedule:
				invoice.set_payment_schedule()
			_show_totals(result, invoice, known)
			# Comes last: a year that is not opened yet has no ledger, but the amounts stand.
			invoice.set_against_income_account()
			result["gl"] = erpnext_compat.ledger_lines(invoice)
		except Exception as error:
			result["problem"] = strip_html(str(error)) or type(error).__name__
	return result


def _show_totals(result: dict, invoice, known: bool):
	pick = lambda row, *fields: {field: row.get(field) for field in fields}  # noqa: E731
	result.update(
		{
			"computed": True,
			"due_date": invoice.due_date if known else None,
			"items": [
				pick(row, "item_code", "item_name", "qty", "uom", "rate", "amount") for row in invoice.items
			],
			"taxes": [pick(row, "account_head", "description", "tax_amount") for row in invoice.taxes],
			"schedule": [
				pick(row, "due_date", "payment_amount", "description") for row in invoice.payment_schedule
			],
			"net_total": invoice.net_total,
			"total_taxes_and_charges": invoice.total_taxes_and_charges,
			"grand_total": invoice.rounded_total or invoice.grand_total,
			"rounded_total": invoice.rounded_total,
		}
	)
