"""How fast money comes in: days sales outstanding in two ways, the best possible, delinquency, effectiveness and risk.

The formulas are those of the Credit Research Foundation ("Key Performance Indicator Definitions",
crfweb.net/KpiCalculator/KpiDefs.asp), as credit departments compare them. Receivable is what invoices had open at the end of a period, net of open credit notes; money on account
is not taken off, because it has paid no invoice yet. Sales are invoices less credit notes of the period, with tax, as they reach the
receivable account. All amounts are in one currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_crm_accounts.core.money import ZERO, quantize

#: More days overdue than this is at risk.
AT_RISK_DAYS = 90
#: Months of sales that the balance method looks at.
WINDOW = 3


@dataclass(frozen=True, slots=True)
class Period:
	"""A month, or the part of it that has passed; `current`, `overdue` and `at_risk` are what invoices had open at its end.

	`receivable` is `current` + `overdue` less open credits; `at_risk` is the part of `overdue` that is older than `AT_RISK_DAYS`.
	"""

	start: date
	end: date
	sales: Decimal
	receivable: Decimal = ZERO
	current: Decimal = ZERO
	overdue: Decimal = ZERO
	at_risk: Decimal = ZERO

	@property
	def days(self) -> int:
		return (self.end - self.start).days + 1


@dataclass(frozen=True, slots=True)
class Indicators:
	"""Of one period; a figure that has nothing to be divided by is None. Days with one decimal, shares in percent."""

	period: Period
	collected: Decimal | None
	dso: Decimal | None
	count_back: Decimal | None
	best_possible: Decimal | None
	days_delinquent: Decimal | None
	effectiveness: Decimal | None
	overdue_share: Decimal | None
	at_risk_share: Decimal | None


def days_sales_outstanding(receivable: Decimal, sales: Decimal, days: int) -> Decimal | None:
	"""Balance method: receivable / sales x days in the same time. None without sales.

	Source: Credit Research Foundation, "DSO = ending total receivables / total credit sales x number of days".
	"""
	return quantize(receivable * days / sales, 1) if sales > 0 else None


def count_back(receivable: Decimal, newest_first: Sequence[tuple[Decimal, int]]) -> Decimal | None:
	"""Exhaustion method: the days of sales, counted back from the end, that the receivable is made of.

	`newest_first` are (sales, days) of months. Each month whose sales the receivable holds counts with all its days, the month in
	which it is exhausted in part. None where all the months given do not exhaust it. Source: the exhaustion method
	of credit management ("count-back DSO"); unlike the balance method it does not rise only because sales fell lately.
	"""
	left, found = receivable, ZERO
	if left <= 0:
		return ZERO
	for sales, days in newest_first:
		if sales >= left > 0:
			return quantize(found + left * days / sales, 1)
		left -= max(sales, ZERO)
		found += days
	return None


def best_possible(current: Decimal, sales: Decimal, days: int) -> Decimal | None:
	"""The DSO if nobody paid late: what is not due yet / sales x days. Source: Credit Research Foundation."""
	return days_sales_outstanding(current, sales, days)


def days_delinquent(dso: Decimal | None, best: Decimal | None) -> Decimal | None:
	"""Average days delinquent: DSO less the best possible DSO. Source: Credit Research Foundation."""
	return None if dso is None or best is None else dso - best


def effectiveness(
	opening: Decimal, sales: Decimal, closing: Decimal, closing_current: Decimal
) -> Decimal | None:
	"""Collection effectiveness index in percent: what was collected of what could have been.

	(opening receivable + sales - closing receivable) / (opening receivable + sales - closing receivable that is not due) x 100.
	100 means that nothing is overdue. None where nothing could have been collected. Source: Credit Research Foundation (CEI).
	"""
	could = opening + sales - closing_current
	return quantize(100 * (opening + sales - closing) / could, 1) if could > 0 else None


def share(part: Decimal, whole: Decimal) -> Decimal | None:
	"""In percent; None where there is no whole."""
	return quantize(100 * part / whole, 1) if whole > 0 else None


def indicators(periods: Sequence[Period], shown: int, window: int = WINDOW) -> list[Indicators]:
	"""Indicators of the last `shown` periods, oldest first.

	`periods` are in order of time. Those before the shown ones give sales to count back over; the last of them gives the opening
	receivable.
	"""
	if shown < 1 or window < 1:
		raise ValueError("at least one period is shown, and sales of at least one are looked at")
	found = []
	for index in range(max(0, len(periods) - shown), len(periods)):
		period = periods[index]
		recent = periods[max(0, index + 1 - window) : index + 1]
		sales, days = sum((one.sales for one in recent), ZERO), sum(one.days for one in recent)
		before = periods[index - 1] if index else None
		dso = days_sales_outstanding(period.receivable, sales, days)
		best = best_possible(period.current, sales, days)
		owed = period.current + period.overdue
		found.append(
			Indicators(
				period=period,
				collected=before.receivable + period.sales - period.receivable if before else None,
				dso=dso,
				count_back=count_back(
					period.receivable, [(one.sales, one.days) for one in reversed(periods[: index + 1])]
				),
				best_possible=best,
				days_delinquent=days_delinquent(dso, best),
				effectiveness=effectiveness(
					before.receivable, period.sales, period.receivable, period.current
				)
				if before
				else None,
				overdue_share=share(period.overdue, owed),
				at_risk_share=share(period.at_risk, owed),
			)
		)
	return found
