# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""What reminders earn, level by level: asked for, paid within days, promised, still open; beside what comes without any."""

import frappe
from frappe import _
from frappe.utils import add_months, flt, getdate, today

from sales_crm_accounts.core.receivables.dunning_effect import WINDOWS, Effect
from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.sales_crm_accounts.report import common
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import ageing, dunning_effect
from sales_crm_accounts.services.receivables.dunning_effect import BY, LANGUAGE, LEVEL, Question

#: What is looked at where no dates are chosen.
MONTHS = 3
COLORS = ["#2e8b57", "#7cb342", "#f5c342", "#e8853d"]


@common.explained
def execute(filters: dict | None = None) -> tuple:
	filters = frappe._dict(filters or {})
	question = get_question(filters)
	found = dunning_effect.effect(question)
	currency = common.company_currency(filters)
	rows = [
		row_of(found.before, _("Before Any Reminder"), currency, before=1, messages=None, promises=None),
		*(
			row_of(effect, label, currency, **values)
			for effect, label, values in labelled(found.groups, question)
		),
	]
	if not found.groups and not found.before.installments:
		return get_columns(question), [], explanation()
	chart = get_chart(rows)
	summary = get_summary(found.before, found.total, currency)
	if len(found.groups) > 1:
		rows.append(row_of(found.total, _("All Reminders"), currency, bold=1))
	return deal_access.plain_links(get_columns(question)), rows, explanation(), chart, summary, True


def get_question(filters) -> Question:
	"""The filters, checked; dates that are missing are the last three months."""
	if not filters.company:
		frappe.throw(_("Choose a company."))
	if not (deal_access.sees_all_deals() and ageing.may_see_company(filters.company)):
		frappe.throw(
			_("You may not see the receivables of {0}.").format(filters.company), frappe.PermissionError
		)
	end = min(getdate(filters.to_date or today()), getdate(today()))
	start = getdate(filters.from_date or add_months(end, -MONTHS))
	if start > end:
		frappe.throw(_("From Date is after To Date."))
	if filters.group_by and filters.group_by not in BY:
		frappe.throw(_("Reminders cannot be gathered by {0}.").format(filters.group_by))
	scope = ageing.Question(
		company=filters.company,
		customer=filters.customer or None,
		customer_group=filters.customer_group or None,
	)
	return Question(
		company=filters.company,
		from_date=start,
		to_date=end,
		by=filters.group_by or LEVEL,
		policy=filters.policy or None,
		channel=filters.channel or None,
		language=filters.language or None,
		customers=ageing.customers_of(scope),
	)


def labelled(groups: dict[tuple, Effect], question: Question):
	"""(effect, label, values of the row) of each group."""
	names = {}
	if question.by == LANGUAGE:
		names = dict(frappe.get_all("Language", fields=["name", "language_name"], as_list=True))
	for key, effect in groups.items():
		if question.by == LEVEL:
			days, title = key
			yield effect, title or _("No Level"), {"level_days": days, "key": title}
		else:
			(name,) = key
			label = channel_labels().get(name) or names.get(name) or name or _("Not Known")
			yield effect, label, {"key": name}


def channel_labels() -> dict[str, str]:
	return {"Mail": _("Mail"), "SMS": _("SMS"), "Task": _("Task"), "Letter": _("Letter")}


def row_of(effect: Effect, label: str, currency: str, **values) -> dict:
	decimals, share = precision(), effect.share_paid
	return {
		"group": label,
		"key": None,
		"level_days": None,
		"messages": len(effect.messages),
		"customers": len(effect.customers),
		"asked": flt(effect.asked, decimals),
		**{f"within_{days}": flt(effect.within[days], decimals) for days in WINDOWS},
		"paid": flt(effect.paid, decimals),
		"share_paid": None if share is None else flt(share * 100, 1),
		"median_days": effect.median_days,
		"again": flt(effect.again, decimals),
		"otherwise": flt(effect.otherwise, decimals),
		"open": flt(effect.open, decimals),
		"promises": effect.promises,
		"currency": currency,
		"before": 0,
		"bold": 0,
		**values,
	}


def get_columns(question: Question) -> list[dict]:
	hidden = {"hidden": 1}
	by = {
		"Level": _("Level"),
		"Policy": _("Dunning Policy"),
		"Channel": _("Channel"),
		"Language": _("Language"),
	}
	return [
		common.column("group", by[question.by], width=190),
		common.column("level_days", _("Days From Due Date"), "Int", 145)
		| ({} if question.by == LEVEL else hidden),
		common.column("messages", _("Messages"), "Int", 95),
		common.column("customers", _("Customers"), "Int", 105),
		common.amount("asked", _("Asked For", context="Dunning Message")),
		*(common.amount(f"within_{days}", _("Within {0} Days").format(days)) for days in WINDOWS),
		common.amount("paid", _("Paid")),
		common.column("share_paid", _("% Paid"), "Percent", 85),
		common.column("median_days", _("Median Days to Payment"), "Int", 175),
		common.amount("again", _("Asked For Again"), 145),
		common.amount("otherwise", _("Closed Otherwise"), 150),
		common.amount("open", _("Still Open")),
		common.column("promises", _("Promises"), "Int", 90),
		common.column("key", _("Key")) | hidden,
		common.currency_column(),
	]


def explanation() -> str:
	"""The rules, as they stand over the table."""
	texts = (
		_(
			"Money counts for the last reminder before it that asked for the installment, up to what it asked for, and never twice. Money of the reminder's own day came before it."
		),
		_(
			"Only payments count. Credit notes, write-offs and money that was taken back are no effect; what they closed stands under Closed Otherwise, with what was disputed or promised before the next reminder."
		),
		_(
			"Before Any Reminder: installments that fell due in the period and were not paid on their due date, and what came for them until the first reminder. Filters on reminders leave it as it is."
		),
		_(
			"A promise counts for the last reminder of the 30 days before it. Amounts are in company currency, at the rates of the invoices."
		),
	)
	return "<ul class='text-muted small'>{}</ul>".format("".join(f"<li>{text}</li>" for text in texts))


# Over the table


def get_chart(rows: list[dict]) -> dict:
	"""How soon the money came, row by row."""
	fields = [f"within_{days}" for days in WINDOWS] + ["paid"]
	first, *later = WINDOWS
	labels = [_("Within {0} Days").format(first)]
	labels += [
		_("Days {0} to {1}").format(before + 1, days) for before, days in zip(WINDOWS, later, strict=False)
	]
	labels.append(_("Later"))
	series = [
		(label, [flt(row[field] - (row[before] if before else 0), precision()) for row in rows])
		for label, field, before in zip(labels, fields, [None, *fields], strict=False)
	]
	return common.bar_chart([row["group"] for row in rows], series, COLORS, rows[0]["currency"], stacked=True)


def get_summary(before: Effect, total: Effect, currency: str) -> list[dict]:
	def share(effect: Effect) -> str:
		return "–" if effect.share_paid is None else f"{flt(effect.share_paid * 100, 1)} %"

	return [
		{"label": _("Messages"), "value": len(total.messages), "datatype": "Int", "indicator": "Blue"},
		{
			"label": _("Paid After a Reminder"),
			"value": flt(total.paid, precision()),
			"datatype": "Currency",
			"currency": currency,
			"indicator": "Green",
		},
		{"label": _("% Paid After a Reminder"), "value": share(total), "datatype": "Data"},
		{"label": _("% Paid Before Any Reminder"), "value": share(before), "datatype": "Data"},
		{"label": _("Promises"), "value": total.promises, "datatype": "Int"},
	]
