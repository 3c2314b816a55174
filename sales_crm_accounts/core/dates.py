"""When something is billed and when it is due."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

DAYS_AFTER_INVOICE = "Days After Invoice"
END_OF_MONTH = "End of Month"
SAME_DAY_AFTER_MONTHS = "Same Day After Months"
FIXED_DATE = "Fixed Date"
DUE_RULES = (DAYS_AFTER_INVOICE, END_OF_MONTH, SAME_DAY_AFTER_MONTHS, FIXED_DATE)


def add_months(day: date, months: int) -> date:
	"""The same day `months` later, or the month's last day where that day does not exist (31 Jan + 1 = 28/29 Feb)."""
	index = day.year * 12 + day.month - 1 + months
	year, month = divmod(index, 12)
	month += 1
	return date(year, month, min(day.day, monthrange(year, month)[1]))


def end_of_month(day: date) -> date:
	return day.replace(day=monthrange(day.year, day.month)[1])


def due_date(
	invoice_date: date, rule: str, *, days: int = 0, months: int = 0, fixed: date | None = None
) -> date:
	"""Due date of an invoice of `invoice_date`; never before it (ERPNext refuses such an invoice).

	- Days After Invoice: `days` later.
	- End of Month: the last day of the month `months` after the invoice's, plus `days` ("30 days EOM + 10").
	- Same Day After Months: the same day of the month, `months` later; the months are counted from the invoice date each
	  time, so a plan on the 31st does not drift to the 28th.
	- Fixed Date: `fixed`.
	"""
	if rule == DAYS_AFTER_INVOICE:
		due = invoice_date + timedelta(days=days)
	elif rule == END_OF_MONTH:
		due = end_of_month(add_months(invoice_date, months)) + timedelta(days=days)
	elif rule == SAME_DAY_AFTER_MONTHS:
		due = add_months(invoice_date, months)
	elif rule == FIXED_DATE and fixed:
		due = fixed
	else:
		raise ValueError(f"unknown due rule {rule!r}")
	return max(due, invoice_date)
