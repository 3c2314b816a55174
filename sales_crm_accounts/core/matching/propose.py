"""Proposals for one receipt: every explanation that the evidence offers, and each one's share of the likelihood.

Explanations exclude each other, so their odds are weighed against one another and against "none of these": two that fit
equally well cannot both be likely, and a large score means that nothing else comes near.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sales_crm_accounts.core.matching import amounts, evidence, references, together
from sales_crm_accounts.core.matching.book import Book
from sales_crm_accounts.core.matching.rows import (
	LEAST_THRESHOLD,
	Allocation,
	Proposal,
	Reason,
	Receipt,
	Rules,
)
from sales_crm_accounts.core.matching.sums import find_sums

#: What any one explanation is worth before it is looked at, in decibans.
PRIOR = -15.0
NOT_THE_NAMED = -9.0
NAMES_ANOTHER = -8.0
NAMES_UNKNOWN = -7.0
INSTALLMENT = 4.0
#: A search that ended at its bound may have missed others: it is sure for no company.
CUT_AT = LEAST_THRESHOLD - 0.1
#: Customers that are looked at for one receipt.
WIDTH = 8
#: The same of a line that may have been brought in twice.
TWIN_AT = LEAST_THRESHOLD - 0.1
#: A best explanation that is less likely than this is none.
LEAST = 5.0
#: However likely an earlier receipt pays something, the text of a later one may still say so.
SURELY = 0.97


@dataclass(slots=True)
class _Explanation:
	customer: str
	currency: str
	fit: amounts.Fit
	reasons: list[Reason] = field(default_factory=list)

	customers: tuple[str, ...] = ()

	def key(self, book: Book):
		"""The same for equal installments of one invoice: the ledger closes the oldest of them."""
		rows = sorted((book.items[at].sales_invoice, *row) for at, row in self.fit.rows.items())
		return self.customer, self.currency, tuple(rows), self.fit.on_account

	@property
	def weight(self) -> float:
		return PRIOR + sum(reason.weight for reason in (*self.reasons, *self.fit.reasons))


def propose(book: Book, receipt: Receipt, rules: Rules | None = None) -> list[Proposal]:
	"""The best explanations of a receipt, the likeliest first; empty where nothing speaks for any."""
	if receipt.amount <= 0:
		return []
	return _Search(book, receipt, rules or Rules()).proposals()


class _Search:
	def __init__(self, book: Book, receipt: Receipt, rules: Rules):
		if not receipt.deductible:
			rules = replace(rules, fee_limit=0, discount_grace_days=-36_500)
		self.book, self.receipt, self.rules = book, receipt, rules
		self.found: dict[tuple, _Explanation] = {}
		self.claims: dict[int, tuple[int, float]] = {}
		self.payers = evidence.customers(book, receipt)
		self.known = {
			name for name, reasons in self.payers.items() if evidence.weight(reasons) >= evidence.KNOWN
		}
		self.text = references.find(book, receipt.text)
		self.numbers = tuple(
			dict.fromkeys(
				[*self.text.unknown]
				+ [
					references.digits(hit.quoted)
					for hit in self.text.hits
					if self.customer_of(hit.positions[0]) not in self.payers
				]
			)
		)

	def customer_of(self, position: int) -> str:
		return self.book.items[position].customer

	def proposals(self) -> list[Proposal]:
		named: dict[str, list[references.Hit]] = {}
		for hit in self.text.hits:
			by_customer: dict[str, list[int]] = {}
			for at in hit.positions:
				by_customer.setdefault(self.customer_of(at), []).append(at)
			for customer, positions in list(by_customer.items())[:WIDTH]:
				own = replace(hit, positions=tuple(positions))
				named.setdefault(customer, []).append(own)
		self.named = named
		ranked = sorted(self.payers, key=lambda one: -evidence.weight(self.payers[one]))
		for customer in ranked[:WIDTH]:
			self._of_customer(customer)
		if not self.receipt.customer:
			for customer in [one for one in named if one not in self.payers][:WIDTH]:
				self._of_customer(customer)
			if not self.known and not named:
				self._of_nobody()
			if self.receipt.deductible:
				together.several_customers(self)
		return self._weighed()

	def _of_customer(self, customer: str) -> None:
		"""What is open as it stands, and as it would be after what earlier receipts may pay."""
		self.claims = self.book.claims_of(customer)
		self._look_at(customer, [])
		if self.claims:
			with self.claims_taken() as given:
				self._look_at(customer, given)

	@contextmanager
	def claims_taken(self):
		"""The book after what earlier receipts may pay, with the reason that says how likely that is."""
		claims, self.claims = self.claims, {}
		kept = {at: self.book.open[at] for at in claims}
		for at, (amount, _likely) in claims.items():
			self.book.open[at] -= amount
		try:
			yield [Reason("others_paid", 10 * math.log10(min(likely for _amount, likely in claims.values())))]
		finally:
			for at, amount in kept.items():
				self.book.open[at] = amount

	def _look_at(self, customer: str, given: list[Reason]) -> None:
		reasons = [*self.payers.get(customer, ()), *given]
		if customer not in self.payers and self.known:
			reasons.append(Reason("other_payer", evidence.SOMEBODY_ELSE, (self.receipt.payer,)))
		for currency, target in self._targets():
			positions = self.book.open_of(customer, currency)
			if not positions and (currency != self.receipt.currency or customer not in self.known):
				continue
			foreign = currency != self.receipt.currency
			hits = [
				hit
				for hit in (self.still_open(hit) for hit in self.named.get(customer, ()))
				if hit.positions and self.book.items[hit.positions[0]].currency == currency
			]
			weak = not hits
			if weak and positions and customer in self.payers:
				hits = references.of_customer(self.book, self.text, positions, self.numbers)
			if hits:
				self._named(customer, currency, target, hits, reasons, foreign)
			if customer in self.payers and not foreign:
				self._unnamed(customer, currency, target, positions, reasons, hits, weak)
			if not foreign and self.receipt.deductible:
				together.netted(self, customer, currency, target, positions, reasons, hits)

	def still_open(self, hit: references.Hit) -> references.Hit:
		return replace(hit, positions=tuple(at for at in hit.positions if self.book.open[at] > 0))

	def _targets(self):
		yield self.receipt.currency, self.receipt.amount
		for currency, amount in self.receipt.elsewhere.items():
			if currency != self.receipt.currency:
				yield currency, amount

	def _named(self, customer, currency, target, hits, payer, foreign) -> None:
		positions, used = references.narrowest(hits)
		reason, besides = [references.reason(used)], positions
		if self.text.installments:
			told = [at for at in positions if self.book.items[at].installment_no in self.text.installments]
			if told and len(told) < len(positions):
				positions = told
				reason.append(Reason("installment", INSTALLMENT, tuple(self.text.installments)))
		if any(self.customer_of(at) == customer for at in self.text.credits):
			reason.append(Reason("credit_left_out", together.CREDIT_LEFT_OUT))
		for fit in amounts.fits(self.book, positions, target, self.receipt.on, self.rules, foreign, besides):
			also = self.names_others(customer) if fit.on_account else []
			self.add(customer, currency, fit, [*payer, *reason, *also])
		total = sum(self.book.open[at] for at in positions)
		if total < target and not foreign:
			also = self.names_others(customer)
			self._rest(customer, currency, target - total, positions, [*payer, *reason, *also])

	def names_others(self, customer: str) -> list[Reason]:
		"""Money beyond what a text names of one customer is not that one's where it names others as clearly."""
		others = any(
			hit.quality == "exact" for name, hits in self.named.items() if name != customer for hit in hits
		)
		return [Reason("names_another", NAMES_ANOTHER)] if others else []

	def _rest(self, customer, currency, rest, positions, reasons) -> None:
		"""More than what is named: the rest may pay others of the customer exactly."""
		others = [at for at in self.book.open_of(customer, currency) if at not in positions]
		opens = [self.book.open[at] for at in others]
		single = [at for at in others if self.book.open[at] == rest][:1]
		chosen = single
		cut = False
		if not chosen and others:
			sums = find_sums(opens, rest, most=1, steps=5_000)
			cut = sums.cut
			chosen = [others[one] for one in sums.solutions[0]] if sums.solutions else []
		if chosen:
			unit = math.gcd(rest, *opens)
			weight = amounts.telling(rest, unit, len(others) ** len(chosen)) - 2
			fit = amounts.Fit(amounts.full(self.book, [*positions, *chosen]), 0, cut=cut)
			fit.reasons.append(Reason("rest_pays", weight, (len(chosen),)))
			self.add(customer, currency, fit, reasons)

	def _unnamed(self, customer, currency, target, positions, payer, hits, weak) -> None:
		reasons = list(payer)
		if hits:
			reasons.append(Reason("not_named", -4.0 if weak else NOT_THE_NAMED))
		elif self.named:
			reasons.append(Reason("names_another", NAMES_ANOTHER))
		elif self.text.strangers:
			reasons.append(
				Reason("names_unknown", NAMES_UNKNOWN, (", ".join(dict.fromkeys(self.text.strangers)),))
			)
		for fit in amounts.blind(self.book, positions, target, self.receipt.on, self.rules):
			extra = []
			if len(fit.rows) == 1 and self.text.installments:
				(at,) = fit.rows
				if self.book.items[at].installment_no in self.text.installments:
					extra.append(Reason("installment", INSTALLMENT, tuple(self.text.installments)))
			self.add(customer, currency, fit, [*reasons, *extra, *self._habit(customer, fit)])

	def _habit(self, customer, fit) -> list[Reason]:
		habit = self.book.habits.get(customer)
		if not habit or habit.payments < 3:
			return []
		found = []
		if len(fit.rows) > 1:
			if 2 * habit.several >= habit.payments:
				found.append(Reason("habit_several", 3.0, (habit.several, habit.payments)))
			elif not habit.several:
				found.append(Reason("habit_single", -3.0, (habit.payments,)))
		if any(row[1] or row[2] for row in fit.rows.values()) and 2 * habit.deducted >= habit.payments:
			found.append(Reason("habit_deducted", 3.0, (habit.deducted, habit.payments)))
		return found

	def _of_nobody(self) -> None:
		"""Nobody known and nothing named: a mistyped number with its amount, or the amount alone."""
		target, currency = self.receipt.amount, self.receipt.currency
		for number in self.text.unknown[:4]:
			for hit in references.mistyped(self.book, number):
				at = hit.positions[0]
				customer = self.customer_of(at)
				total = sum(self.book.open[one] for one in hit.positions)
				agrees = target in (total, self.book.open[at])
				if self.book.items[at].currency == currency and agrees and customer not in self.payers:
					self._named(customer, currency, target, [hit], [], False)
		same = [at for at in self.book.by_amount.get((currency, target), ()) if self.book.open[at] == target]
		if len(same) <= WIDTH:
			weight = amounts.telling(target, 1, len(self.book.items)) + 4
			for at in same:
				if self.customer_of(at) not in self.payers:
					fit = amounts.Fit({at: (target, 0, 0)}, 0, [Reason("amount_anywhere", weight)])
					self.add(self.customer_of(at), currency, fit, [])

	def add(self, customer, currency, fit, reasons, customers=()) -> None:
		one = _Explanation(customer, currency, fit, [*reasons], customers)
		likely = max((self.claims[at][1] for at in fit.rows if at in self.claims), default=0.0)
		if likely:
			less = 10 * math.log10(1 - min(likely, SURELY))
			one.reasons.append(Reason("claimed", less, (round(100 * likely),)))
		key = one.key(self.book)
		before = self.found.get(key)
		if before:
			# Found in two ways it is no surer: what else may be meant stays.
			one.fit.alike = before.fit.alike = max(one.fit.alike, before.fit.alike)
		if before is None or before.weight < one.weight:
			self.found[key] = one

	def _weighed(self) -> list[Proposal]:
		ranked = sorted(self.found.values(), key=lambda one: (-one.weight, one.key(self.book)))
		odds = [10 ** (min(one.weight, 90.0) / 10) for one in ranked]
		total = 1 + sum(
			odd * (1 + amounts.ALIKE * one.fit.alike) for odd, one in zip(odds, ranked, strict=True)
		)
		cut = any(one.fit.cut for one in ranked)
		proposals = []
		for one, odd in zip(ranked[: self.rules.proposals], odds, strict=False):
			score = 100 * odd / total
			if one.fit.cut or (cut and not any(r.code.startswith("reference") for r in one.reasons)):
				score = min(score, CUT_AT)
			rows = tuple(
				Allocation(self.book.items[at].sales_invoice, self.book.items[at].installment_no, *row)
				for at, row in sorted(one.fit.rows.items())
			)
			reasons = (*one.reasons, *one.fit.reasons)
			if one.fit.cut:
				reasons += (Reason("search_cut", 0.0),)
			if self.receipt.twin:
				score = min(score, TWIN_AT)
				reasons += (Reason("twin", -1.0, (self.receipt.twin,)),)
			proposals.append(
				Proposal(
					receipt=self.receipt.name,
					customer=one.customer,
					currency=one.currency,
					rows=rows,
					on_account=one.fit.on_account,
					score=score,
					weight=one.weight,
					reasons=reasons,
					cut=one.fit.cut,
					customers=one.customers or (one.customer,),
				)
			)
		if proposals and proposals[0].score < LEAST:
			return []
		return [one for one in proposals if one.score >= 0.05]
