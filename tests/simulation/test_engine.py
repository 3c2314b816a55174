"""The played books: every entry balances, the ledger agrees with the installments, and shortcuts agree with the core."""

import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_crm_accounts.core.billing import BY_QUANTITY, BY_RATE, InvoiceLine, Rounding, invoice_lines
from sales_crm_accounts.core.billing import Line as CoreLine
from sales_crm_accounts.core.installments import Closings, ScheduleRow, allocate
from sales_crm_accounts.simulation import books
from sales_crm_accounts.simulation.company import load
from sales_crm_accounts.simulation.engine import is_plain
from sales_crm_accounts.simulation.ledger import Ledger, LedgerError, formatter, quoted
from sales_crm_accounts.simulation.play import Play

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "blue_harbor"
amounts = st.integers(min_value=-(10**9), max_value=10**9)


@pytest.fixture(scope="module")
def played():
	company = load(EXAMPLE)
	play = Play(company, Ledger(company))
	play.run()
	play.engine.ledger.flush()
	return play


def test_an_entry_that_does_not_balance_is_not_written():
	company = books.Company(accounts=dict(books.ROLES))
	ledger = Ledger(company)
	ledger.set_day(date(2026, 1, 1))
	bank, income = ledger.account("bank"), ledger.account("income")
	with pytest.raises(LedgerError):
		ledger.post("Journal Entry", 1, 0, [(bank, 100, 100, 0), (income, -99, -99, 0)])
	with pytest.raises(LedgerError):
		ledger.post("Journal Entry", 1, 0, [(bank, 0, 0, 0)])
	ledger.flush()
	assert ledger.db.execute("SELECT count(*) FROM vouchers").fetchone() == (0,)
	assert not ledger.balances()


def test_every_entry_of_the_example_balances(played):
	db = played.engine.ledger.db
	assert db.execute(
		"SELECT count(*) FROM (SELECT sum(amount) s FROM postings GROUP BY voucher HAVING s <> 0)"
	).fetchone() == (0,)
	assert db.execute("SELECT count(*) FROM vouchers").fetchone()[0] > 300


def test_month_totals_are_those_of_the_postings(played):
	ledger = played.engine.ledger
	rows = ledger.db.execute(
		"SELECT substr(posting_date, 1, 7), account, sum(max(amount, 0)), sum(max(-amount, 0)) FROM postings "
		"JOIN vouchers ON vouchers.id = voucher GROUP BY 1, 2"
	).fetchall()
	kept = {
		(month, account): tuple(sums)
		for month, accounts in ledger.months.items()
		for account, sums in accounts.items()
	}
	assert {(month, account): (debit, credit) for month, account, debit, credit in rows} == kept


def test_the_receivable_is_what_is_open(played):
	"""What installments say is open, less money that waits for an invoice, is the receivable account to the unit."""
	engine = played.engine
	invoices = sum(invoice.base_open for deal in played.company.deals for invoice in deal.invoices)
	waiting = sum(receipt.base_open for deal in played.company.deals for receipt in deal.receipts)
	assert engine.ledger.balances()["receivable"] == invoices - waiting


def test_closings_agree_with_invoices(played):
	"""Paid, credited and written off of each invoice from the ledger's own rows, as ERPNext's payment ledger would say."""
	rows = played.engine.ledger.db.execute(
		"SELECT invoice, kind, sum(amount) FROM closings GROUP BY 1, 2"
	).fetchall()
	kept = {(invoice, kind): amount for invoice, kind, amount in rows if amount}
	found = {}
	for deal in played.company.deals:
		for invoice in deal.invoices:
			for kind in ("paid", "credited", "written_off"):
				if getattr(invoice, kind):
					found[invoice.number, kind] = getattr(invoice, kind)
	assert found == kept


def test_installments_sum_to_their_invoices_and_deals(played):
	for deal in played.company.deals:
		for invoice in deal.invoices:
			assert sum(part.grand for part in invoice.installments) == invoice.grand
			assert sum(part.outstanding for part in invoice.installments) == invoice.outstanding
		if deal.installments:
			# Before tax to the cent; with tax an invoice may round it up or down by half a cent for each of its taxes.
			parts = [part for part in deal.installments if not part.cancelled]
			assert deal.cancelled_on or sum(part.net for part in parts) == deal.net_total
			assert all(part.planned == part.grand for part in parts if part.invoice)
			planned = sum(part.planned for part in parts)
			assert deal.cancelled_on or abs(planned - deal.grand_total) <= len(parts)


def test_overdue_kept_from_day_to_day_is_the_overdue_of_the_last_day(played):
	engine = played.engine
	expected = sum(
		engine.base_left(part)
		for deal in played.company.deals
		for part in deal.installments
		if part.invoice and part.due_date < engine.today
	)
	assert engine.overdue == expected
	# Together with what is not due it is what the ledger holds of the invoices.
	assert engine.outstanding == sum(
		invoice.base_open for deal in played.company.deals for invoice in deal.invoices
	)


def test_the_example_has_everything_worth_showing(played):
	kinds = {books.KINDS[kind] for kind in played.company.movements.kind}
	assert kinds >= {"Payment", "Journal Entry", "Credit Note", "Write Off", "Cancel Invoice", "Bill Again"}
	assert not played.notes
	statuses = {played.engine.status_of(part) for deal in played.company.deals for part in deal.installments}
	assert statuses >= {"Planned", "Billed", "Paid", "Overdue", "Written Off", "Cancelled"}
	assert len(played.company.deals) == 120 and len(played.company.customers) == 25
	assert {deal.currency for deal in played.company.deals} == {"EUR", "USD"}


def test_two_runs_are_the_same(played):
	company = load(EXAMPLE)
	again = Play(company, Ledger(company))
	again.run()
	again.engine.ledger.flush()
	query = "SELECT * FROM postings ORDER BY rowid"
	assert (
		again.engine.ledger.db.execute(query).fetchall() == played.engine.ledger.db.execute(query).fetchall()
	)


@settings(deadline=None)
@given(amounts, amounts, amounts, amounts)
def test_the_shortcut_for_one_row_is_the_rule(grand, paid, credited, written_off):
	"""Engine.refresh takes the closings of a one-row invoice as they are; so does core.installments.allocate."""
	money = lambda units: Decimal(units).scaleb(-2)  # noqa: E731
	(row,) = allocate(
		money(grand),
		[ScheduleRow(date(2026, 1, 1), money(grand))],
		Closings(money(paid), money(credited), money(written_off)),
		2,
	)
	assert (row.paid, row.credited, row.written_off) == (money(paid), money(credited), money(written_off))


@settings(deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 10**9), st.booleans(), st.booleans())
def test_the_shortcut_for_a_single_piece_is_the_rule(total, part, whole_number, by_rate):
	"""Engine.set_lines writes one row of quantity 1 where the deal sells one piece; so does core.billing.invoice_lines."""
	part, total = sorted((part, total))
	money = lambda units: Decimal(units).scaleb(-2)  # noqa: E731
	line = CoreLine(Decimal(1), money(total), money(total), whole_number)
	method = BY_RATE if by_rate else BY_QUANTITY
	if is_plain(line, method):
		rows = invoice_lines([line], [money(total)], [Decimal(1)], money(part), method, Rounding())
		assert rows == [InvoiceLine(0, Decimal(1), money(part), money(part))]
	else:
		assert method == BY_QUANTITY


@settings(deadline=None)
@given(st.integers(min_value=-(10**15), max_value=10**15), st.integers(min_value=0, max_value=6))
def test_units_are_written_exactly(units, precision):
	assert Decimal(formatter(precision)(units)) == Decimal(units).scaleb(-precision)


def test_a_cell_is_never_a_formula():
	assert quoted("=1+1") == "'=1+1"
	assert quoted('Smith, "Joe"') == '"Smith, ""Joe"""'


def test_views_read_as_an_accountant_does(tmp_path):
	company = load(EXAMPLE)
	path = tmp_path / "ledger.sqlite"
	ledger = Ledger(company, str(path))
	Play(company, ledger).run()
	ledger.close({"currency": "EUR"})
	with sqlite3.connect(path) as db:
		balance = db.execute(
			"SELECT round(sum(balance), 2), round(sum(debit) - sum(credit), 2) FROM trial_balance"
		).fetchone()
		assert balance == (0, 0)
		assert db.execute("SELECT round(sum(debit) - sum(credit), 2) FROM general_ledger").fetchone() == (0,)
