# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Open deals by stage, owner, territory or customer group: how many, how much, how likely and how old. Two statements."""

import frappe
from frappe import _
from frappe.query_builder.functions import Avg
from frappe.utils import date_diff, flt, getdate, today

from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common

GROUPS = {
	"Stage": ("stage", "Deal Stage"),
	"Deal Owner": ("deal_owner", "User"),
	"Territory": ("territory", "Territory"),
	"Customer Group": ("customer_group", "Customer Group"),
}
EQUALS = ("company", "deal_owner", "territory", "customer_group")
SECONDS_A_DAY = 86400


def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	group, link = GROUPS[filters.group_by or "Stage"]
	currency = common.company_currency(filters)
	rows = fold(get_deals(filters), group, getdate(today()))
	if group == "stage":
		usual = usual_days(filters)
		for row in rows:
			row["usual_days"] = usual.get(row["group"])
	for row in rows:
		row["currency"] = currency
	columns = deal_access.plain_links(get_columns(group, link, filters.group_by or "Stage"))
	return columns, rows, None, get_chart(rows, currency), get_summary(rows, currency)


def _filtered(query, deal, filters):
	return deal_access.restrict(common.where_equal(query, deal, filters, EQUALS), deal.name)


def get_deals(filters) -> list:
	"""Open deals with their stage's order and the day they entered it."""
	deal, stage, log = (frappe.qb.DocType(name) for name in ("Deal", "Deal Stage", "Deal Stage Log"))
	query = (
		frappe.qb.from_(deal)
		.left_join(stage)
		.on(deal.stage == stage.name)
		.left_join(log)
		.on((log.parent == deal.name) & (log.parenttype == "Deal") & log.left_on.isnull())
		.select(
			deal.stage,
			deal.deal_owner,
			deal.territory,
			deal.customer_group,
			deal.base_net_total,
			deal.probability,
			deal.transaction_date,
			deal.expected_close_date,
			stage.sequence,
			log.entered_on,
		)
		.where((deal.docstatus == 0) & (deal.status == "Open"))
	)
	query = common.where_between(query, deal.expected_close_date, filters)
	return _filtered(query, deal, filters).run(as_dict=True)


def usual_days(filters) -> dict[str, float]:
	"""Days that deals, won and lost ones too, stayed in each stage before they left it."""
	deal, log = frappe.qb.DocType("Deal"), frappe.qb.DocType("Deal Stage Log")
	query = (
		frappe.qb.from_(log)
		.join(deal)
		.on((log.parent == deal.name) & (log.parenttype == "Deal"))
		.select(log.stage, Avg(log.duration))
		.where(log.left_on.isnotnull())
		.groupby(log.stage)
	)
	return {
		stage: flt(flt(seconds) / SECONDS_A_DAY, 1)
		for stage, seconds in _filtered(query, deal, filters).run()
	}


def fold(deals, group: str, today_) -> list[dict]:
	groups: dict[str, dict] = {}
	for deal in deals:
		sums = groups.setdefault(
			deal[group] or "",
			{
				"order": deal.sequence or 0,
				"deals": 0,
				"amount": 0,
				"weighted": 0,
				"age": 0,
				"stay": 0,
				"late": 0,
			},
		)
		sums["deals"] += 1
		sums["amount"] += flt(deal.base_net_total)
		sums["weighted"] += flt(deal.base_net_total) * flt(deal.probability) / 100
		sums["age"] += date_diff(today_, deal.transaction_date)
		sums["stay"] += date_diff(today_, deal.entered_on) if deal.entered_on else 0
		sums["late"] += bool(deal.expected_close_date and deal.expected_close_date < today_)
	key = (
		(lambda item: (item[1]["order"], item[0]))
		if group == "stage"
		else (lambda item: (-item[1]["amount"], item[0]))
	)
	return [
		{
			"group": name or _("Not Set"),
			"deals": sums["deals"],
			"amount": flt(sums["amount"], 2),
			"weighted": flt(sums["weighted"], 2),
			"average_age": flt(sums["age"] / sums["deals"], 1),
			"average_stay": flt(sums["stay"] / sums["deals"], 1),
			"late": sums["late"],
		}
		for name, sums in sorted(groups.items(), key=key)
	]


def get_columns(group: str, link: str, label: str) -> list[dict]:
	columns = [
		common.link("group", _(label), link, 180),
		common.column("deals", _("Deals"), "Int", 80),
		common.amount("amount", _("Amount"), 140),
		common.amount("weighted", _("Weighted"), 140),
		common.column("average_age", _("Average Age (Days)"), "Float", 160, precision=1),
		common.column("average_stay", _("Days in Stage"), "Float", precision=1),
	]
	if group == "stage":
		columns.append(
			common.column("usual_days", _("Usual Days in Stage"), "Float", 140, precision=1, disable_total=1)
		)
	return [
		*columns,
		common.column("late", _("Past Expected Close"), "Int", 170),
		common.currency_column(),
	]


def get_chart(rows, currency) -> dict | None:
	if not rows:
		return None
	return common.bar_chart(
		[_(row["group"]) for row in rows],
		[
			(_("Amount"), [row["amount"] for row in rows]),
			(_("Weighted"), [row["weighted"] for row in rows]),
		],
		["light-blue", "blue"],
		currency,
	)


def get_summary(rows, currency) -> list[dict]:
	return [
		common.count(_("Open Deals"), rows, "deals"),
		common.card(_("Amount"), rows, "amount", currency),
		common.card(_("Weighted"), rows, "weighted", currency, "Blue"),
		common.count(_("Past Expected Close"), rows, "late", "Red"),
	]
