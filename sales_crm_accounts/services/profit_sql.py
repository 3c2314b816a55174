"""The statements behind the profit of deals: what the General Ledger holds by deal, and who bears what carries no deal.

They take the very rows that ERPNext's Profit and Loss Statement takes (erpnext/accounts/report/financial_statements.py,
`get_accounting_entries` and `apply_additional_conditions`): not cancelled, no Period Closing Voucher, finance book, accounts of
income and expense. Their number does not depend on the number of rows.
"""

#: Documents whose own field `deal` stands for their rows: name of the join and of the document.
_HEADS = (
	("invoice", "Sales Invoice"),
	("bill", "Purchase Invoice"),
	("payment", "Payment Entry"),
	("delivery", "Delivery Note"),
)
#: What payments and journals settle, and where its deal stands.
_SETTLED = (
	("invoice", "Sales Invoice"),
	("bill", "Purchase Invoice"),
	("sales_order", "Sales Order"),
	("purchase_order", "Purchase Order"),
)
_GL = "`tabGL Entry`"
_AMOUNT = f"sum({_GL}.credit - {_GL}.debit)"
_CREDITED = f"sum(case when {_GL}.voucher_subtype = 'Credit Note' then {_GL}.credit - {_GL}.debit else 0 end)"
_WHERE = f"""
	{_GL}.company = %(company)s
	and {_GL}.posting_date between %(from_date)s and %(to_date)s
	and {_GL}.is_cancelled = 0
	and {_GL}.voucher_type <> 'Period Closing Voucher'
	and {_GL}.account in %(accounts)s
	and ({_GL}.finance_book in %(finance_books)s or {_GL}.finance_book is null)
"""


def _period(by_month: bool, day: str = f"{_GL}.posting_date") -> str:
	return f"extract(year_month from {day})" if by_month else "0"


def _where(match: str) -> str:
	# A percent sign in what Frappe adds would be taken for a parameter.
	return f"{_WHERE} and ({match.replace('%', '%%')})" if match else _WHERE


def _settled_vouchers(table: str, type_field: str, name_field: str) -> str:
	"""Vouchers that settle a document of the deals in %(deals)s."""
	return " union ".join(
		f"""
		select line.parent from `tab{doctype}` settled
		join `tab{table}` line on line.{name_field} = settled.name and line.{type_field} = '{doctype}'
		where settled.deal in %(deals)s
		"""
		for _alias, doctype in _SETTLED
	)


def _vouchers() -> str:
	"""Every voucher that can have a row of the deals in %(deals)s, by the indexes on `deal` and on references."""
	heads = " union ".join(
		f"select name from `tab{doctype}` where deal in %(deals)s" for _alias, doctype in _HEADS
	)
	return f"""
		select voucher_no from `tabGL Entry` where deal in %(deals)s
		union {heads}
		union {_settled_vouchers("Payment Entry Reference", "reference_doctype", "reference_name")}
		union {_settled_vouchers("Journal Entry Account", "reference_type", "reference_name")}
	"""


def _ledger(some: bool) -> str:
	"""The ledger, or the part of it that the deals in %(deals)s can have a share in."""
	if not some:
		return _GL
	return f"({_vouchers()}) chosen straight_join {_GL} on {_GL}.voucher_no = chosen.voucher_no"


def by_deal(by_month: bool = False, some: bool = False, match: str = "") -> str:
	"""deal ('' for none), period, account, amount, credited, by_voucher.

	A row without a deal takes that of its document. Only such rows look for one: a key that is NULL is not looked up.
	"""
	heads = "".join(
		f"""
		left join `tab{doctype}` {alias} on {alias}.name =
			case when ({_GL}.deal is null or {_GL}.deal = '') and {_GL}.voucher_type = '{doctype}' then {_GL}.voucher_no end
		"""
		for alias, doctype in _HEADS
	)
	found = ", ".join(f"nullif({alias}.deal, '')" for alias, _doctype in _HEADS)
	return f"""
		select
			coalesce(nullif({_GL}.deal, ''), {found}, '') as bearer,
			{_period(by_month)} as period,
			{_GL}.account,
			{_AMOUNT} as amount,
			{_CREDITED} as credited,
			sum(case when {_GL}.deal > '' then 0 else {_GL}.credit - {_GL}.debit end) as by_voucher
		from {_ledger(some)} {heads}
		where {_where(match)}
		group by bearer, period, {_GL}.account
	"""


def shared(by_month: bool = False, some: bool = False, match: str = "") -> str:
	"""voucher_type, voucher_no, period, account, amount, credited, deal, weight: what payments and journals share out.

	A payment's rows go by what its references are allocated, a journal's by its rows with a party; what they settle of no deal
	is a row with deal ''. Vouchers that settle nothing of a deal are left out.
	"""
	payments = _weights(
		_loose("Payment Entry", by_month, some, match),
		"`tabPayment Entry Reference` line on line.parent = loose.voucher_no and line.parenttype = 'Payment Entry'"
		" join `tabPayment Entry` payment on payment.name = loose.voucher_no",
		"line.reference_doctype",
		"abs(line.allocated_amount)",
		"payment.deal is null or payment.deal = ''",
	)
	journals = _weights(
		_loose("Journal Entry", by_month, some, match),
		"`tabJournal Entry Account` line on line.parent = loose.voucher_no"
		" join `tabJournal Entry` journal on journal.name = loose.voucher_no",
		"line.reference_type",
		"abs(line.debit - line.credit)",
		# A write-off's rows carry the deals themselves (where the dimension is on): what carries none is of none.
		"line.party_type > '' and (journal.write_off_proposal is null or journal.write_off_proposal = '' or not exists("
		"select 1 from `tabGL Entry` own where own.voucher_no = loose.voucher_no and own.deal > ''))",
	)
	return f"{payments} union all {journals}"


def _loose(doctype: str, by_month: bool, some: bool, match: str) -> str:
	"""Rows of income and expense that carry no deal, by voucher."""
	return f"""
		select
			{_GL}.voucher_type, {_GL}.voucher_no, {_period(by_month)} as period, {_GL}.account,
			{_AMOUNT} as amount, {_CREDITED} as credited
		from {_ledger(some)}
		where {_where(match)}
			and ({_GL}.deal is null or {_GL}.deal = '')
			and {_GL}.voucher_type = '{doctype}'
		group by {_GL}.voucher_type, {_GL}.voucher_no, period, {_GL}.account
	"""


def _weights(loose: str, lines: str, settled_type: str, weight: str, where: str) -> str:
	joins = "".join(
		f"""
		left join `tab{doctype}` {alias}
			on {alias}.name = case when {settled_type} = '{doctype}' then line.reference_name end
		"""
		for alias, doctype in _SETTLED
	)
	deal = f"coalesce({', '.join(f'nullif({alias}.deal, {chr(39)}{chr(39)})' for alias, _doctype in _SETTLED)}, '')"
	return f"""
		select voucher_type, voucher_no, period, account, amount, credited, bearer, weight
		from (
			select
				loose.voucher_type, loose.voucher_no, loose.period, loose.account,
				max(loose.amount) as amount, max(loose.credited) as credited,
				{deal} as bearer,
				sum({weight}) as weight,
				max({deal}) over (partition by loose.voucher_no) as any_deal
			from ({loose}) loose
			join {lines} {joins}
			where ({where})
			group by loose.voucher_type, loose.voucher_no, loose.period, loose.account, bearer
		) weighed
		where any_deal > ''
	"""


def discounts(by_month: bool = False, some: bool = False) -> str:
	"""deal, period, discount in the company's currency: what invoices took off their total, credit notes taken back."""
	return f"""
		select coalesce(deal, '') as bearer, {_period(by_month, "posting_date")} as period, sum(base_discount_amount)
		from `tabSales Invoice`
		where company = %(company)s and posting_date between %(from_date)s and %(to_date)s and docstatus = 1
			and base_discount_amount <> 0 {"and deal in %(deals)s" if some else ""}
		group by bearer, period
	"""


def waiting(by_month: bool = False, some: bool = False) -> str:
	"""deal, period, amount, and amount x number of the day (`date.toordinal`), of what moved on the invoices of deals.

	Days before %(from_date)s count as that day; nothing after %(until)s.
	"""
	day = "greatest(ledger.posting_date, cast(%(from_date)s as date))"
	return f"""
		select
			invoice.deal, {_period(by_month, day)} as period,
			sum(ledger.amount) as amount,
			sum(ledger.amount * (to_days({day}) - 365)) as amount_days
		from `tabSales Invoice` invoice
		join `tabPayment Ledger Entry` ledger
			on ledger.against_voucher_no = invoice.name and ledger.against_voucher_type = 'Sales Invoice'
		where invoice.company = %(company)s and {"invoice.deal in %(deals)s" if some else "invoice.deal > ''"}
			and ledger.delinked = 0 and ledger.posting_date <= %(until)s
		group by invoice.deal, period
		having amount <> 0 or amount_days <> 0
	"""
