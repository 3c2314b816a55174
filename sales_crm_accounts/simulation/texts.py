"""Translations, from the app's own translations/zh.csv."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")


@cache
def table(language: str) -> dict[str, str]:
	"""English text -> text in `language`."""
	result: dict[str, str] = {}
	path = Path(__file__).parent.parent / "translations" / f"{language}.csv"
	if path.exists():
		with open(path, encoding="utf-8-sig", newline="") as file:
			for row in csv.reader(file):
				if len(row) >= 2 and row[1]:
					result[row[0]] = row[1]
	return result


def translator(language: str) -> Callable[[str], str]:
	texts = table(language) if language != "en" else {}
	return lambda text: texts.get(text, text)
