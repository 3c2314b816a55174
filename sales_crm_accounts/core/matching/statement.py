"""A bank's statement before it is believed: balances that tie, lines that are there twice, and a key for each line."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class StatementLine:
	"""One booking; `amount` in units of the account's currency, negative where money went out."""

	on: date
	amount: int
	currency: str
	text: str = ""
	payer: str = ""
	account: str = ""
	reference: str = ""
	#: The bank's own number of the booking.
	bank_reference: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
	"""Bookings between two balances of one account; a balance of None is not in the file."""

	account: str
	currency: str
	lines: tuple[StatementLine, ...]
	opening: int | None = None
	closing: int | None = None
	opened_on: date | None = None
	number: str = ""


def tied(statement: Statement) -> tuple[StatementLine, ...] | None:
	"""The lines that lead from the opening to the closing balance: all, or those that are there once; None where neither does."""
	if statement.opening is None or statement.closing is None:
		return statement.lines
	moved = statement.closing - statement.opening
	if sum(line.amount for line in statement.lines) == moved:
		return statement.lines
	once = tuple(dict.fromkeys(statement.lines))
	return once if sum(line.amount for line in once) == moved else None


def in_order(statements: Sequence[Statement]) -> list[Statement]:
	"""Statements of a file by their day and number, whatever their order in it."""
	return sorted(statements, key=lambda one: (one.opened_on or date.min, len(one.number), one.number))


def gap(statements: Sequence[Statement]) -> Statement | None:
	"""The first statement that does not begin where the one before it ended: something is missing between them."""
	before = None
	for one in statements:
		if before is not None and None not in (before.closing, one.opening) and before.closing != one.opening:
			return one
		before = one
	return None


def keys(account: str, lines: Sequence[StatementLine]) -> list[str]:
	"""A key for each line that is the same in every file that holds the line; equal lines of a day are counted."""
	count: Counter = Counter()
	found = []
	for line in lines:
		count[line] += 1
		parts = (
			account,
			line.on.isoformat(),
			str(line.amount),
			line.currency,
			line.text,
			line.payer,
			line.account,
			line.reference,
			line.bank_reference,
			str(count[line]),
		)
		found.append(hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32])
	return found
