"""The free field of an MT940 line (tag 86) where it is written in code words between slashes."""

from __future__ import annotations

import re

_CODES = (
	"ACCW|ADDR|BENM|BIC|BUSP|CNTP|CREF|CSID|EREF|IBAN|ID|INIT|ISDT|IREF|KREF|MARF|MREF|NAME|ORDP|PREF|PURP|RCMT|REMI|RTRN|SVCL"
	"|TRCD|TRTP|ULTB|ULTD"
)
_CODE = re.compile(rf"/({_CODES})/")
#: A line of tag 86 holds so many characters; a longer text is torn there, in the middle of a word.
_WIDTH = 65


def one_line(text: str) -> str:
	"""The lines of the field as one: what was torn at the edge is put together, other breaks become blanks."""
	joined, torn = "", True
	for line in text.splitlines():
		joined += line if torn else f" {line}"
		torn = len(line) >= _WIDTH
	return joined.strip()


def coded(text: str) -> dict[str, str]:
	"""Code word -> its text: `/EREF/E2E-1/REMI/USTD//invoice 1/ORDP//NAME/Miller` or `/CNTP/account/bank/name/city`.

	{} where the field begins with none of them: then all of it is what the payer wrote.
	"""
	found = _CODE.split(text)
	if len(found) < 3 or found[0].strip(" /"):
		return {}
	parts: dict[str, str] = {}
	for code, value in zip(found[1::2], found[2::2], strict=True):
		value = value.strip().strip("/").strip()
		if code == "REMI":
			value = re.sub(r"^(USTD|STRD)/+", "", value)
		if code in ("CNTP", "ACCW"):
			account, _slash, rest = value.partition("/")
			parts.setdefault("IBAN", account.strip())
			names = rest.split("/")
			parts.setdefault("NAME", (names[1] if len(names) > 1 else names[0]).strip())
		elif value:
			parts[code] = f"{parts[code]} {value}" if code in parts else value
	return parts
