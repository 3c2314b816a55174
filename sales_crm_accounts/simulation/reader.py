"""Reads cells strictly: one is what its column says, or a problem that says how to write it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..core.plan import MAX_AMOUNT
from ..core.problems import _
from .problems import Problems

PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?|[+-]?\.[0-9]+")
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
COMMA_DECIMAL = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),[0-9]{1,2}")
DAY = re.compile(
	r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)"
)
CURRENCY = re.compile(r"[A-Z]{3}")
YES = {"yes", "true", "on", "1", "y", "是"}
NO = {"", "no", "false", "off", "0", "n", "否"}
#: Beyond these no two currencies are from each other: a rate that is, is an amount or a slip.
MOST_RATE, LEAST_RATE = Decimal(10_000_000), Decimal("0.0000001")


class CellError(ValueError):
	"""A cell that is not what its column needs; `text` is a template that says what to write instead."""

	def __init__(self, text: str, **values):
		self.text, self.values = text, values
		super().__init__(text.format(**values))


def number(cell: str) -> Decimal:
	"""Decimal of `1234.5` or `1,234.50`; never of a text where comma and point could be read both ways."""
	if PLAIN.fullmatch(cell):
		return Decimal(cell)
	if GROUPED.fullmatch(cell):
		return Decimal(cell.replace(",", ""))
	if COMMA_DECIMAL.fullmatch(cell):
		raise CellError(
			_("'{cell}' has a comma before its decimals. Write it with a point, as {example}."),
			cell=cell,
			example=cell.replace(".", "").replace(",", "."),
		)
	raise CellError(
		_("'{cell}' is not a number. Write digits with a point, as 1234.50, without a currency."), cell=cell
	)


def amount(cell: str) -> Decimal:
	"""Money that is not negative."""
	value = number(cell)
	if value < 0:
		raise CellError(_("{cell} is negative. Write the amount without a sign."), cell=cell)
	if value > MAX_AMOUNT:
		raise CellError(_("{cell} is too large. Check the figure."), cell=cell)
	return value


def positive(cell: str) -> Decimal:
	value = amount(cell)
	if value == 0:
		raise CellError(_("{cell} must be more than 0."), cell=cell)
	return value


def rate(cell: str) -> Decimal:
	"""What a unit of one currency is worth in another."""
	value = positive(cell)
	if not LEAST_RATE <= value <= MOST_RATE:
		raise CellError(
			_("{cell} is no exchange rate. Write what one unit is worth in the company's currency, as 0.92."),
			cell=cell,
		)
	return value


def currency(cell: str) -> str:
	code = cell.upper()
	if not CURRENCY.fullmatch(code):
		raise CellError(_("'{cell}' is not a currency. Write its three letters, as EUR."), cell=cell)
	return code


class Units:
	"""Money that is more than 0, as a whole number of the currency's smallest unit."""

	def __init__(self, precision: int):
		self.precision = precision
		# As most programs write it, and far from MAX_AMOUNT.
		self.common = re.compile(
			rf"[0-9]{{1,11}}\.[0-9]{{{precision}}}" if precision else r"[0-9]{1,11}"
		).fullmatch

	def __call__(self, cell: str) -> int:
		units = int(cell.replace(".", "")) if self.common(cell) else 0
		if units:
			return units
		value = positive(cell)
		scaled = value.scaleb(self.precision)
		units = int(scaled)
		if units != scaled:
			raise CellError(
				_("{cell} has more decimals than the currency ({precision}). Round it."),
				cell=f"{value:f}",
				precision=self.precision,
			)
		return units


def percent(cell: str) -> Decimal:
	value = number(cell.removesuffix("%").rstrip())
	if not 0 <= value <= 100:
		raise CellError(_("{cell} is not a percentage. Write a number from 0 to 100."), cell=cell)
	return value


def whole(cell: str) -> int:
	value = number(cell)
	if value != int(value) or not 0 <= value < 100_000:
		raise CellError(_("'{cell}' is not a whole number. Write digits only, as 30."), cell=cell)
	return int(value)


class Between:
	"""A whole number within bounds that may be negative."""

	def __init__(self, least: int, most: int):
		self.least, self.most = least, most

	def __call__(self, cell: str) -> int:
		try:
			value = number(cell)
		except CellError:
			value = None
		if value is None or value != int(value) or not self.least <= value <= self.most:
			raise CellError(
				_("'{cell}' is not a whole number from {least} to {most}."),
				cell=cell,
				least=self.least,
				most=self.most,
			)
		return int(value)


def yes_no(cell: str) -> bool:
	value = cell.lower()
	if value in YES:
		return True
	if value in NO:
		return False
	raise CellError(_("'{cell}' is neither yes nor no. Write yes or no."), cell=cell)


class Days:
	"""Parses dates; the same day is one object however often it is written, which keeps large files small in memory."""

	def __init__(self):
		self.seen: dict[str, date] = {}
		self.known: dict[date, date] = {}

	def __call__(self, cell: str) -> date:
		day = self.seen.get(cell)
		if day is None:
			day = self.seen[cell] = self.same(self.parse(cell))
		return day

	def same(self, day: date) -> date:
		return self.known.setdefault(day, day)

	@staticmethod
	def parse(cell: str) -> date:
		match = DAY.fullmatch(cell)
		if not match:
			raise CellError(_("'{cell}' is not a date. Write it as year-month-day, 2025-12-31."), cell=cell)
		year, month, day = (int(part) for part in match.groups() if part)
		try:
			result = date(year, month, day)
		except ValueError:
			raise CellError(_("There is no day {cell}. Check month and day."), cell=cell)
		if not 1980 <= year <= 2199:
			raise CellError(_("{cell} is too far away. Check the year."), cell=cell)
		return result


def one_of(choices: Collection[str]) -> Callable[[str], str]:
	"""One of the words, in any case of letters."""
	known = {choice.lower(): choice for choice in choices}

	def parse(cell: str) -> str:
		value = known.get(cell.lower())
		if value is None:
			raise CellError(
				_("'{cell}' is not known here. Write one of: {choices}."),
				cell=cell,
				choices=", ".join(choices),
			)
		return value

	return parse


class Column:
	"""A column: how its cells are read, and what an empty or missing one means. Few cells of it `repeats=False`."""

	__slots__ = ("default", "name", "parse", "repeats", "required")

	def __init__(
		self,
		name: str,
		parse: Callable[[str], Any] = str,
		required: bool = False,
		default: Any = None,
		repeats: bool = True,
	):
		self.name, self.parse, self.required, self.repeats = name, parse, required, repeats
		self.default = "" if default is None and parse is str else default


def closest(word: str, words) -> str | None:
	"""The known word that was probably meant."""
	found = difflib.get_close_matches(word, list(words)[:5000], n=1, cutoff=0.6)
	return found[0] if found else None


def open_text(path: Path, encoding: str):
	return open(path, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def check_encoding(path: Path, encoding: str, problems: Problems) -> bool:
	"""Whether the whole file can be read in `encoding`; otherwise says what it looks like."""
	with open(path, "rb") as file:
		head = file.read(4)
	if head[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding == "utf-8":
		problems.add(
			path.name,
			_("the file is UTF-16 ('Unicode text'). Save it as CSV UTF-8 and run again."),
		)
		return False
	try:
		with open_text(path, encoding) as file:
			while file.read(1 << 20):
				pass
		return True
	except UnicodeDecodeError:
		pass
	for other, text in (
		(
			"gb18030",
			_(
				"the file is not UTF-8; it looks like GB18030 / GBK, as Excel saves in Chinese. Save it as CSV UTF-8, or run again with --encoding gb18030."
			),
		),
		(
			None,
			_("the file is not UTF-8. Save it as CSV UTF-8, or run again with --encoding and its encoding."),
		),
	):
		if other is None:
			problems.add(path.name, text)
		elif encoding == "utf-8" and _looks_chinese(path, other):
			problems.add(path.name, text)
			break
	return False


def _looks_chinese(path: Path, encoding: str) -> bool:
	try:
		with open(path, encoding=encoding, newline="") as file:
			text = file.read(2_000_000)
	except UnicodeDecodeError:
		return False
	chinese = [character for character in text if "一" <= character <= "鿿"]
	# Western letters read as GB18030 give rare characters; Chinese text is nearly all in the old standard set.
	common = sum(1 for character in chinese if character.encode("gb2312", "ignore"))
	return bool(chinese) and common >= 0.9 * len(chinese)
