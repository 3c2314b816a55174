"""Indicators of collection by month: sales from the Payment Ledger, and what was open at each month's end as ageing sees it.

One statement for all sales, and one look at each month's end, whatever the number of invoices.
"""

from dataclasses import replace
from datetime import date

import frappe
from frappe.utils import add_months, get_first_day, get_last_day, getdate

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables import indicators as rules
from sales_crm_accounts.core.receivables.ageing import Ageing, Buckets
from sales_crm_accounts.core.receivables.indicators import AT_RISK_DAYS, Indicators, Period
from sales_crm_accounts.services.receivables import ageing
from sales_crm_accounts.services.receivables.ageing import Question

#: Months before the shown ones over which sales are counted back.
HISTORY = 24
_BUCKETS = Buckets((AT_RISK_DAYS,))


def by_month(question: Question, months: int = 12, window: int = rules.WINDOW) -> list[Indicators]:
	"""Indicators of so many months up to the day that is asked for, the last one perhaps in part; in company currency.

	Company, customer and customer group of the question count. Rights are the caller's to check.
	"""
	periods = _sales(question, months + HISTORY)
	for index in range(len(periods) - months - 1, len(periods)):
		periods[index] = _with_open(periods[index], question)
	return rules.indicators(periods, months, window)


def _sales(question: Question, months: int) -> list[Period]:
	day = question.day
	starts = [getdate(get_first_day(add_months(day, -back))) for back in range(months - 1, -1, -1)]
	values = {"company": question.company, "from": starts[0], "to": day}
	scope = ageing.customer_scope(question, "entry.party", values)
	found = {
		(year, month): to_decimal(amount)
		for year, month, amount in frappe.db.sql(
			f"""
			select year(entry.posting_date), month(entry.posting_date), sum(entry.amount)
			from `tabPayment Ledger Entry` entry
			where
				entry.company = %(company)s and entry.delinked = 0 and entry.voucher_type = 'Sales Invoice'
				and entry.against_voucher_type = 'Sales Invoice' and entry.party_type = 'Customer'
				and entry.posting_date between %(from)s and %(to)s {scope}
			group by year(entry.posting_date), month(entry.posting_date)
			""",
			values,
		)
	}
	return [
		Period(start, min(day, getdate(get_last_day(start))), found.get((start.year, start.month), ZERO))
		for start in starts
	]


def _with_open(period: Period, question: Question) -> Period:
	sums = _open_at(question, period.end)
	return replace(
		period,
		receivable=sums.balance,
		current=sums.not_due,
		overdue=sums.overdue,
		at_risk=sums.overdue_by_bucket[1],
	)


def _open_at(question: Question, day: date) -> Ageing:
	found = ageing.summary(
		replace(question, as_of=day, in_party_currency=False), ageing.ALL, _BUCKETS, vouchers=False
	)
	return next(iter(found.values()), Ageing(_BUCKETS))
