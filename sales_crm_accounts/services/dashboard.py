"""Figures of the workspace, in company currency, over what the user may see."""

from datetime import date

import frappe
from frappe import _
from frappe.query_builder.functions import Coalesce, Sum
from frappe.utils import add_months, flt, get_first_day, getdate, today

from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.services.messages import axis_label

NOT_BILLED = ("Planned", "Ready")
MONTHS = 6


def to_bill(company: str | None) -> float:
	"""Planned amounts, with tax, of installments without an invoice."""
	return flt(sum(flt(amount) for _day, amount in _planned(company)), 2)


def expected_collections(company: str | None, day: date | str | None = None) -> dict:
	"""What should come in: overdue, then month by month; billed and not yet billed apart. Two statements."""
	day = getdate(day or today())
	months = [getdate(add_months(get_first_day(day), number)) for number in range(MONTHS)]
	return {
		"labels": [_("Overdue"), *(axis_label(month, "yMMM") for month in months), _("Later")],
		"datasets": [
			{"name": _("Billed"), "values": _by_month(_billed(company), months, day)},
			{"name": _("To be billed"), "values": _by_month(_planned(company), months, day)},
		],
	}


def open_deals_by_stage(company: str | None) -> dict:
	"""Amount of the open deals in each stage, in the order of the pipeline. One statement."""
	deal, stage = frappe.qb.DocType("Deal"), frappe.qb.DocType("Deal Stage")
	query = (
		frappe.qb.from_(deal)
		.join(stage)
		.on(deal.stage == stage.name)
		.select(stage.name, Sum(deal.base_net_total))
		.where((deal.docstatus == 0) & (deal.status == "Open"))
		.groupby(stage.name, stage.sequence)
		.orderby(stage.sequence, stage.name)
	)
	if company:
		query = query.where(deal.company == company)
	rows = deal_access.restrict(query, deal.name).run()
	return {
		"labels": [_(name) for name, _amount in rows],
		"datasets": [{"name": _("Open Deals"), "values": [flt(amount, 2) for _name, amount in rows]}],
	}


def _by_month(rows: list[tuple], months: list[date], day: date) -> list[float]:
	"""Amounts by due date in columns: overdue, one a month, later. Without a due date (a milestone that is open) it is later."""
	columns = [0.0] * (len(months) + 2)
	place = {(month.year, month.month): number for number, month in enumerate(months, start=1)}
	for due_date, amount in rows:
		if due_date and due_date < day:
			columns[0] += flt(amount)
		else:
			columns[place.get((due_date.year, due_date.month) if due_date else None, -1)] += flt(amount)
	return [flt(amount, 2) for amount in columns]


def _billed(company: str | None) -> list[tuple]:
	"""(due date, open amount) of invoices; an open credit note is taken off where the invoice it credits is due."""
	row = frappe.qb.DocType("Open Installment")
	credited = frappe.qb.DocType("Open Installment").as_("credited")
	due_date = Coalesce(credited.due_date, row.due_date)
	query = (
		frappe.qb.from_(row)
		.left_join(credited)
		.on((credited.sales_invoice == row.return_against) & (credited.installment_no == 1))
		.select(due_date, Sum(row.base_outstanding_amount))
		.where(row.outstanding_amount != 0)
		.groupby(due_date)
	)
	if company:
		query = query.where(row.company == company)
	return deal_access.restrict(query, row.name, doctype="Open Installment").run()


def _planned(company: str | None) -> list[tuple]:
	"""(due date, planned amount in company currency) of installments without an invoice."""
	row, deal = frappe.qb.DocType("Deal Installment"), frappe.qb.DocType("Deal")
	query = (
		frappe.qb.from_(row)
		.join(deal)
		.on(row.deal == deal.name)
		.select(row.due_date, Sum(row.planned_amount * deal.conversion_rate))
		.where(row.status.isin(NOT_BILLED))
		.groupby(row.due_date)
	)
	if company:
		query = query.where(row.company == company)
	return deal_access.restrict(query, row.name, doctype="Deal Installment").run()
