"""A new plan for what of a won deal is not billed yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from . import dates
from .money import quantize
from .plan import ON_DATE, ON_WINNING, PlanRow, amounts
from .problems import Problem, RuleError, _


@dataclass(frozen=True, slots=True)
class Standing:
	"""An installment that is not billed yet, as it stands: its rule, its amount before tax and when it is planned for."""

	row: PlanRow
	net_amount: Decimal
	planned_invoice_date: date | None = None
	confirmed_on: date | None = None


def check_total(unbilled: Decimal, amount_change: Decimal, precision: int) -> list[Problem]:
	"""What keeps `amount_change` from being added to the amount that is still to bill."""
	if amount_change != quantize(amount_change, precision, ROUND_DOWN):
		return [
			Problem(
				"decimals",
				_("The amount change {amount} has more decimals than the currency ({precision}). Round it."),
				{"amount": f"{amount_change.normalize():f}", "precision": precision},
			)
		]
	if unbilled + amount_change < 0:
		unbilled, amount_change = quantize(unbilled, precision), quantize(amount_change, precision)
		return [
			Problem(
				"too-much-off",
				_(
					"Only {unbilled} is not billed yet, so {amount} cannot be taken off. Take off less, and credit invoices for the rest."
				),
				{"unbilled": f"{unbilled:f}", "amount": f"{-amount_change:f}"},
			)
		]
	return []


def share(total: Decimal, rows: Sequence[PlanRow], precision: int) -> list[Decimal]:
	"""What each row of the new plan bills before tax; sums to `total` exactly. No rows where nothing is left to bill.

	Raises RuleError that names the row and the remedy.
	"""
	if total == 0:
		if rows:
			raise RuleError(
				Problem(
					"nothing-left", _("Nothing is left to bill. Delete all rows, or enter an amount change.")
				)
			)
		return []
	try:
		return amounts(total, rows, precision)
	except RuleError as error:
		raise RuleError([_of_change(problem, precision) for problem in error.problems]) from error


def _of_change(problem: Problem, precision: int) -> Problem:
	"""The plan's problem in the words of a change."""
	if problem.code == "sum":
		text = _(
			"The rows sum to {sum}, but {total} is to be billed: {difference} is missing or too much. Change a row, or share one row by Remainder."
		)
		values = {key: f"{quantize(Decimal(value), precision):f}" for key, value in problem.values.items()}
		return Problem(problem.code, text, values, problem.row)
	if problem.code == "plan-empty":
		text = _("There are no rows, but an amount is left to bill. Add rows, or take the amount off.")
		return Problem(problem.code, text)
	return problem


def keeps_trigger(row: PlanRow, standing: Standing) -> bool:
	"""Whether the row is billed by what the installment was billed by, so that its date and confirmation stay."""
	before = standing.row
	if row.trigger != before.trigger:
		return False
	if row.trigger == ON_WINNING:
		return True
	if row.trigger == ON_DATE:
		return (row.trigger_date, row.trigger_months, row.trigger_days) == (
			before.trigger_date,
			before.trigger_months,
			before.trigger_days,
		)
	return row.milestone.strip() == before.milestone.strip()


def planned_date(row: PlanRow, changed_on: date, standing: Standing | None = None) -> date | None:
	"""Day the invoice is planned for.

	What a row keeps from its installment stays as planned. A new rule counts from the day of the change: "On Winning" means
	at once, and months and days are counted from that day.
	"""
	if standing and keeps_trigger(row, standing):
		return standing.planned_invoice_date
	return row.planned_invoice_date(changed_on)


def check_dates(rows: Sequence[PlanRow], standings: Sequence[Standing | None], today: date) -> list[Problem]:
	"""Dates that somebody moved into the past; what was already planned for a day gone by may stay."""
	problems = []
	for number, (row, standing) in enumerate(zip(rows, standings, strict=True), 1):
		moved = []
		if row.trigger == ON_DATE and row.trigger_date and not (standing and keeps_trigger(row, standing)):
			moved.append(row.trigger_date)
		if row.due_rule == dates.FIXED_DATE and row.fixed_due_date:
			before = standing.row.fixed_due_date if standing else None
			if row.fixed_due_date != before:
				moved.append(row.fixed_due_date)
		problems += [
			Problem(
				"date-in-the-past",
				_("Row {row}: {date} is in the past. Choose today or a later day."),
				{"row": number, "date": day},
				number,
			)
			for day in moved
			if day < today
		]
	return problems


def with_tax(
	new_net: Decimal,
	old_net: Decimal,
	old_gross: Decimal,
	deal_net: Decimal,
	deal_gross: Decimal,
	precision: int,
) -> Decimal:
	"""Planned total with tax of what is still to bill.

	The same amount before tax keeps its planned total; more or less is taken at the rate of what was planned, or of the
	whole deal where nothing was left. ERPNext computes the tax itself when it is billed.
	"""
	if new_net == old_net:
		return old_gross
	if old_net > 0:
		return quantize(old_gross * new_net / old_net, precision)
	if deal_net > 0:
		return quantize(deal_gross * new_net / deal_net, precision)
	return quantize(new_net, precision)


def differences(
	written: Mapping[str, Standing], now: Mapping[str, Standing], billed_by: Mapping[str, str]
) -> list[Problem]:
	"""What happened to the installments since the change was written; nothing when it may be applied.

	`billed_by` gives the invoice of each installment that has one.
	"""
	problems = []
	for name in sorted(written.keys() | now.keys()):
		if name in now and name in written:
			if _plan_of(now[name]) == _plan_of(written[name]):
				continue
			text = _(
				"Installment {name} was changed meanwhile. Take the present plan again and check the rows."
			)
		elif name in now:
			text = _(
				"Installment {name} is to be billed too, but is not in this change. Take the present plan again and check the rows."
			)
		elif billed_by.get(name):
			text = _(
				"Installment {name} was billed meanwhile by invoice {invoice}. Take the present plan again and check the rows."
			)
		else:
			text = _(
				"Installment {name} was cancelled meanwhile. Take the present plan again and check the rows."
			)
		problems.append(Problem("stale", text, {"name": name, "invoice": billed_by.get(name)}))
	return problems


def _plan_of(standing: Standing) -> tuple:
	"""What makes a change stale; a milestone confirmed meanwhile does not."""
	row = standing.row
	return (
		standing.net_amount,
		row.trigger,
		row.trigger_date,
		row.milestone,
		row.due_rule,
		row.due_days,
		row.due_months,
		row.fixed_due_date,
	)
