"""The statements of expected credit loss: what is open by bucket on a day, what moved on each invoice month by month, and what the
ledger holds. Their number is fixed, whatever the number of months, invoices and deals.
"""

from sales_crm_accounts.core.receivables.credit_loss import BUCKETS, LAST
from sales_crm_accounts.services.receivables import ageing_sql


def _place(days: str) -> str:
	"""`Buckets.index` of a number of days overdue, as SQL."""
	limits = " ".join(f"when {days} <= {int(limit)} then {n}" for n, limit in enumerate((0, *BUCKETS.limits)))
	return f"case {limits} else {LAST} end"


def exposures(precision: int, moved_later: bool, by_group: bool, by_deal: bool) -> str:
	"""customer_group, place, customer, deal, amount in the company's currency, of what was open at the end of %(as_of)s.

	Customer only for those in %(specific)s; customer group and deal only where they are asked for. Debts are positive, by bucket; credit
	notes, overpaid invoices and money on account have a row of their own each (negative, `place` -1 for invoices, -2 for money).
	"""
	head, opened = ageing_sql.open_at(precision, "", moved_later)
	group, join = "''", ""
	if by_group:
		group = "coalesce(customer.customer_group, '')"
		join = "left join `tabCustomer` customer on customer.name = debt.customer"
	customer = "case when debt.customer in %(specific)s then debt.customer else '' end"
	place = _place("datediff(%(as_of)s, debt.due_date)")
	return f"""
		{head}
		select {group}, case when amount < 0 then -1 else {place} end as place, {customer}, deal, sum(amount)
		from (
			select customer, {"coalesce(deal, '')" if by_deal else "''"} as deal, due_date, base_outstanding as amount
			from ({opened}) opened
		) debt {join}
		group by 1, 2, 3, 4
		union all
		select {group}, case when amount < 0 then -2 else {place} end as place, {customer}, '', sum(amount)
		from (select customer, due_date, base_outstanding as amount from ({ageing_sql.vouchers_at("")}) vouchers) debt {join}
		where amount <> 0
		group by 1, 2, 3
	"""


#: Number of the month of a posting: 0 up to the first month end, then 1, 2 ...
_MONTH = "greatest(0, period_diff(extract(year_month from entry.posting_date), %(first_month)s))"

#: sales_invoice, moves: "month:units,month:units" of each invoice that was open within the months that are looked at. The Payment Ledger
#: in the order of its index on invoices: neither sorted nor kept in a temporary table, which a large book would spill to disk.
MOVES = f"""
	select
		entry.against_voucher_no,
		group_concat({_MONTH}, ':', cast(round(entry.amount_in_account_currency * %(units)s) as signed)) as moves
	from `tabPayment Ledger Entry` entry
	where
		entry.company = %(company)s and entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice'
		and entry.posting_date <= %(last_end)s
	group by entry.against_voucher_no
	having max(entry.posting_date) > %(first_end)s or sum(entry.amount_in_account_currency) > 0
"""

#: sales_invoice, month, units that were written off: what a payment or journal booked to %(loss_accounts)s, in proportion.
LOST = f"""
	select entry.against_voucher_no, {_MONTH} as month, sum(-entry.amount_in_account_currency * %(units)s * lost.share) as units
	from (
		select written_off.voucher_no, least(1, written_off.amount / -sum(entry.amount)) as share
		from (
			select entry.voucher_no, sum(entry.debit - entry.credit) as amount
			from `tabGL Entry` entry
			where
				entry.company = %(company)s and entry.account in %(loss_accounts)s and entry.is_cancelled = 0
				and entry.voucher_type in ('Journal Entry', 'Payment Entry')
				and entry.posting_date > %(first_end)s and entry.posting_date <= %(last_end)s
			group by entry.voucher_no
			having amount > 0
		) written_off
		join `tabPayment Ledger Entry` entry on entry.voucher_no = written_off.voucher_no
		where entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice' and entry.amount < 0
		group by written_off.voucher_no, written_off.amount
	) lost
	join `tabPayment Ledger Entry` entry on entry.voucher_no = lost.voucher_no
	where entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice' and entry.amount < 0
		and entry.company = %(company)s and entry.posting_date <= %(last_end)s
	group by entry.against_voucher_no, month
"""


def parts(by_group: bool) -> str:
	"""sales_invoice, customer_group, rate, parts: "day:units,day:units" (`to_days` of the due date) of every invoice up to the last month end."""
	group, join = "''", ""
	if by_group:
		group = "max(coalesce(customer.customer_group, ''))"
		join = "left join `tabCustomer` customer on customer.name = kept.customer"
	return f"""
		select
			kept.sales_invoice, {group},
			max(case when kept.account_currency = %(currency)s then 1 else kept.conversion_rate end),
			group_concat(
				to_days(kept.due_date), ':', cast(round(kept.amount * %(units)s) as signed) order by kept.installment_no
			)
		from `tabOpen Installment` kept {join}
		where kept.company = %(company)s and kept.is_return = 0 and kept.posting_date <= %(last_end)s
		group by kept.sales_invoice
	"""


#: deal ('' for none), balance of the provision account on the day; a provision is positive.
IN_LEDGER = """
	select coalesce(entry.deal, '') as bearer, sum(entry.credit - entry.debit) as amount
	from `tabGL Entry` entry
	where
		entry.company = %(company)s and entry.account = %(account)s and entry.is_cancelled = 0 and entry.posting_date <= %(as_of)s
	group by bearer
	having amount <> 0
"""
