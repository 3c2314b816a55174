from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.dates import (
	DAYS_AFTER_INVOICE,
	DUE_RULES,
	END_OF_MONTH,
	FIXED_DATE,
	SAME_DAY_AFTER_MONTHS,
	add_months,
	due_date,
	end_of_month,
)

DAYS = st.dates(date(1990, 1, 1), date(2150, 12, 31))
MONTHS = st.integers(0, 600)


@pytest.mark.parametrize(
	("rule", "values", "expected"),
	[
		(DAYS_AFTER_INVOICE, {"days": 30}, date(2026, 3, 2)),
		(DAYS_AFTER_INVOICE, {}, date(2026, 1, 31)),
		(END_OF_MONTH, {}, date(2026, 1, 31)),
		(END_OF_MONTH, {"months": 1}, date(2026, 2, 28)),
		(END_OF_MONTH, {"months": 1, "days": 10}, date(2026, 3, 10)),
		(SAME_DAY_AFTER_MONTHS, {"months": 1}, date(2026, 2, 28)),
		(SAME_DAY_AFTER_MONTHS, {"months": 2}, date(2026, 3, 31)),
		(FIXED_DATE, {"fixed": date(2026, 6, 15)}, date(2026, 6, 15)),
		(FIXED_DATE, {"fixed": date(2026, 1, 1)}, date(2026, 1, 31)),  # before the invoice: due at once
	],
)
def test_due_dates_of_an_invoice_on_31_january(rule, values, expected):
	assert due_date(date(2026, 1, 31), rule, **values) == expected


def test_29_february_in_a_leap_year_and_after_it():
	assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29)
	assert add_months(date(2028, 2, 29), 12) == date(2029, 2, 28)


@pytest.mark.parametrize(("rule", "fixed"), [("Whenever", None), (FIXED_DATE, None)])
def test_an_unknown_rule_or_a_missing_fixed_date_is_refused(rule, fixed):
	with pytest.raises(ValueError, match="unknown due rule"):
		due_date(date(2026, 1, 1), rule, fixed=fixed)


@given(DAYS, st.sampled_from(DUE_RULES), st.integers(0, 3000), MONTHS, DAYS)
def test_never_due_before_the_invoice(invoice_date, rule, days, months, fixed):
	assert due_date(invoice_date, rule, days=days, months=months, fixed=fixed) >= invoice_date


@given(DAYS, MONTHS)
def test_the_31st_does_not_drift(day, months):
	later = add_months(day, months)
	assert later.day == min(day.day, monthrange(later.year, later.month)[1])
	assert (later.year - day.year) * 12 + later.month - day.month == months


@given(DAYS, st.integers(0, 60))
def test_a_plan_on_one_day_of_the_month_is_due_once_a_month_in_order(day, months):
	dues = [due_date(day, SAME_DAY_AFTER_MONTHS, months=month) for month in range(months)]
	assert dues == sorted(set(dues))


@given(DAYS)
def test_the_day_after_the_end_of_a_month_is_a_first(day):
	assert end_of_month(day) >= day
	assert (end_of_month(day) + timedelta(days=1)).day == 1
