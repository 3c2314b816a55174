"""The payer score on a site: what it needs beside the payments, in sets, and its reasons in the user's language."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.query_builder.functions import Count
from frappe.utils import add_months, cint, getdate, today
from pypika.functions import Max

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables import payer
from sales_crm_accounts.core.receivables.payer import Behaviour, Reason, Record, Score
from sales_crm_accounts.services.receivables import payers

# Grouped by an expression: along the index of customers MariaDB would fetch a whole company row by row, three times as long.
_HISTORY = """
	select customer, count(*) as rejected, null as first_invoice
	from `tabReceivable Dispute`
	where
		company = %(company)s and status = 'Resolved' and outcome = 'Reject' and resolved_on > %(since)s
		and resolved_on <= %(as_of)s {some}
	group by customer
	union all
	select customer, 0, min(posting_date)
	from `tabOpen Installment`
	where company = %(company)s and is_return = 0 and posting_date <= %(as_of)s {some}
	group by concat(customer, '')
"""

_OVERDUE = """
	select customer, sum(base_outstanding_amount), sum(if(due_date < %(as_of)s, base_outstanding_amount, 0))
	from `tabOpen Installment`
	where company = %(company)s and outstanding_amount > 0 {some}
	group by customer
"""


def scores(
	company: str,
	found: Mapping[str, Behaviour],
	overdue_shares: Mapping[str, Decimal],
	customers: list[str] | None = None,
	as_of: date | None = None,
) -> dict[str, Score]:
	"""Score of each customer with a behaviour or a share; two statements. Rights are the caller's to check."""
	as_of = getdate(as_of or today())
	broken, known = broken_promises(company, customers, as_of), histories(company, customers, as_of)
	return {
		customer: payer.score(
			found.get(customer, Behaviour()),
			record(overdue_shares.get(customer, ZERO), broken.get(customer), known.get(customer)),
		)
		for customer in {*found, *overdue_shares}
	}


def record(
	overdue_share: Decimal, broken: tuple[int, date] | None, history: tuple[int, int] | None
) -> Record:
	"""From what `broken_promises` and `histories` say of a customer."""
	rejected, months = history or (0, 0)
	return Record(overdue_share, broken[0] if broken else 0, rejected, months)


def of_customer(company: str, customer: str) -> Score:
	"""The score of today, by five statements."""
	found = payers.behaviour(company, [customer])
	return scores(company, found, overdue_shares(company, [customer]), [customer]).get(customer, Score())


def companies_of(customer: str) -> list[str]:
	"""Companies that have sold to the customer."""
	kept = frappe.qb.DocType("Open Installment")
	query = frappe.qb.from_(kept).select(kept.company).distinct().where(kept.customer == customer)
	return query.orderby(kept.company).run(pluck=True)


def broken_promises(
	company: str, customers: Iterable[str] | None, on_date: date
) -> dict[str, tuple[int, date]]:
	"""Customer -> how many promises were broken in the last twelve months, and on which day the last one was judged so."""
	promise = frappe.qb.DocType("Promise to Pay")
	query = (
		frappe.qb.from_(promise)
		.where((promise.company == company) & (promise.status == "Broken"))
		.where(promise.judged_on > add_months(on_date, -payer.WINDOW_MONTHS))
		.where(promise.judged_on <= on_date)
		.groupby(promise.customer)
		.select(promise.customer, Count("*"), Max(promise.judged_on))
	)
	if customers is not None:
		query = query.where(promise.customer.isin(list(customers) or [""]))
	return {customer: (cint(count), getdate(last)) for customer, count, last in query.run()}


def histories(company: str, customers: Iterable[str] | None, on_date: date) -> dict[str, tuple[int, int]]:
	"""Customer -> disputes rejected in the last twelve months, and whole months since the first invoice; one statement."""
	values = {"since": getdate(add_months(on_date, -payer.WINDOW_MONTHS))}
	found: dict[str, tuple[int, int]] = {}
	for customer, rejected, first in _rows(_HISTORY, company, customers, on_date, values):
		before, months = found.get(customer, (0, 0))
		if first:
			months = payer.months_between(getdate(first), on_date)
		found[customer] = before + cint(rejected), months
	return found


def overdue_shares(
	company: str, customers: Iterable[str] | None = None, on_date: date | None = None
) -> dict[str, Decimal]:
	"""Customer -> the part of what is open today that is overdue, 0 to 1."""
	rows = _rows(_OVERDUE, company, customers, getdate(on_date or today()), {})
	return {
		customer: to_decimal(overdue) / to_decimal(whole)
		for customer, whole, overdue in rows
		if to_decimal(whole) > 0
	}


def _rows(statement: str, company: str, customers: Iterable[str] | None, as_of: date, values: dict) -> list:
	some = ""
	if customers is not None:
		values["customers"] = list(customers) or [""]
		some = "and customer in %(customers)s"
	return frappe.db.sql(statement.format(some=some), {**values, "company": company, "as_of": as_of})


# In words


def as_dict(score: Score) -> dict:
	"""For the desk: score, grade, each reason with its points; or why there is no score."""
	return {
		"score": score.points,
		"grade": score.grade,
		"reasons": [
			{"kind": one.kind, "points": one.points, "most": one.most, "text": text(one)}
			for one in score.reasons
		],
		"unknown": None if score.grade else unknown_text(),
	}


def unknown_text() -> str:
	return _("No score: fewer than {0} installments were paid in the last twelve months.").format(
		payer.ENOUGH
	)


def text(reason: Reason) -> str:
	"""What was seen, in the user's language."""
	figure = f"{abs(reason.figure).normalize():f}"
	if reason.kind == payer.DAYS_LATE:
		if reason.figure > 0:
			return _("{0} days late on average").format(figure)
		return _("{0} days early on average").format(figure) if reason.figure else _("on time on average")
	if reason.kind == payer.ON_TIME:
		return _("{0} % of installments on time").format(figure)
	if reason.kind == payer.OVERDUE:
		return _("{0} % of what is open is overdue").format(figure)
	if reason.kind == payer.BROKEN:
		return _counted(reason, _("no broken promise"), _("one broken promise"), _("{0} broken promises"))
	if reason.kind == payer.DISPUTES:
		return _counted(
			reason, _("no rejected dispute"), _("one rejected dispute"), _("{0} rejected disputes")
		)
	if reason.figure >= payer.FULL_HISTORY:
		return _("customer for a year or more")
	return _counted(
		reason,
		_("customer for less than a month"),
		_("customer for one month"),
		_("customer for {0} months"),
	)


def _counted(reason: Reason, none: str, one: str, many: str) -> str:
	count = int(reason.figure)
	return (none, one)[count] if count < 2 else many.format(count)
