# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""How fast money comes in, month by month: DSO in two ways, the best possible, delinquency, effectiveness, risk. Company currency."""

import frappe
from frappe import _
from frappe.utils import cint, flt, getdate, today

from sales_crm_accounts.core.receivables.indicators import AT_RISK_DAYS, WINDOW, Indicators
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import ageing, indicators
from sales_crm_accounts.services.receivables.ageing import Question

MONTHS, MOST_MONTHS = 12, 36


@common.explained
def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	if not filters.company:
		frappe.throw(_("Choose a company."))
	if not (deal_access.sees_all_deals() and ageing.may_see_company(filters.company)):
		frappe.throw(
			_("You may not see the receivables of {0}.").format(filters.company), frappe.PermissionError
		)
	question = Question(
		company=filters.company,
		as_of=getdate(filters.as_of or today()),
		customer=filters.customer or None,
		customer_group=filters.customer_group or None,
	)
	months = min(MOST_MONTHS, max(1, cint(filters.months) or MONTHS))
	window = max(1, cint(filters.window) or WINDOW)
	currency = common.company_currency(filters)
	rows = [row_of(found, currency) for found in indicators.by_month(question, months, window)]
	return get_columns(), rows, None, get_chart(rows), get_summary(rows[-1]) if rows else None, True


def row_of(found: Indicators, currency: str) -> dict:
	decimals, period = precision(), found.period
	money = {
		"sales": period.sales,
		"collected": found.collected,
		"receivable": period.receivable,
		"overdue": period.overdue,
	}
	shares = {
		"dso": found.dso,
		"count_back": found.count_back,
		"best_possible": found.best_possible,
		"days_delinquent": found.days_delinquent,
		"effectiveness": found.effectiveness,
		"overdue_share": found.overdue_share,
		"at_risk_share": found.at_risk_share,
	}
	return {
		"month": f"{period.start:%Y-%m}",
		"until": period.end,
		"currency": currency,
		**{field: flt(value, decimals) for field, value in money.items()},
		# What cannot be divided stays empty: it is not zero.
		**{field: None if value is None else flt(value, 1) for field, value in shares.items()},
	}


def get_columns() -> list[dict]:
	days = {"precision": 1, "width": 120}
	return [
		common.column("month", _("Month"), width=90),
		common.column("until", _("Until"), "Date", 105),
		common.amount("sales", _("Sales")),
		common.amount("collected", _("Settled")),
		common.amount("receivable", _("Receivable")),
		common.amount("overdue", _("Overdue")),
		common.column("overdue_share", _("% Overdue"), "Percent", 100),
		common.column("at_risk_share", _("% Over {0} Days").format(AT_RISK_DAYS), "Percent", 120),
		common.column("dso", _("DSO"), "Float", **days),
		common.column("count_back", _("DSO, Count-Back"), "Float", **days),
		common.column("best_possible", _("Best Possible DSO"), "Float", **days),
		common.column("days_delinquent", _("Days Delinquent"), "Float", **days),
		common.column("effectiveness", _("Effectiveness (CEI)"), "Percent", 130),
		common.currency_column(),
	]


def get_chart(rows: list[dict]) -> dict | None:
	if not rows:
		return None
	series = (
		(_("DSO"), "dso"),
		(_("DSO, Count-Back"), "count_back"),
		(_("Best Possible DSO"), "best_possible"),
	)
	return {
		"data": {
			"labels": [row["month"] for row in rows],
			"datasets": [
				{"name": name, "values": [row[field] or 0 for row in rows]} for name, field in series
			],
		},
		"type": "line",
		"colors": ["orange", "purple", "green"],
		"fieldtype": "Float",
	}


def get_summary(row: dict) -> list[dict]:
	def figure(label, field, indicator, datatype="Float"):
		return {"label": label, "value": row[field], "datatype": datatype, "indicator": indicator}

	def days(label, field, indicator):
		"""A card shows a Float with the site's decimals, which are too many for days."""
		value = "–" if row[field] is None else f"{row[field]:.1f}"
		return {"label": label, "value": value, "datatype": "Data", "indicator": indicator}

	return [
		{**figure(_("Receivable"), "receivable", "Blue", "Currency"), "currency": row["currency"]},
		days(_("DSO"), "dso", "Orange"),
		days(_("Best Possible DSO"), "best_possible", "Green"),
		figure(_("Effectiveness (CEI)"), "effectiveness", None, "Percent"),
		figure(
			_("% Over {0} Days").format(AT_RISK_DAYS),
			"at_risk_share",
			"Red" if row["at_risk_share"] else "Green",
			"Percent",
		),
	]
