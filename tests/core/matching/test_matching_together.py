"""Credit notes taken off, one payment for several customers, and what earlier receipts may pay; worked out by hand."""

from datetime import date

from test_matching_proposals import NAMES, RULES, book, invoice, receipt

from sales_crm_accounts.core.matching.book import Book
from sales_crm_accounts.core.matching.propose import propose
from sales_crm_accounts.core.matching.rows import OpenItem, Receipt
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

	def test_a_line_that_is_there_twice_is_never_sure(self):
		one = propose(
			book(), receipt(45_017, "ACC-SINV-2026-00125", "Acme Machines GmbH", twin="BT-0"), RULES
		)[0]
		assert one.score <= 90
		assert one.reasons[-1].values == ("BT-0",)

	def test_who_names_an_invoice_that_is_paid_has_not_mistyped_another(self):
		"""Rent of 500.00 each month; 00122 is paid, 00123 open: one digit apart, and the amount is the same."""
		items = [*invoice(123, "SIGMA", [50_000]), *invoice(131, "SIGMA", [50_000], month=2)]
		line = receipt(50_000, "ACC-SINV-2026-00122", "Sigma Supplies Ltd")
		guessed = propose(Book(items, NAMES), line, RULES)[0]
		known = propose(Book(items, NAMES, settled=["ACC-SINV-2026-00122"]), line, RULES)[0]
		assert "reference_typo" in codes(guessed)
		assert "names_unknown" in codes(known)
		assert known.score < 90
