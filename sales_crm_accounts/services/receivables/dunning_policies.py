"""Dunning policies: what may be saved, and all that are switched on, read in three statements."""

from typing import NamedTuple

import frappe
from frappe import _
from frappe.utils import cint, flt, validate_email_address

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import ladder
from sales_crm_accounts.services.receivables import dunning_texts, thanks_texts

#: Whom a policy is for. The fields of the document are called for_..., as Frappe fills new documents with the site's default
#: currency, territory and customer group, which would narrow a policy that nobody meant to narrow.
SCOPE = ("customer", "customer_group", "territory", "currency")


class Policies(NamedTuple):
	"""Policies as the rules read them, and by name their documents' rows: header with `levels` and `texts`."""

	rules: list[ladder.Policy]
	rows: dict[str, frappe._dict]

	def level(self, policy: str, title: str) -> frappe._dict | None:
		row = self.rows.get(policy)
		return next((level for level in row.levels if level.title == title), None) if row else None


def load(company: str, also: str | None = None) -> Policies:
	"""The company's policies that are switched on; `also` counts as if it were."""
	headers = frappe.get_all(
		"Dunning Policy",
		filters={"company": company},
		or_filters={"enabled": 1, "name": also or ""},
		fields=["*"],
		order_by="name",
	)
	names = [row.name for row in headers] or [""]
	rows = {row.name: frappe._dict(row, levels=[], texts=[]) for row in headers}
	for field, doctype, order in (
		("levels", "Dunning Policy Level", "days, idx"),
		("texts", "Dunning Text", "idx"),
	):
		for child in frappe.get_all(
			doctype,
			filters={"parent": ("in", names), "parenttype": "Dunning Policy"},
			fields=["*"],
			order_by=order,
		):
			rows[child.parent][field].append(child)
	return Policies([_rules(row) for row in rows.values()], rows)


def _rules(row) -> ladder.Policy:
	return ladder.Policy(
		name=row.name,
		levels=tuple(
			ladder.Level(level.title, cint(level.days), level.channel, cint(level.repeat_after))
			for level in row.levels
		),
		**{field: row.get(f"for_{field}") or "" for field in SCOPE},
		grace_days=cint(row.grace_days),
		min_gap_days=cint(row.min_gap_days),
		weekly_cap=cint(row.weekly_cap),
		min_amount=to_decimal(row.min_amount),
		one_step=bool(row.one_step),
	)


def companies() -> list[str]:
	"""Companies with a policy that is switched on."""
	return frappe.get_all(
		"Dunning Policy", filters={"enabled": 1}, pluck="company", distinct=True, order_by="company"
	)


# What may be saved


def check(doc) -> None:
	doc.levels.sort(key=lambda level: cint(level.days))
	for number, level in enumerate(doc.levels, 1):
		level.idx = number
	problems = [*_check_levels(doc), *_check_texts(doc), *thanks_texts.check(doc), *_check_scope(doc)]
	if problems:
		frappe.throw(
			problems if len(problems) > 1 else problems[0],
			title=_("Please Correct"),
			as_list=len(problems) > 1,
		)


def _check_levels(doc):
	if doc.enabled and not doc.levels:
		yield _("A policy needs at least one level.")
	days, titles = set(), set()
	claims_itself = doc.dunning_type and any(
		flt(value)
		for value in frappe.get_cached_value(
			"Dunning Type", doc.dunning_type, ["dunning_fee", "rate_of_interest"]
		)
		or ()
	)
	for level in doc.levels:
		level.title = (level.title or "").strip()
		if level.days in days:
			yield _("Two levels stand on day {0}. Give each a day of its own.").format(level.days)
		if level.title in titles:
			yield _("Two levels are called {0}. Texts are found by that name, so each needs its own.").format(
				level.title
			)
		days.add(level.days)
		titles.add(level.title)
		if cint(level.days) < 0 and (flt(level.fee) or level.charge_interest or level.make_dunning):
			yield _(
				"{0}: before the due date nothing can be charged, and no Dunning can be made of it."
			).format(level.title)
		if cint(level.days) < 0 and level.credit_hold:
			yield _("{0}: nobody goes on credit hold before the due date.").format(level.title)
		if claims_itself and level.make_dunning and (flt(level.fee) or level.charge_interest):
			yield _(
				"{0}: fee and interest would be claimed twice, here and by Dunning Type {1}. Leave one of them empty."
			).format(level.title, doc.dunning_type)
		for address in addresses(level.cc):
			if not validate_email_address(address):
				yield _("{0}: {1} is not a mail address.").format(level.title, address)


def _check_texts(doc):
	titles = {level.title for level in doc.levels}
	seen = set()
	for text in doc.texts:
		text.level_title = (text.level_title or "").strip()
		if text.level_title not in titles:
			yield _("Text {0}: there is no level {1}.").format(text.idx, text.level_title)
		key = text.level_title, text.language
		if key in seen:
			yield _("{0} has two texts in {1}.").format(*key)
		seen.add(key)
		reason = dunning_texts.broken(text.subject, text.body)
		if reason:
			yield _("The text of {0} in {1} is broken: {2}.").format(*key, reason.rstrip("."))
	for level in doc.levels:
		if not any(title == level.title for title, _language in seen):
			yield _("{0} has no text.").format(level.title)


def _check_scope(doc):
	if doc.print_format and frappe.get_cached_value("Print Format", doc.print_format, "doc_type") != (
		"Dunning Message"
	):
		yield _("Print format {0} is not one of Dunning Message.").format(doc.print_format)
	if doc.dunning_type and (
		frappe.get_cached_value("Dunning Type", doc.dunning_type, "company") != doc.company
	):
		yield _("Dunning Type {0} belongs to another company.").format(doc.dunning_type)
	if not doc.enabled:
		return
	for other in frappe.get_all(
		"Dunning Policy",
		filters={"company": doc.company, "enabled": 1, "name": ("!=", doc.name or "")},
		fields=["name", *(f"for_{field}" for field in SCOPE)],
	):
		if all((other.get(f"for_{field}") or "") == (doc.get(f"for_{field}") or "") for field in SCOPE):
			yield _("{0} is for the same customers. Switch it off first.").format(other.name)


def addresses(text: str | None) -> list[str]:
	"""Mail addresses written with commas, semicolons or on lines of their own."""
	parts = (text or "").replace(";", ",").replace("\n", ",").split(",")
	return list(dict.fromkeys(part.strip() for part in parts if part.strip()))
