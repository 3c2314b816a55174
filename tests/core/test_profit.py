from datetime import date, timedelta
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core import profit
from sales_crm_accounts.core.profit import (
	EXCHANGE,
	EXPENSE,
	INTEREST,
	NO_DEAL,
	PROVISION,
	REVENUE,
	WRITE_OFF,
	Figures,
	Meaning,
	Moved,
	Period,
	Row,
	SharedRow,
)

ACCOUNTS = {
	"Sales": "Income",
	"Fees": "Income",
	"FX Gain": "Income",
	"FX": "Expense",
	"Bad Debts": "Expense",
	"Doubtful Debts": "Expense",
	"Freight": "Expense",
	"Ads": "Expense",
}
ROLES = profit.Roles(
	write_off=frozenset({"Bad Debts"}),
	exchange=frozenset({"FX", "FX Gain"}),
	interest=frozenset({"Fees"}),
	provision=frozenset({"Doubtful Debts"}),
)
MEANING = profit.meanings(ACCOUNTS, ROLES, {"Freight": "Transport"})


def test_what_accounts_mean():
	assert MEANING == {
		"Sales": Meaning(REVENUE),
		"Fees": Meaning(INTEREST),
		"FX Gain": Meaning(EXCHANGE),
		"FX": Meaning(EXCHANGE),
		"Bad Debts": Meaning(WRITE_OFF),
		"Doubtful Debts": Meaning(PROVISION),
		"Freight": Meaning(EXPENSE, "Transport"),
		"Ads": Meaning(EXPENSE, "Ads"),
	}


def test_an_account_of_two_categories_counts_under_the_first_by_name():
	pairs = [("Transport", "Freight"), ("After-Sales", "Freight"), ("Transport", "Tolls")]
	assert profit.first_category(pairs) == {"Freight": "After-Sales", "Tolls": "Transport"}


def test_a_deal_by_hand():
	"""Sold 1,000.00, 100.00 credited, fee 15.00, freight 120.00, ads 30.00, 40.00 given up, exchange gain 5.00.

	1,000 - 100 + 15 - 120 - 30 - 40 + 5 = 730; of 900 sold that is 81.11 %.
	"""
	rows = [
		Row("A", "", "Sales", D(900), D(-100)),
		Row("A", "", "Fees", D(15)),
		Row("A", "", "Freight", D(-120)),
		Row("A", "", "Ads", D(-30)),
		Row("A", "", "Bad Debts", D(-40)),
		Row("A", "", "FX", D(5)),
	]
	figures = profit.collect(rows, [], MEANING, 2)["A", ""]
	assert figures == Figures(D(1000), D(-100), D(15), D(40), D(5), {"Transport": D(120), "Ads": D(30)})
	assert figures.profit == 730
	assert round(figures.margin, 2) == D("81.11")
	assert figures and not Figures() and Figures().margin is None


def test_a_provision_is_a_line_of_its_own_and_its_reversal_takes_it_back():
	"""Sold 100.00, 12.00 of it not expected to be paid: 88.00. Next month 12.00 are reversed and 5.00 posted: 7.00 more."""
	rows = [
		Row("A", "2025-01", "Sales", D(100)),
		Row("A", "2025-01", "Doubtful Debts", D(-12)),
		Row("A", "2025-02", "Doubtful Debts", D(7)),
	]
	found = profit.collect(rows, [], MEANING, 2)
	first, second = found["A", "2025-01"], found["A", "2025-02"]
	assert [(one.provisions, one.expense, one.profit) for one in (first, second)] == [(12, 0, 88), (-7, 0, 7)]
	assert second and [part.provisions for part in first.shares([D(1), D(2)], 2)] == [4, 8]
	first.add(second)
	assert (first.provisions, first.profit) == (5, 95)


def test_a_write_off_over_two_deals_and_an_invoice_without():
	"""100.00 given up over invoices of 300 (A), 300 (B) and 300 (none): 33.34, 33.33 and 33.33 that stays without deal.

	Shares are taken in the order of the names, so the first unit left over is that of no deal.
	"""
	shared = SharedRow(
		("Payment Entry", "PE-1"),
		"",
		"Bad Debts",
		D(-100),
		D(0),
		{"A": D(300), "B": D(300), NO_DEAL: D(300)},
	)
	found = profit.collect([Row(NO_DEAL, "", "Bad Debts", D(-150))], [shared], MEANING, 2)
	assert {deal: figures.write_offs for (deal, _period), figures in found.items()} == {
		NO_DEAL: D("83.34"),
		"A": D("33.33"),
		"B": D("33.33"),
	}
	assert found["A", ""].by_voucher == D("-33.33")
	assert sum(figures.profit for figures in found.values()) == -150


MONEY = st.decimals("-99999", "99999", places=2)
DEALS = st.sampled_from([NO_DEAL, "A", "B", "C"])
ROWS = st.builds(
	Row, DEALS, st.sampled_from(["2025-01", "2025-02"]), st.sampled_from(sorted(ACCOUNTS)), MONEY, MONEY
)
SHARED = st.builds(
	SharedRow,
	st.just(("Payment Entry", "PE-1")),
	st.sampled_from(["2025-01", "2025-02"]),
	st.sampled_from(sorted(ACCOUNTS)),
	MONEY,
	MONEY,
	st.dictionaries(DEALS, MONEY, max_size=4),
)


@given(st.lists(ROWS, max_size=20), st.lists(SHARED, max_size=8))
def test_no_cent_is_lost_or_counted_twice(rows, shared):
	"""Whatever vouchers share out: the profit of all is the sum of the rows, in all and by period."""
	found = profit.collect(rows, shared, MEANING, 2)
	for period in ("2025-01", "2025-02"):
		of_period = [figures for (_deal, name), figures in found.items() if name == period]
		assert sum(f.profit for f in of_period) == sum(row.amount for row in rows if row.period == period)
		wanted = sum(row.credited for row in rows if row.period == period and row.account == "Sales")
		assert sum(f.credit_notes for f in of_period) == wanted


@given(
	st.lists(ROWS, min_size=1, max_size=20),
	st.lists(st.decimals("0", "1000", places=2), min_size=1, max_size=6).filter(any),
)
def test_shares_of_figures_are_the_figures(rows, weights):
	whole = Figures()
	for figures in profit.collect(rows, [], MEANING, 2).values():
		whole.add(figures)
	again = Figures()
	for part in whole.shares(weights, 2):
		again.add(part)
	assert again == whole


def test_a_total_with_more_decimals_than_the_currency_is_shared_exactly():
	assert sum(profit.share(D("10.005"), [D(1), D(2)], 2)) == D("10.005")
	assert profit.share(D("1E+3"), [D(1), D(1)], 2) == [D(500), D(500)]


# Waiting

FIRST = date(2025, 1, 1)
PERIODS = profit.months(FIRST, date(2025, 2, 28))


def grouped(entries, periods):
	"""(day, amount) as the statement groups them: days before the first period count as its first day."""
	sums = {}
	for day, amount in entries:
		day = max(day, periods[0].first)
		name = next(each.name for each in periods if each.first <= day <= each.last)
		before = sums.get(name, (D(0), D(0)))
		sums[name] = (before[0] + D(amount), before[1] + D(amount) * day.toordinal())
	return [Moved("A", name, *values) for name, values in sums.items()]


def test_thirty_days_of_a_thousand():
	"""36,500.00 billed on 1 January, paid on 31 January: 30 days x 36,500 x 10 % / 365 = 300.00."""
	entries = grouped([(FIRST, 36500), (date(2025, 1, 31), -36500)], PERIODS)
	assert profit.waiting_cost(entries, PERIODS, D(10), 2) == {("A", "2025-01"): D("300.00")}


def test_older_months_and_days_to_come():
	"""Billed in December, open: all 31 days of January cost, and of February the 10 days that are over."""
	periods = profit.months(FIRST, date(2025, 2, 10))
	entries = grouped([(date(2024, 12, 5), 36500)], periods)
	assert profit.waiting_cost(entries, periods, D(10), 2) == {
		("A", "2025-01"): D("310.00"),
		("A", "2025-02"): D("100.00"),
	}


@given(
	st.lists(st.tuples(st.integers(-40, 58), st.decimals("-9999", "9999", places=2)), min_size=1, max_size=12)
)
def test_closed_form_is_the_sum_over_days(entries):
	"""Against the definition: the balance at the end of every day."""
	days = [(FIRST + timedelta(days=offset), amount) for offset, amount in entries]
	found = profit.waiting_cost(grouped(days, PERIODS), PERIODS, D(365), 2)
	for period in PERIODS:
		wanted, day = D(0), period.first
		while day <= period.last:
			wanted += sum(amount for moved_on, amount in days if moved_on <= day)
			day += timedelta(days=1)
		# 365 % a year is 1 % a day.
		assert found.get(("A", period.name), 0) == profit.quantize(wanted / 100, 2)


def test_months_may_be_cut_at_both_ends():
	assert profit.months(date(2024, 12, 15), date(2025, 2, 10)) == [
		Period("2024-12", date(2024, 12, 15), date(2024, 12, 31)),
		Period("2025-01", date(2025, 1, 1), date(2025, 1, 31)),
		Period("2025-02", date(2025, 2, 1), date(2025, 2, 10)),
	]
