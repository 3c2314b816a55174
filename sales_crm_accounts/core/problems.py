"""What is wrong with somebody's input, said once and translated by the host.

A rule returns `Problem`s or raises `RuleError`; the text is an English template that the host looks up in its
translations before the values are filled in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _(text: str) -> str:
	"""Marks a text for translation; the host translates it."""
	return text


@dataclass(frozen=True, slots=True)
class Problem:
	"""One thing that is wrong. `row` counts from 1 where the input has rows."""

	code: str
	text: str
	values: dict[str, Any] = field(default_factory=dict)
	row: int | None = None

	def message(self, translate=_) -> str:
		return translate(self.text).format(**self.values)


class RuleError(ValueError):
	"""Input that breaks a rule; carries every `Problem` found, not only the first."""

	def __init__(self, problems: list[Problem] | Problem):
		self.problems = [problems] if isinstance(problems, Problem) else list(problems)
		super().__init__("; ".join(p.message() for p in self.problems))
