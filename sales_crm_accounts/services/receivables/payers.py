"""How customers pay, read from the Payment Ledger in two statements whatever their number."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import frappe
from frappe.utils import add_months, getdate, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import payer
from sales_crm_accounts.core.receivables.payer import Behaviour, Settled

# Rows of the Payment Ledger that closed invoices. `is_odd` are those that are not plainly money coming in: what was taken back, credit
# notes and write-offs. Names go through windows and joins at the length that this company's have: at their full one (560 bytes)
# the database sorts on disk, which takes ten times as long.
_CLOSINGS = """
	from `tabPayment Ledger Entry` entry
	left join `tabJournal Entry` journal on journal.name = entry.voucher_no and entry.voucher_type = 'Journal Entry'
	where
		entry.company = %(company)s and entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice'
		and entry.voucher_no <> entry.against_voucher_no and entry.posting_date <= %(as_of)s {some_parties}
"""
_IS_MONEY = (
	"(entry.voucher_type = 'Payment Entry' or journal.voucher_type not in ('Credit Note', 'Write Off Entry'))"
)
_IS_ODD = f"case when entry.amount_in_account_currency < 0 and {_IS_MONEY} then 0 else 1 end"

# Every installment with the running total of its invoice. Amounts are weighed in company currency.
_INSTALLMENTS = """
	select
		cast(kept.sales_invoice as binary({{length}})) as invoice, kept.installment_no,
		cast(kept.customer as binary({{customer_length}})) as customer, kept.due_date,
		kept.amount * case when kept.account_currency = kept.currency then kept.conversion_rate else 1 end as base_amount,
		sum(kept.amount) over (
			partition by cast(kept.sales_invoice as binary({{length}})) order by kept.installment_no rows unbounded preceding
		) as upto
	from `tabOpen Installment` kept
	where kept.company = %(company)s and kept.is_return = 0 and kept.amount > 0 {{some_customers}} {odd_invoices}
"""

# Nearly all invoices are plain, closed by nothing but money: their total only grows, so an installment was paid by the one row with
# which it reached the installment's. All others are looked at by day: an installment was paid on the last day on which the total
# reached the installment's, if money came then.
_SETTLED = f"""
	with closed as (
		select
			cast(entry.against_voucher_no as binary({{length}})) as invoice,
			entry.posting_date,
			-entry.amount_in_account_currency as amount,
			sum(-entry.amount_in_account_currency) over (
				partition by cast(entry.against_voucher_no as binary({{length}})) order by entry.posting_date rows unbounded preceding
			) as upto,
			max({_IS_ODD}) over (partition by cast(entry.against_voucher_no as binary({{length}}))) as is_odd
		{_CLOSINGS}
	), installments as ({_INSTALLMENTS.format(odd_invoices="")}), odd as (
		select distinct entry.against_voucher_no as sales_invoice {_CLOSINGS} and {_IS_ODD} = 1
	), odd_closed as (
		select
			cast(entry.against_voucher_no as binary({{length}})) as invoice,
			entry.posting_date,
			-sum(entry.amount_in_account_currency) as amount,
			sum(-sum(entry.amount_in_account_currency)) over (
				partition by cast(entry.against_voucher_no as binary({{length}})) order by entry.posting_date
			) as upto,
			sum(-sum(entry.amount_in_account_currency)) over (
				partition by cast(entry.against_voucher_no as binary({{length}}))
			) as whole,
			sum(case when {_IS_MONEY} then -entry.amount_in_account_currency else 0 end) as money
		{_CLOSINGS} and entry.against_voucher_no in (select sales_invoice from odd)
		group by invoice, entry.posting_date
	), odd_installments as (
		{_INSTALLMENTS.format(odd_invoices="and kept.sales_invoice in (select sales_invoice from odd)")}
	), odd_crossings as (
		select
			odd_installments.customer, odd_installments.due_date, odd_installments.base_amount,
			odd_closed.posting_date, odd_closed.money,
			row_number() over (
				partition by odd_installments.invoice, odd_installments.installment_no order by odd_closed.posting_date desc
			) as from_the_last
		from odd_installments
		join odd_closed on odd_closed.invoice = odd_installments.invoice
		where
			odd_closed.whole >= odd_installments.upto and odd_closed.upto >= odd_installments.upto
			and odd_closed.upto - odd_closed.amount < odd_installments.upto
	), settled as (
		select installments.customer, installments.due_date, installments.base_amount, closed.posting_date as paid_on
		from installments
		join closed on closed.invoice = installments.invoice
		where
			closed.is_odd = 0 and closed.posting_date > %(since)s
			and closed.upto >= installments.upto and closed.upto - closed.amount < installments.upto
		union all
		select customer, due_date, base_amount, posting_date
		from odd_crossings
		where from_the_last = 1 and money > 0
	)
	select
		settled.customer,
		datediff(settled.paid_on, settled.due_date) as days_late,
		settled.paid_on >= %(recent)s as is_recent,
		count(*) as installments,
		sum(settled.base_amount) as amount
	from settled
	where settled.paid_on > %(since)s
	group by settled.customer, days_late, is_recent
"""

_LENGTHS = """
	select max(octet_length(kept.sales_invoice)) as length, max(octet_length(kept.customer)) as customer_length
	from `tabOpen Installment` kept where kept.company = %(company)s {some_customers}
"""


def behaviour(
	company: str, customers: Iterable[str] | None = None, as_of: date | None = None
) -> dict[str, Behaviour]:
	"""Customer -> how they paid in the twelve months up to `as_of` (today); customers that paid nothing are not in it.

	An installment counts once it is paid in full, on the day that closed it; money closes the oldest installment of its invoice
	first. Goods paid at the till, credit notes and write-offs say nothing about paying and do not count. Rights are the caller's
	to check.
	"""
	as_of = getdate(as_of or today())
	values = {
		"company": company,
		"as_of": as_of,
		"since": getdate(add_months(as_of, -payer.WINDOW_MONTHS)),
		"recent": getdate(add_months(as_of, -payer.RECENT_MONTHS)),
	}
	scopes = {"some_parties": "", "some_customers": ""}
	if customers is not None:
		values["customers"] = list(customers)
		if not values["customers"]:
			return {}
		scopes = {
			"some_parties": "and entry.party_type = 'Customer' and entry.party in %(customers)s",
			"some_customers": "and kept.customer in %(customers)s",
		}
	length, customer_length = frappe.db.sql(_LENGTHS.format(**scopes), values)[0]
	scopes.update(length=int(length or 1), customer_length=int(customer_length or 1))
	groups = defaultdict(list)
	for customer, days_late, recent, count, amount in frappe.db.sql(_SETTLED.format(**scopes), values):
		groups[customer].append(Settled(int(days_late), int(count), to_decimal(amount), bool(recent)))
	# A cast to binary fills shorter names up with zeros.
	return {name.rstrip(b"\0").decode(): payer.behaviour(found) for name, found in groups.items()}
