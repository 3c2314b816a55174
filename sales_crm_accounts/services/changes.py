"""A new plan for what of a won deal is not billed yet (Deal Change).

What has an invoice, draft or submitted, is locked. The installments are locked in the order of their names before they are
looked at, and compared with what the change was written on: of two people who change at once one wins, and the other is told.
"""

import json
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import cint, cstr, flt, get_link_to_form, getdate, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core import billing
from sales_crm_accounts.core import change as rules
from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.core.plan import (
	AMOUNT,
	ON_DATE,
	REMAINDER,
	PlanRow,
	check_one_invoice,
)
from sales_crm_accounts.core.problems import RuleError
from sales_crm_accounts.services import deals, messages, policies

#: What a change may alter on an installment, and what it keeps to put back.
PLAN_FIELDS = (
	"title",
	"percent",
	"net_amount",
	"planned_amount",
	"billing_trigger",
	"trigger_date",
	"milestone",
	"confirmed_on",
	"confirmed_by",
	"planned_invoice_date",
	"due_rule",
	"due_days",
	"due_months",
	"fixed_due_date",
	"due_date",
)
DATES = ("trigger_date", "confirmed_on", "planned_invoice_date", "fixed_due_date", "due_date")


# Reading


def installments_of(deal: str, lock: bool = False) -> list[frappe._dict]:
	"""All installments of the deal in the order of their names; locked, they are read as they are now."""
	row = frappe.qb.DocType("Deal Installment")
	query = frappe.qb.from_(row).where(row.deal == deal).orderby(row.name).select(row.star)
	return (query.for_update() if lock else query).run(as_dict=True)


def is_unbilled(installment) -> bool:
	"""To be billed: neither cancelled nor on an invoice. A cancelled invoice and a deleted draft leave their installment."""
	return installment.status != "Cancelled" and not installment.sales_invoice


def remaining(deal: str) -> Decimal:
	"""Amount before tax that is not billed yet."""
	return net_of(row for row in installments_of(deal) if is_unbilled(row))


def net_of(rows) -> Decimal:
	return sum((money(row.net_amount) for row in rows), ZERO)


def money(value) -> Decimal:
	return to_decimal(flt(value, 9))


def standing_of(installment) -> rules.Standing:
	date = lambda value: getdate(value) if value else None  # noqa: E731
	return rules.Standing(
		PlanRow(
			description=installment.title,
			basis=AMOUNT,
			amount=money(installment.net_amount),
			trigger=installment.billing_trigger,
			trigger_date=date(installment.trigger_date) if installment.billing_trigger == ON_DATE else None,
			milestone=installment.milestone or "",
			due_rule=installment.due_rule,
			due_days=cint(installment.due_days),
			due_months=cint(installment.due_months),
			fixed_due_date=date(installment.fixed_due_date),
		),
		money(installment.net_amount),
		date(installment.planned_invoice_date),
		date(installment.confirmed_on),
	)


def _snapshot(installment) -> dict:
	return {
		"installment": installment.name,
		"title": installment.title,
		"net_amount": installment.net_amount,
		"planned_invoice_date": installment.planned_invoice_date,
		"due_date": installment.due_date,
		"snapshot": json.dumps(
			{
				field: cstr(installment[field]) or None if field in DATES else installment[field]
				for field in PLAN_FIELDS
			},
			sort_keys=True,
		),
	}


def before(change) -> dict[str, frappe._dict]:
	"""The installments as they were when the change was written."""
	result = {}
	for row in change.before_rows:
		try:
			result[row.installment] = frappe._dict(json.loads(row.snapshot or "{}"))
		except ValueError:
			result[row.installment] = frappe._dict()
	return result


# Writing a change


def fill(deal: str) -> dict:
	"""Rows of a new change: the installments that are not billed yet; the last one takes what remains."""
	doc = frappe.get_doc("Deal", deal)
	check_deal(doc)
	unbilled = [row for row in installments_of(deal) if is_unbilled(row)]
	rows = []
	for installment in unbilled:
		rows.append(
			{
				"installment": installment.name,
				"description": installment.title,
				"basis": REMAINDER if installment is unbilled[-1] else AMOUNT,
				"amount": 0 if installment is unbilled[-1] else installment.net_amount,
				"billing_trigger": installment.billing_trigger,
				"trigger_date": installment.trigger_date if installment.billing_trigger == ON_DATE else None,
				"milestone": installment.milestone,
				"due_rule": installment.due_rule,
				"due_days": installment.due_days,
				"due_months": installment.due_months,
				"fixed_due_date": installment.fixed_due_date,
				"net_amount": installment.net_amount,
				"invoice_date": installment.planned_invoice_date,
				"due_date": installment.due_date,
			}
		)
	total = float(net_of(unbilled))
	return {
		"deal": doc.name,
		"customer": doc.customer,
		"company": doc.company,
		"currency": doc.currency,
		"unbilled_amount": total,
		"new_unbilled_amount": total,
		"rows": rows,
		"before_rows": [_snapshot(installment) for installment in unbilled],
	}


def validate(change):
	"""Check a change against the installments as they are, and share the amount over its rows exactly."""
	deal = frappe.get_doc("Deal", change.deal)
	deal.check_permission("read")
	_check_day(change, deal)
	change.customer, change.company, change.currency = deal.customer, deal.company, deal.currency

	everything = installments_of(deal.name, lock=change.docstatus == 1)
	check_deal(deal, lock=change.docstatus == 1)
	unbilled = {row.name: row for row in everything if is_unbilled(row)}
	if change.before_rows:
		check_still_so(change, everything, unbilled)
	change.set("before_rows", [_snapshot(row) for row in unbilled.values()])
	_drop_stale_links(change, unbilled)

	precision = deal.precision("net_total")
	change.unbilled_amount = float(net_of(unbilled.values()))
	amount_change = money(change.amount_change)
	problems = rules.check_total(money(change.unbilled_amount), amount_change, precision)
	if problems:
		messages.throw(problems, title=_("Deal Change"))
	total = quantize(money(change.unbilled_amount) + amount_change, precision)
	change.new_unbilled_amount = float(total)
	if not unbilled and not total:
		frappe.throw(
			_(
				"Everything of deal {0} is billed. Enter an amount change to bill more, or credit an invoice."
			).format(get_link_to_form("Deal", deal.name)),
			title=_("Deal Change"),
		)
	_share(change, deal, total, unbilled, any(row.sales_invoice for row in everything))


def check_deal(deal, lock: bool = False):
	docstatus = (
		frappe.db.get_value("Deal", deal.name, "docstatus", for_update=True) if lock else deal.docstatus
	)
	if docstatus != 1:
		frappe.throw(
			_("Deal {0} is not won. Change its collection plan on the deal itself.").format(
				get_link_to_form("Deal", deal.name)
			)
			if docstatus == 0
			else _("Deal {0} is cancelled. Amend the deal instead.").format(
				get_link_to_form("Deal", deal.name)
			),
			title=_("Deal Change"),
		)


def _check_day(change, deal):
	day = getdate(change.posting_date)
	if day > getdate(today()):
		frappe.throw(
			_("The date of the change is in the future. Choose today or an earlier day."),
			title=_("Deal Change"),
		)
	if day < getdate(deal.won_on):
		frappe.throw(
			_("The change is dated {0}, before the deal was won ({1}). Choose a later day.").format(
				frappe.format(day, "Date"), frappe.format(deal.won_on, "Date")
			),
			title=_("Deal Change"),
		)


def check_still_so(change, everything, unbilled):
	written = {
		name: standing_of(row) for name, row in before(change).items() if name and row.get("billing_trigger")
	}
	problems = rules.differences(
		written,
		{name: standing_of(row) for name, row in unbilled.items()},
		{row.name: row.sales_invoice for row in everything if row.sales_invoice},
	)
	if problems:
		messages.throw(problems, title=_("The Deal Has Moved On"))


def _drop_stale_links(change, unbilled):
	"""A row keeps its installment; a copied row, or one of an installment that is gone, makes a new one."""
	seen = set()
	for row in change.rows:
		if row.installment and (row.installment in seen or row.installment not in unbilled):
			row.installment = None
		seen.add(row.installment)


def _share(change, deal, total: Decimal, unbilled, any_billed: bool):
	rows = [deals.plan_row(row) for row in change.rows]
	standings = [standing_of(unbilled[row.installment]) if row.installment else None for row in change.rows]
	try:
		parts = rules.share(total, rows, deal.precision("net_total"))
	except RuleError as error:
		messages.throw(error, title=_("New Plan"))
	problems = rules.check_dates(rows, standings, getdate(today()))
	if not any_billed and policies.policy_of(deal).invoicing_method == billing.ONE_INVOICE:
		problems += check_one_invoice(rows, getdate(today()))
	if problems:
		messages.throw(problems, title=_("New Plan"))
	for row, core_row, standing, part in zip(change.rows, rows, standings, parts, strict=True):
		row.net_amount = float(part)
		row.invoice_date = rules.planned_date(core_row, getdate(today()), standing)
		row.due_date = core_row.due_date(row.invoice_date)
	_check_open_periods(change, deal)


def _check_open_periods(change, deal):
	"""What is planned for a day gone by is billed today, so only days to come can be closed."""
	days = [
		(row, max(getdate(row.invoice_date), getdate(today()))) for row in change.rows if row.invoice_date
	]
	closed = erpnext_compat.closed_days(deal.company, [day for _row, day in days], "Sales Invoice")
	for row, day in days:
		if day in closed:
			frappe.throw(
				_("Row {0}: {1} is in a closed period ({2}). Choose a later date.").format(
					row.idx, frappe.format(day, "Date"), closed[day]
				),
				title=_("New Plan"),
			)
