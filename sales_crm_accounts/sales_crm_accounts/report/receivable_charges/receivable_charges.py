# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Interest and fees with what is claimed, invoiced, waived and paid of them: one query, only charges that the user may read."""

import frappe
from frappe import _
from frappe.utils import flt

from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common

EQUALS = ("company", "customer", "kind", "sales_invoice")


def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	rows = get_rows(filters)
	for row in rows:
		_finish(row)
	currencies = {row.currency for row in rows}
	summary = None
	if len(currencies) == 1:
		summary = get_summary(rows, currencies.pop())
		currencies = {None}
	return deal_access.plain_links(get_columns()), rows, None, None, summary, len(currencies) > 1


def get_rows(filters) -> list:
	"""The report's one statement."""
	charge, invoice = frappe.qb.DocType("Receivable Charge"), frappe.qb.DocType("Sales Invoice")
	query = (
		frappe.qb.from_(charge)
		.left_join(invoice)
		.on((invoice.name == charge.charge_invoice) & (invoice.docstatus == 1))
		.select(
			charge.name.as_("charge"),
			charge.kind,
			charge.status,
			charge.customer,
			charge.posting_date,
			charge.sales_invoice,
			charge.installment_no,
			charge.period_from,
			charge.period_to,
			charge.currency,
			charge.amount,
			charge.waived_amount,
			charge.claimed_amount,
			charge.charge_invoice,
			charge.deal,
			charge.last_error,
			invoice.name.as_("posted"),
			invoice.outstanding_amount,
		)
		.orderby(charge.customer, charge.posting_date, charge.name)
	)
	query = common.where_equal(query, charge, filters, EQUALS)
	if filters.status:
		query = query.where(charge.status == filters.status)
	else:
		query = query.where(charge.status != "Cancelled")
	query = common.where_between(query, charge.posting_date, filters)
	return deal_access.restrict(query, charge.name, doctype="Receivable Charge").run(as_dict=True)


def _finish(row):
	"""What is still claimed stands in one of three columns, by where it is now: a claim, on an invoice, paid."""
	posted, outstanding = row.pop("posted"), row.pop("outstanding_amount")
	row.claimed_only = row.invoiced = row.paid = 0
	if row.status == "Cancelled":
		pass
	elif not posted:
		row.claimed_only = row.claimed_amount
	elif flt(outstanding) > 0:
		row.invoiced = row.claimed_amount
	else:
		row.paid = row.claimed_amount
	row.pop("claimed_amount")


def get_columns() -> list[dict]:
	return [
		common.link("charge", _("Charge"), "Receivable Charge", 150),
		common.column("kind", _("Kind"), width=90),
		common.column("status", _("Status"), width=110),
		common.link("customer", _("Customer"), "Customer"),
		common.column("posting_date", _("Claimed On"), "Date"),
		common.link("sales_invoice", _("Sales Invoice"), "Sales Invoice"),
		common.column("installment_no", _("No."), "Int", 60, disable_total=1),
		common.column("period_from", _("First Day"), "Date"),
		common.column("period_to", _("Last Day"), "Date"),
		common.amount("amount", _("Amount")),
		common.amount("waived_amount", _("Waived")),
		common.amount("claimed_only", _("Claimed")),
		common.amount("invoiced", _("Invoiced")),
		common.amount("paid", _("Paid")),
		common.link("charge_invoice", _("Invoiced By"), "Sales Invoice"),
		common.link("deal", _("Deal"), "Deal"),
		common.column("last_error", _("Why It Could Not Be Invoiced"), width=200),
		common.currency_column(),
	]


def get_summary(rows, currency) -> list[dict]:
	cards = (
		(_("Amount"), "amount", None),
		(_("Waived"), "waived_amount", None),
		(_("Claimed"), "claimed_only", "Orange"),
		(_("Invoiced"), "invoiced", "Blue"),
		(_("Paid"), "paid", "Green"),
	)
	return [common.card(label, rows, field, currency, indicator) for label, field, indicator in cards]
