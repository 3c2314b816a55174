# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Open deals by stage, owner, territory or customer group: how many, how much, how likely and how old. Two statements."""

import frappe
from frappe import _
from frappe.query_builder.functions import Avg
from frappe.utils import date_diff, flt, getdate, today

from sales_crm_accounts.permissions import deal_access

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
	currency = frappe.get_cached_value("Company", filters.company, "default_currency")
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
	for field in EQUALS:
		if filters.get(field):
			query = query.where(deal[field] == filters[field])
	return deal_access.restrict(query, deal.name)


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
	if filters.from_date:
		query = query.where(deal.expected_close_date >= filters.from_date)
	if filters.to_date:
		query = query.where(deal.expected_close_date <= filters.to_date)
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
		{"fieldname": "group", "label": _(label), "fieldtype": "Link", "options": link, "width": 180},
		{"fieldname": "deals", "label": _("Deals"), "fieldtype": "Int", "width": 80},
		{
			"fieldname": "amount",
			"label": _("Amount"),
			"fieldtype": "Currency",
			"options": "currency",
			"width": 140,
		},
		{
			"fieldname": "weighted",
			"label": _("Weighted"),
			"fieldtype": "Currency",
			"options": "currency",
			"width": 140,
		},
		{
			"fieldname": "average_age",
			"label": _("Average Age (Days)"),
			"fieldtype": "Float",
			"precision": 1,
			"width": 160,
		},
		{
			"fieldname": "average_stay",
			"label": _("Days in Stage"),
			"fieldtype": "Float",
			"precision": 1,
			"width": 120,
		},
	]
	if group == "stage":
		columns.append(
			{
				"fieldname": "usual_days",
				"label": _("Usual Days in Stage"),
				"fieldtype": "Float",
				"precision": 1,
				"width": 140,
				"disable_total": 1,
			}
		)
	return [
		*columns,
		{"fieldname": "late", "label": _("Past Expected Close"), "fieldtype": "Int", "width": 170},
		{
			"fieldname": "currency",
			"label": _("Currency"),
			"fieldtype": "Link",
			"options": "Currency",
			"hidden": 1,
		},
	]


def get_chart(rows, currency) -> dict | None:
	if not rows:
		return None
	return {
		"data": {
			"labels": [_(row["group"]) for row in rows],
			"datasets": [
				{"name": _("Amount"), "values": [row["amount"] for row in rows]},
				{"name": _("Weighted"), "values": [row["weighted"] for row in rows]},
			],
		},
		"type": "bar",
		"colors": ["light-blue", "blue"],
		"fieldtype": "Currency",
		"options": "currency",
		"currency": currency,
	}


def get_summary(rows, currency) -> list[dict]:
	return [
		{"label": _("Open Deals"), "value": sum(row["deals"] for row in rows), "datatype": "Int"},
		{
			"label": _("Amount"),
			"value": flt(sum(row["amount"] for row in rows), 2),
			"datatype": "Currency",
			"currency": currency,
		},
		{
			"label": _("Weighted"),
			"value": flt(sum(row["weighted"] for row in rows), 2),
			"datatype": "Currency",
			"currency": currency,
			"indicator": "Blue",
		},
		{
			"label": _("Past Expected Close"),
			"value": sum(row["late"] for row in rows),
			"datatype": "Int",
			"indicator": "Red",
		},
	]
