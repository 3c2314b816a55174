"""How customers pay, read from the Payment Ledger in one statement whatever their number."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import frappe
from frappe.utils import add_months, getdate, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import payer
from sales_crm_accounts.core.receivables.payer import Behaviour, Settled

# What closed each invoice by day, with the running total, and the installments' own running total beside it: an installment was
# paid on the last day on which the first reached the second. Money is a payment or a journal that is neither a credit note nor a
# write-off. Amounts are weighed in company currency.
_SETTLED = """
	with closed as (
		select
			entry.against_voucher_no as sales_invoice,
			entry.posting_date,
			-sum(entry.amount_in_account_currency) as amount,
			sum(-sum(entry.amount_in_account_currency)) over (
				partition by entry.against_voucher_no order by entry.posting_date
			) as upto,
			sum(-sum(entry.amount_in_account_currency)) over (partition by entry.against_voucher_no) as whole,
			sum(case
				when entry.voucher_type = 'Payment Entry' then -entry.amount_in_account_currency
				when journal.voucher_type not in ('Credit Note', 'Write Off Entry') then -entry.amount_in_account_currency
				else 0
			end) as money
		from `tabPayment Ledger Entry` entry
		left join `tabJournal Entry` journal on journal.name = entry.voucher_no and entry.voucher_type = 'Journal Entry'
		where
			entry.company = %(company)s and entry.delinked = 0 and entry.against_voucher_type = 'Sales Invoice'
			and entry.voucher_no <> entry.against_voucher_no and entry.posting_date <= %(as_of)s {some_parties}
		group by entry.against_voucher_no, entry.posting_date
	), installments as (
		select
			kept.sales_invoice, kept.installment_no, kept.customer, kept.due_date,
			kept.amount * case when kept.account_currency = kept.currency then kept.conversion_rate else 1 end as base_amount,
			sum(kept.amount) over (partition by kept.sales_invoice order by kept.installment_no) as upto
		from `tabOpen Installment` kept
		where kept.company = %(company)s and kept.is_return = 0 and kept.amount > 0 {some_customers}
	)
	select
		settled.customer,
		datediff(settled.paid_on, settled.due_date) as days_late,
		settled.paid_on >= %(recent)s as is_recent,
		count(*) as installments,
		sum(settled.base_amount) as amount
	from (
		select
			installments.customer, installments.due_date, installments.base_amount, max(closed.posting_date) as paid_on
		from installments
		join closed on closed.sales_invoice = installments.sales_invoice
		where
			closed.whole >= installments.upto and closed.money > 0
			and closed.upto >= installments.upto and closed.upto - closed.amount < installments.upto
		group by installments.sales_invoice, installments.installment_no
	) settled
	where settled.paid_on > %(since)s
	group by settled.customer, days_late, is_recent
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
	groups = defaultdict(list)
	for customer, days_late, recent, count, amount in frappe.db.sql(_SETTLED.format(**scopes), values):
		groups[customer].append(Settled(int(days_late), int(count), to_decimal(amount), bool(recent)))
	return {customer: payer.behaviour(found) for customer, found in groups.items()}
