"""Cash matching by examples: one company's open installments, worked out by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_crm_accounts.core.matching.book import Book, tail
from sales_crm_accounts.core.matching.propose import propose
from sales_crm_accounts.core.matching.references import find
from sales_crm_accounts.core.matching.rows import Habit, OpenItem, Receipt, Rules
from sales_crm_accounts.core.matching.run import match

RULES = Rules(fee_limit=3_000)
NAMES = {
	"ACME": ["Acme Machines GmbH"],
	"MINGDA": ["上海明达贸易有限公司"],
	"SIGMA": ["Sigma Supplies Ltd"],
}


def invoice(number, customer, opens, currency="USD", month=1, **values):
	"""Installments of one invoice, due a month apart from the first of `month` on."""
	return [
		OpenItem(
			f"ACC-SINV-2026-{number:05}",
			at,
			customer,
			currency,
			amount,
			date(2026, month + at - 1, 1),
			**values,
		)
		for at, amount in enumerate(opens, 1)
	]


def book(*more, **values):
	items = [
		*invoice(
			123, "ACME", [100_000, 100_000, 100_000], deal="DEAL-2026-00007", customer_reference="PO-881200"
		),
		*invoice(125, "ACME", [45_017], month=2),
		*invoice(127, "ACME", [71_203], month=3, discount=1_424, discount_until=date(2026, 3, 10)),
		*invoice(200, "MINGDA", [330_000, 330_000], month=2, order="SAL-ORD-2026-00031"),
		*invoice(301, "SIGMA", [45_017], month=2),
		*invoice(400, "SIGMA", [80_000], currency="EUR"),
	]
	return Book([*items, *more], NAMES, {"DE02120300000000202051": "ACME"}, **values)


def receipt(amount, text="", payer="", **values):
	values.setdefault("currency", "USD")
	return Receipt("BT-1", amount=amount, on=date(2026, 3, 5), text=text, payer=payer, **values)


def best(amount, text="", payer="", **values):
	return propose(book(), receipt(amount, text, payer, **values), RULES)[0]


def keys(proposal):
	return [(row.sales_invoice[-3:], row.installment_no, row.amount) for row in proposal.rows]


def codes(proposal):
	return [reason.code for reason in proposal.reasons]


class TestReferences:
	@pytest.mark.parametrize(
		("text", "invoices"),
		[
			("Payment ACC-SINV-2026-00123", {"123"}),
			("acc sinv 2026 00123 thanks", {"123"}),
			("ACC-SINV-20 26-00123", {"123"}),
			("发票号ACC-SINV-2026-00200货款", {"200"}),
			("ＡＣＣ－ＳＩＮＶ－２０２６－００１２５", {"125"}),
			("INV 2026-00125", {"125"}),
			("RE202600125 vom 01.02.2026", {"125"}),
			("ACC-SINV-2026-00123/00125/127", {"123", "125", "127"}),
			("ACCSINV202600123ACCSINV202600125", {"123", "125"}),
			("202600123202600125", {"123", "125"}),
			("ACC-SINV-2026-00123, ACC-SINV-2026-00127", {"123", "127"}),
			("order SAL-ORD-2026-00031", {"200"}),
			("Deal DEAL-2026-00007", {"123"}),
			("your ref PO 881200", {"123"}),
			("invoice of 2026-03-01", set()),
			("", set()),
		],
	)
	def test_found(self, text, invoices):
		stock = book()
		found = find(stock, text)
		assert {stock.items[at].sales_invoice[-3:] for hit in found.hits for at in hit.positions} == invoices

	@pytest.mark.parametrize(
		("text", "shown"),
		[
			("invoice ACC-SINV-2026-00123", "ACC-SINV-2026-00123"),
			("acc sinv 2026 00123 thanks", "ACC-SINV-2026-00123"),
			("ACC-SINV-2026-00123/00125", "ACC-SINV-2026-00125, ACC-SINV-2026-00123"),
			("ACCSINV202600123ACCSINV202600125", "ACC-SINV-2026-00125, ACC-SINV-2026-00123"),
			("RE202600125", "ACC-SINV-2026-00125"),
			("Deal DEAL-2026-00007", "DEAL-2026-00007"),
			("your ref PO 881200", "PO-881200"),
		],
	)
	def test_reasons_name_documents_as_they_are_written(self, text, shown):
		(proposal, *_others) = propose(book(), receipt(45_017, text, "Acme Machines GmbH"), RULES)
		(reason,) = [one for one in proposal.reasons if one.code.startswith("reference_")]
		assert reason.values[0] == shown

	def test_a_mistake_is_quoted_as_the_text_has_it(self):
		(proposal, *_others) = propose(book(), receipt(45_017, "inv 202600135", "Acme Machines GmbH"), RULES)
		assert [one.values[0] for one in proposal.reasons if one.code == "reference_typo"] == ["202600135"]

	@pytest.mark.parametrize(
		("text", "shown"),
		[
			("acc sinv 2026 00122", "ACC-SINV-2026-00122"),  # settled: as the invoice has it
			("Acc-Sinv-2026-00999", "ACC-SINV-2026-00999"),  # nobody's: as the text has it
			("ACC-SINV-2026-00122 ACC/SINV 2026-00999", "ACC-SINV-2026-00122, ACC/SINV 2026-00999"),
		],
	)
	def test_what_is_not_open_is_named_as_it_is_written(self, text, shown):
		stock = book(settled=["ACC-SINV-2026-00122"])
		(proposal, *_others) = propose(stock, receipt(45_017, text, "Acme Machines GmbH"), RULES)
		assert [one.values for one in proposal.reasons if one.code == "names_unknown"] == [(shown,)]

	@pytest.mark.parametrize(
		("text", "installment"),
		[
			("ACC-SINV-2026-00123 installment 2", 2),
			("ACC-SINV-2026-00123-3", 3),
			("ACC-SINV-2026-00123/2", 2),
			("2. Rate ACC-SINV-2026-00123", 2),
			("2nd instalment of ACC-SINV-2026-00123", 2),
			("ACC-SINV-2026-00123 第三期", 3),
		],
	)
	def test_number_of_the_installment(self, text, installment):
		assert find(book(), text).installments == (installment,)

	def test_tail(self):
		assert tail("ACC-SINV-2026-00123") == "123"
		assert tail("INV/26/040-A") == "040".lstrip("0")


class TestAmounts:
	def test_invoice_in_full(self):
		found = best(45_017, "ACC-SINV-2026-00125", "Acme Machines GmbH")
		assert keys(found) == [("125", 1, 45_017)]
		assert found.score > 99.8 and found.on_account == 0
		assert codes(found) == ["name", "reference_exact", "amount_exact"]

	def test_part_of_an_invoice_is_the_oldest_installment(self):
		found = best(100_000, "ACC-SINV-2026-00123", "Acme Machines")
		assert keys(found) == [("123", 1, 100_000)]
		assert "amount_first" in codes(found)

	def test_installment_that_the_text_names(self):
		found = best(100_000, "ACC-SINV-2026-00123 installment 2", "Acme Machines")
		assert keys(found) == [("123", 2, 100_000)]

	def test_several_invoices(self):
		found = best(45_017 + 71_203, "00125, 2026-00125 + 127", "Acme Machines GmbH")
		assert keys(found) == [("125", 1, 45_017), ("127", 1, 71_203)]

	def test_discount_in_time(self):
		found = best(71_203 - 1_424, "ACC-SINV-2026-00127", "Acme Machines GmbH")
		assert found.rows[0].amount == 71_203 and found.rows[0].discount == 1_424
		assert found.received == 71_203 - 1_424

	def test_discount_too_late_is_none(self):
		late = Receipt(
			"BT-1", "USD", 71_203 - 1_424, date(2026, 3, 20), "ACC-SINV-2026-00127", "Acme Machines"
		)
		found = propose(book(), late, Rules())[0]
		assert keys(found) == [("127", 1, 71_203 - 1_424)] and "part_payment" in codes(found)

	def test_fee_of_the_bank(self):
		found = best(45_017 - 1_500, "ACC-SINV-2026-00125", "Acme Machines GmbH")
		assert found.rows[0].fee == 1_500 and found.received == 43_517

	def test_without_a_limit_no_fee(self):
		found = propose(book(), receipt(43_517, "ACC-SINV-2026-00125", "Acme Machines GmbH"), Rules())[0]
		assert keys(found) == [("125", 1, 43_517)] and found.rows[0].fee == 0

	def test_exchange_difference(self):
		found = best(98_000, "ACC-SINV-2026-00400", "Sigma Supplies Ltd", elsewhere={"EUR": 79_400})
		assert (found.currency, keys(found)) == ("EUR", [("400", 1, 80_000)])
		assert "exchange" in codes(found)

	def test_sum_of_several_without_a_reference(self):
		found = best(
			100_000 + 45_017 + 71_203, "", "Acme Machines GmbH", account="DE02 1203 0000 0000 2020 51"
		)
		assert keys(found) == [("123", 1, 100_000), ("125", 1, 45_017), ("127", 1, 71_203)]
		assert "sum_exact" in codes(found)

	def test_too_much_stays_on_account(self):
		found = best(50_000, "ACC-SINV-2026-00125", "Acme Machines GmbH")
		assert keys(found) == [("125", 1, 45_017)] and found.on_account == 4_983
		assert "over_payment" in codes(found)

	def test_the_rest_pays_another_exactly(self):
		found = best(45_017 + 71_203, "ACC-SINV-2026-00125", "Acme Machines GmbH")
		assert keys(found) == [("125", 1, 45_017), ("127", 1, 71_203)]

	def test_part_payment_goes_to_the_oldest_due(self):
		found = best(60_000, "", "Acme Machines GmbH", account="DE02120300000000202051")
		assert keys(found) == [("123", 1, 60_000)] and "oldest_first" in codes(found)


class TestWho:
	def test_the_same_amount_of_two_customers_needs_a_name(self):
		nobody = propose(book(), receipt(45_017), RULES)
		assert {one.customer for one in nobody[:2]} == {"ACME", "SIGMA"}
		assert all(one.score < 50 for one in nobody)
		assert best(45_017, "", "SIGMA SUPPLIES LTD").customer == "SIGMA"

	def test_chinese_payer(self):
		found = best(330_000, "第1期货款", "上海明达贸易有限公司")
		assert keys(found) == [("200", 1, 330_000)]

	def test_reference_of_somebody_else_is_not_sure(self):
		found = propose(book(), receipt(45_017, "ACC-SINV-2026-00301", "Acme Machines GmbH"), RULES)
		assert found[0].score < 99
		assert {keys(one)[0][0] for one in found[:2]} == {"301", "125"}

	def test_mistyped_number_of_a_known_customer(self):
		found = best(71_203, "ACC-SINV-2026-00172", "Acme Machines GmbH")
		assert keys(found) == [("127", 1, 71_203)] and "reference_typo" in codes(found)

	def test_mistyped_number_and_its_amount(self):
		assert keys(best(71_203, "SINV 2026-001277")) == [("127", 1, 71_203)]

	def test_running_number_alone(self):
		found = best(50_000, "Nr. 00123", "Acme Machines GmbH")
		assert keys(found) == [("123", 1, 50_000)] and "reference_tail" in codes(found)

	def test_the_customer_of_a_payment_entry_is_given(self):
		found = propose(book(), receipt(45_017, customer="SIGMA"), RULES)
		assert {one.customer for one in found} == {"SIGMA"}

	def test_nothing_speaks_for_anybody(self):
		assert propose(book(), receipt(12_345, "rent", "Zebra Optics"), RULES) == []
		assert propose(book(), receipt(-5), RULES) == []

	def test_habits_speak(self):
		amount = 100_000 + 45_017 + 71_203
		weights = {}
		for several in (0, 8):
			habits = {"ACME": Habit(9, several)}
			weights[several] = propose(book(habits=habits), receipt(amount, "", "Acme Machines"), RULES)[
				0
			].weight
		assert weights[8] - weights[0] == 6.0


class TestMany:
	def test_two_lines_do_not_take_the_same_installment(self):
		first = Receipt("A", "USD", 45_017, date(2026, 3, 1), "ACC-SINV-2026-00125", "Acme Machines GmbH")
		again = Receipt("B", "USD", 45_017, date(2026, 3, 2), "ACC-SINV-2026-00125", "Acme Machines GmbH")
		one, two = match(book(), [first, again], RULES)
		assert one.sure and not two.sure
		assert all(row.key != ("ACC-SINV-2026-00125", 1) for each in two.proposals for row in each.rows)

	def test_equal_installments_are_paid_one_after_the_other(self):
		lines = [
			Receipt(str(n), "USD", 100_000, date(2026, n, 3), "ACC-SINV-2026-00123", "Acme Machines GmbH")
			for n in (1, 2, 3)
		]
		found = match(book(), lines, RULES)
		assert [one.proposals[0].rows[0].installment_no for one in found] == [1, 2, 3]
		assert all(one.sure for one in found)

	@given(
		st.lists(
			st.tuples(
				st.integers(1, 500_000),
				st.sampled_from(
					["", "ACC-SINV-2026-00123", "00125/127", "DEAL-2026-00007", "第2期", "2026-00125 1"]
				),
				st.sampled_from(["", "Acme Machines GmbH", "Sigma Suplies", "上海明达贸易"]),
			),
			max_size=6,
		)
	)
	def test_money_is_neither_made_nor_lost(self, lines):
		"""Every proposal gives out exactly what came in, and no installment is closed twice or beyond what is open."""
		stock = book()
		before = {one.key: one.open for one in stock.items}
		receipts = [
			Receipt(str(at), "USD", amount, date(2026, 3, 5), text, payer)
			for at, (amount, text, payer) in enumerate(lines)
		]
		taken: dict = {}
		for one in match(stock, receipts, RULES):
			scores = [proposal.score for proposal in one.proposals]
			assert scores == sorted(scores, reverse=True) and sum(scores) <= 100.000001
			for proposal in one.proposals:
				assert proposal.received == one.receipt.amount
				assert proposal.on_account >= 0
				assert all(0 < row.amount <= before[row.key] for row in proposal.rows)
			if one.sure:
				for row in one.proposals[0].rows:
					taken[row.key] = taken.get(row.key, 0) + row.amount
		assert all(amount <= before[key] for key, amount in taken.items())
