from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.matching.statement import Statement, StatementLine, gap, in_order, keys, tied

DAY = date(2026, 3, 2)
LINES = st.lists(
	st.builds(
		StatementLine,
		st.just(DAY),
		st.integers(-500, 500).filter(bool),
		st.just("EUR"),
		st.sampled_from(["", "rent", "invoice 1"]),
	),
	max_size=12,
)


def statement(lines, opening=10_000, closing=None, **values):
	closing = opening + sum(line.amount for line in lines) if closing is None else closing
	return Statement("DE1", "EUR", tuple(lines), opening, closing, **values)


class TestStatement:
	@given(LINES)
	def test_what_ties_is_taken_as_it_is(self, lines):
		assert tied(statement(lines)) == tuple(lines)

	@given(LINES)
	def test_keys_are_unique_and_the_same_in_a_doubled_file(self, lines):
		found = keys("DE1", lines)
		assert len(set(found)) == len(lines)
		assert found == keys("DE1", list(lines))

	def test_a_doubled_line_is_left_out_where_the_balances_say_so(self):
		line = StatementLine(DAY, 500, "EUR", "invoice 1", bank_reference="B1")
		assert tied(statement([line, line], closing=10_500)) == (line,)
		assert tied(statement([line, line], closing=11_000)) == (line, line)
		assert tied(statement([line], closing=12_000)) is None

	def test_without_balances_nothing_can_be_said(self):
		line = StatementLine(DAY, 500, "EUR")
		assert tied(Statement("DE1", "EUR", (line,))) == (line,)

	def test_order_and_gaps(self):
		first = statement([], 0, 100, number="9", opened_on=DAY)
		second = statement([], 100, 250, number="10", opened_on=DAY)
		assert in_order([second, first]) == [first, second]
		assert gap([first, second]) is None
		assert gap([first, statement([], 90, 250)]) is not None
