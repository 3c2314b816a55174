"""Counters of the names of our documents: gone with the documents, unless documents of others are counted by them too."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import frappe

from sales_crm_accounts.setup import APP

#: What a series says of the date, and what it becomes.
DATE_PARTS = {"YYYY": r"\d{4}", "YY": r"\d\d", "MM": r"\d\d", "DD": r"\d\d", "WW": r"\d\d"}
#: A field or a variable: braces, a fieldname, or a word like FY.
VARIABLE = re.compile(r"\{.*\}|[a-z][a-z0-9_]*|FY|timestamp")
ANY_TEXT = ".+"


def remove_series() -> None:
	"""Of our own series, one counter a year."""
	_remove(_own_patterns(), set())


def remove_added_series(doctypes: list[str]) -> None:
	"""Of series that users gave our DocTypes; while our documents and the property setters that say so are still there."""
	added = set()
	for doctype, rule in _rules(doctypes, ours=True):
		pattern = _pattern(rule)
		added |= _seen(doctype, pattern) if ANY_TEXT in pattern else {pattern}
	others = {_pattern(rule) for _doctype, rule in _rules(doctypes, ours=False)}
	_remove(added - {""}, others - {""})


def _remove(ours, others) -> None:
	series = frappe.qb.DocType("Series")
	names = [name for (name,) in frappe.qb.from_(series).select(series.name).run() if name]
	names = [name for name in names if _matches(name, ours) and not _matches(name, others)]
	if names:
		frappe.qb.from_(series).delete().where(series.name.isin(names)).run()


def _matches(name: str, patterns) -> bool:
	return any(re.fullmatch(pattern, name) for pattern in patterns)


def _pattern(rule: str) -> str:
	"""What the names of the rule's counters look like: the part before the number; empty for one without a counter of its own."""
	if rule.startswith("format:"):
		return ""  # Frappe counts all of these by one counter without a name
	return "".join(
		DATE_PARTS.get(part) or (ANY_TEXT if VARIABLE.fullmatch(part) else re.escape(part))
		for part in rule.split("#")[0].split(".")
	)


def _seen(doctype: str, pattern: str) -> set[str]:
	"""A pattern that could be any text is taken at what it has named: our documents' names without their numbers."""
	if not frappe.db.table_exists(doctype):
		return set()
	return {
		re.escape(re.sub(r"\d+$", "", name))
		for name in frappe.get_all(doctype, pluck="name")
		if re.fullmatch(pattern + r"\d+", name)
	}


@cache
def _own_patterns() -> frozenset[str]:
	"""As the naming rules of our DocTypes say."""
	patterns = set()
	for path in Path(frappe.get_app_path(APP)).glob("*/doctype/*/*.json"):
		record = json.loads(path.read_text())
		rules = [record.get("autoname") or ""]
		if rules == ["naming_series:"]:
			fields = {field["fieldname"]: field for field in record["fields"]}
			rules = fields["naming_series"]["options"].split("\n")
		elif "#" not in rules[0]:
			continue
		patterns.update(_pattern(rule) for rule in rules)
	return frozenset(patterns - {""})


def _rules(doctypes: list[str], ours: bool) -> Iterator[tuple[str, str]]:
	"""(DocType, rule) as users changed them, and for DocTypes of others as they came with their apps, too."""
	which = ("in" if ours else "not in", doctypes)
	sources = [
		("Property Setter", "doc_type", "value", {"field_name": "naming_series", "property": "options"}),
		("Property Setter", "doc_type", "value", {"property": "autoname", "value": ("like", "%#%")}),
	]
	if not ours:
		sources += [
			("DocField", "parent", "options", {"fieldname": "naming_series"}),
			("Custom Field", "dt", "options", {"fieldname": "naming_series"}),
			("DocType", "name", "autoname", {"autoname": ("like", "%#%")}),
		]
	for source, owner, value, filters in sources:
		for row in frappe.get_all(
			source, filters={**filters, owner: which}, fields=[f"{owner} as doctype", value]
		):
			yield from ((row.doctype, rule) for rule in (row[value] or "").split("\n") if rule.strip())
