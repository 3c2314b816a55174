"""Stages of a deal: what must be true before one is entered, and how long each lasted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from operator import eq as equal
from operator import ge, gt, le, lt, ne
from typing import Any

from .problems import Problem, _

IS_SET = "is set"
COMPARE = {"=": equal, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
OPERATORS = (IS_SET, *COMPARE, "in")


@dataclass(frozen=True, slots=True)
class Condition:
	"""A row of field, operator and value; never Python."""

	fieldname: str
	operator: str = IS_SET
	value: str = ""
	message: str = ""


def _comparable(actual: Any, expected: str) -> tuple[Any, Any]:
	"""Both sides as numbers where both are numbers, else as text (dates sort as ISO text; Nan is a town)."""
	try:
		left, right = Decimal(str(actual)), Decimal(expected)
	except InvalidOperation:
		return str(actual), expected
	return (left, right) if left.is_finite() and right.is_finite() else (str(actual), expected)


def holds(condition: Condition, values: Mapping[str, Any]) -> bool:
	"""Whether `values` meet the condition. An empty value meets only `!=`; a table is set when it has rows."""
	actual = values.get(condition.fieldname)
	if condition.operator == IS_SET:
		return bool(actual)
	if actual is None or actual == "":
		return condition.operator == "!=" and condition.value != ""
	if condition.operator == "in":
		return any(equal(*_comparable(actual, part.strip())) for part in condition.value.split(","))
	return COMPARE[condition.operator](*_comparable(actual, condition.value))


def missing(
	stage: str, conditions: Sequence[Condition], values: Mapping[str, Any], label: Callable[[str], str] = str
) -> list[Problem]:
	"""What a deal lacks before it may enter `stage`."""
	problems = []
	for condition in conditions:
		if holds(condition, values):
			continue
		if condition.message:
			problems.append(Problem("stage", "{message}", {"message": condition.message}))
		elif condition.operator == IS_SET:
			problems.append(
				Problem(
					"stage",
					_("{field} must be filled before the deal enters the stage {stage}."),
					{"field": label(condition.fieldname), "stage": stage},
				)
			)
		else:
			problems.append(
				Problem(
					"stage",
					_("{field} must be {operator} {value} before the deal enters the stage {stage}."),
					{
						"field": label(condition.fieldname),
						"operator": condition.operator,
						"value": condition.value,
						"stage": stage,
					},
				)
			)
	return problems


def seconds_in_stage(entered_on: datetime, left_on: datetime) -> int:
	"""Whole seconds between the two; a clock set back counts as none."""
	return max(0, int((left_on - entered_on).total_seconds()))
