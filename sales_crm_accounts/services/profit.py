"""Profit of deals after cash: reads the General Ledger in a fixed number of statements, and knows who may see which deal.

The sum over all deals and "without deal" is ERPNext's Profit and Loss Statement of the same company and days.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import frappe
from frappe import _
from frappe.desk.reportview import build_match_conditions
from frappe.utils import getdate, today
from pypika.terms import LiteralValue

from sales_crm_accounts.core import profit as core
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.services import profit_sql

#: Who may see the profit of the deals that they see. A share of a deal does not show its profit.
ROLES = frozenset(
	{
		*("Deal User", "Deal Manager", "Accounts User", "Accounts Manager"),
		*("Auditor", "System Manager", "Administrator"),
	}
)
#: Deals that are read by their own vouchers; more than these are cheaper to find in the whole ledger.
MOST_CHOSEN = 500
DEAL_FILTERS = ("deal_owner", "customer", "customer_group", "territory", "status")
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)


@dataclass(slots=True)
class Scope:
	"""What is asked for. `without_deal`: the rest of the company belongs to the answer."""

	company: str
	from_date: date = _FIRST
	to_date: date = _LAST
	finance_book: str | None = None
	include_default_book: bool = True
	by_month: bool = False
	deals: list[str] | None = None
	without_deal: bool = False


@dataclass(slots=True)
class Profits:
	"""Figures by (deal, period); the deal '' is what no deal bears. `deals`: name -> what reports group by."""

	figures: dict[core.Key, core.Figures]
	deals: dict[str, frappe._dict]
	discounts: dict[core.Key, Decimal] = field(default_factory=dict)
	waiting: dict[core.Key, Decimal] = field(default_factory=dict)
	meaning: dict[str, core.Meaning] = field(default_factory=dict)

	def accounts_of(self, kind: str, category: str | None = None) -> list[str]:
		return sorted(
			account
			for account, meaning in self.meaning.items()
			if meaning.kind == kind and category in (None, meaning.category)
		)


def may_see(user: str | None = None) -> bool:
	user = user or frappe.session.user
	return user == "Administrator" or not ROLES.isdisjoint(frappe.get_roles(user))


def visible_deals(filters: dict) -> tuple[dict[str, frappe._dict], bool]:
	"""Deals whose profit the user may see, and whether nothing of the company is left out: no filter, no restriction."""
	deal = frappe.qb.DocType("Deal")
	query = (
		frappe.qb.from_(deal)
		.where(deal.company == filters["company"])
		.select(
			deal.name,
			deal.title,
			deal.status,
			deal.customer,
			deal.customer_group,
			deal.territory,
			deal.deal_owner,
			deal.currency,
			deal.conversion_rate,
			deal.planned_margin,
		)
	)
	narrowed = False
	for name in (*DEAL_FILTERS, "deal"):
		if value := filters.get(name):
			query = query.where(deal["name" if name == "deal" else name] == value)
			narrowed = True
	if build_match_conditions("Deal"):
		query = deal_access.restrict(query, deal.name)
		narrowed = True
	# Owners, makers and their team; shares are left out.
	if own := deal_access.deal_conditions(ptype="profit"):
		query = query.where(deal.name.isin(LiteralValue(f"(select name from `tabDeal` where {own})")))
		narrowed = True
	return {row.name: row for row in query.run(as_dict=True)}, not narrowed


def of_filters(filters: dict, by_month: bool = False) -> Profits:
	"""For reports: company, from_date and to_date, finance book, and fields of the deal. Rights of the session's user."""
	if not may_see():
		raise frappe.PermissionError(_("You may not see the profit of deals."))
	deals, whole = visible_deals(filters)
	scope = Scope(
		filters["company"],
		getdate(filters["from_date"]),
		getdate(filters["to_date"]),
		filters.get("finance_book"),
		bool(filters.get("include_default_book_entries")),
		by_month,
		None if whole else list(deals),
		# What the company earns and spends besides its deals is for those who may read its ledger.
		without_deal=whole and frappe.has_permission("GL Entry", "read"),
	)
	return read(scope, deals)


def read(scope: Scope, deals: dict[str, frappe._dict]) -> Profits:
	"""Read what `scope` asks for; rights on deals are the caller's to check. At most seven statements."""
	accounts = _accounts(scope.company)
	meaning = core.meanings(accounts, _roles(scope.company), _categories(scope.company))
	profits = Profits({}, deals, meaning=meaning)
	if not accounts or (scope.deals is not None and not scope.deals):
		return profits
	some = scope.deals is not None and len(scope.deals) <= MOST_CHOSEN
	until = min(scope.to_date, getdate(today()) - timedelta(days=1))
	values = {
		"company": scope.company,
		"from_date": scope.from_date,
		"to_date": scope.to_date,
		"until": until,
		"accounts": sorted(accounts),
		"finance_books": _finance_books(scope),
		"deals": scope.deals if some else None,
	}
	digits = precision(scope.company)
	match = build_match_conditions("GL Entry") if frappe.has_permission("GL Entry", "read") else ""
	rows = [
		core.Row(deal, _period(period), account, *map(to_decimal, amounts))
		for deal, period, account, *amounts in frappe.db.sql(
			profit_sql.by_deal(scope.by_month, some, match), values
		)
	]
	figures = core.collect(
		rows, _shared(profit_sql.shared(scope.by_month, some, match), values), meaning, digits
	)
	profits.discounts = {
		(deal, _period(period)): to_decimal(amount)
		for deal, period, amount in frappe.db.sql(profit_sql.discounts(scope.by_month, some), values)
	}
	profits.waiting = _waiting(scope, some, values, digits)
	wanted = None if scope.deals is None else set(scope.deals)
	for found in (figures, profits.discounts, profits.waiting):
		for key in [key for key in found if not _belongs(key[0], wanted, scope.without_deal)]:
			del found[key]
	profits.figures = figures
	return profits


def precision(company: str) -> int:
	return frappe.get_precision(
		"GL Entry", "debit", currency=frappe.get_cached_value("Company", company, "default_currency")
	)


def waiting_rate(company: str) -> Decimal:
	"""Percent a year that money costs; 0 where the company has not said."""
	return to_decimal(frappe.db.get_value("Company Receivables Settings", company, "cost_of_money"))


def _belongs(deal: str, wanted: set[str] | None, without_deal: bool) -> bool:
	if deal == core.NO_DEAL:
		return without_deal
	return wanted is None or deal in wanted


def _accounts(company: str) -> dict[str, str]:
	"""Accounts of income and expense -> root type."""
	return dict(
		frappe.get_all(
			"Account",
			filters={"company": company, "root_type": ("in", (core.INCOME, core.EXPENSES)), "is_group": 0},
			fields=["name", "root_type"],
			as_list=True,
		)
	)


def _roles(company: str) -> core.Roles:
	own = frappe.get_cached_value(
		"Company",
		company,
		(
			*("write_off_account", "exchange_gain_loss_account"),
			*("unrealized_exchange_gain_loss_account", "default_income_account"),
		),
		as_dict=True,
	)
	fees = frappe.get_all("Dunning Type", filters={"company": company}, pluck="income_account")
	settings = frappe.db.get_value(
		"Company Receivables Settings",
		company,
		["interest_item", "fee_item", "write_off_account", "provision_expense_account"],
	)
	*items, write_off, provision = settings or (None, None)
	if items := [item for item in items if item]:
		fees += frappe.get_all(
			"Item Default", filters={"company": company, "parent": ("in", items)}, pluck="income_account"
		)
	exchange = {own.exchange_gain_loss_account, own.unrealized_exchange_gain_loss_account}
	return core.Roles(
		write_off=frozenset({own.write_off_account, write_off} - {None, ""}),
		exchange=frozenset(exchange - {None, ""}),
		provision=frozenset({provision} - {None, ""}),
		# Where fees are booked with the sales they cannot be told apart.
		interest=frozenset({*fees} - {None, "", own.default_income_account}),
	)


def _categories(company: str) -> dict[str, str]:
	pairs = frappe.get_all(
		"Deal Expense Category Account",
		filters={"company": company, "parenttype": "Deal Expense Category"},
		fields=["parent", "expense_account"],
		as_list=True,
	)
	return core.first_category((category, account) for category, account in pairs if account)


def _finance_books(scope: Scope) -> list[str]:
	"""As ERPNext's statements choose them; rows without a finance book always belong."""
	book = scope.finance_book or ""
	if not scope.include_default_book:
		return [book, ""]
	default = frappe.get_cached_value("Company", scope.company, "default_finance_book") or ""
	if book and default and book != default:
		frappe.throw(_("To use a different finance book, please uncheck 'Include Default FB Entries'"))
	return [book, default, ""]


def _shared(statement: str, values: dict) -> Iterable[core.SharedRow]:
	vouchers: dict[tuple, dict[str, Decimal]] = {}
	for *key, deal, weight in frappe.db.sql(statement, values):
		vouchers.setdefault(tuple(key), {})[deal] = to_decimal(weight)
	return [
		core.SharedRow(
			(doctype, name), _period(period), account, to_decimal(amount), to_decimal(credited), weights
		)
		for (doctype, name, period, account, amount, credited), weights in vouchers.items()
	]


def _waiting(scope: Scope, some: bool, values: dict, digits: int) -> dict[core.Key, Decimal]:
	rate = waiting_rate(scope.company)
	if not rate or values["until"] < scope.from_date:
		return {}
	periods = (
		core.months(scope.from_date, values["until"])
		if scope.by_month
		else [core.Period("", scope.from_date, values["until"])]
	)
	moved = [
		core.Moved(deal, _period(period), to_decimal(amount), to_decimal(days))
		for deal, period, amount, days in frappe.db.sql(profit_sql.waiting(scope.by_month, some), values)
	]
	return core.waiting_cost(moved, periods, rate, digits)


def _period(value) -> str:
	"""202501 -> 2025-01; 0 where nothing is told apart."""
	text = str(int(value or 0))
	return f"{text[:4]}-{text[4:]}" if len(text) == 6 else ""
