"""What came after a reminder: how much of what it asked for was paid, how soon, and what became of the rest.

Money counts for the last reminder before its day that asked for the installment, up to what that one asked for; what goes beyond
counts for the one before it. No money counts twice, and none for more than was asked. Money of the reminder's own day came before
it, as a posting date has no hour. Falling due is looked at like a reminder that nobody sent: that is what comes by itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO, quantize, split_running

#: Days after a reminder within which money is looked at.
WINDOWS = (7, 14, 30)
#: A promise counts for a reminder that is not older than this.
PROMISE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Ask:
	"""One reminder's row over one installment; without `message` it is the due date, from which on money is late."""

	day: date
	amount: Decimal
	message: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
	"""What became of the `asked` amount: `came` are (days after it, money); `again` was asked for by a later reminder.

	`otherwise` was credited, written off or taken out of what is asked for. asked = came + again + open + otherwise.
	"""

	message: str | None
	asked: Decimal
	came: tuple[tuple[int, Decimal], ...] = ()
	again: Decimal = ZERO
	open: Decimal = ZERO
	otherwise: Decimal = ZERO

	@property
	def paid(self) -> Decimal:
		return sum((amount for _days, amount in self.came), ZERO)

	def converted(self, rate: Decimal, precision: int) -> Outcome:
		"""In another currency; rounded as running totals, so that the parts still sum to what was asked."""
		if rate == 1:
			return self
		asked = quantize(self.asked * rate, precision)
		parts = [*(amount for _days, amount in self.came), self.again, self.open, self.otherwise]
		*came, again, open_, otherwise = split_running(asked, parts, precision)
		days = [days for days, _amount in self.came]
		return Outcome(self.message, asked, tuple(zip(days, came, strict=True)), again, open_, otherwise)


@dataclass(frozen=True, slots=True)
class Promise:
	"""Somebody said they would pay; without `sales_invoice` all that was open. `debtor` is who, to whom, in which currency."""

	name: str
	debtor: Hashable
	day: date
	sales_invoice: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
	"""A reminder as promises look at it: to whom, when, about which invoices."""

	name: str
	debtor: Hashable
	day: date
	invoices: frozenset[str] = frozenset()


@dataclass(slots=True)
class Effect:
	"""Sums of one group of reminders. `within` are the sums of money by `WINDOWS`, each holding the one before."""

	messages: set[str] = field(default_factory=set)
	customers: set[str] = field(default_factory=set)
	installments: int = 0
	asked: Decimal = ZERO
	within: dict[int, Decimal] = field(default_factory=lambda: dict.fromkeys(WINDOWS, ZERO))
	again: Decimal = ZERO
	open: Decimal = ZERO
	otherwise: Decimal = ZERO
	promises: int = 0
	_came: list[tuple[int, Decimal]] = field(default_factory=list)

	def add(self, outcome: Outcome, customer: str) -> None:
		if outcome.message is not None:
			self.messages.add(outcome.message)
		self.customers.add(customer)
		self.installments += 1
		self.asked += outcome.asked
		self.again += outcome.again
		self.open += outcome.open
		self.otherwise += outcome.otherwise
		self._came += outcome.came
		for days, amount in outcome.came:
			for window in WINDOWS:
				if days <= window:
					self.within[window] += amount

	@property
	def paid(self) -> Decimal:
		return sum((amount for _days, amount in self._came), ZERO)

	@property
	def share_paid(self) -> Decimal | None:
		"""Part of what was asked for that came, 0 to 1; None where nothing was asked for."""
		return self.paid / self.asked if self.asked > 0 else None

	@property
	def median_days(self) -> int | None:
		"""Days after which half of the money that came was there; None where none came."""
		half, seen = self.paid / 2, ZERO
		for days, amount in sorted(self._came):
			seen += amount
			if seen >= half:
				return days
		return None


def outcomes(
	asks: Iterable[Ask], money: Iterable[tuple[date, Decimal]], still_open: Decimal = ZERO
) -> list[Outcome]:
	"""Outcome of each ask for one installment, in order of time.

	`money` are (day, amount) without what was taken back, `still_open` is what the installment has open now; all in one currency.
	"""
	asks = sorted(asks, key=lambda ask: (ask.day, ask.message or ""))
	left = [ask.amount for ask in asks]
	again = [ZERO] * len(asks)
	came: list[list[tuple[int, Decimal]]] = [[] for _ask in asks]
	reached = 0

	def reach(day: date) -> int:
		"""How many asks were made before the day; each takes over what it asks for from those before it, the latest first."""
		nonlocal reached
		while reached < len(asks) and asks[reached].day < day:
			for index, part in _taken(left, reached, asks[reached].amount):
				again[index] += part
			reached += 1
		return reached

	for day, amount in sorted(money):
		for index, part in _taken(left, reach(day), amount):
			came[index].append(((day - asks[index].day).days, part))
	reach(date.max)
	opened = dict(_taken(left, len(asks), still_open))
	return [
		Outcome(
			ask.message, ask.amount, tuple(came[index]), again[index], opened.get(index, ZERO), left[index]
		)
		for index, ask in enumerate(asks)
	]


def credited_to(promises: Iterable[Promise], messages: Sequence[Message]) -> dict[str, str]:
	"""Promise -> the reminder that obtained it.

	The last one to this debtor on or before the promise's day that asked for its invoice, and not more than `PROMISE_DAYS` old. On
	the same day it counts as an answer: a promise that came first would have kept its part from being asked for.
	"""
	by_debtor: dict[Hashable, list[Message]] = {}
	for message in sorted(messages, key=lambda one: (one.day, one.name), reverse=True):
		by_debtor.setdefault(message.debtor, []).append(message)
	found = {}
	for promise in promises:
		for message in by_debtor.get(promise.debtor, ()):
			if message.day > promise.day:
				continue
			if (promise.day - message.day).days > PROMISE_DAYS:
				break
			if promise.sales_invoice is None or promise.sales_invoice in message.invoices:
				found[promise.name] = message.name
				break
	return found


def _taken(left: list[Decimal], upto: int, amount: Decimal) -> list[tuple[int, Decimal]]:
	"""Takes `amount` off the first `upto` of `left`, the latest first; (index, part) of what there was."""
	parts = []
	for index in range(upto - 1, -1, -1):
		part = min(left[index], amount)
		if part > 0:
			left[index] -= part
			amount -= part
			parts.append((index, part))
	return parts
