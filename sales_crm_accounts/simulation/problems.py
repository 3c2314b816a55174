"""What is wrong with a company's files: each problem names file, row, column and remedy."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.problems import Problem, _

#: More than these are not listed one by one: the first ones usually explain the rest.
MOST = 50


@dataclass(frozen=True, slots=True)
class FileProblem:
	"""A problem at a place. `row` is the row that a spreadsheet shows, so the header is row 1."""

	file: str
	problem: Problem
	row: int | None = None
	column: str | None = None

	def message(self, translate=_) -> str:
		place = self.file
		if self.row is not None:
			place = translate(_("{file}, row {row}")).format(file=place, row=self.row)
		if self.column is not None:
			place = translate(_("{place}, column {column}")).format(place=place, column=self.column)
		return translate(_("{place}: {text}")).format(place=place, text=self.problem.message(translate))


class Problems:
	"""Collects every problem; keeps the first `MOST` and counts the rest."""

	def __init__(self):
		self.found: list[FileProblem] = []
		self.count = 0
		self.files: set[str] = set()

	def of(self, file: str) -> bool:
		"""Whether the file has a problem, so that what refers to its rows may miss them for that reason alone."""
		return file in self.files

	def __bool__(self) -> bool:
		return self.count > 0

	def add(self, file: str, text: str, row: int | None = None, column: str | None = None, /, **values):
		self.add_problem(file, Problem("file", text, values), row, column)

	def add_problem(self, file: str, problem: Problem, row: int | None = None, column: str | None = None):
		self.count += 1
		self.files.add(file)
		if len(self.found) < MOST:
			self.found.append(FileProblem(file, problem, row, column))

	def messages(self, translate=_) -> list[str]:
		lines = [problem.message(translate) for problem in self.found]
		if self.count > len(self.found):
			lines.append(
				translate(_("... and {count} more. Correct these first; they are often the cause.")).format(
					count=self.count - len(self.found)
				)
			)
		return lines


class InputError(ValueError):
	"""The files cannot be played; nothing was written."""

	def __init__(self, problems: Problems):
		self.problems = problems
		super().__init__("\n".join(problems.messages()))
