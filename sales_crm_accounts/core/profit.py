"""Profit of deals from the ledger: what each account means, who bears which row, and sums that lose no cent.

Amounts are credit less debit in the company's currency, so that profit is their plain sum. In `Figures` costs are positive, as a
Profit and Loss Statement shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from .money import ZERO, quantize, split

REVENUE, INTEREST, EXPENSE, WRITE_OFF, EXCHANGE = "revenue", "interest", "expense", "write_off", "exchange"
PROVISION = "provision"
INCOME, EXPENSES = "Income", "Expense"
NO_DEAL = ""
DAYS_A_YEAR = 365
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Meaning:
	"""What the rows of an account are: a kind and, for expenses, the category that they count under."""

	kind: str
	category: str = ""


@dataclass(frozen=True, slots=True)
class Roles:
	"""The company's accounts with a meaning of their own."""

	write_off: frozenset[str] = frozenset()
	exchange: frozenset[str] = frozenset()
	interest: frozenset[str] = frozenset()
	provision: frozenset[str] = frozenset()


def meanings(accounts: Mapping[str, str], roles: Roles, categories: Mapping[str, str]) -> dict[str, Meaning]:
	"""account -> its meaning; `accounts` is account -> root type, `categories` account -> expense category.

	An expense account without a category counts under its own name. An income account is revenue unless it is one of interest
	and fees; an account for exchange differences, write-offs or provisions is that, whatever its root.
	"""
	found = {}
	for account, root_type in accounts.items():
		if account in roles.exchange:
			found[account] = Meaning(EXCHANGE)
		elif account in roles.write_off:
			found[account] = Meaning(WRITE_OFF)
		elif account in roles.provision:
			found[account] = Meaning(PROVISION)
		elif root_type == INCOME:
			found[account] = Meaning(INTEREST if account in roles.interest else REVENUE)
		else:
			found[account] = Meaning(EXPENSE, categories.get(account) or account)
	return found


def first_category(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
	"""account -> category of (category, account) pairs; an account of several counts under the first by name."""
	found: dict[str, str] = {}
	for category, account in sorted(pairs):
		found.setdefault(account, category)
	return found


@dataclass(slots=True)
class Figures:
	"""Profit of one deal, of one group of deals, or of all. Revenue is without credit notes, which are negative."""

	revenue: Decimal = ZERO
	credit_notes: Decimal = ZERO
	interest: Decimal = ZERO
	write_offs: Decimal = ZERO
	exchange: Decimal = ZERO
	expenses: dict[str, Decimal] = field(default_factory=dict)
	#: of the profit, what was found by its voucher and does not carry the deal itself
	by_voucher: Decimal = ZERO
	#: of expected credit losses; negative where provisions were released
	provisions: Decimal = ZERO

	@property
	def expense(self) -> Decimal:
		return sum(self.expenses.values(), ZERO)

	@property
	def profit(self) -> Decimal:
		return (
			self.revenue
			+ self.credit_notes
			+ self.interest
			+ self.exchange
			- self.write_offs
			- self.provisions
			- sum(self.expenses.values(), ZERO)
		)

	@property
	def margin(self) -> Decimal | None:
		"""Percent of what was sold, credit notes taken off; None where nothing was."""
		sold = self.revenue + self.credit_notes
		return self.profit / sold * 100 if sold else None

	def __bool__(self) -> bool:
		return bool(
			self.revenue
			or self.credit_notes
			or self.interest
			or self.write_offs
			or self.provisions
			or self.exchange
			or any(self.expenses.values())
		)

	def book(self, meaning: Meaning, amount: Decimal, credited: Decimal = ZERO):
		"""Add `amount`; `credited` is the part of it that credit notes posted."""
		kind = meaning.kind
		if kind == EXPENSE:
			self.expenses[meaning.category] = self.expenses.get(meaning.category, ZERO) - amount
		elif kind == REVENUE:
			self.revenue += amount - credited
			self.credit_notes += credited
		elif kind == INTEREST:
			self.interest += amount
		elif kind == WRITE_OFF:
			self.write_offs -= amount
		elif kind == PROVISION:
			self.provisions -= amount
		else:
			self.exchange += amount

	def add(self, other: Figures):
		self.revenue += other.revenue
		self.credit_notes += other.credit_notes
		self.interest += other.interest
		self.write_offs += other.write_offs
		self.provisions += other.provisions
		self.exchange += other.exchange
		self.by_voucher += other.by_voucher
		for category, amount in other.expenses.items():
			self.expenses[category] = self.expenses.get(category, ZERO) + amount

	def shares(self, weights: Sequence[Decimal], precision: int) -> list[Figures]:
		"""One for each weight; every figure of them sums to this one's."""
		parts = [Figures() for _weight in weights]
		for name in (
			"revenue",
			"credit_notes",
			"interest",
			"write_offs",
			"provisions",
			"exchange",
			"by_voucher",
		):
			for part, value in zip(parts, share(getattr(self, name), weights, precision), strict=True):
				setattr(part, name, value)
		for category, amount in self.expenses.items():
			for part, value in zip(parts, share(amount, weights, precision), strict=True):
				part.expenses[category] = value
		return parts


def share(total: Decimal, weights: Sequence[Decimal], precision: int) -> list[Decimal]:
	"""`core.money.split`, also for totals that have more decimals than the currency; they keep what they have."""
	exponent = total.normalize().as_tuple().exponent
	return split(total, weights, max(precision, -exponent if isinstance(exponent, int) else 0))


@dataclass(frozen=True, slots=True)
class Row:
	"""What the ledger has for a deal, a period and an account. `by_voucher`: the part whose rows do not carry the deal."""

	deal: str
	period: str
	account: str
	amount: Decimal
	credited: Decimal = ZERO
	by_voucher: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class SharedRow:
	"""The rows of one voucher and account that no deal claims, and what the voucher settled, by deal (or `NO_DEAL`)."""

	voucher: tuple[str, str]
	period: str
	account: str
	amount: Decimal
	credited: Decimal
	weights: Mapping[str, Decimal]

	def parts(self, precision: int) -> Iterator[tuple[str, Decimal, Decimal]]:
		"""(deal, amount, credited) of each deal that bears a part; together with what stays they are the row."""
		deals = sorted(self.weights)
		weights = [abs(self.weights[deal]) for deal in deals]
		if not any(weights):
			return
		amounts, credits = (
			share(self.amount, weights, precision),
			share(self.credited, weights, precision),
		)
		for deal, amount, credited in zip(deals, amounts, credits, strict=True):
			if deal != NO_DEAL:
				yield deal, amount, credited


Key = tuple[str, str]


def collect(
	rows: Iterable[Row],
	shared: Iterable[SharedRow],
	meaning: Mapping[str, Meaning],
	precision: int,
) -> dict[Key, Figures]:
	"""(deal, period) -> figures. Each row counts exactly once: what a voucher shares out is taken from `NO_DEAL`."""
	found: dict[Key, Figures] = {}

	def of(deal: str, period: str) -> Figures:
		figures = found.get((deal, period))
		if figures is None:
			figures = found[deal, period] = Figures()
		return figures

	for row in rows:
		figures = of(row.deal, row.period)
		figures.book(meaning[row.account], row.amount, row.credited)
		if row.deal != NO_DEAL:
			figures.by_voucher += row.by_voucher
	for row in shared:
		means = meaning[row.account]
		for deal, amount, credited in row.parts(precision):
			figures = of(deal, row.period)
			figures.book(means, amount, credited)
			figures.by_voucher += amount
			of(NO_DEAL, row.period).book(means, -amount, -credited)
	return found


# Waiting for the money


@dataclass(frozen=True, slots=True)
class Moved:
	"""What became open (positive) and was closed in one period: the sum, and the sum weighted by the number of the day."""

	deal: str
	period: str
	amount: Decimal
	amount_days: Decimal


@dataclass(frozen=True, slots=True)
class Period:
	"""Days from `first` to `last`, both included."""

	name: str
	first: date
	last: date


def waiting_cost(
	moved: Iterable[Moved], periods: Sequence[Period], rate: Decimal, precision: int
) -> dict[Key, Decimal]:
	"""(deal, period) -> what waiting for the money cost: the open amount at the end of each day x `rate` percent / 365.

	Nothing is booked for it. `periods` follow each other without a gap and are over; what is older than the first counts as
	moved on its first day. An amount paid on the day it is billed costs nothing, a day later one day. In closed form: what moved
	on day d stands at the end of (last - d + 1) days of its own period, and of every day of later ones.
	"""
	by_deal: dict[str, dict[str, Moved]] = {}
	for entry in moved:
		by_deal.setdefault(entry.deal, {})[entry.period] = entry
	found: dict[Key, Decimal] = {}
	for deal, entries in by_deal.items():
		standing = ZERO
		for period in periods:
			amount_days = standing * ((period.last - period.first).days + 1)
			entry = entries.get(period.name)
			if entry is not None:
				amount_days += entry.amount * (period.last.toordinal() + 1) - entry.amount_days
				standing += entry.amount
			cost = quantize(amount_days * rate / (100 * DAYS_A_YEAR), precision)
			if cost:
				found[deal, period.name] = cost
	return found


def months(first: date, last: date) -> list[Period]:
	"""The months from `first` to `last`, named 2025-01 and so on; the outer ones may be parts of months."""
	found, day = [], first
	while day <= last:
		following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
		found.append(Period(f"{day:%Y-%m}", day, min(last, following - DAY)))
		day = following
	return found
