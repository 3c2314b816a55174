"""What could not be played, as ERPNext would have refused it: not_played.csv and a table of the report."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.problems import _

if TYPE_CHECKING:
	from .report import Report

MOST_NOTES = 1000
#: In the report; the file has them all.
MOST_LISTED = 25


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


def section(report: Report) -> str:
	t, notes, outside, parts = report.t, report.play.notes, report.company.not_played, []
	if notes:
		parts.append(
			report.table(
				(t(_("Date")), t(_("File")), t(_("Row")), t(_("Reason"))),
				[
					(note.day.isoformat(), note.file, str(note.row or ""), note.message(t))
					for note in notes[:MOST_LISTED]
				],
			)
		)
	if outside:
		text = t(_("{count} movements are outside the days that were played.")).format(count=outside)
		parts.append(f"<p>{escape(text)}</p>")
	return report.card(t(_("Not played")), "".join(parts)) if parts else ""
