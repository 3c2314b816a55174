# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""What is open by how long it is overdue: in sum by customer, deal or deal owner, or installment by installment; as of any day.

Credits and money on account have columns of their own; the balance is the total of ERPNext's Accounts Receivable.
"""

import frappe
from frappe import _
from frappe.utils import flt, getdate, today

from sales_crm_accounts.core.receivables.ageing import CREDIT, ON_ACCOUNT, Ageing, Buckets, parse_limits
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import ageing
from sales_crm_accounts.services.receivables.ageing import Question

INSTALLMENT = "Installment"
FILTERS = ("customer", "customer_group", "deal", "deal_owner")


@common.explained
def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	if not filters.company:
		frappe.throw(_("Choose a company."))
	buckets = get_buckets(filters)
	question = Question(
		company=filters.company,
		as_of=getdate(filters.as_of or today()),
		in_party_currency=bool(filters.in_party_currency),
		**{field: filters.get(field) or None for field in FILTERS},
	)
	by = filters.view or ageing.CUSTOMER
	if by == INSTALLMENT:
		rows = listed(question, buckets)
	else:
		rows = summed(ageing.summary(question, by, buckets), by)
	totals = totals_by_currency(rows, buckets)
	one = len(totals) <= 1
	chart = get_chart(totals[0], buckets) if totals and one else None
	cards = get_summary(totals[0]) if totals and one else None
	columns = list_columns(buckets) if by == INSTALLMENT else summary_columns(by, buckets)
	return deal_access.plain_links(columns), rows + totals, None, chart, cards, True


def get_buckets(filters) -> Buckets:
	try:
		return parse_limits(filters.ranges)
	except ValueError:
		frappe.throw(_("Ageing ranges are days that grow, for example: 30, 60, 90, 120"))


def money_fields(buckets: Buckets) -> list[str]:
	ranges = [f"range{n}" for n in range(1, buckets.count + 1)]
	return ["outstanding", "not_due", *ranges, "overdue", "credits", "on_account", "balance"]


def figures(sums: Ageing) -> dict:
	decimals = precision()
	values = {
		"outstanding": sums.outstanding,
		"not_due": sums.not_due,
		**{f"range{n}": amount for n, amount in enumerate(sums.overdue_by_bucket, 1)},
		"overdue": sums.overdue,
		"credits": sums.credits,
		"on_account": sums.on_account,
		"balance": sums.balance,
	}
	return {field: flt(value, decimals) for field, value in values.items()}


def summed(found: dict[tuple, Ageing], by: str) -> list[dict]:
	keys = [key for key, _currency in found if key]
	names = labels(by, keys)
	return [
		{
			**({} if by == ageing.DEAL_OWNER else {"name": names.get(key)}),
			"key": key or _("Without a deal"),
			"currency": currency,
			**figures(sums),
		}
		for (key, currency), sums in found.items()
	]


def labels(by: str, keys: list[str]) -> dict[str, str]:
	"""Names of customers or titles of deals; the rows say who may see them."""
	if by == ageing.DEAL_OWNER or not keys:
		return {}
	doctype, field = {ageing.CUSTOMER: ("Customer", "customer_name"), ageing.DEAL: ("Deal", "title")}[by]
	return dict(frappe.get_all(doctype, filters={"name": ("in", keys)}, fields=["name", field], as_list=True))


def listed(question: Question, buckets: Buckets) -> list[dict]:
	rows, day = ageing.rows(question), question.day
	for row in rows:
		place = buckets.place(row.outstanding, row.due_date, day, of_invoice=bool(row.is_invoice))
		sums = Ageing(buckets)
		sums.add(place, row.outstanding)
		row.days_overdue = max(0, (day - row.due_date).days) if place not in (CREDIT, ON_ACCOUNT) else 0
		row.update(figures(sums))
		row.voucher_label = _(row.voucher_type)
	return rows


def totals_by_currency(rows: list[dict], buckets: Buckets) -> list[dict]:
	"""A total for each currency: amounts of different ones are never added."""
	currencies = list(dict.fromkeys(row["currency"] for row in rows))
	decimals = precision()
	totals = []
	for currency in currencies:
		own = [row for row in rows if row["currency"] == currency]
		label = _("Total") if len(currencies) == 1 else _("Total {0}").format(currency)
		totals.append(
			{
				"key": label,
				"customer": label,
				"currency": currency,
				"bold": 1,
				**{field: flt(sum(row[field] for row in own), decimals) for field in money_fields(buckets)},
			}
		)
	return totals


# Columns


def money_columns(buckets: Buckets) -> list[dict]:
	return [
		common.amount("outstanding", _("Outstanding")),
		common.amount("not_due", _("Not Due")),
		*(common.amount(f"range{n}", label, 110) for n, label in enumerate(buckets.labels, 1)),
		common.amount("overdue", _("Overdue")),
		common.amount("credits", _("Credits")),
		common.amount("on_account", _("On Account")),
		common.amount("balance", _("Balance")),
		common.currency_column(),
	]


def summary_columns(by: str, buckets: Buckets) -> list[dict]:
	if by == ageing.DEAL_OWNER:
		head = [common.link("key", _("Deal Owner"), "User", 200)]
	elif by == ageing.DEAL:
		head = [common.link("key", _("Deal"), "Deal"), common.column("name", _("Title"), width=180)]
	else:
		head = [common.link("key", _("Customer"), "Customer"), common.column("name", _("Name"), width=180)]
	return head + money_columns(buckets)


def list_columns(buckets: Buckets) -> list[dict]:
	return [
		common.link("customer", _("Customer"), "Customer"),
		common.column("customer_name", _("Name"), width=160),
		common.column("voucher_label", _("Document Type"), width=110),
		common.column("voucher_no", _("Document"), "Dynamic Link", 170, options="voucher_type"),
		{**common.column("voucher_type", _("Document Type")), "hidden": 1},
		common.column("installment_no", _("Installment"), "Int", 90),
		common.column("posting_date", _("Posting Date"), "Date", 105),
		common.column("due_date", _("Due Date"), "Date", 105),
		common.column("days_overdue", _("Days Overdue"), "Int", 105),
		common.link("deal", _("Deal"), "Deal", 140),
		common.link("deal_owner", _("Deal Owner"), "User"),
		*money_columns(buckets),
	]


# Over the table


def get_chart(total: dict, buckets: Buckets) -> dict:
	fields = ["not_due", *(f"range{n}" for n in range(1, buckets.count + 1))]
	return common.bar_chart(
		[_("Not Due"), *buckets.labels],
		[(_("Outstanding"), [total[field] for field in fields])],
		["blue"],
		total["currency"],
	)


def get_summary(total: dict) -> list[dict]:
	cards = (
		(_("Outstanding"), "outstanding", "Blue"),
		(_("Overdue"), "overdue", "Red"),
		(_("Credits"), "credits", None),
		(_("On Account"), "on_account", "Green"),
		(_("Balance"), "balance", None),
	)
	return [
		common.card(label, [total], field, total["currency"], indicator) for label, field, indicator in cards
	]
