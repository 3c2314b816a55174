"""Expected credit loss of trade receivables: a provision matrix from the company's own roll rates.

IFRS 9, 5.5.15: lifetime expected losses of trade receivables (simplified approach); B5.5.35 and Illustrative Example 12 (IE74-IE77):
a provision matrix, by days past due and groups of customers with like losses; B5.5.51-B5.5.52: what history shows is adjusted for what
is known of today and expected of tomorrow (the overlay). The historic rates come by flow rates: between two month ends each amount
that ages out of its bucket is either collected, lost (written off), or rolls into the next one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sales_crm_accounts.core.dates import add_months, end_of_month
from sales_crm_accounts.core.money import ZERO, quantize, split
from sales_crm_accounts.core.receivables.ageing import Buckets

#: Buckets as wide as a month, so that a month moves an amount to the next one. With what is not due, which is number 0.
BUCKETS = Buckets()
PLACES = range(BUCKETS.count + 1)
LAST = BUCKETS.count
LABELS = ("Not Due", *BUCKETS.labels)
#: Decimals of a rate in percent, as forms show it; a loss is the exposure x the rate that is shown.
RATE_PRECISION = 4
#: A bucket whose amounts flowed in fewer months than these has a short history.
ENOUGH_MONTHS = 3
ONE, HUNDRED = Decimal(1), Decimal(100)

POINTS, FACTOR = "Percentage Points", "Factor"
OVERLAYS = (POINTS, FACTOR)
#: What a rate rests on.
HISTORY, SHORT_HISTORY, NO_HISTORY, FLOOR, NO_RATE = (
	"History",
	"Short History",
	"No History",
	"Floor",
	"No Rate",
)
BASES = (HISTORY, SHORT_HISTORY, NO_HISTORY, FLOOR, NO_RATE)


def month_ends(as_of: date, months: int) -> list[date]:
	"""Ends of months, oldest first: the last one not after `as_of`, and so many before it."""
	last = end_of_month(as_of)
	if last > as_of:
		last = as_of.replace(day=1) - timedelta(days=1)
	return [end_of_month(add_months(last.replace(day=1), -back)) for back in range(months, -1, -1)]


def first_of_next_month(day: date) -> date:
	return end_of_month(day) + timedelta(days=1)


# History


class Invoice(NamedTuple):
	"""What an invoice was about and what moved on it, in whole units (cents) of its own currency.

	`moves` are (month, amount): month 0 is all up to the first month end, month n what came after end n - 1 and up to end n; what
	closes the invoice is negative. `lost` is what of it was written off, positive. `parts` are (ordinal of the due date, amount), in
	their order.
	"""

	group: str
	rate: Decimal
	moves: Sequence[tuple[int, int]]
	parts: Sequence[tuple[int, int]]
	lost: Mapping[int, Decimal] = {}


@dataclass(frozen=True, slots=True)
class Flow:
	"""What happened to the amounts of one bucket from month end number `month` to the next.

	`balance` is all that stood in the bucket; `aged` is the part that a month took out of it (in the last bucket: all of it), of which
	`lost` was written off and `rolled` is still open at the next month end. The rest was collected or credited. Amounts whose
	days overdue are still within the bucket a month later (possible around February, and in what is not due yet) say nothing and are
	no part of `aged`. At the last month end there is nothing but the balance.
	"""

	month: int
	place: int
	balance: Decimal
	aged: Decimal = ZERO
	rolled: Decimal = ZERO
	lost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Shares:
	"""What became of the amounts that left a bucket, as shares from 0 to 1; with `collected` they sum to 1."""

	rolled: Decimal
	lost: Decimal
	months: int

	@property
	def collected(self) -> Decimal:
		return ONE - self.rolled - self.lost


def flows_of(invoices: Iterable[Invoice], ends: Sequence[date], precision: int) -> dict[str, list[Flow]]:
	"""customer group -> what became of its buckets at each of `ends`, in company currency at each invoice's own rate.

	Money closes the oldest installment of its invoice first (`core.receivables.ageing.open_after`). Counted in whole units, as a large
	book has millions of installments and months; the rate comes last.
	"""
	days, last_month = [end.toordinal() for end in ends], len(ends) - 1
	oldest = BUCKETS.limits[-1]
	by_days = [BUCKETS.index(number) for number in range(oldest + 1)]

	def place_of(number: int) -> int:
		return by_days[number] if 0 <= number <= oldest else (LAST if number > 0 else 0)

	#: (group, rate) -> month -> place -> [balance, aged, rolled, lost]
	sums: dict[tuple[str, Decimal], list[list[list]]] = {}
	for group, rate, moves, parts, lost in invoices:
		cells = sums.get((group, rate))
		if cells is None:
			cells = sums[group, rate] = [[[0, 0, 0, 0] for _place in PLACES] for _end in ends]
		still = _still(moves, last_month)
		total = sum(amount for _due, amount in parts)
		for month, left in enumerate(still):
			if left <= 0:
				continue
			closed, later = total - left, still[month + 1] if month < last_month else 0
			closed_later = total - later
			gone = lost.get(month + 1)
			prior = 0
			for due, amount in parts:
				taken = closed - prior
				own = amount - (0 if taken < 0 else min(taken, amount))
				if own > 0:
					place = place_of(days[month] - due)
					cell = cells[month][place]
					cell[0] += own
					if month < last_month and (place == LAST or place_of(days[month + 1] - due) > place):
						taken = closed_later - prior
						own_later = amount - (0 if taken < 0 else min(taken, amount))
						cell[1] += own
						cell[2] += own_later
						if gone and left > later:
							cell[3] += (own - own_later) * gone / (left - later)
				prior += amount
	found: dict[tuple[str, int, int], list[Decimal]] = {}
	for (group, rate), months in sums.items():
		for month, places in enumerate(months):
			for place, cell in enumerate(places):
				if cell[0]:
					sum_of = found.setdefault((group, month, place), [ZERO] * 4)
					for index, units in enumerate(cell):
						sum_of[index] += Decimal(units).scaleb(-precision) * rate
	flows: dict[str, list[Flow]] = {}
	for (group, month, place), amounts in sorted(found.items()):
		flows.setdefault(group, []).append(Flow(month, place, *amounts))
	return flows


def _still(moves: Iterable[tuple[int, int]], last_month: int) -> list[int]:
	"""What was open at each month end."""
	still = [0] * (last_month + 1)
	for month, amount in moves:
		still[month] += amount
	for month in range(last_month):
		still[month + 1] += still[month]
	return still


def shares(flows: Iterable[Flow]) -> list[Shares | None]:
	"""For each bucket the average over all months, None where nothing ever aged out of it.

	The months are weighted by their amounts (sum of what rolled / sum of what aged): a month with one small invoice says less than one
	with a hundred large ones, and an average of percentages would let it say as much.
	"""
	aged, rolled, lost, months = ([ZERO] * len(PLACES) for _ in range(4))
	for flow in flows:
		if flow.aged <= 0:
			continue
		aged[flow.place] += flow.aged
		# Never more than there was: an invoice that grew (a payment taken back) is open as a whole.
		gone = min(max(flow.lost, ZERO), flow.aged)
		lost[flow.place] += gone
		rolled[flow.place] += min(max(flow.rolled, ZERO), flow.aged - gone)
		months[flow.place] += 1
	return [
		Shares(rolled[place] / aged[place], lost[place] / aged[place], int(months[place]))
		if aged[place]
		else None
		for place in PLACES
	]


def historic_rates(found: Sequence[Shares | None], months_to_loss: int) -> list[Decimal | None]:
	"""Historic loss rate of each bucket in percent; None where it has no history of its own.

	The chain: rate(k) = lost(k) + rolled(k) x rate(k + 1). For the last bucket, where amounts stay, the same step is taken
	`months_to_loss` times; what is still open then counts as lost. A later bucket without history is taken to lose everything.
	"""
	if months_to_loss < 1:
		raise ValueError("amounts of the last bucket need at least one month until they are lost")
	rates: list[Decimal | None] = []
	following = ONE
	for place in reversed(PLACES):
		own = found[place]
		if own is None:
			rates.append(None)
			following = ONE
			continue
		for _month in range(months_to_loss if place == LAST else 1):
			following = own.lost + own.rolled * following
		rates.append(quantize(following * HUNDRED, RATE_PRECISION))
	return rates[::-1]


# The matrix


@dataclass(frozen=True, slots=True)
class Rate:
	"""The rate of a bucket in percent, and what it rests on."""

	rate: Decimal
	basis: str


def rate_of(
	historic: Decimal | None,
	months: int,
	floor: Decimal = ZERO,
	overlay: str | None = None,
	value: Decimal = ZERO,
) -> Rate:
	"""Historic rate, but not below the floor; then the overlay (percentage points added, or a factor); within 0 and 100.

	Without history the floor is the rate; without both there is none (`NO_RATE`).
	"""
	if historic is None:
		base, basis = floor, (NO_HISTORY if floor else NO_RATE)
	elif historic < floor:
		base, basis = floor, FLOOR
	else:
		base, basis = historic, (HISTORY if months >= ENOUGH_MONTHS else SHORT_HISTORY)
	if overlay == POINTS:
		base += value
	elif overlay == FACTOR:
		base *= value
	return Rate(quantize(min(max(base, ZERO), HUNDRED), RATE_PRECISION), basis)


def loss(exposure: Decimal, rate: Decimal, precision: int) -> Decimal:
	"""Expected loss of an exposure at a rate in percent; a total is the sum of its rounded rows."""
	return quantize(exposure * rate / HUNDRED, precision)


# Who bears it


def allocate(
	losses: Mapping[Hashable, Decimal], exposures: Mapping[Hashable, Mapping[str, Decimal]], precision: int
) -> dict[str, Decimal]:
	"""deal ('' for none) -> its part of all losses: each loss is shared over the deals of its bucket by their exposure.

	Keys are buckets, or customers with an allowance of their own. The parts sum to the losses exactly.
	"""
	found: dict[str, Decimal] = {}
	for key, amount in losses.items():
		if not amount:
			continue
		deals = sorted(exposures[key])
		weights = [exposures[key][deal] for deal in deals]
		for deal, part in zip(deals, split(amount, weights, precision), strict=True):
			if part:
				found[deal] = found.get(deal, ZERO) + part
	return found


@dataclass(frozen=True, slots=True)
class Movement:
	"""What is posted for one deal, or for what is of none: what is expected, less what the ledger holds already."""

	deal: str
	expected: Decimal
	in_ledger: Decimal

	@property
	def amount(self) -> Decimal:
		return self.expected - self.in_ledger


def movements(expected: Mapping[str, Decimal], in_ledger: Mapping[str, Decimal]) -> list[Movement]:
	"""By deal, what is of none last; deals that the ledger holds a provision for and nothing is expected of are released."""
	names = sorted({*expected, *in_ledger}, key=lambda name: (name == "", name))
	found = [Movement(name, expected.get(name, ZERO), in_ledger.get(name, ZERO)) for name in names]
	return [row for row in found if row.expected or row.in_ledger]
