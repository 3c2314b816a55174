"""Customers by name: the same name, a similar one, one that stands in a text; Latin and Chinese."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from sales_crm_accounts.core.matching.text import grams, name_form, plain

#: Pieces that more customers than this have in common say nothing (LTD, TRADING, CHINA ...), unless a name has no others.
COMMON = 1_500
SIMILAR = 0.6
_HEAD = 4


class NameIndex:
	"""Answers `find(payer)` with (customer, likeness 0..1, whether word for word) and `inside(text)` with customers."""

	def __init__(self, names: Mapping[str, Iterable[str]]):
		self._forms: list[tuple[str, str, int]] = []
		self._by_form: dict[str, list[str]] = {}
		self._by_plain: dict[str, set[str]] = {}
		self._by_gram: dict[str, list[int]] = {}
		self._by_head: dict[str, list[tuple[str, str]]] = {}
		for customer, known in names.items():
			for form in {name_form(name) for name in known if name} - {""}:
				holders = self._by_form.setdefault(form, [])
				if customer not in holders:
					holders.append(customer)
				pieces = grams(form)
				number = len(self._forms)
				self._forms.append((form, customer, len(pieces)))
				for piece in pieces:
					self._by_gram.setdefault(piece, []).append(number)
				solid = form.replace(" ", "")
				if len(solid) >= _HEAD:
					self._by_head.setdefault(solid[:_HEAD], []).append((solid, customer))
			for name in known:
				if name:
					self._by_plain.setdefault(plain(name), set()).add(customer)
		self.find = lru_cache(maxsize=65536)(self._find)

	def _find(self, payer: str) -> tuple[tuple[str, float, bool], ...]:
		form = name_form(payer)
		if not form:
			return ()
		word_for_word = self._by_plain.get(plain(payer), set())
		same = self._by_form.get(form)
		if same:
			return tuple((customer, 1.0, customer in word_for_word) for customer in same[:8])
		pieces = grams(form)
		if len(pieces) < 3:
			return ()
		lists = [self._by_gram[piece] for piece in pieces if piece in self._by_gram]
		telling = [numbers for numbers in lists if len(numbers) <= COMMON]
		if not telling:
			telling = sorted(lists, key=len)[:3]
		shared: Counter[int] = Counter()
		for numbers in telling:
			shared.update(numbers)
		found: dict[str, float] = {}
		for number, _count in shared.most_common(12):
			other, customer, size = self._forms[number]
			common = len(pieces & grams(other))
			likeness = 2 * common / (len(pieces) + size)
			# Banks cut long names: the beginning of one is nearly the name.
			if len(form) >= 10 and (other.startswith(form) or form.startswith(other + " ")):
				likeness = max(likeness, 0.9)
			if likeness >= SIMILAR:
				found[customer] = max(found.get(customer, 0), likeness)
		ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:4]
		return tuple((customer, likeness, False) for customer, likeness in ranked)

	def inside(self, text: str) -> list[str]:
		"""Customers whose whole name stands in a text, the longest name first."""
		solid = name_form(text).replace(" ", "")
		found: dict[str, int] = {}
		for at in range(len(solid) - _HEAD + 1):
			for form, customer in self._by_head.get(solid[at : at + _HEAD], ()):
				if len(form) > found.get(customer, 0) and solid.startswith(form, at):
					found[customer] = len(form)
		longest = max(found.values(), default=0)
		# A short name inside a longer one that is there too is not meant.
		return sorted((one for one, length in found.items() if length == longest))[:4]
