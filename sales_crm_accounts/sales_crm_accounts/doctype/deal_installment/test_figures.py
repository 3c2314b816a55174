"""Figures and status of installments and deals, at each step of the money, worked out by hand."""

from datetime import date
from decimal import Decimal
from itertools import product

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.core.installments import status
from sales_crm_accounts.services import figures, ledger
from sales_crm_accounts.services.figures_sql import DEAL_FIGURES
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestFigures(SiteTestCase):
	def tearDown(self):
		super().tearDown()
		make.drop_policies()

	def assertInstallments(self, deal, *expected):
		"""(status, billed, paid, credited, written off, outstanding) of each, and the deal's sums of them."""
		rows = make.installments(deal)
		found = [
			(
				row.status,
				row.billed_amount,
				row.paid_amount,
				row.credited_amount,
				row.written_off_amount,
				row.outstanding_amount,
			)
			for row in rows
		]
		self.assertEqual(found, list(expected))
		sums = [round(sum(row[column] for row in found), 2) for column in range(1, 6)]
		deal.reload()
		self.assertEqual(
			[
				deal.billed_amount,
				deal.collected_amount,
				deal.credited_amount,
				deal.written_off_amount,
				deal.outstanding_amount,
			],
			sums,
		)

	def test_three_ways_of_closing(self):
		"""900 in 300 each: paid by Payment Entry, by Journal Entry, credited; then the deal is complete."""
		deal = make.make_deal([make.row("A", amount=300), make.row("B", amount=300), make.row("C")], win=True)
		first, second, third = make.bill_all(deal)
		billed = ("Billed", 300, 0, 0, 0, 300)
		self.assertInstallments(deal, billed, billed, billed)
		self.assertEqual(
			(deal.planned_amount, deal.per_billed, deal.per_collected, deal.status), (900, 100, 0, "Won")
		)
		make.pay(first, 100)
		self.assertInstallments(deal, ("Partly Paid", 300, 100, 0, 0, 200), billed, billed)
		self.assertEqual((deal.per_collected, deal.overdue_amount), (11.11, 0))
		self.assertEqual((getdate(deal.next_due_date), deal.next_due_amount), (getdate(today()), 800))
		make.pay(first)
		paid = ("Paid", 300, 300, 0, 0, 0)
		self.assertInstallments(deal, paid, billed, billed)
		make.journal(
			[
				{"account": make.BANK, "debit_in_account_currency": 300},
				{"account": make.DEBTORS, "party_type": "Customer", "party": make.CUSTOMER, "credit_in_account_currency": 300,
					"reference_type": "Sales Invoice", "reference_name": second.name},
			]
		)  # fmt: skip
		self.assertInstallments(deal, paid, paid, billed)
		self.assertEqual(deal.status, "Won")
		make.credit_note(third, for_self=0)
		self.assertInstallments(deal, paid, paid, ("Cancelled", 300, 0, 300, 0, 0))
		self.assertEqual((deal.status, deal.next_due_date, deal.next_due_amount), ("Completed", None, 0))
		self.assertEqual(deal.per_collected, 66.67)

	def test_note_that_stands_for_itself_then_refund(self):
		"""Paid 300, credited by a note of its own: 300 collected and 300 credited, the customer has 300 to get; after the refund nothing is collected."""
		deal = make.make_deal([make.row("A", amount=300), make.row("B")], win=True)
		first, _second = make.bill_all(deal)
		make.pay(first)
		note = make.credit_note(first)
		rest = ("Billed", 600, 0, 0, 0, 600)
		self.assertInstallments(deal, ("Paid", 300, 300, 300, 0, -300), rest)
		make.pay(note)
		self.assertInstallments(deal, ("Cancelled", 300, 0, 300, 0, 0), rest)

	def test_one_invoice_with_a_schedule(self):
		"""900 as 300 / 600 on one invoice; 400 come in: the first is paid, the second partly."""
		make.make_policy(invoicing_method="One Invoice with Schedule")
		plan = [make.row("A", amount=300, due_days=10), make.row("B", due_days=40)]
		deal = make.make_deal(plan, win=True)
		invoices = make.bill_all(deal)
		self.assertEqual(invoices[0].name, invoices[1].name)
		self.assertInstallments(deal, ("Billed", 300, 0, 0, 0, 300), ("Billed", 600, 0, 0, 0, 600))
		make.pay(invoices[0], 400)
		self.assertInstallments(deal, ("Paid", 300, 300, 0, 0, 0), ("Partly Paid", 600, 100, 0, 0, 500))
		self.assertEqual(
			(getdate(deal.next_due_date), deal.next_due_amount), (getdate(add_days(today(), 40)), 500)
		)

	def test_foreign_deal_on_an_account_in_company_currency(self):
		"""1,000 EUR at 1.25 in thirds; 100 USD paid on the first are 80 EUR of its 333.30; in full it is closed in EUR, too."""
		make.exchange_rate("EUR", "USD", make.EUR_RATE)
		make.make_policy(debit_to=make.DEBTORS)
		before = frappe.db.get_single_value(*make.ONE_ACCOUNT)
		self.addCleanup(frappe.db.set_single_value, *make.ONE_ACCOUNT, before)
		frappe.db.set_single_value(*make.ONE_ACCOUNT, 1)
		deal = make.make_deal(
			make.thirds(), items=[(make.SERVICE, 1, 1000)], win=True, currency="EUR", conversion_rate=1.25
		)
		first = make.bill_all(deal)[0]
		rows = [("Billed", amount, 0, 0, 0, amount) for amount in (333.3, 333.3, 333.4)]
		self.assertInstallments(deal, *rows)
		make.pay(first, 100)
		self.assertInstallments(deal, ("Partly Paid", 333.3, 80, 0, 0, 253.3), *rows[1:])
		make.pay(first)
		self.assertInstallments(deal, ("Paid", 333.3, 333.3, 0, 0, 0), *rows[1:])

	def test_time_makes_ready_and_overdue(self):
		deal = make.make_deal([make.row("A", amount=300, due_days=10), make.row("B", due_days=30)], win=True)
		make.bill_all(deal)
		figures.mark_overdue(add_days(today(), 10))
		self.assertEqual([row.status for row in make.installments(deal)], ["Billed", "Billed"])
		figures.mark_overdue(add_days(today(), 11))
		self.assertEqual([row.status for row in make.installments(deal)], ["Overdue", "Billed"])
		deal.reload()
		self.assertEqual(
			(deal.overdue_amount, getdate(deal.next_due_date), deal.next_due_amount),
			(300, getdate(add_days(today(), 30)), 600),
		)
		later = make.make_deal([make.row("A", 100, billing_trigger="On Date", trigger_months=1)], win=True)
		self.assertEqual(make.installments(later)[0].status, "Planned")
		figures.mark_overdue(add_days(today(), 40))
		self.assertEqual(make.installments(later)[0].status, "Ready")
		figures.refresh_installments([row.name for row in make.installments(deal) + make.installments(later)])

	def test_status_is_the_rule(self):
		"""Every mixture of amounts and days gives the status of `core.installments.status`."""
		deal = make.make_deal(win=True)
		(invoice,) = make.bill_all(deal)
		(line,), row = make.installments(deal), f"{invoice.name}-01"
		day = getdate(today())
		for paid, credited, written_off, late in product(
			(0, 300, 450, 900), (0, 300, 450, 900), (0, 300, 450), (0, 1)
		):
			due = getdate(add_days(day, -1 if late else 0))
			frappe.db.set_value(
				"Open Installment",
				row,
				{"paid_amount": paid, "credited_amount": credited, "written_off_amount": written_off, "due_date": due,
					"outstanding_amount": 900 - paid - credited - written_off},
			)  # fmt: skip
			figures.refresh_installments([line.name])
			self.assertEqual(
				frappe.db.get_value("Deal Installment", line.name, "status"),
				status(
					billed=Decimal(900), paid=Decimal(paid), credited=Decimal(credited), written_off=Decimal(written_off),
					due_date=date(due.year, due.month, due.day), today=date(day.year, day.month, day.day),
				),
				msg=f"{paid} {credited} {written_off} {late}",
			)  # fmt: skip
		ledger.refresh([invoice.name])
		self.assertInstallments(deal, ("Billed", 900, 0, 0, 0, 900))

	def test_rebuild_says_the_same_as_what_was_kept(self):
		deal = make.make_deal(make.thirds(), win=True, taxes_and_charges=make.TAX_TEMPLATE)
		invoices = make.bill_all(deal)
		make.pay(invoices[0], 123.45)
		fields = [*DEAL_FIGURES]
		before = frappe.db.get_value("Deal", deal.name, fields)
		rows = [row.as_dict() for row in make.installments(deal)]
		frappe.db.set_value(
			"Deal", deal.name, {"billed_amount": 1, "next_due_date": None}, update_modified=False
		)
		frappe.db.set_value(
			"Deal Installment", {"deal": deal.name}, "outstanding_amount", 5, update_modified=False
		)
		figures.rebuild(make.COMPANY)
		self.assertEqual(frappe.db.get_value("Deal", deal.name, fields), before)
		self.assertEqual([row.as_dict() for row in make.installments(deal)], rows)
