"""When money is expected: hand-worked days, and that no cent is lost between the weeks."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.receivables import forecast as f
from sales_crm_accounts.core.receivables.holds import Hold
from sales_crm_accounts.core.receivables.rows import OpenRow

TODAY = date(2026, 3, 4)  # a Wednesday


def row(invoice="INV-1", number=1, due=date(2026, 3, 10), outstanding="100", base=None, **values):
	return OpenRow(
		**{
			"sales_invoice": invoice,
			"installment_no": number,
			"company": "Co",
			"customer": "ACME",
			"posting_date": date(2026, 2, 1),
			"due_date": due,
			"currency": "USD",
			"outstanding": Decimal(outstanding),
			"base_outstanding": Decimal(base or outstanding),
			**values,
		}
	)


def places(expected):
	return [(part.kind, part.amount, part.day) for part in expected]


def test_a_customer_pays_as_late_as_usual():
	"""Due on 10 March, 11.6 days late on average: 22 March."""
	found = f.forecast([row()], TODAY, days_late={"ACME": Decimal("11.6")})
	assert places(found) == [("Open", Decimal(100), date(2026, 3, 22))]
	assert found[0].values == {"due": date(2026, 3, 10), "days": 12}


def test_who_pays_early_is_expected_on_the_due_date():
	assert f.forecast([row()], TODAY, days_late={"ACME": Decimal(-5)})[0].day == date(2026, 3, 10)


def test_who_is_later_than_usual_is_expected_in_a_week():
	"""Due on 1 February, usually 5 days late: should have paid by now."""
	found = f.forecast([row(due=date(2026, 2, 1))], TODAY, days_late={"ACME": Decimal(5)})
	assert found[0].day == date(2026, 3, 11)


def test_half_a_year_overdue_is_not_counted():
	assert f.forecast([row(due=TODAY - timedelta(days=180))], TODAY)[0].kind == f.OPEN
	weeks, beside = f.by_week(f.forecast([row(due=TODAY - timedelta(days=181))], TODAY), TODAY)
	assert beside == {"Doubtful": Decimal(100)}
	assert sum(week.total for week in weeks) == 0


def test_what_is_promised_and_what_is_disputed():
	"""100.00 due 10 March: 30.00 disputed, 50.00 promised until the 20th; 20.00 remain at the due date, whatever is paused."""
	holds = {
		("INV-1", 1): [
			Hold("Dispute", "DSP-1", Decimal(30), None),
			Hold("Promise", "PTP-1", Decimal(50), date(2026, 3, 20)),
			Hold("Pause", "PAU-1", None, date(2026, 6, 1)),
		]
	}
	assert places(f.forecast([row()], TODAY, holds=holds)) == [
		("Disputed", Decimal(30), None),
		("Promised", Decimal(50), date(2026, 3, 20)),
		("Open", Decimal(20), date(2026, 3, 10)),
	]


def test_the_company_currency_is_shared_exactly():
	"""3.00 in foreign currency are 10.00: a promise of 1.00 takes 3.33, the rest is 6.67."""
	holds = {("INV-1", 1): [Hold("Promise", "PTP-1", Decimal(1), date(2026, 3, 20))]}
	found = f.forecast([row(outstanding="3", base="10")], TODAY, holds=holds)
	assert [part.amount for part in found] == [Decimal("3.33"), Decimal("6.67")]


def test_open_deals_count_by_their_probability():
	planned = [
		f.Planned("D-1", "ACME", Decimal(200), date(2026, 3, 31)),
		f.Planned("D-2", "ACME", Decimal("100.01"), date(2026, 4, 30), probability=Decimal(50)),
		f.Planned("D-3", "ACME", Decimal(40), None),
	]
	assert places(f.forecast([], TODAY, planned=planned)) == [
		("Planned", Decimal("200.00"), date(2026, 3, 31)),
		("Pipeline", Decimal("50.01"), date(2026, 4, 30)),
		("Planned", Decimal("40.00"), None),
	]


def test_weeks_begin_on_monday():
	"""Sunday 8 March is of the first week, Monday 9 March of the second; 31 May of the 13th, and 1 June is later."""
	dues = (date(2026, 3, 8), date(2026, 3, 9), date(2026, 5, 31), date(2026, 6, 1))
	weeks, beside = f.by_week(f.forecast([row(str(due), due=due) for due in dues], TODAY), TODAY)
	assert weeks[0].start == date(2026, 3, 2)
	assert [number for number, week in enumerate(weeks) if week.total] == [0, 1, 12]
	assert beside == {"Later": Decimal(100)}


amounts = st.decimals(min_value="0.01", max_value="100000", places=2)
days = st.dates(date(2025, 1, 1), date(2027, 1, 1))


@st.composite
def cases(draw):
	rows = [
		row(f"INV-{number}", due=draw(days), outstanding=str(draw(amounts)), base=str(draw(amounts)))
		for number in range(draw(st.integers(0, 6)))
	]
	holds = {
		(f"INV-{number}", 1): [
			Hold(kind, f"{kind}-{number}", draw(st.none() | amounts), draw(st.none() | days))
			for kind in draw(st.sets(st.sampled_from(["Dispute", "Promise", "Pause"])))
		]
		for number in draw(st.sets(st.integers(0, 5)))
	}
	return rows, holds, draw(st.integers(-30, 200))


@given(cases())
def test_nothing_is_lost_or_counted_twice(case):
	"""All parts of a row sum to what is open of it, and all weeks with what stands beside them to all that is open."""
	rows, holds, late = case
	found = f.forecast(rows, TODAY, days_late={"ACME": Decimal(late)}, holds=holds)
	for one in rows:
		parts = [part.amount for part in found if part.sales_invoice == one.sales_invoice]
		assert sum(parts) == one.base_outstanding
	weeks, beside = f.by_week(found, TODAY)
	whole = sum((week.total for week in weeks), ZERO) + sum(beside.values(), ZERO)
	assert whole == sum((one.base_outstanding for one in rows), ZERO)
	assert all(part.day is None or part.day >= TODAY for part in found)
