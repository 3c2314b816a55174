from decimal import Decimal as D
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.money import quantize, split, split_running, to_decimal, unit

PRECISIONS = st.sampled_from([0, 2, 3])


def decimals(low, high, places):
	return st.decimals(low, high, allow_nan=False, allow_infinity=False, places=places)


@st.composite
def totals_and_weights(draw, low="-9999999999"):
	precision = draw(PRECISIONS)
	total = draw(decimals(low, "9999999999", precision))
	weights = draw(st.lists(decimals("0", "1000000", 4), min_size=1, max_size=40).filter(any))
	return total, weights, precision


class TestSplit:
	def test_three_thirds_of_a_hundred(self):
		assert split(D("100.00"), [D(1)] * 3, 2) == [D("33.34"), D("33.33"), D("33.33")]

	def test_units_left_over_go_to_the_largest_fractions(self):
		# Exact shares of 10.00: 1.4286, 4.2857, 4.2857. Rounded down 1.42, 4.28, 4.28; two units are left:
		# fractions .86, .57, .57, so one to the first and one to the second, which comes before the third.
		assert split(D("10.00"), [D(1), D(3), D(3)], 2) == [D("1.43"), D("4.29"), D("4.28")]

	def test_yen_has_no_decimals(self):
		assert split(D(1000), [D("33.33"), D("33.33"), D("33.34")], 0) == [D(333), D(333), D(334)]

	def test_a_credit_mirrors_its_invoice(self):
		assert split(D("-100.00"), [D(1)] * 3, 2) == [D("-33.34"), D("-33.33"), D("-33.33")]

	@pytest.mark.parametrize(
		("total", "weights", "words"),
		[
			(D(1), [], "at least one weight"),
			(D(1), [D(0), D(0)], "positive weight"),
			(D(1), [D(2), D(-1)], "not negative"),
			(D("1.001"), [D(1)], "more than 2 decimals"),
		],
	)
	def test_refuses_what_has_no_answer(self, total, weights, words):
		with pytest.raises(ValueError, match=words):
			split(total, weights, 2)

	@given(totals_and_weights())
	def test_parts_are_the_whole_and_no_part_is_a_unit_off_its_share(self, case):
		total, weights, precision = case
		parts = split(total, weights, precision)
		assert sum(parts) == total
		assert len(parts) == len(weights)
		whole = sum(Fraction(weight) for weight in weights)
		for part, weight in zip(parts, weights, strict=True):
			share = Fraction(total) * Fraction(weight) / whole
			assert abs(Fraction(part) - share) < Fraction(unit(precision))
			assert part == quantize(part, precision)
			assert part == 0 or (part > 0) == (total > 0)

	@given(totals_and_weights(low="0"))
	def test_a_larger_weight_never_gets_less(self, case):
		total, weights, precision = case
		ranked = sorted(zip(weights, split(total, weights, precision), strict=True))
		for (smaller, less), (larger, more) in pairwise(ranked):
			assert more >= less or smaller == larger

	@given(totals_and_weights(), decimals("0.001", "1000", 3))
	def test_only_the_proportion_of_the_weights_counts(self, case, factor):
		total, weights, precision = case
		assert split(total, [w * factor for w in weights], precision) == split(total, weights, precision)


class TestSplitRunning:
	def test_thirds_round_the_running_total(self):
		# Running totals 33.333, 66.667, 100: rounded 33.33, 66.67, 100.00.
		assert split_running(D("100.00"), [D(1)] * 3, 2) == [D("33.33"), D("33.34"), D("33.33")]

	def test_no_weight_puts_everything_on_the_last_row(self):
		assert split_running(D("50.00"), [D(0), D(0)], 2) == [D(0), D("50.00")]

	def test_no_rows_have_no_parts(self):
		assert split_running(D("50.00"), [], 2) == []

	@given(totals_and_weights())
	def test_parts_are_the_whole_and_each_is_within_a_unit_of_its_share(self, case):
		total, weights, precision = case
		parts = split_running(total, weights, precision)
		assert sum(parts) == total
		whole = sum(Fraction(weight) for weight in weights)
		for part, weight in zip(parts, weights, strict=True):
			share = Fraction(total) * Fraction(weight) / whole
			assert abs(Fraction(part) - share) <= Fraction(unit(precision))
			assert part == 0 or (part > 0) == (total > 0)

	@given(st.lists(decimals("0", "9999999999", 2), min_size=1, max_size=40))
	def test_weights_that_sum_to_the_total_are_the_parts(self, weights):
		assert split_running(sum(weights, D(0)), weights, 2) == weights


class TestToDecimal:
	@pytest.mark.parametrize(
		("value", "expected"),
		[(None, "0"), ("", "0"), (0.1, "0.1"), ("12.30", "12.30"), (7, "7"), (D("1.5"), "1.5")],
	)
	def test_takes_what_forms_and_files_give(self, value, expected):
		assert to_decimal(value) == D(expected)

	@given(decimals("-999999999", "999999999", 2))
	def test_a_float_of_two_decimals_comes_back_exactly(self, value):
		assert to_decimal(float(value)) == value
