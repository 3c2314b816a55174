"""What could not be played, as ERPNext would have refused it: not_played.csv and a table of the report."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ..core.problems import _

MOST_NOTES = 1000


@dataclass(slots=True)
class Note:
	"""Something that could not be played. `text` is a template, `row` that of the file that asked for it."""

	day: date
	file: str
	row: int
	text: str
	values: dict = field(default_factory=dict)

	def message(self, translate=_) -> str:
		return translate(self.text).format(**self.values)


def write_csv(path: Path, notes: Sequence[Note], translate=_):
	"""The reasons are in the report's language; the columns are named alike in all."""
	with open(path, "w", encoding="utf-8", newline="") as file:
		file.write("\ufeffdate,file,row,reason\n")
		writer = csv.writer(file)
		for note in notes:
			writer.writerow([note.day.isoformat(), note.file, note.row or "", note.message(translate)])
