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
