"""How an amount can pay a set of open installments: in full, less discount or fee, some of them, a part, or too much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from sales_crm_accounts.core.matching.book import Book
from sales_crm_accounts.core.matching.rows import Reason, Rules
from sales_crm_accounts.core.matching.sums import find_sums

EXACT, DISCOUNT, FEE, EXCHANGE, FIRST, SOME, PART, OVER = 15.0, 13.0, 8.0, 8.0, 13.0, 8.0, 0.0, -2.0
#: A part payment is hardly ever only a fee short of the whole.
PART_WITHIN_FEE = -14.0  # the same of a part payment that is only the discount short
#: How likely an equal installment of another invoice that is due later is, beside the older one.
ALIKE = 0.25
#: The same where the older ones are all that is due longest.
ALIKE_OLDEST = 0.02
#: What leaves out an invoice that the text names is never sure: there may be so many other ways to come to the amount.
LEAVES_OUT, OTHER_WAYS = -8.0, 4
#: So many of those are told as explanations of their own.
VARIANTS = 3
#: More than this no sum is worth, however few others there could be.
BY_AMOUNT_ONLY = 18.0


@dataclass(slots=True)
class Fit:
	"""Position -> (amount closed, discount, fee), what is left on account, and why."""

	rows: dict[int, tuple[int, int, int]]
	on_account: int
	reasons: list[Reason] = field(default_factory=list)
	cut: bool = False
	#: Other sets that would be the same but for an equal installment of another invoice that is due later, and are not told.
	alike: int = 0


def fee_limit(rules: Rules, target: int) -> int:
	"""The largest difference that passes as a bank's fee."""
	return min(rules.fee_limit, target * rules.fee_percent // 100)


def discount_of(book: Book, position: int, on: date, rules: Rules) -> int:
	"""Discount that may still be taken: in time, and nothing paid before."""
	one = book.items[position]
	if not one.discount or not one.discount_until or book.open[position] != one.open:
		return 0
	return one.discount if on <= one.discount_until + timedelta(days=rules.discount_grace_days) else 0


def telling(target: int, unit: int, others: float) -> float:
	"""Weight of an amount that agrees where `others` sets could have: few sets among many amounts say much.

	Amounts that are all multiples of `unit` agree by accident more often; the ratio in decibans, at least none.
	"""
	return max(0.0, min(BY_AMOUNT_ONLY, 10 * math.log10(max(1.0, target / max(unit, 1)) / max(1.0, others))))


def full(book: Book, positions: Sequence[int]) -> dict[int, tuple[int, int, int]]:
	return {at: (book.open[at], 0, 0) for at in positions}


def less_fee(book: Book, positions: Sequence[int], fee: int) -> dict[int, tuple[int, int, int]]:
	"""The fee stands at the last row, or at the ones before where that is too small."""
	rows, left = full(book, positions), fee
	for at in reversed(positions):
		part = min(left, rows[at][0])
		rows[at], left = (rows[at][0], 0, part), left - part
	return rows


def oldest_first(book: Book, positions: Sequence[int], target: int) -> Fit:
	"""A part payment, oldest due first; what is too much stays on account."""
	rows, left = {}, target
	for at in sorted(positions):
		if left <= 0:
			break
		amount = min(left, book.open[at])
		rows[at], left = (amount, 0, 0), left - amount
	return Fit(rows, left)


def fits(
	book: Book,
	named: Sequence[int],
	target: int,
	on: date,
	rules: Rules,
	foreign: bool,
	besides: Sequence[int] = (),
) -> list[Fit]:
	"""Ways in which `target` pays the installments that a text names, the likely ones only. Positions are due dates' order.

	`besides` are others of the same text; a way that leaves out an invoice of either is never sure.
	"""
	found = _fits(book, sorted(named), target, on, rules, foreign)
	invoices = {book.items[at].sales_invoice for at in (*named, *besides)}
	for fit in found:
		if invoices - {book.items[at].sales_invoice for at in fit.rows}:
			fit.alike += OTHER_WAYS
			fit.reasons[0] = replace(fit.reasons[0], weight=fit.reasons[0].weight + LEAVES_OUT)
	return found


def _fits(book: Book, named: list[int], target: int, on: date, rules: Rules, foreign: bool) -> list[Fit]:
	opens = [book.open[at] for at in named]
	total = sum(opens)
	if total == target:
		return [Fit(full(book, named), 0, [Reason("amount_exact", EXACT, (len(named),))])]
	found: list[Fit] = []
	if foreign:
		running = 0
		for count, amount in enumerate(opens, 1):
			running += amount
			if abs(running - target) * 100 <= running * rules.exchange_percent:
				found.append(Fit(full(book, named[:count]), 0, [Reason("exchange", EXCHANGE)]))
		if found:
			return found
	discounts = [discount_of(book, at, on, rules) for at in named]
	limit = fee_limit(rules, target)
	running = less = 0
	within_fee = False
	for count, (amount, discount) in enumerate(zip(opens, discounts, strict=True), 1):
		running, less = running + amount, less + discount
		part, rows = named[:count], None
		if running == target:
			left_out = {book.items[at].sales_invoice for at in named} - {
				book.items[at].sales_invoice for at in part
			}
			reason = Reason("amount_first", FIRST, (count, len(named)))
			found += _with_variants(book, named, part, reason)
			if left_out:
				found += _some(book, named, opens, target)
		elif less and running - less == target:
			within_fee = True
			rows = {at: (book.open[at], off, 0) for at, off in zip(part, discounts, strict=False)}
			found.append(Fit(rows, 0, [Reason("discount", DISCOUNT, (less,))]))
		elif 0 < running - target <= limit:
			within_fee = True
			fee = running - target
			found.append(Fit(less_fee(book, part, fee), 0, [Reason("fee", FEE, (fee,))]))
	if not any(fit.reasons[0].code in ("amount_first", "discount") for fit in found) and len(named) > 1:
		found += _some(book, named, opens, target)
	if target > total:
		found.append(
			Fit(full(book, named), target - total, [Reason("over_payment", OVER, (target - total,))])
		)
	elif not any(fit.reasons[0].code == "amount_first" for fit in found):
		fit = oldest_first(book, named, target)
		fit.reasons.append(Reason("part_payment", PART_WITHIN_FEE if within_fee else PART))
		found.append(fit)
	return found


def _some(book: Book, named, opens, target) -> list[Fit]:
	"""Some of the named ones exactly: one that is not the oldest, or a sum."""
	invoices: set[str] = set()
	found = []
	for at, amount in zip(named, opens, strict=True):
		if amount == target and book.items[at].sales_invoice not in invoices:
			invoices.add(book.items[at].sales_invoice)
			found.append(Fit(full(book, [at]), 0, [Reason("amount_one", SOME + 3, (1, len(named)))]))
	if found:
		return found
	sums = find_sums(opens, target, most=2, steps=2_000)
	for solution in sums.solutions:
		reason = Reason("amount_some", SOME, (len(solution), len(named)))
		found.append(Fit(full(book, [named[one] for one in solution]), 0, [reason], sums.cut))
	return found


def blind(book: Book, positions: Sequence[int], target: int, on: date, rules: Rules) -> list[Fit]:
	"""Ways in which `target` pays a customer's open installments where no text says which, from the amount alone."""
	opens = [book.open[at] for at in positions]
	count = len(positions)
	if not count:
		return [Fit({}, target, [Reason("nothing_open", -5.0)])]
	unit = math.gcd(target, *opens)
	found = _singles(book, positions, target, on, rules, unit)
	sure = [fit for fit in found if fit.reasons[0].code == "amount_only"]
	running, due = 0, 0
	for number, amount in enumerate(opens, 1):
		running += amount
		due += book.items[positions[number - 1]].due_date <= on
		if running >= target:
			break
	if running == target and number > 1:
		everything = number in (count, due)
		reason = Reason("sum_oldest", telling(target, unit, count) - (0 if everything else 2), (number,))
		found += _with_variants(book, positions, positions[:number], reason, likely=ALIKE_OLDEST)
		sure.append(found[-1])
	if not sure and count > 1:
		sums = find_sums(opens, target)
		for solution in sums.solutions:
			sets = sum(math.comb(count, size) for size in range(2, len(solution) + 1))
			reason = Reason("sum_exact", telling(target, unit, sets) - 2, (len(solution),))
			chosen = [positions[one] for one in solution]
			found += _with_variants(book, positions, chosen, reason, sums.cut)
			sure.append(found[-1])
	if not sure:
		fit = oldest_first(book, positions, target)
		first = book.open[positions[0]]
		if fit.on_account:
			fit.reasons.append(Reason("over_payment", -10.0, (fit.on_account,)))
		else:
			alone = count == 1
			near_fee = any(0 < amount - target <= fee_limit(rules, target) for amount in opens)
			base = 0.0 if alone else -8.0 if target < first else -12.0
			fit.reasons.append(Reason("oldest_first", base - (8 if near_fee else 0)))
		found.append(fit)
	return found


def _with_variants(
	book: Book, positions, chosen, reason: Reason, cut: bool = False, likely: float = ALIKE
) -> list[Fit]:
	"""The set, and those that are the same but for an equal installment of another invoice; what is too many is counted."""
	sets = _alike(book, positions, chosen)
	found = [Fit(full(book, chosen), 0, [reason], cut, max(0, len(sets) - VARIANTS))]
	for one in sets[:VARIANTS]:
		less = Reason(reason.code, reason.weight + 10 * math.log10(likely), reason.values)
		found.append(Fit(full(book, one), 0, [less], cut))
	return found


def _alike(book: Book, positions, chosen) -> list[list[int]]:
	taken, seen, sets = set(chosen), {_invoices(book, chosen)}, []
	of_amount: dict[int, list[int]] = {}
	for at in chosen:
		of_amount.setdefault(book.open[at], []).append(at)
	for other in positions:
		if other in taken or book.open[other] not in of_amount:
			continue
		for at in reversed(of_amount[book.open[other]]):
			variant = sorted(one if one != at else other for one in chosen)
			if (key := _invoices(book, variant)) not in seen:
				seen.add(key)
				sets.append(variant)
	return sets


def _invoices(book: Book, positions) -> tuple:
	"""What is the same whichever of an invoice's equal installments are meant."""
	return tuple(sorted((book.items[at].sales_invoice, book.open[at]) for at in positions))


def _singles(book, positions, target, on, rules, unit) -> list[Fit]:
	"""One installment exactly, less its discount, or less a fee; of an invoice with equal ones only the oldest."""
	found: list[Fit] = []
	invoices: set[tuple[str, str]] = set()
	limit, count = fee_limit(rules, target), len(positions)
	for at in positions:
		amount, invoice = book.open[at], book.items[at].sales_invoice
		if amount == target:
			code, values, row = "amount_only", (), (amount, 0, 0)
			# Who owes the same amount several times pays the oldest first, mostly.
			older = any(key[0] == "amount_only" for key in invoices)
			weight = telling(target, unit, count) - (6 if older else 0)
		elif (discount := discount_of(book, at, on, rules)) and amount - discount == target:
			code, values, row = "discount_only", (discount,), (amount, discount, 0)
			weight = telling(target, unit, 2 * count) - 1
		elif 0 < amount - target <= limit:
			fee = amount - target
			code, values, row = "fee_only", (fee,), (amount, 0, fee)
			weight = telling(target, unit, count * max(1, limit // max(unit, 1))) - 3
		else:
			continue
		if (code, invoice) in invoices:
			continue
		invoices.add((code, invoice))
		found.append(Fit({at: row}, 0, [Reason(code, weight, values)]))
		if len(found) >= 8:
			break
	return found
