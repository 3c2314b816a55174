"""The exchange rate of a deal: that of the day as long as it is a draft, frozen by winning; a chosen one is kept.

A rate is chosen where somebody typed one that is not ERPNext's of that day, or where a Quotation gave it; the field Keep This Rate
says so, and can be changed. Where approval was asked for, the deal keeps the rate that it was asked with.
"""

import frappe
from frappe import _
from frappe.utils import flt, today

from sales_crm_accounts import erpnext_compat

#: Decimals of Exchange Rate.
PRECISION = 9
KEPT, ASKED, OF_THE_DAY, FROZEN, MISSING = "Kept", "Asked", "Of the Day", "Frozen", "Missing"


def set_rate(deal) -> None:
	"""When a deal is saved or won: note whether the rate was chosen, else take the one that holds now."""
	if deal.currency == _company_currency(deal):
		deal.conversion_rate, deal.keep_rate = 1, 0
		return
	deal.flags.sca_day_rate = None
	before, rate = deal.get_doc_before_save(), flt(deal.conversion_rate, PRECISION)
	typed = rate and (flt(before.conversion_rate, PRECISION) != rate if before else deal.is_new())
	if typed:
		if rate != of_the_day(deal):
			deal.keep_rate = 1
	elif not rate or (before and before.currency != deal.currency):
		deal.conversion_rate, deal.keep_rate = _needed(deal), 0
	follow(deal)


def follow(deal) -> None:
	"""Take the rate that the deal would be won at now; on winning there must be one."""
	if deal.docstatus == 2 or (deal.docstatus == 1 and not deal.flags.winning):
		return
	kind, rate = now(deal)
	if rate:
		deal.conversion_rate = rate
	elif kind == MISSING and deal.flags.winning:
		deal.conversion_rate = _needed(deal)


def refresh(deal) -> bool:
	"""On a draft as it was saved, in memory: the rate of today and the totals that follow; whether it moved."""
	if deal.docstatus != 0 or deal.currency == _company_currency(deal):
		return False
	deal.flags.sca_day_rate = None
	before = flt(deal.conversion_rate, PRECISION)
	follow(deal)
	if flt(deal.conversion_rate, PRECISION) == before:
		return False
	from sales_crm_accounts.services import deals

	deals.set_totals(deal)
	return True


def now(deal) -> tuple[str, float]:
	"""(why, rate) that the deal is won at, or was."""
	if deal.docstatus != 0 and not deal.flags.winning:
		return FROZEN, flt(deal.conversion_rate, PRECISION)
	if deal.keep_rate and flt(deal.conversion_rate):
		return KEPT, flt(deal.conversion_rate, PRECISION)
	if rate := _asked(deal):
		return ASKED, rate
	rate = of_the_day(deal)
	return (OF_THE_DAY, rate) if rate else (MISSING, 0.0)


def check(deal) -> None:
	"""Refuse a draft that has no rate to be won at."""
	if deal.currency != _company_currency(deal) and now(deal)[0] == MISSING:
		_needed(deal)


def of_the_day(deal) -> float:
	"""ERPNext's rate of today from the deal's currency to the company's; 0 where there is none."""
	from erpnext.setup.utils import get_exchange_rate

	known = deal.flags.sca_day_rate
	if not known or known[0] != deal.currency:
		with erpnext_compat.quiet_messages():
			rate = flt(
				get_exchange_rate(deal.currency, _company_currency(deal), today(), "for_selling"), PRECISION
			)
		known = deal.flags.sca_day_rate = (deal.currency, rate)
	return known[1]


def _needed(deal) -> float:
	if rate := of_the_day(deal):
		return rate
	frappe.throw(
		_("There is no exchange rate from {0} to {1} for {2}. Enter it in {3}, or on the deal.").format(
			deal.currency, _company_currency(deal), frappe.format(today(), "Date"), _("Currency Exchange")
		),
		title=_("Exchange Rate Missing"),
	)


def _asked(deal) -> float:
	"""Rate that approval of winning was asked with, while it waits or is granted and not used; 0 without."""
	from sales_crm_accounts.services.approvals import SUBMIT, chains

	if deal.is_new() or not chains.gated("Deal"):
		return 0.0
	content = frappe.db.get_value(
		"Approval Request",
		{
			"reference_doctype": "Deal",
			"reference_name": deal.name,
			"action": SUBMIT,
			"status": ("in", ("Open", "Approved")),
			"posted": 0,
		},
		"content",
		order_by="creation desc",
	)
	fields = frappe.parse_json(content or "{}").get("fields") or {}
	# The gate compares the whole content, under its seal: a rate that was written into the request by others passes nothing.
	return flt(fields.get("conversion_rate"), PRECISION) if fields.get("currency") == deal.currency else 0.0


def _company_currency(deal) -> str:
	return frappe.get_cached_value("Company", deal.company, "default_currency")
