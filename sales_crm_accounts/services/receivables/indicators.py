"""Indicators of collection by month: sales from the Payment Ledger, and what was open at each month's end as ageing sees it.

One statement for all sales and two for all month ends, whatever the number of months and invoices.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

import frappe
from frappe.utils import add_months, get_first_day, get_last_day, getdate

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables import indicators as rules
from sales_crm_accounts.core.receivables.ageing import Ageing, Buckets
from sales_crm_accounts.core.receivables.indicators import AT_RISK_DAYS, Indicators, Period
from sales_crm_accounts.core.receivables.past import Days, Move, Part
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import ageing
from sales_crm_accounts.services.receivables.ageing import Question

#: Months before the shown ones over which sales are counted back.
HISTORY = 24
BUCKETS = Buckets((AT_RISK_DAYS,))


def by_month(question: Question, months: int = 12, window: int = rules.WINDOW) -> list[Indicators]:
	"""Indicators of so many months up to the day that is asked for, the last one perhaps in part; in company currency.

	Company, customer and customer group of the question count. Rights are the caller's to check.
	"""
	periods = _sales(question, months + HISTORY)
	before, looked_at = periods[: -months - 1], periods[-months - 1 :]
	sums = open_on(question, [period.end for period in looked_at])
	periods = before + [
		replace(
			period,
			receivable=found.balance,
			current=found.not_due,
			overdue=found.overdue,
			at_risk=found.overdue_by_bucket[1],
		)
		for period, found in zip(looked_at, sums, strict=True)
	]
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


def open_on(question: Question, days: list[date]) -> list[Ageing]:
	"""Sums of what was open at the end of each day, as `ageing.summary` has them without money on account.

	Two statements whatever the number of days: what moved since the first day, and the invoices one after the other with their
	installments as they are now. Nothing but the movements is held in memory.
	"""
	found = Days([day.toordinal() for day in days], BUCKETS, precision())
	moves = _moves(question, days[0])
	values, scope = ageing.scope(replace(question, as_of=days[-1]))
	# Days of the database count from one year earlier than Python's.
	invoices = f"""
		select
			kept.sales_invoice, to_days(min(kept.posting_date)) - 365, max(kept.outstanding_amount <> 0),
			group_concat(
				to_days(kept.due_date) - 365, ' ', kept.amount, ' ', kept.outstanding_amount, ' ',
				kept.base_outstanding_amount
				order by kept.installment_no
			)
		from `tabOpen Installment` kept
		where kept.company = %(company)s and kept.posting_date <= %(as_of)s {scope}
		group by kept.sales_invoice
	"""
	with frappe.db.unbuffered_cursor():
		for name, posted, is_open, parts in frappe.db.sql(invoices, values, as_iterator=True, as_list=True):
			if not is_open and name not in moves:
				continue
			found.add(posted, [_part(part) for part in parts.split(",")], moves.get(name, ()))
	return found.sums()


def _moves(question: Question, after: date) -> dict[str, list[Move]]:
	"""Invoice -> what moved on it after the day, by whichever way."""
	values = {"company": question.company, "after": after}
	scope = ageing.customer_scope(question, "entry.party", values)
	statement = f"""
		select
			entry.against_voucher_no, to_days(entry.posting_date) - 365, entry.amount_in_account_currency, entry.amount
		from `tabPayment Ledger Entry` entry
		where
			entry.company = %(company)s and entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice'
			and entry.posting_date > %(after)s and entry.voucher_no <> entry.against_voucher_no {scope}
	"""
	found: dict[str, list[Move]] = defaultdict(list)
	with frappe.db.unbuffered_cursor():
		for name, day, amount, base in frappe.db.sql(statement, values, as_iterator=True, as_list=True):
			found[name].append(Move(day, to_decimal(amount), to_decimal(base)))
	return found


def _part(text: str) -> Part:
	due, amount, outstanding, base = text.split(" ")
	return Part(int(due), Decimal(amount), Decimal(outstanding), Decimal(base))
