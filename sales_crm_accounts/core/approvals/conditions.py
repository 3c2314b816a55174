"""Which chain a document falls under: its scope, and rows of field, operator and value."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

from ..problems import Problem, RuleError, _

IS_SET, IS_NOT_SET, IN, NOT_IN, CONTAINS, UNDER = "is set", "is not set", "in", "not in", "contains", "under"
COMPARE = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
ORDERING = (">", ">=", "<", "<=")
OPERATORS = ("=", "!=", *ORDERING, IN, NOT_IN, IS_SET, IS_NOT_SET, CONTAINS, UNDER)
#: A child path gives several values: these must hold for every row, the others for any.
EVERY_ROW = ("!=", NOT_IN, IS_NOT_SET)

NUMBER, DATE, CHECK, TREE = "number", "date", "check", "tree"
SUBMIT, CANCEL = "Submit", "Cancel"

# Narrower than Decimal() and fromisoformat(), which read more in each Python version.
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{6})?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Condition:
	"""A row of field path, operator and value; never Python."""

	field: str
	operator: str
	value: str = ""


@dataclass(frozen=True, slots=True)
class ChainScope:
	"""Where and when a chain applies; an empty company means all, an empty date no bound."""

	name: str
	company: str = ""
	priority: int = 0
	valid_from: date | None = None
	valid_to: date | None = None
	on_submit: bool = True
	on_cancel: bool = False


def match(chains: Sequence[ChainScope], *, action: str, company: str, day: date) -> list[ChainScope]:
	"""The chains whose scope covers the document, the one that takes precedence first.

	Higher priority first, then those that name the company, then by name, so that the answer never depends on the order of the
	list. Their conditions are not judged here. `action` is SUBMIT or CANCEL; the days of validity belong to it.
	"""
	if action not in (SUBMIT, CANCEL):
		raise ValueError(f"unknown action {action!r}")
	found = [
		chain
		for chain in chains
		if (chain.on_submit if action == SUBMIT else chain.on_cancel)
		and (not chain.company or chain.company == company)
		and (chain.valid_from is None or chain.valid_from <= day)
		and (chain.valid_to is None or day <= chain.valid_to)
	]
	return sorted(found, key=lambda chain: (-chain.priority, not chain.company, chain.name))


def holds(
	condition: Condition,
	values: Sequence[object],
	ancestors: Callable[[str], Collection[str]] | None = None,
) -> bool:
	"""Whether what the field path gives meets the condition; a path through a child table gives a value for each row.

	The type of a value decides how it is compared: numbers (and checks, 0 or 1) as numbers, dates as dates, everything else as
	text without regard to case, as the database does. None counts as 0 beside a number, as Frappe shows it; any other empty
	value meets only `!=`, `not in` and `is not set`. `ancestors` gives what stands above a node of a tree.

	Raises RuleError for an operator that is unknown, or `under` on a field that is no tree.
	"""
	operator = condition.operator
	if operator not in OPERATORS:
		raise RuleError(_unknown_operator(condition))
	if operator == UNDER and ancestors is None:
		raise RuleError(_no_tree(condition))
	if operator in EVERY_ROW:
		return all(_meets(value, operator, condition.value, ancestors) for value in values)
	return any(_meets(value, operator, condition.value, ancestors) for value in values)


def _meets(value: object, operator: str, expected: str, ancestors) -> bool:
	if operator == IS_SET:
		return not _is_empty(value)
	if operator == IS_NOT_SET:
		return _is_empty(value)
	if operator == IN:
		return any(_compare(value, "=", entry) for entry in _entries(expected))
	if operator == NOT_IN:
		return not any(_compare(value, "=", entry) for entry in _entries(expected))
	if operator == CONTAINS:
		return value is not None and expected != "" and _folded(expected) in _folded(value)
	if operator == UNDER:
		if value is None or value == "":
			return False
		wanted = _folded(expected)
		return _folded(value) == wanted or any(_folded(above) == wanted for above in ancestors(str(value)))
	return _compare(value, operator, expected)


def _is_empty(value: object) -> bool:
	return not value or (isinstance(value, str) and not value.strip())


def _folded(value: object) -> str:
	return str(value).strip().casefold()


def _compare(value: object, operator: str, expected: str) -> bool:
	compare = COMPARE[operator]
	if value is None and (number := _number(expected)) is not None:
		return compare(Decimal(0), number)
	if value is None or value == "":
		return operator == "!=" and expected.strip() != ""
	if isinstance(value, int | float | Decimal):
		number = _number(expected)
		if number is None:
			return operator == "!="
		return compare(Decimal(value) if not isinstance(value, float) else Decimal(repr(value)), number)
	moment = _moment(expected)
	if moment is not None and (actual := _moment(value)) is not None:
		if not isinstance(moment, datetime):  # a day without a time means the whole day
			return compare(actual.date() if isinstance(actual, datetime) else actual, moment)
		return compare(
			actual if isinstance(actual, datetime) else datetime(actual.year, actual.month, actual.day),
			moment,
		)
	if isinstance(value, date):
		return operator == "!="
	if operator in ORDERING:
		left, right = _number(str(value)), _number(expected)
		if left is not None and right is not None:
			return compare(left, right)
	return compare(_folded(value), _folded(expected))


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal | None:
	return Decimal(text.strip()) if _NUMBER.fullmatch(text.strip()) else None


def _moment(value: object) -> date | None:
	"""A date, or a datetime where there is a time."""
	if isinstance(value, date):
		return value.replace(tzinfo=None) if isinstance(value, datetime) else value
	text = str(value).strip()
	try:
		if _DAY.fullmatch(text):
			return date.fromisoformat(text)
		if _MOMENT.fullmatch(text):
			return datetime.fromisoformat(text)
	except ValueError:  # 2025-02-30
		pass
	return None


@lru_cache(maxsize=4096)
def _entries(text: str) -> tuple[str, ...]:
	"""Entries of a list: separated by commas or lines; one that holds a comma stands in double quotes.

	Raises csv.Error for a quote that does not close.
	"""
	rows = csv.reader(text.strip().splitlines(), skipinitialspace=True, strict=True)
	return tuple(entry.strip() for row in rows for entry in row)


def problems(condition: Condition, kind: str = "") -> list[Problem]:
	"""What is wrong with a row. `kind` is what the field holds where that is known: NUMBER, DATE, CHECK or TREE."""
	operator, value = condition.operator, condition.value.strip()
	values = {"field": condition.field, "operator": operator, "value": value}
	if not condition.field.strip():
		return [Problem("field", _("A condition names no field. Choose one, or delete the row."))]
	if operator not in OPERATORS:
		return [_unknown_operator(condition)]
	if operator in (IS_SET, IS_NOT_SET):
		return []
	if not value:
		return [
			Problem(
				"value",
				_(
					"The condition on {field} has no value. Enter one, or choose the operator “is set” or “is not set”."
				),
				values,
			)
		]
	if operator == UNDER and kind and kind != TREE:
		return [_no_tree(condition)]
	entries: tuple[str, ...] = (value,)
	if operator in (IN, NOT_IN):
		try:
			entries = _entries(value)
		except csv.Error:
			entries = ()
		if not entries or "" in entries:
			return [
				Problem(
					"list",
					_(
						"The list in the condition on {field} cannot be read: {value}. Separate the entries by commas, and put one that holds a comma in double quotes."
					),
					values,
				)
			]
	found = []
	for entry in entries:
		wrong = _wrong_value(operator, entry, kind)
		if wrong:
			found.append(Problem("value", wrong, {**values, "value": entry}))
	return found


def _wrong_value(operator: str, value: str, kind: str) -> str | None:
	if operator in (CONTAINS, UNDER):
		return None
	if kind == CHECK and value not in ("0", "1"):
		return _("The condition on {field} needs 0 or 1, but has {value}.")
	if kind == NUMBER and _number(value) is None:
		return _("The condition on {field} needs a number such as 1000 or 12.5, but has {value}.")
	if kind == DATE and _moment(value) is None:
		return _("The condition on {field} needs a date such as 2025-12-31, but has {value}.")
	if operator in ORDERING and _number(value) is None and _moment(value) is None:
		return _(
			"The condition on {field} compares by {operator}, so it needs a number or a date such as 2025-12-31, but has {value}."
		)
	return None


def _unknown_operator(condition: Condition) -> Problem:
	return Problem(
		"operator",
		_("The condition on {field} has the unknown operator {operator}. Choose one of: {operators}."),
		{"field": condition.field, "operator": condition.operator, "operators": ", ".join(OPERATORS)},
	)


def _no_tree(condition: Condition) -> Problem:
	return Problem(
		"no-tree",
		_(
			"The condition on {field} asks what it stands under, but the field is no tree. Choose a field such as Customer Group or Territory, or another operator."
		),
		{"field": condition.field},
	)
