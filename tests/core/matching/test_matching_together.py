"""Credit notes taken off, one payment for several customers, and what earlier receipts may pay; worked out by hand."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_matching_proposals import NAMES, RULES, book, invoice, receipt

from sales_crm_accounts.core.matching import amounts
from sales_crm_accounts.core.matching.book import Book
from sales_crm_accounts.core.matching.propose import propose
from sales_crm_accounts.core.matching.rows import LEAST_THRESHOLD, OpenItem, Receipt
from sales_crm_accounts.core.matching.run import match

CREDIT = OpenItem("ACC-SINV-RET-2026-00009", 1, "ACME", "USD", -5_017, date(2026, 2, 1))


def rows(proposal):
	return {(row.sales_invoice[-5:], row.installment_no): row.amount for row in proposal.rows}


def codes(proposal):
	return [reason.code for reason in proposal.reasons]


class TestCreditNotes:
	def test_an_invoice_less_the_credit_note_that_the_text_names(self):
		"""450.17 - 50.17 = 400.00."""
		text = "ACC-SINV-2026-00125 abz. ACC-SINV-RET-2026-00009"
		best = propose(book(CREDIT), receipt(40_000, text, "Acme Machines"), RULES)[0]
		assert rows(best) == {("00125", 1): 45_017, ("00009", 1): -5_017}
		assert (best.received, best.on_account) == (40_000, 0)
		assert best.score > 99

	def test_a_credit_note_that_nobody_names_counts_where_it_agrees_exactly(self):
		best = propose(book(CREDIT), receipt(40_000, "ACC-SINV-2026-00125", "Acme Machines"), RULES)[0]
		assert rows(best) == {("00125", 1): 45_017, ("00009", 1): -5_017}
		assert 50 < best.score < 99
		other = propose(book(CREDIT), receipt(40_100, "ACC-SINV-2026-00125", "Acme Machines"), RULES)[0]
		assert rows(other) == {("00125", 1): 40_100}

	def test_without_any_text(self):
		"""712.03 - 50.17 = 661.86; the payer is known."""
		best = propose(book(CREDIT), receipt(66_186, "", "Acme Machines GmbH"), RULES)[0]
		assert rows(best) == {("00127", 1): 71_203, ("00009", 1): -5_017}

	def test_money_that_is_booked_already_is_not_netted(self):
		booked = receipt(40_000, "ACC-SINV-2026-00125", customer="ACME", deductible=False)
		assert all(row.amount > 0 for one in propose(book(CREDIT), booked, RULES) for row in one.rows)

	def test_the_next_receipt_finds_it_gone(self):
		text = "ACC-SINV-2026-00125 - ACC-SINV-RET-2026-00009"
		first = Receipt("1", "USD", 40_000, date(2026, 3, 1), text, "Acme Machines GmbH")
		second = Receipt("2", "USD", 66_186, date(2026, 3, 2), "ACC-SINV-2026-00127", "Acme Machines GmbH")
		opened = book(CREDIT)
		one, two = match(opened, [first, second], RULES)
		assert one.sure
		assert opened.credits_of("ACME", "USD") == []
		assert all(row.amount > 0 for proposal in two.proposals for row in proposal.rows)


class TestSeveralCustomers:
	def test_one_pays_for_another_where_the_text_names_both(self):
		"""450.17 of Acme and 6,600.00 of Mingda; Acme pays."""
		text = "ACC-SINV-2026-00125, ACC-SINV-2026-00200"
		best = propose(book(), receipt(705_017, text, "Acme Machines GmbH"), RULES)[0]
		assert best.customers == ("ACME", "MINGDA")
		assert rows(best) == {("00125", 1): 45_017, ("00200", 1): 330_000, ("00200", 2): 330_000}
		assert best.score > 99
		assert best.on_account == 0

	def test_the_oldest_of_each_invoice(self):
		text = "ACC-SINV-2026-00123 + ACC-SINV-2026-00301"
		best = propose(book(), receipt(145_017, text, "Sigma Supplies Ltd"), RULES)[0]
		assert best.customers == ("SIGMA", "ACME")
		assert rows(best) == {("00123", 1): 100_000, ("00301", 1): 45_017}

	def test_a_holding_that_is_no_customer(self):
		text = "ACC-SINV-2026-00125, ACC-SINV-2026-00200"
		best = propose(book(), receipt(705_017, text, "Group Treasury"), RULES)[0]
		assert best.customers == ("MINGDA", "ACME")  # whose part is larger comes first

	def test_not_where_it_does_not_agree_or_only_one_is_named(self):
		for amount, text in (
			(705_018, "ACC-SINV-2026-00125, ACC-SINV-2026-00200"),
			(90_034, "ACC-SINV-2026-00125"),
		):
			found = propose(book(), receipt(amount, text, "Acme Machines GmbH"), RULES)
			assert all(len(one.customers) == 1 for one in found)

	def test_too_much_is_not_one_customers_where_others_are_named_as_clearly(self):
		text = "ACC-SINV-2026-00125, ACC-SINV-2026-00200"
		best = propose(book(), receipt(705_018, text, "Acme Machines GmbH"), RULES)[0]
		assert best.score < 99 or "names_another" in codes(best)


class TestWhatEarlierReceiptsMayPay:
	def test_a_later_receipt_sees_what_an_unsure_one_would_take(self):
		"""Two installments of 1,000.00 of one invoice. The first line, without text, pays one of them or another invoice's."""
		items = [*invoice(1, "ACME", [100_000, 77_700]), *invoice(2, "ACME", [100_000], month=2)]
		opened = Book(items, NAMES)
		unsure = Receipt("1", "USD", 100_000, date(2026, 3, 1), "", "Acme Machines GmbH")
		later = Receipt("2", "USD", 77_700, date(2026, 3, 2), "ACC-SINV-2026-00001", "Acme Machines GmbH")
		one, two = match(opened, [unsure, later], RULES)
		assert not one.sure
		assert rows(two.proposals[0]) == {("00001", 2): 77_700}
		assert opened.claims

	def test_equal_installments_of_other_invoices_are_explanations_of_their_own(self):
		items = [
			*invoice(1, "ACME", [30_011]),
			*invoice(2, "ACME", [50_000]),
			*invoice(3, "ACME", [50_000], month=2),
		]
		items += invoice(4, "ACME", [12_345], month=3)
		found = propose(Book(items, NAMES), receipt(80_011, "", "Acme Machines GmbH"), RULES)
		assert [set(rows(one)) for one in found[:2]] == [
			{("00001", 1), ("00002", 1)},
			{("00001", 1), ("00003", 1)},
		]
		assert found[0].score > found[1].score

	def test_what_leaves_out_a_named_invoice_is_not_sure(self):
		items = [*invoice(1, "ACME", [50_000] * 4), *invoice(2, "ACME", [50_000], month=8)]
		text = "ACC-SINV-2026-00001, ACC-SINV-2026-00002"
		best = propose(Book(items, NAMES), receipt(200_000, text, "Acme Machines GmbH"), RULES)[0]
		assert best.score < 99

	@pytest.mark.parametrize(
		("amount", "text", "paid", "code"),
		[
			(30_011, "{0} {1}", {("00001", 1): 30_011}, "amount_first"),
			(50_000, "{0} {1}", {("00002", 1): 50_000}, "amount_one"),
			(77_000, "{0} {1} {2}", {("00002", 1): 50_000, ("00003", 1): 27_000}, "amount_some"),
			(29_411, "{0} {1}", {("00001", 1): 30_011}, "discount"),
			(29_000, "{0} {1}", {("00001", 1): 30_011}, "fee"),
			(20_000, "{0} {1}", {("00001", 1): 20_000}, "part_payment"),
			(40_000, "{3} installment 2, {0}", {("00004", 2): 40_000}, "amount_exact"),
		],
	)
	def test_no_way_of_leaving_out_a_named_invoice_is_sure(self, amount, text, paid, code):
		"""300.11 (less 6.00), 500.00, 270.00, and 700.00 + 400.00: the text names more invoices than the amount pays."""
		items = [
			*invoice(1, "ACME", [30_011], discount=600, discount_until=date(2026, 3, 10)),
			*invoice(2, "ACME", [50_000], month=2),
			*invoice(3, "ACME", [27_000], month=3),
			*invoice(4, "ACME", [70_000, 40_000], month=4),
		]
		text = text.format(*(f"ACC-SINV-2026-0000{number}" for number in (1, 2, 3, 4)))
		(one,) = match(Book(items, NAMES), [receipt(amount, text, "Acme Machines GmbH")], RULES)
		best = one.proposals[0]
		assert rows(best) == paid and code in codes(best)
		assert not one.sure and best.score < 90

	@given(
		st.lists(
			st.lists(st.integers(1, 40).map(lambda n: n * 500), min_size=1, max_size=3),
			min_size=2,
			max_size=4,
		),
		st.data(),
	)
	def test_what_is_sure_pays_every_invoice_that_is_named(self, invoices, data):
		items = [
			one for number, opens in enumerate(invoices, 1) for one in invoice(number, "ACME", opens, month=1)
		]
		paid = data.draw(st.lists(st.sampled_from(items), min_size=1, unique=True))
		named = data.draw(st.sets(st.sampled_from(items).map(lambda one: one.sales_invoice), min_size=2))
		line = receipt(sum(one.open for one in paid), " ".join(sorted(named)), "Acme Machines GmbH")
		for one in propose(Book(items, NAMES), line, RULES):
			assert one.score < 90 or named <= {row.sales_invoice for row in one.rows}

	def test_the_oldest_of_one_named_invoice_and_all_that_are_named_stay_sure(self):
		items = [*invoice(1, "ACME", [40_000, 41_000]), *invoice(2, "ACME", [50_000], month=8)]
		for amount, text in (
			(40_000, "ACC-SINV-2026-00001"),
			(41_000, "ACC-SINV-2026-00001 installment 2"),
			(131_000, "ACC-SINV-2026-00001, ACC-SINV-2026-00002"),
		):
			(one,) = match(Book(items, NAMES), [receipt(amount, text, "Acme Machines GmbH")], RULES)
			assert one.sure, text

	def test_a_line_that_is_there_twice_is_never_sure(self):
		line = receipt(45_017, "ACC-SINV-2026-00125", "Acme Machines GmbH", twin="BT-0")
		(found,) = match(book(), [line], replace(RULES, threshold=LEAST_THRESHOLD))
		assert not found.sure
		one = found.proposals[0]
		assert 80 < one.score < LEAST_THRESHOLD
		assert one.reasons[-1].values == ("BT-0",)

	def test_a_search_that_was_cut_is_never_sure(self, monkeypatch):
		"""A sum without any text, where the search ended at its bound."""
		found = amounts.find_sums

		def cut(*args, **values):
			return replace(found(*args, **values), cut=True)

		monkeypatch.setattr(amounts, "find_sums", cut)
		items = [*invoice(1, "ACME", [30_011]), *invoice(2, "ACME", [51_207]), *invoice(3, "ACME", [77_770])]
		line = receipt(107_781, "", "Acme Machines GmbH", account="DE02120300000000202051")
		opened = Book(items, NAMES, {"DE02120300000000202051": "ACME"})
		(one,) = match(opened, [line], replace(RULES, threshold=LEAST_THRESHOLD))
		best = one.proposals[0]
		assert rows(best) == {("00001", 1): 30_011, ("00003", 1): 77_770} and best.cut
		assert not one.sure and best.score > 80

	def test_who_names_an_invoice_that_is_paid_has_not_mistyped_another(self):
		"""Rent of 500.00 each month; 00122 is paid, 00123 open: one digit apart, and the amount is the same."""
		items = [*invoice(123, "SIGMA", [50_000]), *invoice(131, "SIGMA", [50_000], month=2)]
		line = receipt(50_000, "ACC-SINV-2026-00122", "Sigma Supplies Ltd")
		guessed = propose(Book(items, NAMES), line, RULES)[0]
		known = propose(Book(items, NAMES, settled=["ACC-SINV-2026-00122"]), line, RULES)[0]
		assert "reference_typo" in codes(guessed)
		assert "names_unknown" in codes(known)
		assert known.score < 90
