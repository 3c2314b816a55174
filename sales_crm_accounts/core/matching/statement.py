"""A bank's statement before it is believed: balances that tie, lines that are there twice, and a key for each line."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sales_crm_accounts.core.matching.text import account_number, compact

#: So many different lines of a statement may be there more than once, for it still to be found which are too many.
_REPEATED = 10


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
	"""The lines that lead from the opening to the closing balance: all, each once, or without those that only can be too many.

	A line may rightly be there twice; None where no leaving out of repeated lines ties, or more than one does.
	"""
	if statement.opening is None or statement.closing is None:
		return statement.lines
	moved = statement.closing - statement.opening
	if sum(line.amount for line in statement.lines) == moved:
		return statement.lines
	once = tuple(dict.fromkeys(statement.lines))
	if sum(line.amount for line in once) == moved:
		return once
	return _without_too_many(statement.lines, sum(line.amount for line in statement.lines) - moved)


def _without_too_many(lines: tuple[StatementLine, ...], excess: int) -> tuple[StatementLine, ...] | None:
	repeated = {line: count for line, count in Counter(lines).items() if count > 1}
	if not repeated or len(repeated) > _REPEATED or max(repeated.values()) > 3:
		return None
	ways = [
		drop
		for drop in itertools.product(*(range(count) for count in repeated.values()))
		if sum(line.amount * times for line, times in zip(repeated, drop, strict=True)) == excess
	]
	if len(ways) != 1:
		return None
	left = Counter(lines)
	left.subtract(dict(zip(repeated, ways[0], strict=True)))
	kept = []
	for line in lines:
		if left[line] > 0:
			kept.append(line)
			left[line] -= 1
	return tuple(kept)


def in_order(statements: Sequence[Statement]) -> list[Statement]:
	"""Statements of a file by their day and number, whatever their order in it; one that is there twice, once."""
	return sorted(
		dict.fromkeys(statements), key=lambda one: (one.opened_on or date.min, len(one.number), one.number)
	)


def gap(statements: Sequence[Statement]) -> Statement | None:
	"""The first statement that does not begin where the one before it ended: something is missing between them."""
	before = None
	for one in statements:
		if before is not None and None not in (before.closing, one.opening) and before.closing != one.opening:
			return one
		before = one
	return None


def is_account(told: str, ours: str) -> bool:
	"""Whether a statement's account is ours: an IBAN, a number, with its currency behind it, or bank code/number of an IBAN."""
	ours = account_number(ours)
	if not ours or account_number(told) == ours:
		return bool(ours)
	bare = re.sub(r"\s*[A-Za-z]{3}$", "", told.strip())
	if account_number(bare) == ours:
		return True
	bank, slash, number = bare.partition("/")
	if not slash or not account_number(number):
		return False
	bank, number = compact(bank), account_number(number)
	if number == ours:
		return True
	# The bank code of an IBAN follows its check digits (or the bank's letters), the number is filled up with zeros.
	return bool(bank and re.fullmatch(rf"[A-Z]{{2}}\d\d[A-Z]{{0,4}}{bank}0*{number}", ours))


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
