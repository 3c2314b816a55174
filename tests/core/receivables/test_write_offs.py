from datetime import date, timedelta
from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.receivables.rows import OpenRow
from sales_crm_accounts.core.receivables.write_offs import (
	Debit,
	Item,
	Rule,
	Tax,
	journals,
	propose,
	relief,
)

TODAY = date(2026, 6, 30)


def row(invoice, late, amount="100", customer="C", rate="1", number=1, **values):
	return OpenRow(
		sales_invoice=invoice,
		installment_no=number,
		company="X",
		customer=customer,
		posting_date=TODAY - timedelta(days=late + 30),
		due_date=TODAY - timedelta(days=late),
		currency="USD",
		outstanding=D(amount),
		base_outstanding=D(amount) * D(rate),
		**values,
	)


def names(rows, rule, **values):
	return [found.sales_invoice for found in propose(rows, rule, TODAY, **values)]


class TestPropose:
	rows = (
		row("new", 10),
		row("on-the-day", 90),
		row("old", 91),
		row("older", 200),
		row("note", 300, "-50", is_return=True),
	)

	def test_what_is_overdue_for_longer_oldest_first(self):
		assert names(self.rows, Rule(90)) == ["older", "old"]

	def test_held_rows_and_customers_with_credit_are_passed_over(self):
		assert names(self.rows, Rule(90), passed={("older", 1)}) == ["old"]
		assert names(self.rows, Rule(90), with_credit={("C", "USD")}) == []
		assert names(self.rows, Rule(90), with_credit={("C", "EUR")}) == ["older", "old"]

	def test_only_after_the_last_reminder(self):
		rule = Rule(90, after_last_level=True)
		assert names(self.rows, rule) == []
		assert names(self.rows, rule, told_last={("old", 1)}) == ["old"]

	def test_small_balances_count_the_customer_as_a_whole_in_company_currency(self):
		"""A owes 20 + 30, B 40 at 1.25 = 50.00, C 40 at 1.26 = 50.40; at most 50: A and B."""
		rows = [
			row("a1", 100, "20", "A"),
			row("a2", 99, "30", "A"),
			row("b", 98, "40", "B", "1.25"),
			row("c", 97, "40", "C", "1.26"),
		]
		assert names(rows, Rule(90, D(50))) == ["a1", "a2", "b"]
		assert names(rows, Rule(90, D("49.99"))) == []


class TestRelief:
	vat = (Tax("VAT", D("90.01")),)

	def test_the_share_of_the_tax(self):
		"""990.01 with 90.01 tax; 330.00 of it: 90.01 x 330 / 990.01 = 30.0030 = 30.00."""
		assert relief(self.vat, D("990.01"), D(0), D(330), 2) == [("VAT", D("30.00"))]

	def test_parts_together_are_the_whole_tax(self):
		"""Three times a third: 30.00 after 330.00, 60.01 (60.0061) after 660.00, 90.01 in all."""
		parts = [
			relief(self.vat, D("990.01"), D(before), D(part), 2)[0][1]
			for before, part in (("0", "330"), ("330", "330"), ("660", "330.01"))
		]
		assert parts == [D("30.00"), D("30.01"), D("30.00")]

	def test_never_more_than_the_invoice_had(self):
		assert relief(self.vat, D("990.01"), D(900), D(200), 2) == relief(
			self.vat, D("990.01"), D(900), D("90.01"), 2
		)
		assert relief(self.vat, D("990.01"), D("990.01"), D(1), 2) == []
		assert relief(self.vat, D(0), D(0), D(1), 2) == []

	def test_two_accounts_one_of_them_a_deduction(self):
		taxes = (Tax("VAT", D(20)), Tax("Withheld", D(-5)), Tax("VAT", D(1)))
		assert relief(taxes, D(116), D(0), D(58), 2) == [("VAT", D("10.50")), ("Withheld", D("-2.50"))]

	@given(st.decimals(1, 10000, places=2), st.lists(st.decimals(0, 5000, places=2), max_size=6))
	def test_taking_back_undoes_giving(self, tax, parts):
		taxes, total, before, given_back = (Tax("VAT", tax),), tax * 6, D(0), D(0)
		for part in parts:
			given_back += sum(amount for _name, amount in relief(taxes, total, before, part, 2))
			before += part
		assert given_back <= tax
		for part in reversed(parts):
			given_back += sum(amount for _name, amount in relief(taxes, total, before, -part, 2))
			before -= part
		assert given_back == 0


def item(base, account="Debtors", currency="USD", taxes=(), bearer="D1", amount=None):
	return Item("C", account, currency, D(amount or base), D(base), tuple(taxes), bearer)


class TestJournals:
	def test_one_for_each_receivable_account_with_a_row_for_each_deal(self):
		items = [
			item("110", taxes=[("VAT", D(10))]),
			item("220", taxes=[("VAT", D(20))]),
			item("55", bearer="D2"),
			item("125", "Debtors EUR", "EUR", amount="100"),
		]
		assert [(one.account, one.items) for one in journals(items, 100)] == [
			("Debtors", (0, 1, 2)),
			("Debtors EUR", (3,)),
		]
		first, second = journals(items, 100)
		assert first.debits == (
			Debit(None, "D1", D(300)),
			Debit("VAT", "D1", D(30)),
			Debit(None, "D2", D(55)),
		)
		assert second.debits == (Debit(None, "D1", D(125)),)

	def test_too_many_rows_make_another_journal(self):
		"""A row and its deal's debit each: with four rows at the most two items of two deals fit, three of one deal."""
		items = [item("1", bearer=number) for number in range(3)]
		assert [one.items for one in journals(items, 4)] == [(0, 1), (2,)]
		assert [one.items for one in journals([item("1")] * 3, 4)] == [(0, 1, 2)]

	def test_nothing_is_borne_where_all_of_it_is_tax(self):
		assert journals([item("10", taxes=[("VAT", D(10))])], 100)[0].debits == (Debit("VAT", "D1", D(10)),)
