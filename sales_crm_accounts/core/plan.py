"""The collection plan of a deal: what is billed when, and that the parts are the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from . import dates
from .money import ZERO, quantize, split_units, unit
from .problems import Problem, RuleError, _

PERCENT, AMOUNT, REMAINDER = "Percent", "Amount", "Remainder"
ON_WINNING, ON_DATE, ON_MILESTONE, ON_DELIVERY = "On Winning", "On Date", "On Milestone", "On Delivery"
TRIGGERS = (ON_WINNING, ON_DATE, ON_MILESTONE, ON_DELIVERY)
CONFIRMED_TRIGGERS = (ON_MILESTONE, ON_DELIVERY)

#: A share typed with two decimals is up to half of 0.01 away from what was meant; 3 x 33.33 % means thirds.
PERCENT_TOLERANCE = Decimal("0.005")
HUNDRED = Decimal(100)
#: More rows than this are a mistake of whoever made the file, not a plan.
MAX_ROWS = 600
#: Largest amount that the database columns hold (decimal(21,9)).
MAX_AMOUNT = Decimal("999999999999")
FURTHEST_YEARS = 50


@dataclass(frozen=True, slots=True)
class PlanRow:
	"""One row of a plan as its author typed it; amounts are before tax, in the deal's currency."""

	description: str
	basis: str = PERCENT
	percent: Decimal = ZERO
	amount: Decimal = ZERO
	trigger: str = ON_WINNING
	trigger_date: date | None = None
	trigger_months: int = 0
	trigger_days: int = 0
	milestone: str = ""
	due_rule: str = dates.DAYS_AFTER_INVOICE
	due_days: int = 0
	due_months: int = 0
	fixed_due_date: date | None = None

	def planned_invoice_date(self, won_on: date, confirmed_on: date | None = None) -> date | None:
		"""Day the invoice is planned for; None while nobody has confirmed the milestone or the delivery."""
		if self.trigger == ON_WINNING:
			return won_on
		if self.trigger == ON_DATE:
			day = self.trigger_date or dates.add_months(won_on, self.trigger_months) + timedelta(
				days=self.trigger_days
			)
			return max(day, won_on)
		return max(confirmed_on, won_on) if confirmed_on else None

	def due_date(self, invoice_date: date | None) -> date | None:
		"""Due date for an invoice of that day; known before only where it is fixed."""
		if invoice_date is None:
			return self.fixed_due_date if self.due_rule == dates.FIXED_DATE else None
		return dates.due_date(
			invoice_date,
			self.due_rule,
			days=self.due_days,
			months=self.due_months,
			fixed=self.fixed_due_date,
		)


def check_rows(rows: Sequence[PlanRow], opened_on: date | None = None) -> list[Problem]:
	"""Everything wrong with the rows taken one by one."""
	problems: list[Problem] = []

	def add(row: int, code: str, text: str, **values):
		problems.append(Problem(code, text, {"row": row, **values}, row))

	if not rows:
		return [
			Problem("plan-empty", _("The collection plan has no rows. Add rows or choose a plan template."))
		]
	if len(rows) > MAX_ROWS:
		return [
			Problem(
				"plan-too-long",
				_("The collection plan has {count} rows; at most {most} are allowed. Merge rows."),
				{"count": len(rows), "most": MAX_ROWS},
			)
		]
	for number, row in enumerate(rows, 1):
		if row.basis == PERCENT:
			if not row.percent > 0:
				add(number, "percent", _("Collection plan, row {row}: the percentage must be more than 0."))
			elif row.percent > HUNDRED:
				add(number, "percent", _("Collection plan, row {row}: the percentage is more than 100."))
		elif row.basis == AMOUNT:
			if not row.amount > 0:
				add(number, "amount", _("Collection plan, row {row}: the amount must be more than 0."))
			elif row.amount > MAX_AMOUNT:
				add(
					number,
					"amount",
					_("Collection plan, row {row}: the amount {amount} is too large. Check the figure."),
					amount=f"{row.amount:f}",
				)
		elif row.basis != REMAINDER:
			add(
				number,
				"basis",
				_("Collection plan, row {row}: share by Percent, Amount or Remainder, not {value}."),
				value=row.basis,
			)
		if row.trigger not in TRIGGERS:
			add(
				number,
				"trigger",
				_("Collection plan, row {row}: {value} is not a way to bill. Choose one of the list."),
				value=row.trigger,
			)
		if row.trigger == ON_MILESTONE and not row.milestone.strip():
			add(
				number,
				"milestone",
				_("Collection plan, row {row}: name the milestone that somebody will confirm."),
			)
		if min(row.trigger_months, row.trigger_days, row.due_days, row.due_months) < 0:
			add(
				number,
				"negative-days",
				_("Collection plan, row {row}: days and months must not be negative."),
			)
		elif (
			row.trigger_months + row.due_months > FURTHEST_YEARS * 12
			or row.trigger_days + row.due_days > FURTHEST_YEARS * 366
		):
			add(
				number,
				"far-date",
				_("Collection plan, row {row}: this is more than {years} years away. Check days and months."),
				years=FURTHEST_YEARS,
			)
		if row.due_rule not in dates.DUE_RULES:
			add(
				number,
				"due-rule",
				_("Collection plan, row {row}: {value} is not a due rule. Choose one of the list."),
				value=row.due_rule,
			)
		if row.due_rule == dates.FIXED_DATE and not row.fixed_due_date:
			add(number, "fixed-date", _("Collection plan, row {row}: give the fixed due date."))
		for day in (row.trigger_date if row.trigger == ON_DATE else None, row.fixed_due_date):
			if day and opened_on and day < opened_on:
				add(
					number,
					"date-before-deal",
					_(
						"Collection plan, row {row}: {date} is before the deal was opened ({opened}). Choose a later date."
					),
					date=day,
					opened=opened_on,
				)
			elif day and opened_on and day.year - opened_on.year > FURTHEST_YEARS:
				add(
					number,
					"far-date",
					_("Collection plan, row {row}: {date} is more than {years} years away. Check the year."),
					date=day,
					years=FURTHEST_YEARS,
				)
		if (
			row.due_rule == dates.FIXED_DATE
			and row.fixed_due_date
			and row.trigger == ON_DATE
			and row.trigger_date
			and row.fixed_due_date < row.trigger_date
		):
			add(
				number,
				"due-before-invoice",
				_(
					"Collection plan, row {row}: due on {due}, before it is billed on {date}. Change one of the two."
				),
				due=row.fixed_due_date,
				date=row.trigger_date,
			)
	if sum(row.basis == REMAINDER for row in rows) > 1:
		number = [row.basis for row in rows].index(REMAINDER) + 1
		second = [row.basis for row in rows].index(REMAINDER, number) + 1
		add(
			second,
			"two-remainders",
			_("Collection plan, row {row}: row {first} already takes the remainder. Only one row can."),
			first=number,
		)
	return problems


def amounts(total: Decimal, rows: Sequence[PlanRow], precision: int) -> list[Decimal]:
	"""What each row bills before tax; the list sums to `total` exactly.

	`total` > 0 with at most `precision` decimals. Amount rows are taken as they are. Percent rows share the rest by largest
	remainder, so that three thirds of 100.00 are 33.34, 33.33 and 33.33; the percentages may miss the rest by what two typed
	decimals can hide (`PERCENT_TOLERANCE` a row). A Remainder row takes what is left.

	Raises RuleError that names the row and the remedy.
	"""
	return [Decimal(part).scaleb(-precision) for part in Shares(rows, precision).of(total)]


class Shares:
	"""The rows of a plan, looked at once, and what they bill of one deal after the other (`amounts`)."""

	def __init__(self, rows: Sequence[PlanRow], precision: int):
		self.precision = precision
		self.problems = check_rows(rows)
		for number, row in enumerate(rows, 1):
			if row.basis == AMOUNT and row.amount != quantize(row.amount, precision, ROUND_DOWN):
				self.problems.append(
					Problem(
						"decimals",
						_(
							"Collection plan, row {row}: {amount} has more decimals than the currency ({precision}). Round it."
						),
						{"row": number, "amount": f"{row.amount.normalize():f}", "precision": precision},
						number,
					)
				)
		if self.problems:
			return
		self.fixed = sum((row.amount for row in rows if row.basis == AMOUNT), ZERO)
		self.fixed_units = int(self.fixed.scaleb(precision))
		self.amounts = [int(row.amount.scaleb(precision)) if row.basis == AMOUNT else 0 for row in rows]
		percents = [row.percent for row in rows if row.basis == PERCENT]
		self.percent_sum = sum(percents, ZERO)
		self.places = [index for index, row in enumerate(rows) if row.basis == PERCENT]
		# Percentages as whole numbers of a common power of ten; `hundred` is 100 % of them.
		shift = max((max(0, -percent.as_tuple().exponent) for percent in percents), default=0)
		self.percents = [int(percent.scaleb(shift)) for percent in percents]
		self.hundred = 100 * 10**shift
		self.rest = next((index for index, row in enumerate(rows) if row.basis == REMAINDER), None)

	def of(self, total: Decimal) -> list[int]:
		"""What each row bills of `total`, in the smallest unit of the currency."""
		if not total > 0:
			raise RuleError(
				Problem(
					"total",
					_("The deal amount is {total}. It must be more than 0 before it can be planned."),
					{"total": f"{total:f}"},
				)
			)
		if self.problems:
			raise RuleError(self.problems)
		scaled = total.scaleb(self.precision)
		units = int(scaled)
		if units != scaled:
			raise ValueError(f"{total} has more than {self.precision} decimals")
		parts = self.amounts.copy()
		if self.rest is not None:
			hundred, doubled = self.hundred, 2 * self.hundred
			for index, percent in zip(self.places, self.percents, strict=True):
				parts[index] = (2 * units * percent + hundred) // doubled
			parts[self.rest] = units - sum(parts)
			if parts[self.rest] < 1:
				self.refuse_remainder(total, units - parts[self.rest])
		else:
			self.check_sum(total, units)
			if self.places:
				for index, part in zip(
					self.places, split_units(units - self.fixed_units, self.percents), strict=True
				):
					parts[index] = part
		if min(parts) < 1:
			self.refuse_small(total, parts)
		return parts

	def text(self, amount: Decimal) -> str:
		"""An amount with all the decimals of its currency."""
		return f"{quantize(amount, self.precision):f}"

	def check_sum(self, total: Decimal, units: int):
		"""Refuses amounts and percentages that are not the whole of the deal."""
		left = units - self.fixed_units
		if self.places:
			missed = abs(sum(self.percents) * units - left * self.hundred) * HUNDRED
			if left > 0 and missed <= PERCENT_TOLERANCE * len(self.places) * units * self.hundred:
				return
			planned = self.fixed + quantize(total * self.percent_sum / HUNDRED, self.precision)
		elif left:
			planned = self.fixed
		else:
			return
		raise RuleError(
			Problem(
				"sum",
				_(
					"The collection plan sums to {sum}, the deal to {total}: {difference} is missing or too much. Change a row, or share one row by Remainder."
				),
				{
					"sum": self.text(planned),
					"total": self.text(total),
					"difference": self.text(abs(total - planned)),
				},
			)
		)

	def refuse_remainder(self, total: Decimal, taken: int):
		raise RuleError(
			Problem(
				"no-remainder",
				_(
					"Collection plan, row {row}: nothing remains for this row; the others already take {sum} of {total}."
				),
				{
					"row": self.rest + 1,
					"sum": self.text(Decimal(taken).scaleb(-self.precision)),
					"total": self.text(total),
				},
				self.rest + 1,
			)
		)

	def refuse_small(self, total: Decimal, parts: list[int]):
		index = next(index for index, part in enumerate(parts) if part < 1)
		raise RuleError(
			Problem(
				"too-small",
				_(
					"Collection plan, row {row}: its share of {total} is less than {smallest}. Merge it with another row."
				),
				{"row": index + 1, "total": self.text(total), "smallest": f"{unit(self.precision):f}"},
				index + 1,
			)
		)


def check_one_invoice(rows: Sequence[PlanRow], invoice_date: date) -> list[Problem]:
	"""What keeps the rows from being the schedule of one invoice: unknown dates, and two rows due on one day.

	ERPNext refuses a payment schedule with equal due dates (accounts_controller.validate_payment_schedule_dates).
	"""
	problems, seen = [], {}
	for number, row in enumerate(rows, 1):
		if row.trigger in CONFIRMED_TRIGGERS:
			problems.append(
				Problem(
					"unknown-date",
					_(
						"Collection plan, row {row}: {trigger} has no date yet, so it cannot be a row of one invoice with a schedule. Bill it by date, or choose a billing policy with an invoice per installment."
					),
					{"row": number, "trigger": row.trigger},
					number,
				)
			)
			continue
		due = schedule_due_date(row, invoice_date)
		if due in seen:
			problems.append(
				Problem(
					"same-due-date",
					_(
						"Collection plan, rows {first} and {row} are both due on {date}. One invoice needs different due dates: merge the rows or move one by a day."
					),
					{"first": seen[due], "row": number, "date": due},
					number,
				)
			)
		seen.setdefault(due, number)
	return problems


def schedule_due_date(row: PlanRow, invoice_date: date) -> date:
	"""Due date of a row inside one invoice: its rule counted from its own planned date."""
	return row.due_date(row.planned_invoice_date(invoice_date)) or invoice_date
