"""YAML files, read as strictly as CSV: every value is the text that was written, until its reader says what it is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from ..core.money import ZERO
from ..core.problems import _
from . import reader

MAP, MERGE, NULL = (f"tag:yaml.org,2002:{name}" for name in ("map", "merge", "null"))


class Mapping(dict[str, Any]):
	"""A mapping that knows in which row of the file each of its names stands."""

	__slots__ = ("rows",)


class DoubleName(yaml.MarkedYAMLError):
	"""A name that stands twice in one mapping; YAML itself would keep the last."""


class _Loader(yaml.SafeLoader):
	"""Leaves values as text: `no` is not yet a refusal nor Norway, 0420 an account, and 2026-02-30 a day that is not."""

	yaml_implicit_resolvers = {
		first: [(tag, pattern) for tag, pattern in resolvers if tag in (MERGE, NULL)]
		for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
	}

	def compose_mapping_node(self, anchor):
		node, seen = super().compose_mapping_node(anchor), set()
		for key, _value in node.value:
			if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
				if key.value in seen:
					raise DoubleName(problem=key.value, problem_mark=key.start_mark)
				seen.add(key.value)
		return node

	def construct_rows(self, node):
		found = Mapping()
		yield found
		found.update(self.construct_mapping(node))
		found.rows = {
			key.value: key.start_mark.line + 1
			for key, _value in node.value
			if isinstance(key, yaml.ScalarNode)
		}


_Loader.add_constructor(MAP, _Loader.construct_rows)


class YamlValues:
	"""Part of the Loader."""

	def yaml(self, name: str, known: Collection[str]) -> dict[str, Any]:
		"""The mapping in a YAML file; unknown names are problems. A missing file is empty."""
		path = self.folder / name
		if not path.exists() or not reader.check_encoding(path, "utf-8", self.problems):
			return {}
		try:
			content = _Loader(path.read_text(encoding="utf-8-sig")).get_single_data()
		except DoubleName as error:
			row = error.problem_mark.line + 1
			self.problems.add(name, _("{word} stands twice. Remove one row."), row, word=error.problem)
			return {}
		except (yaml.YAMLError, ValueError) as error:
			mark = getattr(error, "problem_mark", None)
			self.problems.add(
				name,
				_("the file is not valid YAML ({error}). Check indentation and colons."),
				mark.line + 1 if mark else None,
				error=getattr(error, "problem", None) or "YAML",
			)
			return {}
		if content is None:
			return {}
		if not isinstance(content, dict):
			self.problems.add(name, _("the file must hold 'name: value' lines."))
			return {}
		self.check_names(name, content, known)
		return content

	def check_names(self, name: str, values: dict[str, Any], known: Collection[str], place: str = ""):
		for key in values:
			if key in known:
				continue
			guess = reader.closest(str(key), known)
			self.problems.add(
				name,
				_("unknown entry. Did you mean {guess}?")
				if guess
				else _("unknown entry. Known ones are: {columns}."),
				_row(values, key),
				f"{place}.{key}" if place else str(key),
				columns=", ".join(known),
				guess=guess,
			)

	def wrong_value(self, name: str, values: dict[str, Any], key: str, text: str, **about):
		self.problems.add(name, text, _row(values, key), key, **about)

	def value(self, name: str, values: dict[str, Any], key: str, parse: Callable[[str], Any], default: Any):
		"""What `parse` makes of an entry; `default` where it is missing, empty or wrong."""
		value = values.get(key)
		if isinstance(value, (list, dict, set)):
			self.wrong_value(
				name,
				values,
				key,
				_("one value belongs here, not a list. Write it without brackets and dashes."),
			)
			return default
		cell = "" if value is None else str(value).strip()
		if not cell:
			return default
		try:
			return parse(cell)
		except reader.CellError as error:
			self.wrong_value(name, values, key, error.text, **error.values)
		return default

	def text(self, name: str, values: dict[str, Any], key: str, default: str = "") -> str:
		return self.value(name, values, key, str, default)

	def flag(self, name: str, values: dict[str, Any], key: str, default: bool = False) -> bool:
		return self.value(name, values, key, reader.yes_no, default)

	def choice(
		self, name: str, values: dict[str, Any], key: str, choices: Collection[str], default: str
	) -> str:
		return self.value(name, values, key, reader.one_of(choices), default)

	def currency(self, name: str, values: dict[str, Any], default: str = "") -> str:
		return self.value(name, values, "currency", reader.currency, default)

	def day(self, name: str, values: dict[str, Any], key: str) -> date | None:
		return self.value(name, values, key, self.days, None)

	def day_list(self, name: str, values: dict[str, Any], key: str) -> set[date]:
		"""The days of a list, or the one day that stands in its place."""
		value, found = values.get(key), set()
		for one in value if isinstance(value, list) else [value]:
			entry = Mapping({key: one})
			entry.rows = {key: _row(values, key)}
			found.add(self.day(name, entry, key))
		return found - {None}

	def whole(self, name: str, values: dict[str, Any], key: str, default: int) -> int:
		return self.value(name, values, key, reader.whole, default)

	def between(
		self, name: str, values: dict[str, Any], key: str, default: int, least: int, most: int
	) -> int:
		return self.value(name, values, key, reader.Between(least, most), default)

	def money(self, name: str, values: dict[str, Any], key: str) -> Decimal:
		return self.value(name, values, key, reader.amount, ZERO)

	def of_a_customer(self, name: str, values: dict[str, Any], key: str, known: Collection[str]) -> str:
		"""A group or territory that some customer has, so that what is said of it is not said of nobody."""
		word = self.text(name, values, key)
		if not word or word in known or self.problems.of("customers.csv"):
			return word
		guess = reader.closest(word, known)
		self.wrong_value(
			name,
			values,
			key,
			_("no customer of customers.csv has '{word}' here. Did you mean '{guess}'?")
			if guess
			else _("no customer of customers.csv has '{word}' here. Correct it, or leave the entry out."),
			word=word,
			guess=guess,
		)
		return word

	def customer_groups(self) -> set[str]:
		return {customer.group for customer in self.company.customers.values()} - {""}

	def territories(self) -> set[str]:
		return {customer.territory for customer in self.company.customers.values()} - {""}


def _row(values: dict[str, Any], key: str) -> int | None:
	return getattr(values, "rows", {}).get(key)
