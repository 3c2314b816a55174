# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""How customers pay: days late of what they paid in twelve months, what is open, and a score that names its reasons."""

from collections import Counter
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import flt, getdate, today

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.receivables import payer
from sales_crm_accounts.core.receivables.ageing import Ageing, Buckets
from sales_crm_accounts.core.receivables.payer import Behaviour, Score
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import ageing, payer_scores, payers
from sales_crm_accounts.services.receivables.ageing import Question

COLORS = {
	payer.PROMPT: "green",
	payer.SLOW: "yellow",
	payer.LATE: "orange",
	payer.VERY_LATE: "red",
	payer.UNKNOWN: common.GRAY,
}


@common.explained
def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	if not filters.company:
		frappe.throw(_("Choose a company."))
	if not (deal_access.sees_all_deals() and ageing.may_see_company(filters.company)):
		frappe.throw(
			_("You may not see the receivables of {0}.").format(filters.company), frappe.PermissionError
		)
	rows = get_rows(filters)
	return deal_access.plain_links(get_columns()), rows, None, get_chart(rows), None, True


def get_rows(filters) -> list[dict]:
	"""Worst score first; who paid too little for a score comes last."""
	question = Question(
		company=filters.company,
		as_of=getdate(filters.as_of or today()),
		customer=filters.customer or None,
		customer_group=filters.customer_group or None,
	)
	customers = ageing.customers_of(question)
	found = payers.behaviour(question.company, customers, question.day)
	opened = {
		customer: sums
		for (customer, _currency), sums in ageing.summary(question).items()
		if sums.outstanding or sums.balance
	}
	names = dict(
		frappe.get_all(
			"Customer",
			filters={"name": ("in", sorted({*found, *opened}) or [""])},
			fields=["name", "customer_name"],
			as_list=True,
		)
	)
	currency = common.company_currency(filters)
	# Of invoices only, as on the Customer and in the worklist; the columns have what was booked without an invoice, too.
	shares = {
		customer: sums.overdue / sums.outstanding if sums.outstanding > 0 else ZERO
		for (customer, _currency), sums in ageing.summary(question, vouchers=False).items()
		if customer in opened
	}
	scored = payer_scores.scores(question.company, found, shares, customers, question.day)
	rows = [
		row_of(
			customer,
			names.get(customer),
			found.get(customer) or Behaviour(),
			opened.get(customer) or Ageing(Buckets()),
			scored[customer],
			currency,
		)
		for customer in {*found, *opened}
	]
	return sorted(
		rows, key=lambda row: (row["score"] is None, row["score"] or 0, -row["overdue"], row["customer"])
	)


def row_of(
	customer: str, name: str | None, found: Behaviour, opened: Ageing, score: Score, currency: str
) -> dict:
	decimals = precision()
	return {
		"customer": customer,
		"customer_name": name,
		"payer_class": class_labels()[found.payer_class],
		"color": COLORS[found.payer_class],
		"grade": score.grade,
		"score": score.points,
		"paid": found.paid,
		"amount": flt(found.amount, decimals),
		"late_share": _number(found.late_share, 100),
		"average_days_late": _number(found.average_days_late),
		"median_days_late": found.median_days_late,
		"worst_days_late": found.worst_days_late,
		"recent_days_late": _number(found.recent_days_late),
		"outstanding": flt(opened.outstanding, decimals),
		"overdue": flt(opened.overdue, decimals),
		"reasons": describe(score),
		"currency": currency,
	}


def class_labels() -> dict[str, str]:
	return {
		payer.PROMPT: _("Prompt"),
		payer.SLOW: _("Slow"),
		payer.LATE: _("Pays Late"),
		payer.VERY_LATE: _("Very Late"),
		payer.UNKNOWN: _("Not Known"),
	}


def describe(score: Score) -> str:
	"""In words: what was seen, and the points it cost; what cost nothing is left out."""
	if score.points is None:
		return payer_scores.unknown_text()
	lost = (f"{payer_scores.text(one)} (-{one.points})" for one in score.reasons if one.points)
	return "; ".join(lost)


def _number(value: Decimal | None, factor: int = 1) -> float | None:
	return None if value is None else flt(value * factor, 1)


def get_columns() -> list[dict]:
	days = {"precision": 1, "width": 165}
	return [
		common.link("customer", _("Customer"), "Customer"),
		common.column("customer_name", _("Name"), width=160),
		common.column("payer_class", _("Pays"), width=115),
		common.column("grade", _("Grade"), width=70),
		common.column("score", _("Score"), "Int", 70),
		common.column("paid", _("Installments Paid"), "Int", 155),
		common.amount("amount", _("Paid")),
		common.column("late_share", _("% Late"), "Percent", 95),
		common.column("average_days_late", _("Average Days Late"), "Float", **days),
		common.column("median_days_late", _("Median Days Late"), "Int", 160),
		common.column("worst_days_late", _("Worst"), "Int", 80),
		common.column("recent_days_late", _("Last 3 Months"), "Float", **days),
		common.amount("outstanding", _("Outstanding")),
		common.amount("overdue", _("Overdue")),
		common.column("reasons", _("Reasons"), width=420),
		common.currency_column(),
	]


def get_chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	counts = Counter(row["payer_class"] for row in rows)
	labels = list(class_labels().values())
	return {
		"data": {
			"labels": labels,
			"datasets": [{"name": _("Customers"), "values": [counts[label] for label in labels]}],
		},
		"type": "bar",
		"colors": ["blue"],
	}
