"""The statements of ageing: what was open on a day, one row an installment, in sets.

Today's figures are read as they are kept. For another day, money that moved later is taken back from the invoices it touched, and
these are closed again oldest first (`core.receivables.ageing.open_after`); all others are read as they are kept.
"""

# What moved on invoices after the day, by whichever way.
_LATER = """
	select
		against_voucher_no as sales_invoice, sum(amount_in_account_currency) as moved, sum(amount) as base_moved
	from `tabPayment Ledger Entry`
	where company = %(company)s and delinked = 0 and against_voucher_type = 'Sales Invoice' and posting_date > %(as_of)s
	group by against_voucher_no
"""

_COLUMNS = """
	kept.sales_invoice, kept.installment_no, kept.customer, kept.posting_date, kept.due_date, kept.deal, kept.is_return,
	kept.account_currency, kept.amount
"""

_WHERE = "kept.company = %(company)s and kept.posting_date <= %(as_of)s {scope}"

_NOW = f"""
	select {_COLUMNS}, kept.outstanding_amount as outstanding, kept.base_outstanding_amount as base_outstanding
	from `tabOpen Installment` kept
	where kept.outstanding_amount <> 0 and {_WHERE}
"""

# Running totals of the invoices that moved later: `upto` includes the row; the last row takes the rest, as `close_oldest` does.
_MOVED = f"""
	select
		{_COLUMNS},
		row_number() over of_invoice as n,
		count(*) over (partition by kept.sales_invoice) as last,
		sum(kept.amount) over of_invoice - kept.amount as prior,
		sum(kept.outstanding_amount) over (partition by kept.sales_invoice) - later.moved as whole,
		sum(kept.base_outstanding_amount) over (partition by kept.sales_invoice) - later.base_moved as base_whole,
		sum(kept.amount) over (partition by kept.sales_invoice)
			- sum(kept.outstanding_amount) over (partition by kept.sales_invoice) + later.moved as closed
	from later
	join `tabOpen Installment` kept on kept.sales_invoice = later.sales_invoice
	where {_WHERE}
	window of_invoice as (partition by kept.sales_invoice order by kept.installment_no)
"""

_AT = f"""
	select {_COLUMNS}, kept.outstanding_amount as outstanding, kept.base_outstanding_amount as base_outstanding
	from `tabOpen Installment` kept
	left join later on later.sales_invoice = kept.sales_invoice
	where later.sales_invoice is null and kept.outstanding_amount <> 0 and {_WHERE}
	union all
	select
		sales_invoice, installment_no, customer, posting_date, due_date, deal, is_return, account_currency, amount, outstanding,
		case when n = last then base_whole else round(base_whole * upto / whole, {{precision}}) end
			- case when n = 1 then 0 else round(base_whole * (upto - outstanding) / whole, {{precision}}) end as base_outstanding
	from (
		select
			filled.*, sum(outstanding) over (partition by sales_invoice order by n) as upto
		from (
			select
				moved.*,
				amount - case
					when n = last then closed - greatest(0, least(closed, prior))
					else greatest(0, least(closed - prior, amount))
				end as outstanding
			from ({_MOVED}) moved
		) filled
	) shared
	where outstanding <> 0 and whole <> 0
"""

# What stands against a payment or a journal: money on account, refunds, and debts that were booked without an invoice. Money that
# lies before the invoice it was matched with is on account until the invoice's day.
_VOUCHERS = """
	select
		ledger.voucher_type, ledger.voucher_no, ledger.customer, ledger.account_currency,
		min(ledger.posting_date) as posting_date, min(coalesce(ledger.due_date, ledger.posting_date)) as due_date,
		sum(ledger.outstanding) as outstanding, sum(ledger.base_outstanding) as base_outstanding
	from (
		select
			entry.against_voucher_type as voucher_type, entry.against_voucher_no as voucher_no, entry.party as customer,
			entry.account_currency, entry.posting_date, entry.due_date,
			entry.amount_in_account_currency as outstanding, entry.amount as base_outstanding
		from `tabPayment Ledger Entry` entry
		where
			entry.against_voucher_type in ('Payment Entry', 'Journal Entry') and entry.delinked = 0
			and entry.company = %(company)s and entry.account_type = 'Receivable' and entry.party_type = 'Customer'
			and entry.posting_date <= %(as_of)s {scope}
		union all
		select
			entry.voucher_type, entry.voucher_no, entry.party, entry.account_currency, entry.posting_date, entry.posting_date,
			entry.amount_in_account_currency, entry.amount
		from `tabSales Invoice` invoice
		join `tabPayment Ledger Entry` entry on entry.against_voucher_no = invoice.name
		where
			invoice.docstatus = 1 and invoice.company = %(company)s and invoice.posting_date > %(as_of)s
			and entry.against_voucher_type = 'Sales Invoice' and entry.delinked = 0 and entry.party_type = 'Customer'
			and entry.posting_date <= %(as_of)s {scope}
	) ledger
	left join `tabJournal Entry` journal on journal.name = ledger.voucher_no and ledger.voucher_type = 'Journal Entry'
	group by ledger.voucher_type, ledger.voucher_no, ledger.customer, ledger.account_currency
	having outstanding <> 0 or (base_outstanding <> 0 and max(journal.voucher_type) = 'Exchange Rate Revaluation')
"""


def open_at(precision: int, scope: str, moved_later: bool) -> tuple[str, str]:
	"""(WITH clause or nothing, SELECT of what invoices had open at the end of %(as_of)s).

	`scope` is more conditions over `kept`; `moved_later` says whether money moved after that day.
	"""
	if not moved_later:
		return "", _NOW.format(scope=scope)
	return f"with later as ({_LATER})", _AT.format(scope=scope, precision=int(precision))


def vouchers_at(scope: str) -> str:
	"""SELECT of what stood against payments and journals at the end of %(as_of)s; `scope` is more conditions over `entry`."""
	return _VOUCHERS.format(scope=scope)
