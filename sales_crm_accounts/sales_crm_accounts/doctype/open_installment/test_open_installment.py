"""Every way in which money reaches an invoice, through ERPNext's own documents, with the figures worked out at each step."""

from unittest.mock import patch

import frappe
from frappe.database import get_db
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

TERMS = ("SCA Term A", "SCA Term B", "SCA Term C")
OPEN = (300, 0, 0, 0, 300)


def make_invoice(parts=(300, 300, 300), terms=None, first_due=10, submit=True, **values):
	"""An ordinary Sales Invoice without a deal, its schedule in fixed amounts, 30 days apart."""
	invoice = frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"company": make.COMPANY,
			"customer": make.CUSTOMER,
			"currency": "USD",
			"posting_date": today(),
			"set_posting_time": 1,
			"due_date": add_days(today(), first_due),
			"ignore_default_payment_terms_template": 1,
			"cost_center": make.COST_CENTER,
			"disable_rounded_total": 1,
			"items": [
				{
					"item_code": make.SERVICE,
					"qty": 1,
					"rate": values.pop("total", sum(parts)),
					"cost_center": make.COST_CENTER,
				}
			],
			**values,
		}
	)
	for index, part in enumerate(parts if len(parts) > 1 else ()):
		invoice.append(
			"payment_schedule",
			{
				"due_date": add_days(today(), first_due + 30 * index),
				"invoice_portion": 0,
				"payment_amount": part,
				"outstanding": part,
				"payment_term": terms[index] if terms else None,
			},
		)
	invoice.insert(ignore_permissions=True)
	if submit:
		invoice.submit()
	ledger.flush()
	return invoice


def bank_line(amount, **values):
	return {"account": make.BANK, "debit_in_account_currency": amount, **values}


def customer_line(amount, invoice=None, side="credit", **values):
	line = {
		"account": make.DEBTORS,
		"party_type": "Customer",
		"party": make.CUSTOMER,
		f"{side}_in_account_currency": amount,
	}
	if invoice:
		line.update(reference_type="Sales Invoice", reference_name=invoice.name)
	return {**line, **values}


def reconcile(invoice, voucher, customer=make.CUSTOMER, account=make.DEBTORS):
	tool = frappe.get_doc(
		{
			"doctype": "Payment Reconciliation", "company": make.COMPANY, "party_type": "Customer", "party": customer,
			"receivable_payable_account": account, "payment_limit": 0, "invoice_limit": 0,
		}
	)  # fmt: skip
	tool.get_unreconciled_entries()
	invoices = [row.as_dict() for row in tool.invoices if row.invoice_number == invoice.name]
	payments = [row.as_dict() for row in tool.payments if row.reference_name == voucher.name]
	tool.allocate_entries(frappe._dict({"invoices": invoices, "payments": payments}))
	tool.reconcile()
	ledger.flush()


def unreconcile(voucher, invoice):
	frappe.get_doc(
		{
			"doctype": "Unreconcile Payment", "company": make.COMPANY, "voucher_type": voucher.doctype, "voucher_no": voucher.name,
			"allocations": [{"reference_doctype": "Sales Invoice", "reference_name": invoice.name, "account": make.DEBTORS,
				"party_type": "Customer", "party": make.CUSTOMER}],
		}
	).submit()  # fmt: skip
	ledger.flush()


def cancel(doc):
	doc.reload()
	doc.cancel()
	ledger.flush()


class TestOpenInstallment(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		for term in TERMS:
			make.ensure("Payment Term", term, payment_term_name=term)
		frappe.db.commit()

	def assertRows(self, invoice, *expected):
		"""Rows as (amount, paid, credited, written off, outstanding); they sum to the ledger and to ERPNext's own outstanding."""
		name = invoice.name
		rows = frappe.get_all(
			"Open Installment",
			filters={"sales_invoice": name},
			fields=[
				"amount",
				"paid_amount",
				"credited_amount",
				"written_off_amount",
				"outstanding_amount",
				"base_outstanding_amount",
			],
			order_by="installment_no",
			as_list=True,
		)
		self.assertEqual([row[:5] for row in rows], [tuple(row) for row in expected])
		kept = frappe.get_all(
			"Payment Ledger Entry",
			filters={"against_voucher_no": name, "against_voucher_type": "Sales Invoice", "delinked": 0},
			fields=["amount", "amount_in_account_currency"],
		)
		self.assertAlmostEqual(
			sum(row[4] for row in rows), sum(entry.amount_in_account_currency for entry in kept), 9
		)
		self.assertAlmostEqual(sum(row[5] for row in rows), sum(entry.amount for entry in kept), 9)
		if rows:
			self.assertAlmostEqual(
				sum(row[4] for row in rows),
				frappe.db.get_value("Sales Invoice", name, "outstanding_amount"),
				9,
			)

	def test_payment_without_term_and_its_cancellation(self):
		invoice = make_invoice()
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		payment = make.pay(invoice, 400)
		self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 100, 0, 0, 200), OPEN)
		cancel(payment)
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		cancel(invoice)
		self.assertRows(invoice)

	def test_facts_of_the_rows(self):
		invoice = make_invoice(terms=TERMS)
		row = frappe.get_doc("Open Installment", f"{invoice.name}-02")
		self.assertEqual(
			(
				row.installment_no,
				row.company,
				row.customer,
				row.payment_term,
				getdate(row.due_date),
				getdate(row.posting_date),
			),
			(2, make.COMPANY, make.CUSTOMER, TERMS[1], getdate(add_days(today(), 40)), getdate(today())),
		)
		self.assertEqual(row.payment_schedule, invoice.payment_schedule[1].name)
		self.assertEqual(
			(row.currency, row.conversion_rate, row.account, row.account_currency),
			("USD", 1, make.DEBTORS, "USD"),
		)
		self.assertFalse(row.is_return)

	def test_payment_that_names_a_term(self):
		"""200 for the second term, then 350 for nobody: 300 to the first, 50 to the second."""
		invoice = make_invoice(terms=TERMS)
		named = make.pay(invoice, 200, term=TERMS[1])
		self.assertRows(invoice, OPEN, (300, 200, 0, 0, 100), OPEN)
		other = make.pay(invoice, 350)
		self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 250, 0, 0, 50), OPEN)
		cancel(named)
		self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 50, 0, 0, 250), OPEN)
		cancel(other)
		self.assertRows(invoice, OPEN, OPEN, OPEN)

	def test_journal_entry_on_the_invoice(self):
		invoice = make_invoice()
		entry = make.journal([bank_line(350), customer_line(350, invoice)], "Bank Entry")
		self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 50, 0, 0, 250), OPEN)
		cancel(entry)
		self.assertRows(invoice, OPEN, OPEN, OPEN)

	def test_reconciliation_and_unreconciliation(self):
		"""A payment and a journal, both on account, are reconciled with the invoice, and taken from it again."""
		invoice = make_invoice()
		payment = make.pay(make_invoice((500,)), 500, submit=False)
		payment.references = []
		payment.save()
		payment.submit()
		journal = make.journal([bank_line(250), customer_line(250)])
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		reconcile(invoice, payment)
		self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 200, 0, 0, 100), OPEN)
		reconcile(invoice, journal)
		self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 300, 0, 0, 0), (300, 150, 0, 0, 150))
		unreconcile(payment, invoice)
		self.assertRows(invoice, (300, 250, 0, 0, 50), OPEN, OPEN)
		unreconcile(journal, invoice)
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		reconcile(invoice, payment)
		cancel(payment)
		self.assertRows(invoice, OPEN, OPEN, OPEN)

	def test_cancelling_a_paid_invoice_frees_its_payment(self):
		invoice = make_invoice()
		payment = make.pay(invoice, 400)
		cancel(invoice)
		self.assertRows(invoice)
		other = make_invoice((900,))
		payment.reload()
		self.assertEqual(payment.unallocated_amount, 400)
		reconcile(other, payment)
		self.assertRows(other, (900, 400, 0, 0, 500))

	def test_advance_on_the_invoice(self):
		"""An advance of 300 makes ERPNext's schedule 200 / 200 / 200; the installments are 300 each, the first one paid."""
		advance = make.pay(make_invoice((300,)), 300, submit=False)
		advance.references = []
		advance.save()
		advance.submit()
		invoice = make_invoice((200, 200, 200), total=900, submit=False)
		invoice.append(
			"advances",
			{
				"reference_type": "Payment Entry", "reference_name": advance.name, "advance_amount": 300, "allocated_amount": 300,
				"ref_exchange_rate": 1, "remarks": "Advance",
			},
		)  # fmt: skip
		invoice.save()
		invoice.submit()
		ledger.flush()
		self.assertEqual([row.payment_amount for row in invoice.payment_schedule], [200, 200, 200])
		self.assertRows(invoice, (300, 300, 0, 0, 0), OPEN, OPEN)
		cancel(advance)
		self.assertRows(invoice, OPEN, OPEN, OPEN)

	def test_advance_in_an_account_of_its_own(self):
		"""Company books advances as a liability: they reach the invoice when they are reconciled, and only then."""
		account = make.account("SCA Customer Advances", "Current Liabilities", "Receivable")
		flags = {
			"book_advance_payments_in_separate_party_account": 1,
			"default_advance_received_account": account,
		}
		frappe.db.set_value("Company", make.COMPANY, flags)
		frappe.clear_document_cache("Company", make.COMPANY)
		try:
			advance = make.pay(make_invoice((500,)), 500, submit=False)
			advance.references = []
			advance.book_advance_payments_in_separate_party_account = 1
			advance.paid_from = account
			advance.save()
			advance.submit()
			invoice = make_invoice()
			self.assertRows(invoice, OPEN, OPEN, OPEN)
			tool_account = make.DEBTORS
			tool = frappe.get_doc(
				{
					"doctype": "Payment Reconciliation", "company": make.COMPANY, "party_type": "Customer", "party": make.CUSTOMER,
					"receivable_payable_account": tool_account, "default_advance_account": account,
					"payment_limit": 0, "invoice_limit": 0,
				}
			)  # fmt: skip
			tool.get_unreconciled_entries()
			tool.allocate_entries(
				frappe._dict(
					{
						"invoices": [
							row.as_dict() for row in tool.invoices if row.invoice_number == invoice.name
						],
						"payments": [
							row.as_dict() for row in tool.payments if row.reference_name == advance.name
						],
					}
				)
			)
			tool.reconcile()
			ledger.flush()
			self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 200, 0, 0, 100), OPEN)
			cancel(advance)
			self.assertRows(invoice, OPEN, OPEN, OPEN)
		finally:
			frappe.db.set_value(
				"Company", make.COMPANY, {**flags, "book_advance_payments_in_separate_party_account": 0}
			)
			frappe.clear_document_cache("Company", make.COMPANY)

	def test_write_off_in_a_payment(self):
		"""290 come in and 10 are written off: the first row is closed, of which 10 written off."""
		invoice = make_invoice()
		payment = make.pay(invoice, 300, submit=False)
		payment.paid_amount = payment.received_amount = 290
		payment.append(
			"deductions", {"account": make.WRITE_OFF, "cost_center": make.COST_CENTER, "amount": 10}
		)
		payment.save()
		payment.submit()
		ledger.flush()
		self.assertRows(invoice, (300, 290, 0, 10, 0), OPEN, OPEN)
		cancel(payment)
		self.assertRows(invoice, OPEN, OPEN, OPEN)

	def test_write_off_by_journal(self):
		"""A Write Off Entry over 100, then a journal of 190 money and 10 to the write-off account."""
		invoice = make_invoice()
		write_off = {"account": make.WRITE_OFF, "debit_in_account_currency": 100}
		entry = make.journal([write_off, customer_line(100, invoice)], "Write Off Entry")
		self.assertRows(invoice, (300, 0, 0, 100, 200), OPEN, OPEN)
		mixed = make.journal(
			[bank_line(190), {**write_off, "debit_in_account_currency": 10}, customer_line(200, invoice)]
		)
		self.assertRows(invoice, (300, 190, 0, 110, 0), OPEN, OPEN)
		cancel(entry)
		self.assertRows(invoice, (300, 190, 0, 10, 100), OPEN, OPEN)
		cancel(mixed)
		self.assertRows(invoice, OPEN, OPEN, OPEN)

	def test_credit_note_that_stands_for_itself(self):
		"""ERPNext's default: the invoice stays open beside the note, until both are reconciled."""
		invoice = make_invoice()
		note = make.credit_note(invoice)
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		self.assertRows(note, (-900, 0, 0, 0, -900))
		row = frappe.get_doc("Open Installment", f"{note.name}-01")
		self.assertEqual((row.is_return, row.return_against), (1, invoice.name))
		reconcile(invoice, note)
		self.assertRows(invoice, (300, 0, 300, 0, 0), (300, 0, 300, 0, 0), (300, 0, 300, 0, 0))
		self.assertRows(note, (-900, 0, -900, 0, 0))
		cancel(note)
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		self.assertRows(note)

	def test_credit_note_on_its_invoice(self):
		"""ERPNext puts it on the invoice only while all of it is open; the note counts with its own amount, and as used up."""
		invoice = make_invoice()
		note = make.credit_note(invoice, for_self=0)
		self.assertRows(invoice, (300, 0, 300, 0, 0), (300, 0, 300, 0, 0), (300, 0, 300, 0, 0))
		self.assertRows(note, (-900, 0, -900, 0, 0))
		cancel(note)
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		self.assertRows(note)

	def test_foreign_currency_on_an_account_in_that_currency(self):
		"""900 EUR at 1.25 = 1,125 USD; 450 EUR come in at 1.30: the gain of 22.50 leaves the balance of 450 EUR at 562.50."""
		make.exchange_rate("EUR", "USD", make.EUR_RATE)
		invoice = make_invoice(
			customer=make.FOREIGN_CUSTOMER, currency="EUR", conversion_rate=1.25, debit_to=make.EUR_DEBTORS
		)
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		self.assertBase(invoice, 375, 375, 375)
		payment = self.pay_eur(invoice, 450, 1.30)
		self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 150, 0, 0, 150), OPEN)
		self.assertBase(invoice, 0, 187.5, 375)
		cancel(payment)
		self.assertRows(invoice, OPEN, OPEN, OPEN)
		self.assertBase(invoice, 375, 375, 375)
		self.pay_eur(invoice, 900, 1.20)
		self.assertRows(invoice, (300, 300, 0, 0, 0), (300, 300, 0, 0, 0), (300, 300, 0, 0, 0))
		self.assertBase(invoice, 0, 0, 0)

	def pay_eur(self, invoice, amount, rate):
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

		payment = get_payment_entry(
			"Sales Invoice", invoice.name, party_amount=amount, bank_account=make.EUR_BANK
		)
		payment.reference_no, payment.reference_date = "TEST", getdate(today())
		payment.source_exchange_rate = payment.target_exchange_rate = rate
		payment.received_amount = amount
		payment.insert(ignore_permissions=True)
		payment.submit()
		ledger.flush()
		return payment

	def assertBase(self, invoice, *expected):
		rows = frappe.get_all(
			"Open Installment",
			filters={"sales_invoice": invoice.name},
			pluck="base_outstanding_amount",
			order_by="installment_no",
		)
		self.assertEqual(rows, list(expected))

	def test_foreign_currency_on_an_account_in_company_currency(self):
		"""100 EUR at 1.25 in thirds: 125.00 USD as 41.66 / 41.68 / 41.66 by the running total of 33.33 / 33.34 / 33.33."""
		invoice = make_invoice(
			(33.33, 33.34, 33.33), currency="EUR", conversion_rate=1.25, debit_to=make.DEBTORS
		)
		self.assertRows(invoice, (41.66, 0, 0, 0, 41.66), (41.68, 0, 0, 0, 41.68), (41.66, 0, 0, 0, 41.66))
		make.pay(invoice, 50)
		self.assertRows(invoice, (41.66, 41.66, 0, 0, 0), (41.68, 8.34, 0, 0, 33.34), (41.66, 0, 0, 0, 41.66))

	def test_opening_invoice_and_invoice_without_schedule(self):
		"""An opening invoice has no schedule: one row, due on the invoice's own day."""
		opening = make_invoice((900,), is_opening="Yes", first_due=20, submit=False)
		opening.items[0].income_account = frappe.db.get_value(
			"Account", {"company": make.COMPANY, "account_type": "Temporary"}
		)
		opening.submit()
		ledger.flush()
		self.assertRows(opening, (900, 0, 0, 0, 900))
		due = frappe.db.get_value("Open Installment", f"{opening.name}-01", "due_date")
		self.assertEqual(getdate(due), getdate(add_days(today(), 20)))
		make.pay(opening, 100)
		self.assertRows(opening, (900, 100, 0, 0, 800))

	def test_point_of_sale(self):
		"""Paid in the invoice's own voucher: 100 of 120, 5 written off, 15 open."""
		account = make.account("SCA Till", "Cash In Hand", "Cash")
		mode = make.ensure(
			"Mode of Payment", "SCA Cash", mode_of_payment="SCA Cash", type="Cash",
			accounts=[{"company": make.COMPANY, "default_account": account}],
		)  # fmt: skip
		invoice = make_invoice((120,), submit=False)
		invoice.is_pos = 1
		invoice.set("payments", [])
		invoice.append("payments", {"mode_of_payment": mode, "account": account, "amount": 100})
		invoice.write_off_account, invoice.write_off_cost_center = make.WRITE_OFF, make.COST_CENTER
		invoice.write_off_amount = invoice.base_write_off_amount = 5
		invoice.save()
		invoice.submit()
		ledger.flush()
		self.assertRows(invoice, (120, 100, 0, 5, 15))

	def test_a_failure_of_ours_does_not_cost_the_payment(self):
		invoice = make_invoice()
		ledger.mark([invoice.name])
		with (
			patch.object(ledger, "_refresh", side_effect=ValueError("broken")),
			patch.object(ledger, "later") as later,
		):
			ledger.marks.before_commit()
		later.assert_called_once_with([invoice.name])
		self.assertTrue(frappe.db.exists("Error Log", {"method": ("like", "%Installment ledger%")}))
		self.assertRows(invoice, OPEN, OPEN, OPEN)

	def test_a_deadlock_is_never_hidden(self):
		ledger.mark(["some invoice"])
		with patch.object(ledger, "_refresh", side_effect=frappe.QueryDeadlockError(1213, "Deadlock")):
			self.assertRaises(frappe.QueryDeadlockError, ledger.marks.before_commit)

	def test_a_rollback_forgets_what_was_marked(self):
		ledger.mark(["some invoice"])
		frappe.db.rollback()
		with patch.object(ledger, "_refresh") as refresh:
			ledger.flush()
		refresh.assert_not_called()

	def test_two_payments_at_the_same_moment_are_looked_at_again(self):
		"""Another connection commits figures that this transaction does not see: both are derived again later."""
		invoice = make_invoice()
		frappe.db.commit()
		row = f"{invoice.name}-01"
		frappe.db.exists("Open Installment", row)  # from here on this transaction sees the site as it is now
		mine = frappe.db
		other = get_db(
			host=mine.host, port=mine.port, user=mine.user, password=mine.password, cur_db_name=mine.cur_db_name, socket=mine.socket
		)  # fmt: skip
		other.sql("update `tabOpen Installment` set paid_amount = 50 where name = %s", row)
		other.commit()
		other.close()
		with patch.object(ledger, "later") as later:
			try:
				make.pay(invoice, 100)
				later.assert_called_once_with([invoice.name])
			except Exception as error:
				# With snapshot isolation (MariaDB 11.6 and later) the database gives this transaction up.
				if not is_lock_error(error):
					raise
		frappe.db.rollback()
		ledger.refresh([invoice.name])
		frappe.db.commit()
		self.assertRows(invoice, OPEN, OPEN, OPEN)
