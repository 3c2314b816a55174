"""The billing policy of a deal."""

from functools import cache

import frappe
from frappe.utils.nestedset import get_ancestors_of

from sales_crm_accounts.core import billing
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.policy import PolicyScope, choose

#: What holds where a company has no policy: ERPNext fills accounts, series and taxes as for any invoice.
BUILT_IN = frappe._dict(
	name=None,
	invoicing_method=billing.INVOICE_PER_INSTALLMENT,
	line_split=billing.BY_RATE,
	create_sales_order=0,
	automatic_billing=1,
	submit_invoices=1,
	days_ahead=0,
	email_invoice=0,
)


def policy_of(deal) -> frappe._dict:
	"""The policy written on the deal, else the narrowest one of its company that covers it, else the built-in one.

	Winning writes it on the deal: policies that are made or changed in scope later do not reach deals that are won.
	"""
	open_deal = deal.docstatus == 0 or deal.flags.winning
	name = deal.billing_policy or (_found(deal) if open_deal else None)
	return frappe.get_cached_doc("Billing Policy", name) if name else BUILT_IN


def find(deal) -> str | None:
	"""Name of the narrowest enabled policy of the deal's company, by customer group, territory and amount."""
	return finder(deal.company)(deal)


def _found(deal) -> str | None:
	"""`find`, once while a deal is won, unless what it depends on changes."""
	if not deal.flags.winning:
		return find(deal)
	asked = (deal.company, deal.customer_group, deal.territory, deal.base_net_total)
	known = deal.flags.sca_policy
	if not known or known[0] != asked:
		known = deal.flags.sca_policy = (asked, find(deal))
	return known[1]


def finder(company: str):
	"""`find` for many deals of one company: its policies are read once, and each group and territory."""
	rows = frappe.get_all(
		"Billing Policy",
		filters={"company": company, "disabled": 0},
		fields=["name", "for_customer_group", "for_territory", "min_amount", "max_amount"],
	)
	scopes = [
		PolicyScope(
			row.name,
			row.for_customer_group or "",
			row.for_territory or "",
			to_decimal(row.min_amount),
			to_decimal(row.max_amount),
		)
		for row in rows
	]
	with_ancestors = cache(_with_ancestors)

	def find_for(deal) -> str | None:
		if not scopes:
			return None
		return choose(
			scopes,
			with_ancestors("Customer Group", deal.customer_group),
			with_ancestors("Territory", deal.territory),
			to_decimal(deal.base_net_total),
		)

	return find_for


def billing_paused() -> bool:
	"""Whether the settings stop billing now; read anew, as a run takes its time."""
	return bool(frappe.db.get_single_value("Sales CRM Accounts Settings", "pause_billing", cache=False))


def deal_to_be_billed_by(policy: str) -> str | None:
	"""One of the won deals of which something is still to be billed by the policy, if there are any."""
	deal, row = frappe.qb.DocType("Deal"), frappe.qb.DocType("Deal Installment")
	found = (
		frappe.qb.from_(row)
		.join(deal)
		.on(row.deal == deal.name)
		.where((deal.billing_policy == policy) & (deal.docstatus == 1))
		.where((row.status != "Cancelled") & (row.sales_invoice.isnull() | (row.sales_invoice == "")))
		.select(deal.name)
		.limit(1)
		.run()
	)
	return found[0][0] if found else None


def default_taxes(company: str) -> str | None:
	"""The company's default tax template, as ERPNext's own forms fill it in; none where its billing policies name the taxes."""
	if frappe.db.exists(
		"Billing Policy", {"company": company, "disabled": 0, "taxes_and_charges": ("is", "set")}
	):
		return None
	return frappe.db.get_value(
		"Sales Taxes and Charges Template", {"company": company, "is_default": 1, "disabled": 0}
	)


def _with_ancestors(doctype: str, name: str | None) -> list[str]:
	return [name, *get_ancestors_of(doctype, name)] if name else []
