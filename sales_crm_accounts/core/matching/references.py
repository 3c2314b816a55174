"""References in the free text of a bank line: which open installments it names, exactly, run together, cut short or mistyped."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sales_crm_accounts.core.matching.book import SHORTEST, Book, tail
from sales_crm_accounts.core.matching.rows import Reason
from sales_crm_accounts.core.matching.text import digits, distance, plain, variants

_TOKEN = re.compile(r"[0-9A-Z]+")
_NUMERALS = {char: number for number, char in enumerate("一二三四五六七八九十", 1)}
_INSTALLMENTS = (
	re.compile(
		r"(?:INSTAL?L?MENTS?|INST|RATE|RATA|TRANCHE|TEILZAHLUNG|CUOTA|PARCELA)\W{0,3}(?:NO|NR)?\W{0,2}(\d{1,2})(?!\d)"
	),
	re.compile(r"(?<!\d)(\d{1,2})(?:ST|ND|RD|TH|\.)?\s{0,2}(?:INSTAL|RATE\b|TRANCHE)"),
	re.compile(r"第\s{0,2}([0-9]{1,2}|[一二三四五六七八九十])\s{0,2}[期笔]"),
)
_DATE = re.compile(
	r"(?<!\d)(?:(?:19|20)\d\d([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
	r"|(?:0?[1-9]|[12]\d|3[01])([-./])(?:0?[1-9]|1[0-2])\2(?:19|20)\d\d)(?!\d)"
)
_AND = re.compile(r"^[\s,;/+&.、，和及-]*(?:AND|UND|ET|Y|E)?[\s,;/+&.、，和及-]*$")
#: Words between two numbers that belong together: `00123 und Nr. 00125`.
_BETWEEN = frozenset(
	"AND UND ET Y E INV INVOICE NR NO RE RG RNR RECHNUNG FACTURE FACTURA 和 及 与 发票".split()
)
#: A reference is at most in so many pieces: ACC - SINV - 2026 - 00 123.
_PIECES = 6
_GAP = 3

#: How sure each way of finding is, in decibans.
QUALITY = {"exact": 28.0, "number": 25.0, "joined": 24.0, "typo": 12.0, "tail": 10.0, "near": 11.0}
#: Where an installment has the name that each kind of reference stands for.
NAMED_BY = {
	"invoice": "sales_invoice",
	"deal": "deal",
	"order": "order",
	"customer_reference": "customer_reference",
}
KIND = {"invoice": 0.0, "deal": -4.0, "order": -4.0, "customer_reference": -5.0}


@dataclass(frozen=True, slots=True)
class Hit:
	"""Part of the text that names open installments; `name` is what is named as its document writes it, where that is sure."""

	kind: str
	quality: str
	quoted: str
	positions: tuple[int, ...]
	name: str = ""

	@property
	def weight(self) -> float:
		return QUALITY[self.quality] + KIND[self.kind]


@dataclass(frozen=True, slots=True)
class Found:
	"""What a text says: hits in its order, numbers of installments, and the pieces that named nothing."""

	hits: tuple[Hit, ...]
	installments: tuple[int, ...]
	unknown: tuple[str, ...]
	#: Every number of the text, for a customer's own few references.
	numbers: tuple[str, ...]
	#: What is written like an invoice number of the company, of which nothing is open; as the invoice or the text writes it.
	strangers: tuple[str, ...] = ()
	#: Open credit notes that are named.
	credits: tuple[int, ...] = ()


def find(book: Book, text: str) -> Found:
	"""Everything in `text` that the book knows, over all customers."""
	if not text:
		return Found((), (), (), ())
	text = plain(text)
	numbers = []
	for pattern in _INSTALLMENTS:
		for match in pattern.findall(text):
			numbers.append(_NUMERALS.get(match) or int(match))
		text = pattern.sub(" ", text)
	text = _DATE.sub(" ", text)
	tokens = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
	reader = _Reader(book, text, tokens)
	reader.read()
	loose = [token for at, (token, _s, _e) in enumerate(tokens) if at not in reader.used]
	return Found(
		tuple(reader.hits),
		tuple(dict.fromkeys([*numbers, *reader.installments])),
		tuple(piece for piece in reader.loose_numbers()),
		tuple(dict.fromkeys(digits(token) for token in loose if digits(token))),
		tuple(reader.strangers),
		tuple(dict.fromkeys(reader.credits)),
	)


class _Reader:
	def __init__(self, book: Book, text: str, tokens):
		self.book, self.text, self.tokens = book, text, tokens
		self.hits: list[Hit] = []
		self.installments: list[int] = []
		self.used: set[int] = set()
		self.strangers: list[str] = []
		self.credits: list[int] = []

	def read(self) -> None:
		at, last = 0, None
		while at < len(self.tokens):
			end = self._exact(at) or self._number(at) or self._run_together(at)
			if end:
				last = self.hits[-1] if self.hits else None
				self.used.update(range(at, end))
				at = end
				continue
			if last and self._continued(at, last):
				self.used.add(at)
			else:
				self._stranger(at)
				if not self._joins(at - 1) or self.tokens[at][0] not in _BETWEEN:
					last = None
			at += 1

	def _gap(self, at: int) -> str:
		return self.text[self.tokens[at][2] : self.tokens[at + 1][1]]

	def _joins(self, at: int) -> bool:
		return 0 <= at < len(self.tokens) - 1 and len(self._gap(at)) <= _GAP

	def _windows(self, at: int, longest: int, number: bool = False):
		"""Tokens from `at` on as one string, the longest first: (end, string)."""
		joined, found = "", []
		for end in range(at, min(at + _PIECES, len(self.tokens))):
			if end > at and not self._joins(end - 1):
				break
			token = self.tokens[end][0]
			if number and not token.isdigit():
				break
			joined += token
			if len(joined) > longest:
				break
			found.append((end + 1, joined))
		return reversed(found)

	def _hit(self, kind: str, quality: str, quoted: str, positions) -> None:
		open_positions = tuple(at for at in positions if self.book.open[at] > 0)
		credits = [at for at in positions if self.book.open[at] < 0]
		name = getattr(self.book.items[positions[0]], NAMED_BY[kind])
		if credits and kind == "invoice":
			self.credits += credits
		elif not open_positions:
			self.strangers.append(name)
		else:
			self.hits.append(Hit(kind, quality, quoted, open_positions, name))

	def _exact(self, at: int) -> int | None:
		for end, key in self._windows(at, self.book.longest_key):
			if known := self.book.exact.get(key):
				for kind, positions in known:
					self._hit(kind, "exact", key, positions)
				return end
			if key in self.book.settled:
				self.strangers.append(self.book.settled[key])
				return end
		return None

	def _stranger(self, at: int) -> None:
		if self.tokens[at][0][0].isdigit():
			return
		for end, key in self._windows(at, self.book.longest_key):
			if (key.rstrip("0123456789"), len(key)) in self.book.series:
				self.strangers.append(self.text[self.tokens[at][1] : self.tokens[end - 1][2]])
				return

	def _invoices(self, number: str, quality: str, quoted: str) -> bool:
		for invoice in self.book.numbers.get(number, ()):
			self._hit("invoice", quality, quoted, self.book.by_invoice[invoice])
		return number in self.book.numbers

	def _number(self, at: int) -> int | None:
		"""The digits alone, whatever stands for the series; those of one token, or of several tokens of digits."""
		if not self.book.number_lengths:
			return None
		for end, number in self._windows(at, max(self.book.number_lengths), number=True):
			if len(number) in self.book.number_lengths and self._invoices(number, "number", number):
				return end
		token = self.tokens[at][0]
		number = digits(token)
		if number != token and len(number) in self.book.number_lengths:
			if self._invoices(number, "number", token):
				return at + 1
		return None

	def _run_together(self, at: int) -> int | None:
		"""Several references without anything between them: in a token, every place where a known one begins."""
		token = self.tokens[at][0]
		if len(token) < 10:
			return None
		found, place = False, 0
		while place < len(token):
			for length in self.book.key_lengths:
				key = token[place : place + length]
				if len(key) == length and key in self.book.exact:
					for kind, positions in self.book.exact[key]:
						self._hit(kind, "joined", key, positions)
					found, place = True, place + length
					break
			else:
				place += 1
		if not found and token.isdigit():
			for length in self.book.number_lengths:
				parts = [token[one : one + length] for one in range(0, len(token), length)]
				if len(token) % length == 0 and len(parts) > 1 and all(p in self.book.numbers for p in parts):
					for part in parts:
						self._invoices(part, "joined", part)
					return at + 1
		return at + 1 if found else None

	def _continued(self, at: int, last: Hit) -> bool:
		"""ACC-SINV-2026-00123/00125/-2: digits after a reference take the place of its end, or name its installment."""
		token = self.tokens[at][0]
		if last.kind != "invoice" or not token.isdigit() or len(token) > 6 or at == 0:
			return False
		gap = self.text[self.tokens[at - 1][2] : self.tokens[at][1]]
		if not _AND.match(gap):
			return False
		invoice = self.book.items[last.positions[0]].sales_invoice
		if len(token) <= 2 and token[0] != "0" and gap.strip() in ("-", "/", "."):
			if any(
				self.book.items[one].installment_no == int(token) for one in self.book.by_invoice[invoice]
			):
				self.installments.append(int(token))
				return True
		if len(token) < 2:
			return False
		number = digits(invoice)
		return self._invoices(number[: len(number) - len(token)] + token, "joined", token)

	def loose_numbers(self):
		"""Numbers that may be mistyped references: enough digits, and nothing known in them."""
		seen: list[str] = []
		at = 0
		while at < len(self.tokens):
			if at in self.used:
				at += 1
				continue
			token = self.tokens[at][0]
			number, end = digits(token), at + 1
			# Tokens of digits that belong together: 2026-0123.
			while end < len(self.tokens) and end not in self.used and self._joins(end - 1):
				following = self.tokens[end][0]
				if not following.isdigit() or len(number) + len(following) > 12 or not number:
					break
				number += following
				end += 1
			if SHORTEST <= len(number) <= 14 and number not in seen:
				seen.append(number)
			at = end
		return seen


def mistyped(book: Book, number: str) -> list[Hit]:
	"""Invoices one edit away from a number, over all customers; evidence only together with an amount or a customer."""
	if not any(abs(len(number) - length) <= 1 for length in book.number_lengths):
		return []
	found = []
	for variant in variants(number):
		for invoice in book.numbers.get(variant, ()):
			positions = tuple(at for at in book.by_invoice[invoice] if book.open[at] > 0)
			if positions:
				found.append(Hit("invoice", "typo", number, positions))
	return found


def of_customer(book: Book, found: Found, positions: list[int], everything: tuple[str, ...]) -> list[Hit]:
	"""What the text may mean among a customer's own open installments: running numbers alone, references mistyped worse.

	`everything` are all numbers of the text, those included that named somebody else's invoice exactly.
	"""
	invoices: dict[str, list[int]] = {}
	for at in positions:
		invoices.setdefault(book.items[at].sales_invoice, []).append(at)
	hits: dict[str, Hit] = {}
	for number in found.numbers:
		short = number.lstrip("0")
		if len(number) < 2 or not short or len(number) > 8:
			continue
		for invoice, held in invoices.items():
			if tail(invoice) == short and invoice not in hits:
				hits[invoice] = Hit("invoice", "tail", number, tuple(held))
	for number in everything:
		limit = 2 if len(number) >= 9 else 1
		near: list[tuple[int, str]] = []
		for invoice in invoices:
			apart = distance(number, digits(invoice), limit)
			if 0 < apart <= limit:
				near.append((apart, invoice))
		best = min((apart for apart, _ in near), default=0)
		for apart, invoice in near:
			if apart == best and invoice not in hits:
				quality = "typo" if apart == 1 else "near"
				hits[invoice] = Hit("invoice", quality, number, tuple(invoices[invoice]))
	return list(hits.values())


def reason(used: list[Hit]) -> Reason:
	"""The best of what is named, and a little more for each further one."""
	quality = max(hit.weight for hit in used) + 2 * min(3, len(used) - 1)
	quoted = ", ".join(dict.fromkeys(hit.name or hit.quoted for hit in used))
	best = max(used, key=lambda hit: hit.weight)
	return Reason(f"reference_{best.quality}", quality, (quoted, best.kind))


def narrowest(hits: list[Hit]) -> tuple[list[int], list[Hit]]:
	"""An invoice and its deal in one line mean the invoice; several invoices mean all of them."""
	chosen: dict[int, None] = {}
	used = []
	for hit in sorted(hits, key=lambda one: len(one.positions)):
		if any(at in chosen for at in hit.positions):
			if all(at in chosen for at in hit.positions):
				used.append(hit)
			continue
		chosen.update(dict.fromkeys(hit.positions))
		used.append(hit)
	return list(chosen), used
