from datetime import date
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core import expenses
from sales_crm_accounts.core.expenses import (
	AMOUNT,
	PERCENT,
	REVENUE,
	Budget,
	Share,
	lines,
	receipt_key,
	share,
)
from sales_crm_accounts.core.money import quantize
from sales_crm_accounts.core.problems import RuleError


def cents(low, high, places=2):
	return st.decimals(low, high, places=places, allow_nan=False, allow_infinity=False)


def codes(call):
	with pytest.raises(RuleError) as caught:
		call()
	return [problem.code for problem in caught.value.problems]


class TestShare:
	def test_a_fair_of_a_thousand_by_the_revenue_of_three_deals(self):
		rows = [Share("A", revenue=D(100000)), Share("B", revenue=D(100000)), Share("C", revenue=D(100000))]
		assert share(D("1000.00"), REVENUE, rows, 2) == [D("333.34"), D("333.33"), D("333.33")]

	def test_by_percent(self):
		rows = [Share("A", percent=D("33.333333")), Share("B", percent=D("66.666667"))]
		assert share(D("0.02"), PERCENT, rows, 2) == [D("0.01"), D("0.01")]

	def test_by_amount_the_rows_say_it(self):
		rows = [Share("A", amount=D("10.01")), Share("B", amount=D("89.99"))]
		assert share(D("100.00"), AMOUNT, rows, 2) == [D("10.01"), D("89.99")]

	def test_a_cent_too_few_is_told_with_the_difference(self):
		rows = [Share("A", amount=D("10.00")), Share("B", amount=D("89.99"))]
		with pytest.raises(RuleError) as caught:
			share(D("100.00"), AMOUNT, rows, 2)
		assert "0.01" in str(caught.value)

	@pytest.mark.parametrize(
		("method", "rows", "code"),
		[
			(PERCENT, [Share("A", percent=D(50)), Share("B", percent=D("49.9"))], ["percent_sum"]),
			(AMOUNT, [], ["no_rows"]),
			("Weight", [Share("A")], ["method"]),
			(AMOUNT, [Share("A", amount=D(50)), Share("A", amount=D(50))], ["twice"]),
			(AMOUNT, [Share("", amount=D(100))], ["no_deal"]),
			(AMOUNT, [Share("A", amount=D(110)), Share("B", amount=D(-10))], ["no_amount"]),
			(PERCENT, [Share("A", percent=D(100)), Share("B")], ["no_percent"]),
			(REVENUE, [Share("A", revenue=D(100)), Share("B")], ["no_revenue"]),
			(REVENUE, [Share("A"), Share("A")], ["no_revenue", "twice", "no_revenue"]),
		],
	)
	def test_bad_rows(self, method, rows, code):
		assert codes(lambda: share(D(100), method, rows, 2)) == code

	@given(
		cents("0.01", "99999999"),
		st.lists(cents("0.01", "999999"), min_size=1, max_size=30),
		st.sampled_from([0, 2, 3]),
	)
	def test_by_revenue_it_adds_up_and_no_part_is_a_unit_off(self, total, revenues, precision):
		total = quantize(total, precision)
		rows = [Share(f"D{n}", revenue=revenue) for n, revenue in enumerate(revenues)]
		parts = share(total, REVENUE, rows, precision)
		assert sum(parts) == total
		whole = sum(revenues)
		for part, revenue in zip(parts, revenues, strict=True):
			assert abs(part - total * revenue / whole) < D(1).scaleb(-precision)


class TestLines:
	def test_one_deal_with_tax_in_euro_at_1_25(self):
		"""110.00 EUR with 10.00 of tax at 1.25 is 137.50: 125.00 cost, 12.50 tax."""
		found = lines("Travel", [D("100.00")], [("VAT", D("10.00"))], D("137.50"), 2, 2)
		assert [(line.account, line.amount, line.base_amount) for line in found] == [
			("Travel", D("100.00"), D("125.00")),
			("VAT", D("10.00"), D("12.50")),
		]
		assert [line.is_tax for line in found] == [False, True]

	def test_a_deduction_is_negative(self):
		"""100 with 10 VAT and 5 withheld: 105 are paid."""
		found = lines(
			"Travel", [D("100.00")], [("VAT", D("10.00")), ("Withheld", D("-5.00"))], D("105.00"), 2, 2
		)
		assert [line.base_amount for line in found] == [D("100.00"), D("10.00"), D("-5.00")]

	def test_nothing_has_no_line(self):
		found = lines("Travel", [D("0.01"), D("0.00")], [("VAT", D("0.00"))], D("0.01"), 2, 2)
		assert [(line.share, line.base_amount) for line in found] == [(0, D("0.01"))]

	@given(
		st.lists(cents("0.01", "99999"), min_size=1, max_size=12),
		st.lists(cents("-5", "999"), max_size=3),
		cents("0.0100", "200", 4),
	)
	def test_they_sum_to_what_is_paid_in_both_currencies(self, parts, taxes, rate):
		total = sum(parts) + sum(taxes)
		if total <= 5:
			return
		base_total = quantize(total * rate, 2)
		found = lines("Cost", parts, [(f"T{n}", tax) for n, tax in enumerate(taxes)], base_total, 2, 2)
		assert sum(line.amount for line in found) == total
		assert sum(line.base_amount for line in found) == base_total
		assert all(line.amount for line in found)
		for line in found:
			assert abs(line.base_amount - line.amount * base_total / total) <= D("0.06")


class TestBudget:
	def test_what_is_left(self):
		row = Budget("D", D(500), D(300), D(250))
		assert (row.left, row.passed) == (D(-50), True)
		assert not Budget("D", D(500), D(300), D(200)).passed

	def test_only_deals_with_a_plan_have_one_to_pass(self):
		found = expenses.budgets({"A": D(10), "B": D(20)}, {"B": D(5)}, {"A": D(7)})
		assert found == [Budget("B", D(5), D(0), D(20))]


class TestReceiptKey:
	DAY = date(2026, 3, 1)

	def test_people_write_numbers_differently(self):
		one = receipt_key(D("12.50"), "USD", self.DAY, "ACME", "INV 12/3")
		assert one == receipt_key(D("12.5"), "USD", self.DAY, "ACME", "inv-12-3")

	def test_what_differs_is_another_receipt(self):
		base = (D("12.50"), "USD", self.DAY, "ACME", "1")
		keys = {
			receipt_key(*base),
			receipt_key(D("12.51"), *base[1:]),
			receipt_key(base[0], "EUR", *base[2:]),
			receipt_key(*base[:2], date(2026, 3, 2), *base[3:]),
			receipt_key(*base[:3], "Other", "1"),
			receipt_key(*base[:4], "2"),
		}
		assert len(keys) == 6

	def test_two_taxi_rides_of_the_same_price_are_two(self):
		assert receipt_key(D(20), "USD", self.DAY, "", " - ") is None
