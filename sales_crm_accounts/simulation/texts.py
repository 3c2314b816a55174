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
			for text, translated, *context in csv.reader(file):
				# A word with a meaning of its own in one DocType is not what it means here, where it has a plain one.
				if translated and (not any(context) or text not in result):
					result[text] = translated
	return result


def translator(language: str) -> Callable[[str], str]:
	texts = table(language) if language != "en" else {}
	return lambda text: texts.get(text, text)
