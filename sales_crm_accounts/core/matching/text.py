"""Free text of bank lines in one shape: width, accents, case, names without their legal form, small distances."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SPECIAL = str.maketrans({"Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "Þ": "TH", "’": "'"})

#: Words that say what kind of company somebody is, not who.
LEGAL_FORMS = frozenset(
	"AB AG AS ASA BHD BV CO COMPANY CORP CORPORATION CV EG EURL EV GBR GMBH INC INCORPORATED KFT KG KGAA LIMITED LLC LLP "
	"LP LTD LTDA LTEE MBH NV OG OHG OOO OY OYJ PLC PT PTE PTY PVT SA SARL SAS SCA SE SL SNC SPA SRL SRO UG ULC".split()
)
_LEGAL_CHINESE = re.compile("(股份有限公司|有限责任公司|有限公司|股份公司|责任公司|公司)$")
_DOTS = re.compile(r"(?<=\b[A-Z])\.(?=[A-Z]\b|\s|$)")
_WORD = re.compile(r"[0-9A-Z]+|[^\W\d_A-Z]+", re.UNICODE)
_CJK = re.compile("[\u3400-\u9fff]")


def plain(text: str) -> str:
	"""Upper case, full width as half width, without accents; other scripts as they are."""
	if text.isascii():
		return text.upper()
	text = unicodedata.normalize("NFKD", text).upper().translate(_SPECIAL)
	return "".join(char for char in text if not unicodedata.combining(char))


def compact(text: str) -> str:
	"""Only the letters and digits of `plain`: ACC-SINV-2026-00123 -> ACCSINV202600123."""
	return "".join(char for char in plain(text) if char.isalnum())


def digits(text: str) -> str:
	"""Only the digits 0 to 9."""
	return "".join(char for char in text if "0" <= char <= "9")


def account_number(text: str) -> str:
	"""An IBAN or account number without blanks and leading zeros."""
	return compact(text).lstrip("0")


@lru_cache(maxsize=65536)
def name_form(name: str) -> str:
	"""A name to compare: words of `plain` without the legal form, one blank between them; Chinese without blanks."""
	text = _DOTS.sub("", plain(name)).replace("&", " ")
	words = _WORD.findall(text)
	if _CJK.search(text):
		return _LEGAL_CHINESE.sub("", "".join(words)) or "".join(words)
	kept = [word for word in words if word not in LEGAL_FORMS]
	return " ".join(kept or words)


def grams(form: str) -> frozenset[str]:
	"""Pieces of three characters of a name form (two where it is Chinese), with its edges."""
	size = 2 if _CJK.search(form) else 3
	edged = f" {form} "
	return frozenset(edged[at : at + size] for at in range(len(edged) - size + 1))


def distance(left: str, right: str, limit: int) -> int:
	"""Edits between two strings (change, leave out, put in, swap neighbours); `limit` + 1 as soon as it is more.

	Optimal string alignment (Damerau 1964) in the band that the limit leaves.
	"""
	if left == right:
		return 0
	if abs(len(left) - len(right)) > limit:
		return limit + 1
	above: list[int] = []
	row = list(range(len(right) + 1))
	for i, char in enumerate(left, 1):
		before, above, row = above, row, [i]
		for j, other in enumerate(right, 1):
			cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (char != other))
			if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
				cost = min(cost, before[j - 2] + 1)
			row.append(cost)
		if min(row) > limit and (not above or min(above) > limit):
			return limit + 1
	return min(row[-1], limit + 1)


def variants(number: str) -> set[str]:
	"""Every string of digits that is one edit away from `number`."""
	found = set()
	for at in range(len(number)):
		left, right = number[:at], number[at + 1 :]
		found.add(left + right)
		found.update(left + digit + right for digit in "0123456789")
		if right:
			found.add(left + right[0] + number[at] + right[1:])
	for at in range(len(number) + 1):
		found.update(number[:at] + digit + number[at:] for digit in "0123456789")
	found.discard(number)
	return found
