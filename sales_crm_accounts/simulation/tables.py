"""Reads the rows of a CSV file: in batches where all is well, one by one where something is not."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..core.problems import _
from . import reader
from .problems import Problems
from .reader import CellError, Column

BATCH = 4096
#: So many different cells of a column are remembered: days, kinds and numbers of installments repeat, amounts hardly.
MOST_CELLS = 10_000


#: Rows as a spreadsheet counts, and the values of each column.
Batch = tuple[Sequence[int], list[Sequence[Any]]]


def rows(batches: Iterable[Batch]) -> Iterator[tuple[int, Sequence[Any]]]:
	"""The rows of batches one by one."""
	for numbers, columns in batches:
		yield from zip(numbers, zip(*columns, strict=True), strict=True)


def batches(
	path: Path, columns: Sequence[Column], problems: Problems, encoding: str = "utf-8"
) -> Iterator[Batch]:
	"""Each good row, with its values in the order of `columns`; the others become problems.

	Empty lines are skipped. The delimiter is a comma, or a semicolon or tab where the header has one and no comma.
	"""
	name = path.name
	if not reader.check_encoding(path, encoding, problems):
		return
	with reader.open_text(path, encoding) as file:
		header_line = file.readline()
		delimiter = next((d for d in (",", ";", "\t") if d in header_line), ",")
		file.seek(0)
		lines = csv.reader(file, delimiter=delimiter, strict=True)
		row = 1
		try:
			header = [cell.strip().lower() for cell in next(lines, [])]
			indexes = _match_header(name, header, columns, problems)
			if indexes is None:
				return
			table = Table(name, header, columns, indexes, problems)
			for batch in _lists(lines):
				quick = table.quickly(batch)
				if quick:
					yield range(row + 1, row + 1 + len(batch)), quick
				else:
					yield from table.carefully(batch, row + 1)
				row += len(batch)
		except csv.Error as error:
			problems.add(
				name, _("the row cannot be read ({error}). Check its quotes."), row + 1, error=str(error)
			)


def _lists(lines) -> Iterator[list[list[str]]]:
	"""Rows in lists of up to `BATCH`; those before a row that cannot be read come before its error."""
	batch: list[list[str]] = []
	try:
		for cells in lines:
			batch.append(cells)
			if len(batch) == BATCH:
				yield batch
				batch = []
	except csv.Error:
		yield batch
		raise
	yield batch


class _Cells(dict):
	"""Values of a column's cells as they are written; what is written often is read once."""

	def __init__(self, column: Column):
		self.column = column

	def __missing__(self, cell: str):
		text = cell.strip()
		if text:
			value = self.column.parse(text)
		elif self.column.required:
			raise CellError("")
		else:
			value = self.column.default
		if len(self) < MOST_CELLS:
			self[cell] = value
		return value


class Table:
	"""Turns rows of text into values."""

	def __init__(
		self, name: str, header: Sequence[str], columns: Sequence[Column], indexes, problems: Problems
	):
		self.name, self.width, self.problems = name, len(header), problems
		self.blank = [column.default for column in columns]
		#: (place in the result, index in the file, column) of the columns that the file has
		self.plain = [
			(place, index, column)
			for place, (index, column) in enumerate(zip(indexes, columns, strict=True))
			if index is not None
		]
		self.cells = {index: _Cells(column) for _place, index, column in self.plain}
		#: columns without a name, which must be empty
		self.unnamed = [index for index, title in enumerate(header) if not title]

	def quickly(self, batch: list[list[str]]) -> list[Sequence[Any]] | None:
		"""The values of a batch column by column; None where anything in it is not as it should be.

		Every file has a column that must be filled, so no row of blanks gets through.
		"""
		if set(map(len, batch)) != {self.width}:
			return None
		texts = list(zip(*batch, strict=True))
		if any(any(map(str.strip, texts[index])) for index in self.unnamed):
			return None
		columns: list[Sequence[Any]] = [[value] * len(batch) for value in self.blank]
		try:
			for place, index, column in self.plain:
				if column.repeats and column.parse is not str:
					columns[place] = list(map(self.cells[index].__getitem__, texts[index]))
					continue
				found = list(map(str.strip, texts[index]))
				if column.required and "" in found:
					return None
				if column.parse is not str:
					parse, default = column.parse, column.default
					found = [parse(cell) if cell else default for cell in found]
				columns[place] = found
		except CellError:
			return None
		return columns

	def carefully(self, batch: list[list[str]], first: int) -> Iterator[Batch]:
		"""The good rows of a batch, each a batch of its own; the others become problems."""
		name, width, problems = self.name, self.width, self.problems
		for row, cells in enumerate(batch, first):
			if len(cells) != width:
				if not any(cell.strip() for cell in cells):
					continue
				if len(cells) > width and any(cell.strip() for cell in cells[width:]):
					problems.add(
						name,
						_(
							'the row has {count} cells, the header {width}. Put a value that has a comma in quotes, as "1,234.50".'
						),
						row,
						count=len(cells),
						width=width,
					)
					continue
				cells = (cells + [""] * width)[:width]
			for index in self.unnamed:
				if cells[index].strip():
					problems.add(
						name,
						_("'{cell}' stands in a column without a name. Name the column in the first row."),
						row,
						cell=cells[index].strip(),
					)
			values = self.blank.copy()
			good, some = True, False
			for place, index, column in self.plain:
				cell = cells[index].strip()
				if cell:
					some = True
					try:
						values[place] = column.parse(cell)
					except CellError as error:
						good = False
						problems.add(name, error.text, row, column.name, **error.values)
				elif column.required:
					good = False
					if any(other.strip() for other in cells):
						problems.add(name, _("the cell is empty. Fill it in."), row, column.name)
			if good and some:
				yield (row,), [(value,) for value in values]


def _match_header(
	name: str, header: list[str], columns: Sequence[Column], problems: Problems
) -> list[int | None] | None:
	known = [column.name for column in columns]
	if not any(header):
		problems.add(
			name,
			_("the file is empty. Its first row must name the columns: {columns}."),
			columns=", ".join(known),
		)
		return None
	good = True
	for index, title in enumerate(header):
		if title in known:
			if header.index(title) != index:
				good = False
				problems.add(name, _("the column stands twice. Remove one."), 1, title)
		elif title:
			good = False
			guess = reader.closest(title, known)
			if guess:
				problems.add(name, _("unknown column. Did you mean {guess}?"), 1, title, guess=guess)
			else:
				problems.add(
					name, _("unknown column. Known ones are: {columns}."), 1, title, columns=", ".join(known)
				)
	for column in columns:
		if column.required and column.name not in header:
			good = False
			problems.add(name, _("the column is missing. Add it to the first row."), 1, column.name)
	return [header.index(column) if column in header else None for column in known] if good else None
