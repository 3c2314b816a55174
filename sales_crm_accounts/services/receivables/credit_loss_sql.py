"""The statements of expected credit loss: what is open by bucket on a day, what became of each bucket month by month, and what the
ledger holds. One statement each, whatever the number of months, invoices and deals.
"""

from collections.abc import Sequence
from datetime import date

from sales_crm_accounts.core.receivables.credit_loss import BUCKETS, LAST
from sales_crm_accounts.services.receivables import ageing_sql


def _place(days: str) -> str:
	"""`Buckets.index` of a number of days overdue, as SQL."""
	limits = " ".join(f"when {days} <= {int(limit)} then {n}" for n, limit in enumerate((0, *BUCKETS.limits)))
	return f"case {limits} else {LAST} end"


def exposures(precision: int, moved_later: bool) -> str:
	"""customer_group, place, customer, deal, amount in the company's currency, of what was open at the end of %(as_of)s.

	Customer only for those in %(specific)s. Debts are positive, by bucket; credit notes, overpaid invoices and money on account have
	a row of their own each (negative, `place` -1 for invoices, -2 for money).
	"""
	head, opened = ageing_sql.open_at(precision, "", moved_later)
	return f"""
		{head}
		select
			coalesce(customer.customer_group, '') as customer_group,
			case
				when debt.amount < 0 and debt.of_invoice = 1 then -1
				when debt.amount < 0 then -2
				else {_place("datediff(%(as_of)s, debt.due_date)")}
			end as place,
			case when debt.customer in %(specific)s then debt.customer else '' end as customer,
			coalesce(debt.deal, '') as deal,
			sum(debt.amount) as amount
		from (
			select customer, deal, due_date, base_outstanding as amount, 1 as of_invoice from ({opened}) opened
			union all
			select customer, null, due_date, base_outstanding, 0 from ({ageing_sql.vouchers_at("")}) vouchers
		) debt
		left join `tabCustomer` customer on customer.name = debt.customer
		where debt.amount <> 0
		group by 1, 2, 3, 4
	"""


def flows(ends: Sequence[date]) -> tuple[str, dict]:
	"""(statement, values): customer_group, month, place, balance, aged, rolled, lost at and after each of `ends` (`core` Flow).

	From the Payment Ledger: what was open of each invoice at each month end, its oldest installment closed first, at the invoice's
	own exchange rate. What a payment or journal booked to %(loss_accounts)s is lost; credit notes count as collected, as they are no
	credit loss.
	"""
	last = len(ends) - 1
	days = " union all ".join(
		f"select {n} as n, cast(%(end_{n})s as date) as day, cast(%(end_{min(n + 1, last)})s as date) as next_day"
		for n in range(len(ends))
	)
	values = {f"end_{n}": day for n, day in enumerate(ends)}
	values |= {"last_end": ends[-1], "first_month": f"{ends[0]:%Y%m}"}
	ages_out = f"n < {last} and (place = {LAST} or next_place > place)"
	statement = f"""
		with ends as ({days}),
		written_off as (
			select entry.voucher_no, sum(entry.debit - entry.credit) as amount
			from `tabGL Entry` entry
			where
				entry.company = %(company)s and entry.account in %(loss_accounts)s and entry.is_cancelled = 0
				and entry.voucher_type in ('Journal Entry', 'Payment Entry') and entry.posting_date <= %(last_end)s
			group by entry.voucher_no
			having amount > 0
		),
		lost as (
			select written_off.voucher_no, least(1, written_off.amount / -sum(entry.amount)) as share
			from written_off
			join `tabPayment Ledger Entry` entry on entry.voucher_no = written_off.voucher_no
			where entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice' and entry.amount < 0
			group by written_off.voucher_no, written_off.amount
		),
		moved as (
			select
				entry.against_voucher_no as invoice,
				greatest(0, period_diff(extract(year_month from entry.posting_date), %(first_month)s)) as n,
				sum(entry.amount_in_account_currency) as moved,
				-sum(entry.amount_in_account_currency * coalesce(lost.share, 0)) as lost
			from `tabPayment Ledger Entry` entry
			left join lost on lost.voucher_no = entry.voucher_no
			where
				entry.company = %(company)s and entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice'
				and entry.party_type = 'Customer' and entry.posting_date <= %(last_end)s
			group by invoice, n
		),
		running as (
			select invoice, n, lost, sum(moved) over (partition by invoice order by n) as still from moved
		),
		spans as (
			select
				invoice, n, still, coalesce(lead(n) over by_month, {last + 1}) as upto,
				coalesce(lead(still) over by_month, 0) as next_still, coalesce(lead(lost) over by_month, 0) as next_lost
			from running
			window by_month as (partition by invoice order by n)
		),
		points as (
			select
				spans.invoice, ends.n, ends.day, ends.next_day, spans.still,
				case when ends.n + 1 = spans.upto then spans.next_still else spans.still end as later,
				case when ends.n + 1 = spans.upto then spans.next_lost else 0 end as lost
			from spans
			join ends on ends.n >= spans.n and ends.n < spans.upto
			where spans.still > 0
		),
		parts as (
			select
				kept.sales_invoice, kept.customer, kept.due_date, kept.amount,
				case when kept.account_currency = %(currency)s then 1 else kept.conversion_rate end as rate,
				sum(kept.amount) over (partition by kept.sales_invoice order by kept.installment_no) - kept.amount as prior,
				sum(kept.amount) over (partition by kept.sales_invoice) as total
			from `tabOpen Installment` kept
			where kept.company = %(company)s and kept.is_return = 0 and kept.posting_date <= %(last_end)s
				and kept.sales_invoice in (select invoice from points)
		),
		opened as (
			select
				parts.customer, points.n, parts.rate,
				{_place("datediff(points.day, parts.due_date)")} as place,
				{_place("datediff(points.next_day, parts.due_date)")} as next_place,
				parts.amount - greatest(0, least(parts.total - points.still - parts.prior, parts.amount)) as still,
				parts.amount - greatest(0, least(parts.total - points.later - parts.prior, parts.amount)) as later,
				case when points.still > points.later then points.lost / (points.still - points.later) else 0 end as lost_share
			from points
			join parts on parts.sales_invoice = points.invoice
		)
		select
			coalesce(customer.customer_group, '') as customer_group, opened.n, opened.place,
			sum(opened.still * opened.rate) as balance,
			sum(case when {ages_out} then opened.still * opened.rate else 0 end) as aged,
			sum(case when {ages_out} then opened.later * opened.rate else 0 end) as rolled,
			sum(case when {ages_out} then (opened.still - opened.later) * opened.lost_share * opened.rate else 0 end) as lost
		from opened
		left join `tabCustomer` customer on customer.name = opened.customer
		where opened.still > 0
		group by 1, 2, 3
	"""
	return statement, values


#: deal ('' for none), balance of the provision account on the day; a provision is positive.
IN_LEDGER = """
	select coalesce(entry.deal, '') as bearer, sum(entry.credit - entry.debit) as amount
	from `tabGL Entry` entry
	where
		entry.company = %(company)s and entry.account = %(account)s and entry.is_cancelled = 0 and entry.posting_date <= %(as_of)s
	group by bearer
	having amount <> 0
"""
