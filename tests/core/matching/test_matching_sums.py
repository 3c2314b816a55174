from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.matching.sums import find_sums


class TestFindSums:
	def test_pairs_come_before_longer_sets(self):
		found = find_sums([10_000, 20_000, 30_000, 60_000, 90_000], 110_000)
		assert found.solutions[0] == (1, 4)
		assert not found.cut

	def test_of_equal_amounts_the_oldest_are_taken(self):
		assert find_sums([500, 500, 500, 700], 1_200).solutions == ((0, 3),)

	def test_four_of_six(self):
		# 101 + 203 + 407 + 809 = 1520, and no other set has that sum.
		found = find_sums([101, 203, 407, 809, 1_601, 3_203], 1_520)
		assert found.solutions == ((0, 1, 2, 3),)

	def test_the_bound_is_told(self):
		found = find_sums([2 * n + 1_000_000 for n in range(40)], 8_000_001, steps=500)
		assert found.cut and not found.solutions

	@given(
		st.lists(st.integers(1, 60), max_size=9),
		st.integers(1, 200),
	)
	def test_finds_a_set_exactly_where_one_exists(self, units, target):
		found = find_sums(units, target, most=3, longest=9)
		for solution in found.solutions:
			assert len(set(solution)) == len(solution) >= 2
			assert sum(units[at] for at in solution) == target
		exists = any(
			sum(units[at] for at in chosen) == target
			for size in range(2, len(units) + 1)
			for chosen in combinations(range(len(units)), size)
		)
		assert bool(found.solutions) == exists
