"""What was approved: a stable text of the material fields, its fingerprint, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring


def canonical(content: Mapping[str, object]) -> str:
	"""Stable JSON: sorted keys; numbers by their value, so that 1, 1.0 and Decimal("1.00") are the same, and True is 1.

	Empty values (None, "", a table without rows) are left out, since a form, a file and the database write them differently.
	A date is its ISO text. Text stays as it is: "1.00" is not "1". Raises TypeError for what is none of these, ValueError for a
	number that is not finite.
	"""
	return _mapping(content)


def _mapping(content: Mapping[str, object]) -> str:
	parts = []
	for key, start in _keys(tuple(content)):
		text = _text(content[key])
		if text is not None:
			parts.append(start + text)
	return "{" + ",".join(parts) + "}"


@lru_cache(maxsize=256)
def _keys(keys: tuple[str, ...]) -> list[tuple[str, str]]:
	"""Keys in order, each with how its part begins; the rows of a table share them."""
	return [(key, f"{encode_basestring(key)}:") for key in sorted(keys)]


def _text(value: object) -> str | None:
	"""JSON of a value; None for an empty one."""
	if value is None or value == "":
		return None
	if isinstance(value, str):
		return encode_basestring(value)
	if isinstance(value, float):
		text = repr(value)
		return text[:-2] if text[-2:] == ".0" and value else _number(Decimal(text))
	if isinstance(value, int):
		return str(int(value))
	if isinstance(value, Decimal):
		return _number(value)
	if isinstance(value, Mapping):
		return _mapping(value)
	if isinstance(value, list | tuple):
		return "[" + ",".join([_text(one) or "null" for one in value]) + "]" if value else None
	if isinstance(value, datetime):
		return f'"{value.isoformat(" ")}"'
	if isinstance(value, date | time | timedelta):
		return f'"{value}"'
	raise TypeError(f"a {type(value).__name__} has no stable text: {value!r}")


def _number(value: Decimal) -> str:
	"""Shortest plain text, without rounding."""
	if not value:
		return "0"
	if not value.is_finite():
		raise ValueError(f"not a finite number: {value}")
	text = format(value, "f")
	return text.rstrip("0").rstrip(".") if "." in text else text


def parse(text: str) -> dict[str, object]:
	"""The content of a canonical text, numbers exact; dates stay ISO text."""
	return json.loads(text, parse_float=Decimal)


def fingerprint(content: Mapping[str, object]) -> str:
	"""SHA-256 of the canonical text, in hex."""
	return sha256(canonical(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
	"""A value that differs. `row` is the row of a child table; where a whole row came or went, `path` is the table's."""

	path: str
	row: int | None
	before: object
	after: object


def changes(old: Mapping[str, object], new: Mapping[str, object]) -> list[Change]:
	"""What differs between two contents, by path and row; empty exactly when their fingerprints are the same.

	Rows of a child table are matched by their `idx`, or by their place where they have none.
	"""
	return _changes(old, new, "", None)


def _changes(
	old: Mapping[str, object], new: Mapping[str, object], prefix: str, row: int | None
) -> list[Change]:
	found = []
	for key in sorted(old.keys() | new.keys()):
		before, after, path = old.get(key), new.get(key), prefix + key
		if _text(before) == _text(after):
			continue
		if _is_table(before) and _is_table(after) and (before or after):
			rows_before, rows_after = _rows(before), _rows(after)
			for number in sorted(rows_before.keys() | rows_after.keys()):
				one, other = rows_before.get(number), rows_after.get(number)
				if one is None or other is None:
					found.append(Change(path, number, one, other))
				else:
					found += _changes(one, other, f"{path}.", number)
		elif isinstance(before, Mapping) and isinstance(after, Mapping):
			found += _changes(before, after, f"{path}.", row)
		else:
			found.append(Change(path, row, before, after))
	return found


def _is_table(value: object) -> bool:
	if value is None or value == "":
		return True
	return isinstance(value, list | tuple) and all(isinstance(row, Mapping) for row in value)


def _rows(table: Sequence[Mapping[str, object]] | None) -> dict[int, Mapping[str, object]]:
	rows = table or ()
	numbers = [int(row.get("idx") or 0) for row in rows]
	if 0 in numbers or len(set(numbers)) != len(numbers):
		numbers = range(1, len(rows) + 1)
	return dict(zip(numbers, rows, strict=True))
