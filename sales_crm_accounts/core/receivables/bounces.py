"""What a mail server said when it did not take a mail, and whether it meant it for good (RFC 5321: 5xx; RFC 3463: 5.x.x)."""

from __future__ import annotations

import ast
import re

_REFUSED = re.compile(r"SMTPRecipientsRefused: (\{.*\})")
_PERMANENT = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b")
_PERMANENT_PLAIN = re.compile(r"\b55[0-4][ -]")
_PASSING = re.compile(r"\b4\.\d{1,3}\.\d{1,3}\b")

#: Who writes when a mail could not be delivered.
_DAEMONS = ("mailer-daemon", "postmaster", "mail-daemon")


def refused(error: str | None) -> dict[str, str]:
	"""Address in small letters -> answer of the server, for those refused for good; from the traceback of smtplib's error.

	A refusal that may pass (4xx: mailbox full, too many mails) says nothing about the address.
	"""
	found = _REFUSED.search(error or "")
	if not found:
		return {}
	try:
		answers = ast.literal_eval(found.group(1))
	except (ValueError, SyntaxError):
		return {}
	return {
		address.strip().lower(): f"{code} {_text(answer)}".strip()
		for address, (code, answer) in answers.items()
		if 500 <= int(code) < 600
	}


def is_notice(sender: str | None) -> bool:
	"""Whether a mail comes from a mail server and not from a person; an absence note comes from a person."""
	return (sender or "").strip().lower().split("@")[0] in _DAEMONS


def is_permanent(text: str | None) -> bool:
	"""Whether a notice says that delivery was given up; a warning that it takes longer has another code."""
	text = text or ""
	return bool(_PERMANENT.search(text) or (_PERMANENT_PLAIN.search(text) and not _PASSING.search(text)))


def named(text: str | None, addresses: list[str]) -> list[str]:
	"""The addresses that a notice speaks of; all of them where it names none."""
	text = (text or "").lower()
	return [address for address in addresses if address.lower() in text] or addresses


def last_line(error: str | None) -> str:
	return (error or "").strip().rsplit("\n", 1)[-1].strip()


def _text(answer) -> str:
	text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
	return " ".join(text.split())
