"""The statements of the installment ledger: the rule of `core.installments.allocate` as one SELECT.

The same SELECT serves a few invoices (`some=True`, names in `%(invoices)s`) and all of them, so that what is kept as money
moves and what is rebuilt or proved at night cannot differ. For a few, the database spends its time on planning: parts that find
nothing are left out of it (`plain=True`). Needs MariaDB 10.6 (window functions, WITH inside an INSERT).
"""

from functools import lru_cache

#: Columns of Open Installment that are derived, in the order of the SELECT; `FIGURES` are those that money moves.
FACTS = (
	"sales_invoice",
	"installment_no",
	"company",
	"customer",
	"posting_date",
	"due_date",
	"payment_schedule",
	"payment_term",
	"deal",
	"deal_installment",
	"is_return",
	"return_against",
	"currency",
	"conversion_rate",
	"account",
	"account_currency",
)
FIGURES = (
	"amount",
	"paid_amount",
	"credited_amount",
	"written_off_amount",
	"outstanding_amount",
	"base_outstanding_amount",
)
COLUMNS = ("name", *FACTS, *FIGURES)

# What the payment ledger holds against each invoice. Advances in an account of their own stand against the payment until they
# are reconciled, so they are not in here before.
_LEDGER = """
	select
		against_voucher_no as sales_invoice,
		sum(amount_in_account_currency) as outstanding,
		sum(amount) as base_outstanding,
		sum(case when voucher_no = against_voucher_no then amount_in_account_currency else 0 end) as own,
		sum(case when voucher_no = against_voucher_no then 1 else 0 end) as own_rows,
		-sum(case
			when voucher_type = 'Sales Invoice' and voucher_no <> against_voucher_no and amount_in_account_currency < 0
			then amount_in_account_currency else 0
		end) as credited
	from `tabPayment Ledger Entry`
	where delinked = 0 and against_voucher_type = 'Sales Invoice' {some_ledger}
	group by against_voucher_no
"""

# The part of each reference row of a payment that its deduction to the company's write-off account closed. The deduction is
# shared over the rows and what is not allocated by rounding the running total.
_PAYMENT_WRITE_OFFS = """
	select
		name, sales_invoice, payment_term,
		round(write_off * running / total, {precision})
			- round(write_off * (running - allocated_amount) / total, {precision}) as written_off
	from (
		select
			reference.name,
			case when reference.reference_doctype = 'Sales Invoice' then reference.reference_name end as sales_invoice,
			reference.payment_term,
			reference.allocated_amount,
			deduction.write_off,
			sum(reference.allocated_amount) over (partition by reference.parent order by reference.idx, reference.name) as running,
			sum(reference.allocated_amount) over (partition by reference.parent) + deduction.unallocated as total
		from (
			select
				payment.name,
				payment.unallocated_amount as unallocated,
				sum(line.amount) / case when payment.source_exchange_rate > 0 then payment.source_exchange_rate else 1 end as write_off
			from `tabPayment Entry Deduction` line
			join `tabPayment Entry` payment on payment.name = line.parent
			join `tabCompany` company on company.name = payment.company
			where
				payment.docstatus = 1 and payment.payment_type = 'Receive' and payment.party_type = 'Customer'
				and line.account = company.write_off_account {some_payments}
			group by payment.name, payment.unallocated_amount, payment.source_exchange_rate
			having sum(line.amount) > 0
		) deduction
		join `tabPayment Entry Reference` reference on reference.parent = deduction.name and reference.parenttype = 'Payment Entry'
		where reference.docstatus = 1
	) shares
	where total > 0
"""

# The same for Journal Entries that book a part of what they take from customers to the write-off account; shared in company
# currency.
_JOURNAL_WRITE_OFFS = """
	select
		sales_invoice,
		round((round(write_off * running / total, {precision}) - round(write_off * (running - base_amount) / total, {precision}))
			* amount / base_amount, {precision}) as written_off
	from (
		select
			case when line.reference_type = 'Sales Invoice' then line.reference_name end as sales_invoice,
			least(entry.write_off, sum(line.credit - line.debit) over (partition by line.parent)) as write_off,
			line.credit_in_account_currency - line.debit_in_account_currency as amount,
			line.credit - line.debit as base_amount,
			sum(line.credit - line.debit) over (partition by line.parent order by line.idx, line.name) as running,
			sum(line.credit - line.debit) over (partition by line.parent) as total
		from (
			select journal.name, sum(line.debit - line.credit) as write_off
			from `tabCompany` company
			join `tabJournal Entry Account` line on line.account = company.write_off_account
			join `tabJournal Entry` journal on journal.name = line.parent
			where
				journal.docstatus = 1 and journal.voucher_type not in ('Credit Note', 'Write Off Entry')
				{some_journals}
			group by journal.name
			having sum(line.debit - line.credit) > 0
		) entry
		join `tabJournal Entry Account` line on line.parent = entry.name and line.party_type = 'Customer'
	) shares
	where total > 0 and base_amount <> 0
"""

# What closed an invoice without being money: credit notes reconciled by a Journal Entry, and write-offs.
_SETTLED = (
	"""
	select sales_invoice, sum(credited) as credited, sum(written_off) as written_off
	from (
		select
			ledger.against_voucher_no as sales_invoice,
			case when journal.voucher_type = 'Credit Note' then -ledger.amount_in_account_currency else 0 end as credited,
			case when journal.voucher_type = 'Credit Note' then 0 else -ledger.amount_in_account_currency end as written_off
		from `tabJournal Entry` journal
		join `tabPayment Ledger Entry` ledger on ledger.voucher_no = journal.name and ledger.voucher_type = 'Journal Entry'
		where
			journal.docstatus = 1 and journal.voucher_type in ('Credit Note', 'Write Off Entry') {some_journals}
			and ledger.delinked = 0 and ledger.against_voucher_type = 'Sales Invoice'
		union all
		select sales_invoice, 0, written_off from (%s) journal_write_offs
		union all
		select sales_invoice, 0, written_off from payment_write_offs
	) ways
	where sales_invoice is not null
	group by sales_invoice
"""
	% _JOURNAL_WRITE_OFFS
)
_NOTHING_SETTLED = "select '' as sales_invoice, 0 as credited, 0 as written_off from dual where false"

# Whether anything but payments without deduction or payment term, and credit notes, stands against the invoices: only then is
# there something that the plain statement leaves out.
_MORE = """
	exists(
		select 1 from `tabPayment Ledger Entry`
		where against_voucher_type = 'Sales Invoice' and against_voucher_no in %(invoices)s and voucher_type = 'Journal Entry'
			and delinked = 0
	) or exists(
		select 1 from `tabPayment Entry Reference` reference
		where reference.reference_doctype = 'Sales Invoice' and reference.reference_name in %(invoices)s and reference.docstatus = 1
			and (
				reference.payment_term > ''
				or exists(select 1 from `tabPayment Entry Deduction` line where line.parent = reference.parent)
			)
	)
"""

# What payments that name a payment term paid, without the part that was written off, by the rows of the schedule with that term.
_NAMED = """
	select schedule.name as schedule_row, sum(reference.allocated_amount - coalesce(payment_write_offs.written_off, 0)) as amount
	from `tabPayment Entry Reference` reference
	join `tabPayment Schedule` schedule
		on schedule.parent = reference.reference_name and schedule.parenttype = 'Sales Invoice'
		and schedule.payment_term = reference.payment_term
	left join payment_write_offs on payment_write_offs.name = reference.name
	where
		reference.docstatus = 1 and reference.reference_doctype = 'Sales Invoice' and reference.parenttype = 'Payment Entry'
		and reference.payment_term > '' {some_references}
	group by schedule.name
"""

# What write-offs that name a due date wrote off, by invoice and day: the row of that day, where several are open.
_NAMED_OFF = """
	select
		line.reference_name as sales_invoice, line.reference_due_date as due_date,
		sum(line.credit_in_account_currency - line.debit_in_account_currency) as amount
	from `tabJournal Entry` journal
	join `tabJournal Entry Account` line on line.parent = journal.name
	where
		journal.docstatus = 1 and journal.voucher_type = 'Write Off Entry' {some_journals}
		and line.reference_type = 'Sales Invoice' and line.reference_name > '' and line.reference_due_date is not null
	group by line.reference_name, line.reference_due_date
"""

# Amounts of each invoice in the currency of its receivable account. What the invoice's own voucher takes in (POS, loyalty
# points) is added back to what stands against it. A credit note that went onto its invoice at once counts with its own
# amount, and as used up.
_INVOICES = (
	"""
	select
		name,
		outstanding,
		base_outstanding,
		case when moved = 1 then total else own + own_paid + own_credited + own_written_off end as amount,
		case when moved = 1 then total else own_credited end + settled_credited as credited,
		case when moved = 1 then 0 else own_written_off end + settled_written_off as written_off
	from (
		select
			invoice.name,
			coalesce(ledger.outstanding, 0) as outstanding,
			coalesce(ledger.base_outstanding, 0) as base_outstanding,
			coalesce(ledger.own, 0) as own,
			coalesce(ledger.credited, 0) + coalesce(settled.credited, 0) as settled_credited,
			coalesce(settled.written_off, 0) as settled_written_off,
			case
				when invoice.is_return = 1 and invoice.update_outstanding_for_self = 0 and coalesce(ledger.own_rows, 0) = 0
				then 1 else 0
			end as moved,
			case
				when invoice.party_account_currency = invoice.currency
				then coalesce(nullif(invoice.rounded_total, 0), invoice.grand_total)
				else coalesce(nullif(invoice.base_rounded_total, 0), invoice.base_grand_total)
			end as total,
			case
				when invoice.is_pos = 0 then 0
				when invoice.party_account_currency = invoice.currency then invoice.paid_amount - invoice.change_amount
				else invoice.base_paid_amount - invoice.base_change_amount
			end as own_paid,
			case
				when invoice.is_pos = 0 then 0
				when invoice.party_account_currency = invoice.currency then invoice.write_off_amount
				else invoice.base_write_off_amount
			end as own_written_off,
			case
				when invoice.redeem_loyalty_points = 0 then 0
				when invoice.party_account_currency = invoice.currency
				then round(invoice.loyalty_amount / case when invoice.conversion_rate > 0 then invoice.conversion_rate else 1 end, {precision})
				else invoice.loyalty_amount
			end as own_credited
		from `tabSales Invoice` invoice
		left join (%s) ledger on ledger.sales_invoice = invoice.name
		left join ({settled}) settled on settled.sales_invoice = invoice.name
		where invoice.docstatus = 1 {some_invoices}
	) vouchers
"""
	% _LEDGER
)

# Each invoice with the rows of its payment schedule, oldest first; their amounts are weights only, ERPNext makes them net of
# advances. Nothing but keys and numbers goes through the windows: what they sort is written to disk at size.
_WEIGHTS = (
	"""
	select
		invoice.*,
		schedule.name as schedule_row, coalesce(schedule.payment_amount, 0) as weight, schedule.due_date, schedule.payment_term,
		row_number() over (partition by invoice.name order by schedule.due_date, schedule.idx) as n,
		count(*) over (partition by invoice.name) as last,
		sum(schedule.payment_amount) over (partition by invoice.name order by schedule.due_date, schedule.idx) as running_weight,
		sum(schedule.payment_amount) over (partition by invoice.name) as all_weights
	from (%s) invoice
	left join `tabPayment Schedule` schedule on schedule.parent = invoice.name and schedule.parenttype = 'Sales Invoice'
"""
	% _INVOICES
)

# Share of each row, rounded on the running total (`core.money.split_running`): `upto` includes the row, `prior` does not.
_PARTS = """
	select
		name, weights.schedule_row, weights.due_date, payment_term, n, last, outstanding, base_outstanding, credited, written_off,
		weights.amount - outstanding - credited - written_off as paid,
		case
			when n = last then weights.amount
			when all_weights = 0 then 0
			else round(weights.amount * running_weight / all_weights, {precision})
		end as upto,
		case
			when n = 1 or all_weights = 0 then 0
			else round(weights.amount * (running_weight - weight) / all_weights, {precision})
		end as prior
		%s
	from (%s) weights
	%s
"""

# Room of each row, what comes before it, and how far payments, credits and write-offs reach, in this order.
_ROOMS = (
	"""
	select
		parts.*, 0 as take, 0 as waive, upto - prior as room, prior as before_row, paid as pool_paid,
		written_off as pool_written_off
	from (%s) parts
"""
	% _PARTS
	% ("", _WEIGHTS, "")
)

# The same where payments name a payment term, or write-offs a due date: what they take of their rows goes before anything else.
_TAKES = (
	"""
	select
		parts.*,
		case when named is null then 0 else greatest(0, least(upto - prior,
			named - sum(greatest(upto - prior, 0)) over (partition by name, payment_term order by n) + greatest(upto - prior, 0)
		)) end as take
	from (%s) parts
"""
	% _PARTS
	% (
		", named.amount as named, named_off.amount as named_off",
		_WEIGHTS,
		"left join (%s) named on named.schedule_row = weights.schedule_row "
		"left join (%s) named_off on named_off.sales_invoice = weights.name and named_off.due_date = weights.due_date"
		% (_NAMED, _NAMED_OFF),
	)
)
_WAIVES = (
	"""
	select
		takes.*,
		case when named_off is null then 0 else greatest(0, least(upto - prior - take,
			named_off - sum(greatest(upto - prior - take, 0)) over (partition by name, due_date order by n)
				+ greatest(upto - prior - take, 0)
		)) end as waive
	from (%s) takes
"""
	% _TAKES
)
_ROOMS_BY_NAME = (
	"""
	select
		waives.*,
		upto - prior - take - waive as room,
		prior - sum(take + waive) over (partition by name order by n) + take + waive as before_row,
		paid - sum(take) over (partition by name) as pool_paid,
		written_off - sum(waive) over (partition by name) as pool_written_off
	from (%s) waives
"""
	% _WAIVES
)

_FILLS = """
	select
		rooms.*,
		{fill_paid} as fill_paid,
		{fill_credited} as fill_credited,
		{fill_written_off} as fill_written_off,
		{left_upto} as left_upto,
		{left_prior} as left_prior
	from (%s) rooms
"""

_ROWS = """
	select
		concat(invoice.name, '-', lpad(n, greatest(2, length(n)), '0')) as name,
		invoice.name as sales_invoice,
		n as installment_no,
		invoice.company,
		invoice.customer,
		invoice.posting_date,
		coalesce(fills.due_date, invoice.due_date, invoice.posting_date) as due_date,
		schedule_row as payment_schedule,
		fills.payment_term,
		invoice.deal,
		invoice.deal_installment,
		invoice.is_return,
		invoice.return_against,
		invoice.currency,
		invoice.conversion_rate,
		invoice.debit_to as account,
		invoice.party_account_currency as account_currency,
		upto - prior as amount,
		take + fill_paid as paid_amount,
		fill_credited - fill_paid as credited_amount,
		waive + fill_written_off - fill_credited as written_off_amount,
		upto - prior - take - waive - fill_written_off as outstanding_amount,
		case
			when n = last then fills.base_outstanding
			when fills.outstanding = 0 then 0
			else round(fills.base_outstanding * left_upto / fills.outstanding, {precision})
		end - case
			when n = 1 or fills.outstanding = 0 then 0
			else round(fills.base_outstanding * left_prior / fills.outstanding, {precision})
		end as base_outstanding_amount
		{more}
	from (%s) fills
	straight_join `tabSales Invoice` invoice on invoice.name = fills.name
"""

_POOLS = {
	"fill_paid": "pool_paid",
	"fill_credited": "(pool_paid + credited)",
	"fill_written_off": "(pool_paid + credited + pool_written_off)",
}


def _fill(pool: str) -> str:
	"""What a pool puts into a row: FIFO up to its room; the last row takes the rest, too much or too little."""
	return (
		f"case when n = last then {pool} - greatest(0, least({pool}, before_row)) "
		f"else greatest(0, least({pool} - before_row, room)) end"
	)


@lru_cache
def derive(precision: int, some: bool = False, company: bool = False, plain: bool = False) -> str:
	"""SELECT of all derived columns (`COLUMNS`), one row an installment; `precision` is that of amounts.

	`some` limits it to the invoices in %(invoices)s, `company` to those of %(company)s. With `plain` (and `some`), the column
	`more` says whether the figures are to be had from the whole statement only; then these are wrong.
	"""
	scopes = _scopes(some or plain, company)
	write_offs = (
		f"with payment_write_offs as ({_PAYMENT_WRITE_OFFS.format(precision=int(precision), **scopes)})"
	)
	if plain:
		return _rows(precision, _ROOMS, scopes, _NOTHING_SETTLED, f", {_MORE} as more")
	if some:
		return f"{write_offs} {_rows(precision, _ROOMS_BY_NAME, scopes)}"
	# Two halves, because the windows of the second cost more than all the rest, and few payments name a term or write-offs a day.
	# One derived table around both: a union straight inside IN would be run once for each invoice.
	by_name = (
		"(select sales_invoice from (select reference_name as sales_invoice from `tabPayment Entry Reference` "
		"where docstatus = 1 and reference_doctype = 'Sales Invoice' and parenttype = 'Payment Entry' "
		"and reference_name > '' and payment_term > '' "
		f"union select sales_invoice from ({_NAMED_OFF.format(some_journals='')}) named_off) by_name)"
	)
	halves = (
		_rows(
			precision,
			rooms,
			{**scopes, "some_invoices": f"{scopes['some_invoices']} and invoice.name {which} {by_name}"},
		)
		for rooms, which in ((_ROOMS, "not in"), (_ROOMS_BY_NAME, "in"))
	)
	return f"{write_offs} {' union all '.join(halves)}"


def _scopes(some: bool, company: bool) -> dict[str, str]:
	"""Which vouchers each part of the statement looks at."""
	if not some:
		scopes = dict.fromkeys(("some_ledger", "some_payments", "some_journals", "some_references"), "")
		return {**scopes, "some_invoices": "and invoice.company = %(company)s" if company else ""}
	references = (
		"select parent from `tabPayment Entry Reference` "
		"where reference_doctype = 'Sales Invoice' and reference_name in %(invoices)s and docstatus = 1"
	)
	journals = (
		"select voucher_no from `tabPayment Ledger Entry` where against_voucher_type = 'Sales Invoice' "
		"and against_voucher_no in %(invoices)s and voucher_type = 'Journal Entry' and delinked = 0"
	)
	return {
		"some_ledger": "and against_voucher_no in %(invoices)s",
		"some_payments": f"and payment.name in ({references})",
		"some_journals": f"and journal.name in ({journals})",
		"some_references": "and reference.reference_name in %(invoices)s",
		"some_invoices": "and invoice.name in %(invoices)s",
	}


def _rows(precision: int, rooms: str, scopes: dict, settled: str = _SETTLED, more: str = "") -> str:
	pool = _POOLS["fill_written_off"]
	return (
		(_ROWS % (_FILLS % rooms))
		.replace("{settled}", settled)
		.format(
			precision=int(precision),
			**{name: _fill(pool) for name, pool in _POOLS.items()},
			left_upto=f"before_row + room - greatest(0, least({pool}, before_row + room))",
			left_prior=f"before_row - greatest(0, least({pool}, before_row))",
			more=more,
			**scopes,
		)
	)
