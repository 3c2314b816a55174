from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.matching.details import coded, one_line
from sales_crm_accounts.core.matching.statement import (
	Statement,
	StatementLine,
	gap,
	in_order,
	is_account,
	keys,
	tied,
)

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

	def test_only_the_line_that_is_too_many_is_left_out(self):
		"""Rent twice rightly, the invoice twice wrongly: 2 x 500 + 700 = 1,700 of the 2,400 in the file."""
		rent, invoice = StatementLine(DAY, 500, "EUR", "rent"), StatementLine(DAY, 700, "EUR", "invoice 1")
		assert tied(statement([rent, invoice, rent, invoice], closing=11_700)) == (rent, invoice, rent)
		# Two ways to leave out 500: nobody can say which.
		other = StatementLine(DAY, 500, "EUR", "other")
		assert tied(statement([rent, rent, other, other, invoice], closing=12_200)) is None

	def test_a_statement_that_is_there_twice_is_taken_once(self):
		one = statement([StatementLine(DAY, 100, "EUR")], 0, number="1", opened_on=DAY)
		two = statement([StatementLine(DAY, 50, "EUR")], 100, number="2", opened_on=DAY)
		assert in_order([two, one, two, one]) == [one, two]

	def test_accounts_as_banks_write_them(self):
		iban = "DE89 3704 0044 0532 0130 00"
		for told in (
			"DE89370400440532013000",
			"DE89370400440532013000EUR",
			"37040044/532013000",
			"37040044/0532013000EUR",
		):
			assert is_account(told, iban), told
		for told in ("DE02120300000000202051", "12030000/532013000", "532013001", "37040044/"):
			assert not is_account(told, iban), told
		# Another account of the same bank, whose number is the end of ours; and a number that any bank may have.
		for told in ("37040044/2013000", "37040044/13000", "3704/532013000", "/532013000", "0/532013000"):
			assert not is_account(told, iban), told
		assert is_account("0532013000", "532013000")
		assert not is_account("0532013000", "")


class TestDetails:
	def test_lines_torn_at_their_width_are_put_together(self):
		assert one_line("x" * 64 + "A\nCC-SINV 1\nMiller") == "x" * 64 + "ACC-SINV 1 Miller"

	def test_code_words(self):
		text = "/TRTP/SEPA OVERBOEKING/IBAN/NL02RABO0123456789/BIC/RABONL2U/NAME/Miller BV/REMI/USTD//ACC-SINV-2026-00012/EREF/E2E 7"
		assert coded(text) == {
			"TRTP": "SEPA OVERBOEKING",
			"IBAN": "NL02RABO0123456789",
			"BIC": "RABONL2U",
			"NAME": "Miller BV",
			"REMI": "ACC-SINV-2026-00012",
			"EREF": "E2E 7",
		}
		assert coded("/CNTP/NL02RABO0123456789/RABONL2U/Miller BV/Utrecht//REMI/USTD//invoice 7/") == {
			"IBAN": "NL02RABO0123456789",
			"NAME": "Miller BV",
			"REMI": "invoice 7",
		}

	def test_free_text_is_no_code(self):
		assert coded("invoice 7/IBAN/x") == {}
		assert coded("00123/00125") == {}
