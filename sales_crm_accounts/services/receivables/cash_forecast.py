"""The cash forecast of a company: thirteen weeks from what is open, promised, planned and hoped for; kept once a week.

What is computed here is always as of today; what was expected earlier stands in the Cash Forecast documents, beside which the
money that came in is read from the ledger.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import frappe
from frappe import _
from frappe.core.doctype.user_permission.user_permission import get_permitted_documents
from frappe.query_builder import Case
from frappe.query_builder.functions import Coalesce, Sum
from frappe.utils import cint, flt, formatdate, getdate, today

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables import forecast as rules
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import held, payers, payers_lately
from sales_crm_accounts.services.receivables.open_rows import open_rows

SETTINGS = "Company Receivables Settings"
NOT_BILLED = ("Planned", "Ready")
#: Field of a Cash Forecast Week, by kind.
FIELDS = {
	rules.PROMISED: "promised",
	rules.OPEN: "billed",
	rules.PLANNED: "planned",
	rules.PIPELINE: "pipeline",
}


def sca_weekly_cash_forecast() -> list[str]:
	"""Scheduler, daily: keep this week's forecast of every company that has deals or open invoices and none yet. Commits."""
	kept = []
	for company in _companies():
		try:
			name = keep(company)
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Cash forecast of {0} not kept").format(company))
		else:
			if name:
				kept.append(name)
		frappe.db.commit()
	return kept


def keep(company: str, day: date | None = None) -> str | None:
	"""Keep the forecast of the week of `day` (today); None where it is kept already. Exactly once by a unique key."""
	day = getdate(day or today())
	start = rules.first_week(day)
	key = f"{company}|{start}"
	if frappe.db.exists("Cash Forecast", {"forecast_key": key}):
		return None
	weeks, beside = rules.by_week(expected(company, day), day)
	doc = frappe.new_doc("Cash Forecast")
	doc.update(
		{
			"company": company,
			"currency": frappe.get_cached_value("Company", company, "default_currency"),
			"week_start": start,
			"kept_on": day,
			"forecast_key": key,
			"later": _float(beside.get("Later")),
			"no_date": _float(beside.get("No Date")),
			"disputed": _float(beside.get(rules.DISPUTED)),
			"doubtful": _float(beside.get(rules.DOUBTFUL)),
			"total": _float(sum((week.total for week in weeks), ZERO)),
			"weeks": [
				{
					"week_start": week.start,
					**{field: _float(week.amounts[kind]) for kind, field in FIELDS.items()},
					"total": _float(week.total),
				}
				for week in weeks
			],
		}
	)
	try:
		# The job keeps it for all; nobody types one.
		doc.insert(ignore_permissions=True)
	except frappe.UniqueValidationError:
		return None
	return doc.name


def expected(company: str, day: date | None = None, customers: Iterable[str] | None = None) -> list:
	"""Every amount that is expected, as `core.receivables.forecast.Expected`; eight statements whatever their number.

	Rights are the caller's to check; `customers` narrows it.
	"""
	day = getdate(day or today())
	customers = None if customers is None else list(customers)
	rows = open_rows(company, customers)
	about = company, customers, day
	# Where it can be waited for, who has just paid is seen at once.
	paid = (
		payers_lately.lately(payers.behaviour, *about, len(rows), wait=True)
		if len(rows) > payers_lately.MANY
		else payers.behaviour(*about)
	)
	late = {
		customer: one.average_days_late for customer, one in paid.items() if one.average_days_late is not None
	}
	return rules.forecast(
		rows,
		day,
		days_late=late,
		holds=held.holds(company, day, customers, rows),
		planned=[*_planned(company, customers), *_pipeline(company, customers)],
		precision=precision(),
		terms=terms(company),
	)


def terms(company: str) -> rules.Terms:
	found = frappe.db.get_value(
		SETTINGS, company, ["forecast_wait_days", "doubtful_after_days"], as_dict=True
	)
	if not found:
		return rules.Terms()
	return rules.Terms(
		cint(found.forecast_wait_days) or rules.WAIT_DAYS,
		cint(found.doubtful_after_days) or rules.DOUBTFUL_AFTER_DAYS,
	)


def permitted_customers() -> list[str] | None:
	"""Customers that User Permissions leave to the user; None where there are none on customers."""
	return get_permitted_documents("Customer") or None


def reason(part) -> str:
	"""Why an amount is expected on its day, in the user's language."""
	values = {
		name: formatdate(value) if isinstance(value, date) else value for name, value in part.values.items()
	}
	return _(part.reason).format(**values)


def received(company: str, from_date: date, to_date: date) -> dict[date, Decimal]:
	"""Day -> money that customers paid less what was paid back, in the company's currency; two statements.

	Payment Entries by what reached the bank, and the customers' rows of journals of the kinds Bank Entry and Cash Entry.
	"""
	payment = frappe.qb.DocType("Payment Entry")
	amount = (
		Case()
		.when(payment.payment_type == "Receive", payment.base_received_amount)
		.else_(-payment.base_paid_amount)
	)
	paid = (
		frappe.qb.from_(payment)
		.select(payment.posting_date, Sum(amount))
		.where((payment.docstatus == 1) & (payment.company == company) & (payment.party_type == "Customer"))
		.where(payment.payment_type.isin(["Receive", "Pay"]))
		.where(payment.posting_date[from_date:to_date])
		.groupby(payment.posting_date)
	).run()
	journal, line = frappe.qb.DocType("Journal Entry"), frappe.qb.DocType("Journal Entry Account")
	booked = (
		frappe.qb.from_(journal)
		.join(line)
		.on(line.parent == journal.name)
		.select(journal.posting_date, Sum(line.credit - line.debit))
		.where((journal.docstatus == 1) & (journal.company == company) & (line.party_type == "Customer"))
		.where(journal.voucher_type.isin(["Bank Entry", "Cash Entry"]))
		.where(journal.posting_date[from_date:to_date])
		.groupby(journal.posting_date)
	).run()
	found: dict[date, Decimal] = {}
	for day, sum_ in (*paid, *booked):
		found[getdate(day)] = found.get(getdate(day), ZERO) + to_decimal(sum_)
	return found


def received_by_week(company: str, starts: Iterable[date]) -> dict[date, Decimal]:
	"""Monday -> money that came in its week; weeks that have not begun are not in it."""
	starts = [start for start in sorted(set(starts)) if start <= getdate(today())]
	if not starts:
		return {}
	by_day = received(company, starts[0], starts[-1] + timedelta(days=6))
	found = dict.fromkeys(starts, ZERO)
	for day, amount in by_day.items():
		if rules.first_week(day) in found:
			found[rules.first_week(day)] += amount
	return found


def _planned(company: str, customers: list[str] | None) -> list[rules.Planned]:
	"""Installments of won deals without an invoice; on hold they have no day."""
	part, deal = frappe.qb.DocType("Deal Installment"), frappe.qb.DocType("Deal")
	query = (
		frappe.qb.from_(part)
		.join(deal)
		.on(deal.name == part.deal)
		.select(
			part.name,
			part.deal,
			part.customer,
			part.planned_amount,
			deal.conversion_rate,
			part.due_date,
			part.on_hold,
		)
		.where((part.company == company) & part.status.isin(NOT_BILLED))
		.orderby(part.deal, part.sequence)
	)
	if customers is not None:
		query = query.where(part.customer.isin(customers or [""]))
	return [
		rules.Planned(
			deal=row.deal,
			customer=row.customer,
			amount=to_decimal(row.planned_amount) * to_decimal(row.conversion_rate),
			due_date=None if row.on_hold or not row.due_date else getdate(row.due_date),
			name=row.name,
		)
		for row in query.run(as_dict=True)
	]


def _pipeline(company: str, customers: list[str] | None) -> list[rules.Planned]:
	"""Plan rows of open deals with their tax, by the stage's probability; a deal without a plan counts on its closing date."""
	deal, row = frappe.qb.DocType("Deal"), frappe.qb.DocType("Deal Plan Row")
	query = (
		frappe.qb.from_(deal)
		.left_join(row)
		.on((row.parent == deal.name) & (row.parenttype == "Deal") & (row.parentfield == "plan"))
		.select(
			deal.name,
			Coalesce(deal.customer, deal.prospect, deal.lead, "").as_("customer"),
			deal.probability,
			deal.conversion_rate,
			deal.net_total,
			deal.grand_total,
			deal.expected_close_date,
			row.net_amount,
			row.due_date,
			row.name.as_("row_name"),
		)
		.where((deal.docstatus == 0) & (deal.status == "Open") & (deal.company == company))
		.where((deal.probability > 0) & (deal.grand_total > 0))
		.orderby(deal.name, row.idx)
	)
	if customers is not None:
		query = query.where(deal.customer.isin(customers or [""]))
	found = []
	for values in query.run(as_dict=True):
		amount, due = to_decimal(values.grand_total), values.expected_close_date
		if values.row_name:
			net = to_decimal(values.net_total)
			if not net:
				continue
			amount, due = amount * to_decimal(values.net_amount) / net, values.due_date
		found.append(
			rules.Planned(
				deal=values.name,
				customer=values.customer,
				amount=amount * to_decimal(values.conversion_rate),
				due_date=getdate(due) if due else None,
				# A sure stage of a deal that is not won is still a hope.
				probability=min(to_decimal(values.probability), Decimal("99.99")),
			)
		)
	return found


def _companies() -> list[str]:
	found = set(frappe.get_all("Deal", pluck="company", distinct=True))
	found.update(
		frappe.get_all(
			"Open Installment", filters={"outstanding_amount": ("!=", 0)}, pluck="company", distinct=True
		)
	)
	return sorted(company for company in found if company)


def _float(amount: Decimal | None) -> float:
	return flt(amount or 0, precision())
