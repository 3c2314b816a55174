"""Ageing on a site: what is open now or was open on a past day, row by row or in sum, by a fixed number of statements."""

from dataclasses import dataclass
from datetime import date

import frappe
from frappe.permissions import get_allowed_docs_for_doctype
from frappe.utils import getdate, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import ageing as rules
from sales_crm_accounts.core.receivables.ageing import Ageing, Buckets
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import ageing_sql

TABLE = "Open Installment"
#: What sums can be gathered by, and the column for it.
CUSTOMER, DEAL, DEAL_OWNER = "Customer", "Deal", "Deal Owner"
_BY = {CUSTOMER: "open.customer", DEAL: "open.deal", DEAL_OWNER: "deal.deal_owner"}
#: No column: one sum for each currency.
ALL = None


@dataclass(frozen=True)
class Question:
	"""Which receivables, of which day; amounts in the company's currency, or in that of the receivable account."""

	company: str
	as_of: date | None = None
	customer: str | None = None
	customer_group: str | None = None
	deal: str | None = None
	deal_owner: str | None = None
	in_party_currency: bool = False

	@property
	def day(self) -> date:
		return getdate(self.as_of or today())

	@property
	def of_deals_only(self) -> bool:
		"""Whether money that belongs to no deal is left out."""
		if self.deal or self.deal_owner:
			return True
		return not (deal_access.sees_all_deals() and may_see_company(self.company))


def rows(question: Question) -> list[dict]:
	"""Every open row the user may read, oldest first: installments, credit notes, and what stands against payments and journals.

	Keys: voucher_type, voucher_no, installment_no, customer, customer_name, posting_date, due_date, deal, deal_owner, currency,
	amount, outstanding, is_invoice.
	"""
	values, conditions = scope(question)
	head, opened = ageing_sql.open_at(precision(), conditions, moved_later(question))
	own = question.in_party_currency
	amount = "open.outstanding" if own else "open.base_outstanding"
	found = frappe.db.sql(
		f"""
		{head}
		select
			'Sales Invoice' as voucher_type, open.sales_invoice as voucher_no, open.installment_no, open.customer,
			customer.customer_name, open.posting_date, open.due_date, open.deal, deal.deal_owner,
			{"open.account_currency" if own else "%(currency)s"} as currency, {amount} as outstanding, 1 as is_invoice
		from ({opened}) open
		left join `tabCustomer` customer on customer.name = open.customer
		left join `tabDeal` deal on deal.name = open.deal
		order by open.due_date, open.posting_date, open.sales_invoice, open.installment_no
		""",
		values,
		as_dict=True,
	)
	if not question.of_deals_only:
		found += _vouchers(question)
	for row in found:
		row.outstanding = to_decimal(row.outstanding)
	return found


def summary(
	question: Question, by: str | None = CUSTOMER, buckets: Buckets | None = None, vouchers: bool = True
) -> dict[tuple, Ageing]:
	"""(customer, deal or deal owner; currency) -> sums, largest balance first. What belongs to none has None as its key.

	Without `vouchers` only invoices and credit notes are looked at.
	"""
	buckets = buckets or Buckets()
	values, conditions = scope(question)
	head, opened = ageing_sql.open_at(precision(), conditions, moved_later(question))
	own = question.in_party_currency
	currency = "open.account_currency" if own else "%(currency)s"
	amount = "open.outstanding" if own else "open.base_outstanding"
	key = _BY.get(by, "null")
	join = "left join `tabDeal` deal on deal.name = open.deal" if by == DEAL_OWNER else ""
	grouped = frappe.db.sql(
		f"""
		{head}
		select {key} as `key`, {currency} as currency, {_place(buckets, amount)} as place, sum({amount}) as amount
		from ({opened}) open {join}
		group by `key`, currency, place
		""",
		values,
	)
	placed = [
		((key or None, currency), place, to_decimal(amount)) for key, currency, place, amount in grouped
	]
	if vouchers and not question.of_deals_only:
		for row in _vouchers(question):
			outstanding = to_decimal(row.outstanding)
			place = buckets.place(outstanding, row.due_date, question.day, of_invoice=False)
			placed.append(((row.customer if by == CUSTOMER else None, row.currency), place, outstanding))
	found = rules.gather(placed, buckets)
	return dict(sorted(found.items(), key=lambda item: (-item[1].balance, item[0][0] or "", item[0][1])))


def _place(buckets: Buckets, amount: str) -> str:
	"""`Buckets.place` for rows of invoices, as SQL; limits are whole numbers."""
	limits = "".join(
		f"when datediff(%(as_of)s, open.due_date) <= {int(limit)} then {n} "
		for n, limit in enumerate((0, *buckets.limits))
	)
	return f"case when {amount} < 0 then {rules.CREDIT} {limits}else {buckets.count} end"


def _vouchers(question: Question) -> list[dict]:
	"""Money on account and what was booked without an invoice; of no deal, so only for those who see all."""
	values = _values(question)
	scope = customer_scope(question, "entry.party", values)
	own = question.in_party_currency
	return frappe.db.sql(
		f"""
		select
			open.voucher_type, open.voucher_no, 0 as installment_no, open.customer, customer.customer_name, open.posting_date,
			open.due_date, null as deal, null as deal_owner,
			{"open.account_currency" if own else "%(currency)s"} as currency,
			{"open.outstanding" if own else "open.base_outstanding"} as outstanding, 0 as is_invoice
		from ({ageing_sql.vouchers_at(scope)}) open
		left join `tabCustomer` customer on customer.name = open.customer
		where {"open.outstanding" if own else "open.base_outstanding"} <> 0
		order by open.due_date, open.voucher_no
		""",
		values,
		as_dict=True,
	)


def moved_later(question: Question) -> bool:
	"""Whether money moved after the day that is asked for, so that kept figures are not those of the day."""
	return bool(
		frappe.db.sql(
			"""
			select 1 from `tabPayment Ledger Entry`
			where posting_date > %(as_of)s and company = %(company)s and delinked = 0 and against_voucher_type = 'Sales Invoice'
			limit 1
			""",
			{"as_of": question.day, "company": question.company},
		)
	)


def _values(question: Question) -> dict:
	currency = frappe.get_cached_value("Company", question.company, "default_currency")
	return {"company": question.company, "as_of": question.day, "currency": currency}


def scope(question: Question) -> tuple[dict, str]:
	"""Values, and conditions over `kept`: the filters, and what the user may read."""
	values = _values(question)
	conditions = [customer_scope(question, "kept.customer", values)]
	if question.deal:
		values["deal"] = question.deal
		conditions.append("and kept.deal = %(deal)s")
	if question.deal_owner:
		values["deal_owner"] = question.deal_owner
		conditions.append("and kept.deal in (select name from `tabDeal` where deal_owner = %(deal_owner)s)")
	if readable := deal_access.readable_names(TABLE):
		conditions.append(f"and kept.name in {readable.replace('%', '%%')}")
	return values, " ".join(filter(None, conditions))


def customer_scope(question: Question, column: str, values: dict) -> str:
	"""Conditions on a column of customers, and their values: the filters, and the customers that are left to the user."""
	conditions = []
	if question.customer:
		values["customer"] = question.customer
		conditions.append(f"and {column} = %(customer)s")
	if question.customer_group:
		values["customer_group"] = question.customer_group
		conditions.append(
			f"""and {column} in (
				select customer.name from `tabCustomer` customer
				join `tabCustomer Group` top on top.name = %(customer_group)s
				join `tabCustomer Group` below on below.name = customer.customer_group
				where below.lft >= top.lft and below.rgt <= top.rgt
			)"""
		)
	if allowed := allowed_customers():
		values["allowed_customers"] = allowed
		conditions.append(f"and {column} in %(allowed_customers)s")
	return " ".join(conditions)


def customers_of(question: Question) -> list[str] | None:
	"""Customers that filters and User Permissions leave; None for all."""
	values: dict = {}
	scope = customer_scope(question, "customer.name", values)
	if not scope:
		return None
	return frappe.db.sql_list(
		f"select customer.name from `tabCustomer` customer where customer.name > '' {scope}", values
	)


def allowed_customers(user: str | None = None) -> list[str]:
	"""Customers that User Permissions limit the user to; empty where there is no limit."""
	return allowed("Customer", user)


def may_see_company(company: str, user: str | None = None) -> bool:
	"""Whether User Permissions leave the company to the user."""
	names = allowed("Company", user)
	return not names or company in names


def allowed(doctype: str, user: str | None = None) -> list[str]:
	permissions = frappe.permissions.get_user_permissions(user or frappe.session.user)
	return get_allowed_docs_for_doctype(permissions.get(doctype) or [], TABLE)
