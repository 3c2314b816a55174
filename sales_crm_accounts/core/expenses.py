"""Expenses of deals: which part falls on which deal, what is posted in company currency, what is left of the plan.

Amounts are Decimal in whole units of their currency; every split adds up to what was split, by largest remainder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO, quantize, split
from sales_crm_accounts.core.problems import Problem, RuleError, _

AMOUNT, PERCENT, REVENUE = "Amount", "Percent", "Revenue"
METHODS = (AMOUNT, PERCENT, REVENUE)

COMPANY_ACCOUNT, EMPLOYEE, SUPPLIER = "Company Account", "Employee", "Supplier"
PAID_BY = (COMPANY_ACCOUNT, EMPLOYEE, SUPPLIER)

WARN, ASK, STOP = "Warn", "Ask for Approval", "Stop"
BUDGET_ACTIONS = (WARN, ASK, STOP)

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Share:
	"""A deal that bears a part. Only the figure of the method that is used counts."""

	deal: str
	amount: Decimal = ZERO
	percent: Decimal = ZERO
	revenue: Decimal = ZERO


def share(total: Decimal, method: str, rows: Sequence[Share], precision: int) -> list[Decimal]:
	"""Each row's part of `total`; they sum to it exactly.

	By amount the rows say it, and must sum to `total`; by percent they must sum to 100; by revenue each deal bears in proportion
	to what it sells for. Raises RuleError with everything that is wrong.
	"""
	problems = _row_problems(method, rows)
	if problems:
		raise RuleError(problems)
	if method == AMOUNT:
		shared = sum((row.amount for row in rows), ZERO)
		if shared != total:
			raise RuleError(
				Problem(
					"amount_sum",
					_(
						"The shares sum to {shared}, the expense is {total}. Share the difference of {difference}."
					),
					{"shared": shared, "total": total, "difference": total - shared},
				)
			)
		return [row.amount for row in rows]
	if method == PERCENT:
		percent = sum((row.percent for row in rows), ZERO)
		if percent != HUNDRED:
			raise RuleError(
				Problem(
					"percent_sum",
					_("The shares sum to {percent} percent. They must sum to 100."),
					{"percent": _plain(percent)},
				)
			)
		return split(total, [row.percent for row in rows], precision)
	return split(total, [row.revenue for row in rows], precision)


def _row_problems(method: str, rows: Sequence[Share]) -> list[Problem]:
	if method not in METHODS:
		return [
			Problem(
				"method",
				_("Choose how the expense is split: {methods}."),
				{"methods": ", ".join(METHODS)},
			)
		]
	if not rows:
		return [Problem("no_rows", _("Add the deals that bear the expense."))]
	problems, seen = [], set()
	for number, row in enumerate(rows, 1):
		if not row.deal:
			problems.append(
				Problem("no_deal", _("Shares, row {row}: choose a deal."), {"row": number}, number)
			)
		elif row.deal in seen:
			problems.append(
				Problem(
					"twice",
					_("Shares, row {row}: deal {deal} is there twice. Put both parts into one row."),
					{"row": number, "deal": row.deal},
					number,
				)
			)
		seen.add(row.deal)
		if method == AMOUNT and row.amount <= 0:
			problems.append(
				Problem(
					"no_amount", _("Shares, row {row}: enter an amount above 0."), {"row": number}, number
				)
			)
		if method == PERCENT and row.percent <= 0:
			problems.append(
				Problem(
					"no_percent", _("Shares, row {row}: enter a percentage above 0."), {"row": number}, number
				)
			)
		if method == REVENUE and row.deal and row.revenue <= 0:
			problems.append(
				Problem(
					"no_revenue",
					_(
						"Shares, row {row}: deal {deal} has no amount yet, so it can bear no share by revenue. Give it items, or split by amount or percent."
					),
					{"row": number, "deal": row.deal},
					number,
				)
			)
	return problems


def _plain(value: Decimal) -> str:
	text = format(value, "f")
	return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Line:
	"""A debit (a deduction is negative): `amount` in the expense's currency, `base_amount` in the company's."""

	account: str
	share: int
	amount: Decimal
	base_amount: Decimal
	is_tax: bool = False


def lines(
	account: str,
	parts: Sequence[Decimal],
	taxes: Sequence[tuple[str, Decimal]],
	base_total: Decimal,
	precision: int,
	base_precision: int,
) -> list[Line]:
	"""What is debited: the cost of each share, then each tax over the shares; the base amounts sum to `base_total` exactly.

	`parts` are the shares before tax; a tax falls on them in proportion. Deductions (negative taxes) are converted one by one,
	what is left is spread over the rest by largest remainder. Lines of nothing are left out.
	"""
	raw = [(account, number, part, False) for number, part in enumerate(parts)]
	for tax_account, tax in taxes:
		tax_parts = split(tax, list(parts), precision)
		raw += [(tax_account, number, part, True) for number, part in enumerate(tax_parts)]
	raw = [row for row in raw if row[2]]
	total = sum((row[2] for row in raw), ZERO)
	negative = {
		index: quantize(row[2] * base_total / total, base_precision)
		for index, row in enumerate(raw)
		if row[2] < 0
	}
	positive = [index for index, row in enumerate(raw) if row[2] > 0]
	rest = split(
		base_total - sum(negative.values(), ZERO), [raw[index][2] for index in positive], base_precision
	)
	base = {**negative, **dict(zip(positive, rest, strict=True))}
	return [
		Line(name, number, amount, base[index], is_tax)
		for index, (name, number, amount, is_tax) in enumerate(raw)
	]


@dataclass(frozen=True, slots=True)
class Budget:
	"""A deal's plan for one category, in company currency before tax; `amount` is what is about to be added to `spent`."""

	deal: str
	planned: Decimal
	spent: Decimal
	amount: Decimal = ZERO

	@property
	def left(self) -> Decimal:
		return self.planned - self.spent - self.amount

	@property
	def passed(self) -> bool:
		return self.left < 0


def budgets(
	amounts: Mapping[str, Decimal], planned: Mapping[str, Decimal], spent: Mapping[str, Decimal]
) -> list[Budget]:
	"""The plans that an expense touches, in the order of `amounts`; a deal without a plan for the category has none to pass."""
	return [
		Budget(deal, planned[deal], spent.get(deal, ZERO), amount)
		for deal, amount in amounts.items()
		if deal in planned
	]


def receipt_key(amount: Decimal, currency: str, day: date, supplier: str, bill_no: str) -> str | None:
	"""What two entries of one receipt have in common; None where neither supplier nor number says which receipt it is.

	The number is compared without spaces, case and punctuation: people write `INV 12/3` and `inv-12-3`.
	"""
	number = "".join(letter for letter in bill_no.casefold() if letter.isalnum())
	if not (supplier or number):
		return None
	return "|".join((_plain(abs(amount)), currency, day.isoformat(), supplier, number))
