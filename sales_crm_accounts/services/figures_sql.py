"""The statements behind the figures of Deal Installment and Deal: one row each, from Open Installment, in deal currency."""

from functools import lru_cache

INSTALLMENT_FIGURES = (
	"due_date",
	"planned_amount",
	"billed_amount",
	"paid_amount",
	"credited_amount",
	"written_off_amount",
	"outstanding_amount",
	"status",
)
DEAL_FIGURES = (
	"planned_amount",
	"billed_amount",
	"collected_amount",
	"credited_amount",
	"written_off_amount",
	"outstanding_amount",
	"overdue_amount",
	"next_due_date",
	"next_due_amount",
	"per_billed",
	"per_collected",
	"status",
)

# Open Installments of the deals' invoices and of their credit notes, in the currency of the invoice. Where the receivable
# account is kept in company currency, each amount is converted by the invoice's own totals, so that a row that is closed in the
# ledger is closed here.
_OPEN = """
	select
		sales_invoice, installment_no, return_against, due_date,
		billed,
		case when amount = 0 then paid_amount else round(billed * paid_amount / amount, {precision}) end as paid,
		case when amount = 0 then credited_amount else round(billed * (paid_amount + credited_amount) / amount, {precision})
			- round(billed * paid_amount / amount, {precision}) end as credited,
		case when amount = 0 then outstanding_amount else billed
			- round(billed * (paid_amount + credited_amount + written_off_amount) / amount, {precision}) end as outstanding,
		count(*) over (partition by sales_invoice) as open_rows
	from (
		select
			kept.sales_invoice, kept.installment_no, kept.return_against, kept.due_date,
			kept.amount, kept.paid_amount, kept.credited_amount, kept.written_off_amount, kept.outstanding_amount,
			case
				when kept.currency = kept.account_currency then kept.amount
				else round(coalesce(nullif(invoice.rounded_total, 0), invoice.grand_total)
						* sum(kept.amount) over (partition by kept.sales_invoice order by kept.installment_no)
						/ nullif(sum(kept.amount) over (partition by kept.sales_invoice), 0), {precision})
					- round(coalesce(nullif(invoice.rounded_total, 0), invoice.grand_total)
						* (sum(kept.amount) over (partition by kept.sales_invoice order by kept.installment_no) - kept.amount)
						/ nullif(sum(kept.amount) over (partition by kept.sales_invoice), 0), {precision})
			end as billed
		from `tabOpen Installment` kept
		join `tabSales Invoice` invoice on invoice.name = kept.sales_invoice
		where {which}
	) converted
"""

# What credit notes do to the invoice they return: the part that is open or was paid out counts as credited; what was paid out
# is not collected any more.
_NOTES = """
	select
		return_against as sales_invoice,
		-sum(outstanding) as open_credit,
		-sum(billed - credited - outstanding) as paid_out
	from (%s) notes
	group by return_against
""" % _OPEN.replace("{which}", "kept.is_return = 1 and kept.return_against > '' {some_notes}")

# Installments with an invoice: their order on it, and how many due dates they have.
_LINES = """
	select
		name, sales_invoice, planned_amount,
		row_number() over (partition by sales_invoice order by due_date, sequence, name) as n,
		dense_rank() over (partition by sales_invoice order by due_date) as due_rank,
		count(*) over (partition by sales_invoice) as line_count
	from `tabDeal Installment`
	where sales_invoice > '' {some_lines}
"""

# Which rows of an invoice belong to which of its installments: by order of due dates. As many rows as installments: one to
# one. Else by due date, and what is left over on either side goes to the last.
_POSITIONS = """
	select
		invoices.sales_invoice,
		case
			when invoices.line_count = opened.open_rows then opened.installment_no else least(opened.installment_no, invoices.ranks)
		end as position,
		max(opened.due_date) as due_date,
		sum(opened.billed) as billed, sum(opened.paid) as paid, sum(opened.credited) as credited,
		sum(opened.outstanding) as outstanding,
		max(opened.open_rows) as open_rows
	from (
		select sales_invoice, max(line_count) as line_count, max(due_rank) as ranks from ({lines}) numbered group by sales_invoice
	) invoices
	join ({open}) opened on opened.sales_invoice = invoices.sales_invoice
	group by invoices.sales_invoice, position
"""

# Open credit closes the oldest rows first, the rest on the last; what was paid out goes by what was paid.
_NETTED = """
	select
		sales_invoice, position, open_rows, due_date, billed,
		paid - paid_out as paid,
		credited + paid_out + open_credit as credited,
		outstanding - open_credit as outstanding
	from (
		select
			positions.*,
			case
				when notes.sales_invoice is null then 0
				when row_number() over (partition by positions.sales_invoice order by position desc) = 1 then
					open_credit - greatest(0, least(open_credit,
						sum(outstanding) over (partition by positions.sales_invoice order by position) - outstanding))
				else greatest(0, least(outstanding,
					open_credit - (sum(outstanding) over (partition by positions.sales_invoice order by position) - outstanding)))
			end as open_credit,
			case
				when notes.sales_invoice is null or paid_out = 0 then 0
				when sum(paid) over (partition by positions.sales_invoice) = 0
				then case when row_number() over (partition by positions.sales_invoice order by position desc) = 1
					then paid_out else 0 end
				else round(paid_out * sum(paid) over (partition by positions.sales_invoice order by position)
						/ sum(paid) over (partition by positions.sales_invoice), {precision})
					- round(paid_out * (sum(paid) over (partition by positions.sales_invoice order by position) - paid)
						/ sum(paid) over (partition by positions.sales_invoice), {precision})
			end as paid_out
		from ({positions}) positions
		left join ({notes}) notes on notes.sales_invoice = positions.sales_invoice
	) shares
"""

# Installments that share a row share its figures by their planned amounts.
_SHARED = """
	select
		name, due_date,
		{billed} as billed, {paid} as paid, {credited} as credited, {outstanding} as outstanding
	from (
		select
			numbered.name, netted.due_date, netted.billed, netted.paid, netted.credited, netted.outstanding,
			sum(planned_amount) over (partition by numbered.sales_invoice, position order by n) as running,
			planned_amount as weight,
			sum(planned_amount) over (partition by numbered.sales_invoice, position) as weights,
			row_number() over (partition by numbered.sales_invoice, position order by n desc) as from_last
		from ({lines}) numbered
		join ({netted}) netted
			on netted.sales_invoice = numbered.sales_invoice
			and netted.position = case
				when numbered.line_count = netted.open_rows then numbered.n else least(numbered.due_rank, netted.open_rows)
			end
	) shares
"""

# An invoice that bills one installment, in the currency of its account, without credit notes: all of its rows are that one's.
_ALONE = """
	select
		line.name,
		max(kept.due_date) as due_date,
		sum(kept.amount) as billed,
		sum(kept.paid_amount) as paid,
		sum(kept.credited_amount) as credited,
		sum(kept.outstanding_amount) as outstanding
	from `tabDeal Installment` line
	join `tabOpen Installment` kept on kept.sales_invoice = line.sales_invoice
	where line.sales_invoice in %(invoices)s
	group by line.name
"""
_NOT_ALONE = """
	exists(select 1 from `tabDeal Installment` where sales_invoice in %(invoices)s group by sales_invoice having count(*) > 1)
	or exists(select 1 from `tabOpen Installment` where sales_invoice in %(invoices)s and currency <> account_currency)
	or exists(select 1 from `tabOpen Installment` where return_against in %(invoices)s)
"""

# The state of an installment: `core.installments.status`. Once billed, what was planned is what the invoice comes to: tax is
# rounded on each invoice, and the cent between the two would otherwise never be billed.
_INSTALLMENTS = """
	select
		line.name, line.deal, line.sales_invoice,
		coalesce(figures.due_date, line.due_date) as due_date,
		coalesce(nullif(billed, 0), line.planned_amount) as planned_amount,
		coalesce(billed, 0) as billed_amount,
		coalesce(paid, 0) as paid_amount,
		coalesce(credited, 0) as credited_amount,
		coalesce(billed - paid - credited - outstanding, 0) as written_off_amount,
		coalesce(outstanding, 0) as outstanding_amount,
		case
			when line.cancelled_by_change > '' or deal.docstatus = 2 then 'Cancelled'
			when coalesce(billed, 0) = 0 then
				case
					when line.sales_invoice > '' or line.last_error > '' or line.planned_invoice_date <= %(today)s
						or line.confirmed_on <= %(today)s
					then 'Ready' else 'Planned'
				end
			when outstanding > 0 then
				case
					when figures.due_date < %(today)s then 'Overdue'
					when paid <> 0 or credited <> 0 or billed <> outstanding then 'Partly Paid'
					else 'Billed'
				end
			when credited > greatest(paid, billed - paid - credited - outstanding) then 'Cancelled'
			when billed - paid - credited - outstanding > paid then 'Written Off'
			else 'Paid'
		end as status,
		{kept}
		{more}
	from `tabDeal Installment` line
	join `tabDeal` deal on deal.name = line.deal
	left join ({shared}) figures on figures.name = line.name
	where 1 = 1 {some_installments}
"""

_DEALS = """
	select
		deal.name,
		coalesce(planned, 0) as planned_amount,
		coalesce(billed, 0) as billed_amount,
		coalesce(paid, 0) as collected_amount,
		coalesce(credited, 0) as credited_amount,
		coalesce(written_off, 0) as written_off_amount,
		coalesce(outstanding, 0) as outstanding_amount,
		coalesce(overdue, 0) as overdue_amount,
		sums.next_due_date,
		coalesce(sums.next_due_amount, 0) as next_due_amount,
		case when planned > 0 then round(100 * billed / planned, 2) else 0 end as per_billed,
		case when planned > 0 then round(100 * paid / planned, 2) else 0 end as per_collected,
		case
			when deal.docstatus <> 1 then deal.status
			when installments > 0 and closed = installments then 'Completed'
			else 'Won'
		end as status,
		{kept}
	from `tabDeal` deal
	left join (
		select
			deal,
			count(*) as installments,
			sum(status in ('Paid', 'Written Off', 'Cancelled')) as closed,
			sum(case when status = 'Cancelled' and billed_amount = 0 then 0 else planned_amount end) as planned,
			sum(billed_amount) as billed,
			sum(paid_amount) as paid,
			sum(credited_amount) as credited,
			sum(written_off_amount) as written_off,
			sum(outstanding_amount) as outstanding,
			sum(case when outstanding_amount > 0 and due_date < %(today)s then outstanding_amount else 0 end) as overdue,
			max(next_due_date) as next_due_date,
			sum(case when due_date = next_due_date then to_come else 0 end) as next_due_amount
		from (
			select
				installment.*,
				min(case when due_date >= %(today)s and to_come > 0 then due_date end) over (partition by deal) as next_due_date
			from (
				select
					deal, status, planned_amount, billed_amount, paid_amount, credited_amount, written_off_amount,
					outstanding_amount, due_date,
					case when billed_amount <> 0 then outstanding_amount when status = 'Cancelled' then 0 else planned_amount end as to_come
				from `tabDeal Installment`
				where 1 = 1 {some_deals_of_lines}
			) installment
		) installment
		group by deal
	) sums on sums.deal = deal.name
	where 1 = 1 {some_deals}
"""


def _shared(column: str) -> str:
	return (
		f"case when from_last = 1 then {column} when weights = 0 then 0 "
		f"else round({column} * running / weights, {{precision}}) end - "
		f"case when running = weight or weights = 0 then 0 "
		f"else round({column} * (running - weight) / weights, {{precision}}) end"
	)


@lru_cache
def installments(precision: int, some: bool = False, kept: bool = True, plain: bool = False) -> str:
	"""SELECT of the figures of Deal Installments: all, or those in %(installments)s and those on %(invoices)s.

	With `kept`, what is on the documents now comes along as `kept_<field>`. With `plain` (and `some`), the column `more` says
	whether the figures are to be had from the whole statement only; then these are wrong. Needs %(today)s.
	"""
	only = {"some_notes": "", "some_lines": "", "some_installments": ""}
	which = "kept.is_return = 0 and invoice.deal > ''"
	if some or plain:
		only = {
			"some_notes": "and kept.return_against in %(invoices)s",
			"some_lines": "and sales_invoice in %(invoices)s",
			"some_installments": "and (line.name in %(installments)s or line.sales_invoice in %(invoices)s)",
		}
		which = "kept.sales_invoice in %(invoices)s"
	return _INSTALLMENTS.format(
		shared=_ALONE if plain else _of_invoices(precision, which, only),
		kept=_kept("line", INSTALLMENT_FIGURES, kept),
		more=f", {_NOT_ALONE} as more" if plain else "",
		**only,
	)


def _of_invoices(precision: int, which: str, only: dict[str, str]) -> str:
	lines = _LINES.format(**only)
	opened = _OPEN.format(precision=precision, which=which)
	netted = _NETTED.format(
		precision=precision,
		positions=_POSITIONS.format(lines=lines, open=opened),
		notes=_NOTES.format(precision=precision, **only),
	)
	shares = {
		column: _shared(column).format(precision=precision)
		for column in ("billed", "paid", "credited", "outstanding")
	}
	return _SHARED.format(lines=lines, netted=netted, **shares)


@lru_cache
def deals(some: bool = False, kept: bool = True) -> str:
	"""SELECT of the figures of Deals: all, or those in %(deals)s. Needs %(today)s."""
	return _DEALS.format(
		kept=_kept("deal", DEAL_FIGURES, kept),
		some_deals_of_lines="and deal in %(deals)s" if some else "",
		some_deals="and deal.name in %(deals)s" if some else "",
	)


def _kept(table: str, figures, wanted: bool) -> str:
	return ", ".join(f"{table}.{field} as kept_{field}" for field in figures) if wanted else "1 as one"
