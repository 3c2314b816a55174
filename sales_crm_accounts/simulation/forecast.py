"""Takes the cash forecast of thirteen weeks on chosen days of the year, and counts the money that came beside it.

What is expected when is the core's rule (`core.receivables.forecast`). Of an installment that nothing holds it asks for the day on
which its customer usually pays and for the amount; so installments of one such day are given to it as one row. The usual delay is
that of the installments paid in the twelve months before (`core.receivables.payer`).
"""

from __future__ import annotations

import csv
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from ..core import dates
from ..core.money import scale_units
from ..core.receivables import forecast as rules
from ..core.receivables import payer
from ..core.receivables.rows import OpenRow
from .books import Company, Deal, Installment, Invoice
from .engine import Engine
from .held import Held, open_row

#: A sure stage of a deal that is not won is still a hope.
MOST_PROBABLE = Decimal("99.99")
#: Places beside the weeks, in the order in which they are told.
BESIDE = ("Later", "No Date", rules.DISPUTED, rules.DOUBTFUL)


@dataclass(slots=True)
class Alive:
	"""A deal of which something is still to come, and those of its first `count` installments that are not closed."""

	deal: Deal
	count: int = 0
	parts: list[Installment] = field(default_factory=list)


@dataclass(slots=True)
class Taken:
	"""A forecast as it was on its day, in the company's currency."""

	day: date
	weeks: list[rules.Week]
	beside: dict[str, Decimal]


class ForecastPlay:
	def __init__(self, company: Company, engine: Engine, held: Held):
		self.company, self.engine, self.held = company, engine, held
		self.days = (
			set(company.forecasts.days_between(company.start, company.end)) if company.start else set()
		)
		self.taken: list[Taken] = []
		#: Monday -> money that came in its week, in units of the company's currency
		self.came: dict[date, int] = defaultdict(int)
		self.month, self.counted = "", 0
		self.to_come = sorted(company.deals, key=lambda deal: deal.opened_on, reverse=True)
		self.alive: dict[int, Alive] = {}
		# Installments that were paid in full, in the order of their days.
		self.paid_on, self.customer, self.late = array("i"), array("i"), array("h")
		self.amount = array("q")
		#: by serial of an installment: its place among these, -1 where it is not paid
		self.place = array("i")
		#: of invoices that are paid in part, the latest day of their money
		self.money_of: dict[int, date] = {}
		self.sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
		self.first = self.next = 0

	# What happens

	def start(self, day: date):
		"""In the morning of `day`."""
		if day in self.days:
			self.taken.append(self.take(day))

	def end(self, day: date):
		"""Count what came on `day`."""
		figures, month = self.engine.figures, self.engine.ledger.day_text[:7]
		if month != self.month:
			self.month, self.counted = month, 0
		collected = figures.get("collected", 0)
		self.came[rules.first_week(day)] += collected - self.counted
		self.counted = collected

	def paid(self, invoice: Invoice, before: int, received_on: date | None):
		"""Money closed a part of the invoice, of which `before` was open: installments that are paid now say how late."""
		day = received_on or self.engine.today
		number = invoice.number
		if number in self.money_of:
			day = max(day, self.money_of[number])
		after = invoice.grand - invoice.paid - invoice.credited - invoice.written_off
		if after > 0:
			self.money_of[number] = day
		else:
			self.money_of.pop(number, None)
		upto, closed_before, closed = 0, invoice.grand - before, invoice.grand - after
		for part in invoice.installments:
			upto += part.grand
			if closed_before < upto <= closed and part.grand > 0:
				self.settled(part, day)

	def settled(self, part: Installment, day: date):
		self.paid_on.append(day.toordinal())
		self.customer.append(part.deal.customer.number)
		self.late.append(max(-32768, min(32767, (day - part.due_date).days)))
		self.amount.append(self.engine.base_of(part.invoice, part.grand))
		missing = part.serial + 1 - len(self.place)
		if missing > 0:
			self.place.extend([-1] * missing)
		self.place[part.serial] = len(self.amount) - 1

	def reopened(self, invoice: Invoice):
		"""Money went back: its installments were not paid after all."""
		self.alive[invoice.deal.number] = Alive(invoice.deal)
		for part in invoice.installments:
			if not (part.outstanding or part.invoice is None) or part.serial >= len(self.place):
				continue
			index, self.place[part.serial] = self.place[part.serial], -1
			if index < 0:
				continue
			if self.first <= index < self.next:
				self.count(index, -1)
			self.amount[index] = 0

	# How late who pays

	def days_late(self, day: date) -> dict[int, Decimal]:
		"""Number of each customer -> average days late of what was paid in the twelve months up to `day`."""
		since = dates.add_months(day, -payer.WINDOW_MONTHS).toordinal()
		# Money that waited for its invoice came earlier than others before it; a late look at it does no harm.
		until = len(self.paid_on)
		for index in range(self.next, until):
			self.count(index, 1)
		self.next = until
		while self.first < until and self.paid_on[self.first] <= since:
			self.count(self.first, -1)
			self.first += 1
		return {
			number: payer.average_days_late(Decimal(weighted), Decimal(amount))
			for number, (weighted, amount) in self.sums.items()
			if amount > 0
		}

	def count(self, index: int, sign: int):
		sums = self.sums[self.customer[index]]
		amount = sign * self.amount[index]
		sums[0] += self.late[index] * amount
		sums[1] += amount

	# The forecast

	def take(self, day: date) -> Taken:
		expected = self.expected(day)
		return Taken(day, *rules.by_week(expected, day))

	def expected(self, day: date, customers: Iterable[str] | None = None) -> list[rules.Expected]:
		"""What is expected as of now; only of `customers` where they are named. Without reasons where nothing holds a part."""
		engine, held = self.engine, self.held
		while self.to_come and self.to_come[-1].opened_on <= day:
			deal = self.to_come.pop()
			self.alive[deal.number] = Alive(deal)
		late, names = self.days_late(day), None if customers is None else set(customers)
		rounded = {number: round(value) for number, value in late.items()}
		alike: dict[tuple[int, date], int] = defaultdict(int)
		planned: dict[tuple[int, date | None], int] = defaultdict(int)
		special: dict[str, list[OpenRow]] = defaultdict(list)
		hoped: list[rules.Planned] = []
		over = []
		for alive in self.alive.values():
			deal = alive.deal
			customer = deal.customer
			if names is not None and customer.name not in names:
				continue
			if not deal.installments:
				if not self.hope(deal, day, hoped):
					over.append(deal.number)
				continue
			if alive.count < len(deal.installments):
				alive.parts += deal.installments[alive.count :]
				alive.count = len(deal.installments)
			usual, still, foreign = rounded.get(customer.number, 0), [], deal.foreign
			held_back = customer.name in held.of_customer
			for part in alive.parts:
				if part.cancelled:
					continue
				if part.invoice is None:
					still.append(part)
					due = None if part.held else part.due_date
					planned[usual, due] += self.planned_base(deal, part.planned) if foreign else part.planned
					continue
				left = part.grand - part.paid - part.credited - part.written_off
				if not left:
					continue
				still.append(part)
				if left < 0:
					continue
				if held_back:
					special[customer.name].append(open_row(engine, part, left))
				else:
					alike[usual, part.due_date] += engine.base_left(part) if foreign else left
			alive.parts = still
			if not still:
				over.append(deal.number)
		for number in over:
			del self.alive[number]
		return [*self.of_many(alike, planned, day), *self.of_some(special, hoped, day, late)]

	def of_many(self, alike, planned, day: date) -> list[rules.Expected]:
		"""Rows by the day on which their customers usually pay; what is overdue for too long is known by its due date."""
		money, company = self.engine.money, self.company
		doubtful = day - timedelta(days=company.forecasts.terms.doubtful_after_days)
		of_day: dict[date, int] = defaultdict(int)
		for (usual, due), base in alike.items():
			of_day[due if due < doubtful else rules.usual_day(due, usual)] += base
		later: dict[date | None, int] = defaultdict(int)
		for (usual, due), base in planned.items():
			later[due and rules.usual_day(due, usual)] += base
		rows = [
			OpenRow("", number, company.name, "", on, on, company.currency, money(base), money(base))
			for number, (on, base) in enumerate(of_day.items())
		]
		return self.ask(
			rows, day, {}, planned=[rules.Planned("", "", money(base), on) for on, base in later.items()]
		)

	def of_some(self, special, hoped, day: date, late: dict[int, Decimal]) -> list[rules.Expected]:
		"""Rows of customers who promised or disputed something, and plan rows of open deals."""
		holds = {}
		for customer, rows in special.items():
			holds.update(self.held.holds(customer, rows, day))
		customers = self.company.customers
		by_name = {
			name: late[customers[name].number]
			for name in {*special, *(row.customer for row in hoped)}
			if customers[name].number in late
		}
		rows = [row for of_customer in special.values() for row in of_customer]
		return self.ask(rows, day, by_name, holds=holds, planned=hoped)

	def ask(self, rows, day: date, late, **values) -> list[rules.Expected]:
		return rules.forecast(
			rows,
			day,
			days_late=late,
			precision=self.company.precision,
			terms=self.company.forecasts.terms,
			**values,
		)

	def planned_base(self, deal: Deal, units: int) -> int:
		return scale_units(units, *deal.ratio) if deal.foreign else units

	def hope(self, deal: Deal, day: date, hoped: list[rules.Planned]) -> bool:
		"""What an open deal would bring, by the probability of its stage; whether it is open still."""
		if deal.cancelled_on or (deal.lost_on and deal.lost_on <= day):
			return False
		probability = min(self.probability(deal, day), MOST_PROBABLE)
		if probability <= 0 or not deal.net_total or deal.nets is None:
			return True
		expected = max(day, deal.expected_close_date or day)
		foreign = deal.currency != self.company.currency
		for row, net in zip(deal.plan, deal.nets, strict=True):
			invoice_date = row.planned_invoice_date(expected)
			amount = self.engine.money(deal.grand_total) * net / deal.net_total
			hoped.append(
				rules.Planned(
					deal.name,
					deal.customer.name,
					amount * deal.rate if foreign else amount,
					row.due_date(invoice_date),
					probability=probability,
				)
			)
		return True

	def probability(self, deal: Deal, day: date) -> Decimal:
		log = self.company.stage_log.get(deal.number)
		if not log:
			return Decimal(0)
		place = bisect_right(log, day, key=lambda entry: entry[0])
		stage = self.company.stages.get(log[place - 1][1]) if place else None
		return stage.probability if stage else Decimal(0)

	# What came

	def money_of_week(self, monday: date) -> int | None:
		"""What came in a week, in units of the company's currency; None for a week that was not played to its end."""
		end = self.company.end.toordinal()
		return self.came.get(monday, 0) if monday.toordinal() + 6 <= end else None


def write_csv(path: Path, play: ForecastPlay):
	"""cash_forecast.csv: each forecast by week, with what came, and what stands beside the weeks."""
	money, places = play.engine.money, play.company.precision

	def cell(amount: Decimal) -> str:
		return f"{amount:.{places}f}"

	with open(path, "w", encoding="utf-8", newline="") as file:
		file.write("\ufeff")
		writer = csv.writer(file, lineterminator="\n")
		writer.writerow("taken_on place week_start promised billed planned pipeline total came".split())
		for taken in play.taken:
			for week in taken.weeks:
				came = play.money_of_week(week.start)
				writer.writerow(
					[
						taken.day,
						"Week",
						week.start,
						*(cell(week.amounts[kind]) for kind in rules.KINDS),
						cell(week.total),
						"" if came is None else cell(money(came)),
					]
				)
			for place in BESIDE:
				if amount := taken.beside.get(place):
					writer.writerow([taken.day, place, "", "", "", "", "", cell(amount), ""])
