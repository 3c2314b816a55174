"""Ageing on a real site beside ERPNext's own Accounts Receivable, and who sees what."""

from dataclasses import replace

import frappe
from frappe.utils import flt

from sales_crm_accounts.core.receivables.ageing import Ageing
from sales_crm_accounts.sales_crm_accounts.report.receivables_ageing import receivables_ageing as report
from sales_crm_accounts.services import billing, ledger
from sales_crm_accounts.services.receivables import ageing, indicators
from sales_crm_accounts.services.receivables.ageing import Question
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import (
	ReceivableCase,
	credit,
	day,
	invoice,
	money_on_account,
	new_customer,
)


def accounts_receivable(customer: str | None = None, on=None, in_party_currency: int = 0) -> list:
	"""Rows of ERPNext's own report."""
	from erpnext.accounts.report.accounts_receivable.accounts_receivable import execute

	filters = {
		"company": make.COMPANY, "report_date": on or day(0), "ageing_based_on": "Due Date", "range": "30, 60, 90, 120",
		"party_type": "Customer", "party": [customer] if customer else [], "in_party_currency": in_party_currency,
		# By terms, ERPNext shows an invoice in a foreign currency on an account of the company's in the wrong one of the two.
		"based_on_payment_terms": 1 if customer else 0,
	}  # fmt: skip
	return [row for row in execute(filters)[1] if row.get("voucher_no")]


class TestReceivablesAgeing(ReceivableCase):
	def run_report(self, **filters):
		_columns, rows, _message, *rest = report.execute({"company": make.COMPANY, **filters})
		return [row for row in rows if not row.get("bold")], [row for row in rows if row.get("bold")], rest

	def assertTies(self, customer, on, **filters):
		"""Our balance is the sum of ERPNext's outstanding, for the customer and for the company."""
		for who in (customer, None):
			theirs = flt(sum(row.outstanding for row in accounts_receivable(who, on)), 2)
			for view in ("Customer", "Deal", "Deal Owner", "Installment"):
				_rows, totals, _rest = self.run_report(customer=who, as_of=on, view=view, **filters)
				ours = flt(sum(row["balance"] for row in totals), 2)
				self.assertEqual(ours, theirs, msg=f"{who} {on} {view}")

	def assertSameInSets(self, customer):
		"""What the indicators derive for several days at once is what ageing finds day by day."""
		days = [day(on) for on in (-120, -91, -50, -40, -15, -6, -3, 0)]
		for who in (customer, None):
			question = Question(make.COMPANY, customer=who)
			for on, found in zip(days, indicators.open_on(question, days), strict=True):
				sums = ageing.summary(
					replace(question, as_of=on), ageing.ALL, indicators.BUCKETS, vouchers=False
				)
				one = next(iter(sums.values()), Ageing(indicators.BUCKETS))
				for field in ("not_due", "overdue_by_bucket", "credits"):
					self.assertEqual(getattr(found, field), getattr(one, field), msg=f"{who} {on} {field}")

	def test_a_year_of_a_customer(self):
		"""900.00 in thirds, due 100, 40 days ago and in 20 days; 500.00 due 10 days ago.

		350.00 came 90 days ago and 200.00 5 days ago: 350.00 of the thirds are open, 50.00 of them 40 days overdue. A credit note
		of 120.00 stands open since 8 days, and 75.00 lie on account since 3 days.
		"""
		thirds = invoice(self.customer, -110, (300, 300, 300), (-100, -40, 20))
		make.pay(thirds, 350, day(-90))
		single = invoice(self.customer, -40, (500,), (-10,))
		make.pay(thirds, 200, day(-5))
		note = credit(single, 120, -8)
		money_on_account(self.customer, 75, -3)

		(row,), (total,), (chart, cards, _skip) = self.run_report(customer=self.customer)
		expected = {
			"key": self.customer, "name": self.customer, "currency": "USD", "outstanding": 850, "not_due": 300, "range1": 500,
			"range2": 50, "range3": 0, "range4": 0, "range5": 0, "overdue": 550, "credits": -120, "on_account": -75, "balance": 655,
		}  # fmt: skip
		self.assertEqual(row, expected)
		self.assertEqual(
			{**total, "name": self.customer}, {**expected, "key": "Total", "customer": "Total", "bold": 1}
		)
		self.assertEqual(chart["data"]["datasets"][0]["values"], [300, 500, 50, 0, 0, 0])
		self.assertEqual([card["value"] for card in cards], [850, 550, -120, -75, 655])

		rows, _totals, _rest = self.run_report(customer=self.customer, view="Installment")
		self.assertEqual(
			[(row.voucher_no, row.installment_no, row.days_overdue, row.balance) for row in rows if row.is_invoice],
			[
				(thirds.name, 2, 40, 50),
				(single.name, 1, 10, 500),
				(note.name, 1, 0, -120),
				(thirds.name, 3, 0, 300),
			],
		)  # fmt: skip
		self.assertEqual(
			[(row.voucher_type, row.on_account) for row in rows if not row.is_invoice],
			[("Payment Entry", -75)],
		)

		# 6 days ago: 550.00 of the thirds open, 250.00 of them since 34 days; nothing on account yet.
		(row,), _totals, _rest = self.run_report(customer=self.customer, as_of=day(-6))
		self.assertEqual(
			[row[field] for field in ("not_due", "range1", "range2", "credits", "on_account", "balance")],
			[300, 500, 250, -120, 0, 930],
		)
		# 95 days ago the first third alone was overdue, by 5 days.
		(row,), _totals, _rest = self.run_report(customer=self.customer, as_of=day(-95))
		self.assertEqual([row[field] for field in ("not_due", "range1", "balance")], [600, 300, 900])
		for on in (0, -4, -6, -9, -39, -91, -95, -111):
			self.assertTies(self.customer, day(on))
		self.assertSameInSets(self.customer)

	def test_money_from_before_its_invoice(self):
		"""Paid 20 days before the invoice it is matched with: on account until the invoice's day."""
		advance = money_on_account(self.customer, 400, -30)
		bill = invoice(self.customer, -10, (1000,), (-2,), submit=False)
		bill.append(
			"advances",
			{
				"reference_type": "Payment Entry", "reference_name": advance.name, "advance_amount": 400, "allocated_amount": 400,
				"ref_exchange_rate": 1, "remarks": "Advance",
			},
		)  # fmt: skip
		bill.save()
		bill.submit()
		ledger.flush()
		(row,), _totals, _rest = self.run_report(customer=self.customer)
		self.assertEqual((row["range1"], row["on_account"]), (600, 0))
		(row,), _totals, _rest = self.run_report(customer=self.customer, as_of=day(-15))
		self.assertEqual((row["outstanding"], row["on_account"], row["balance"]), (0, -400, -400))
		for on in (0, -10, -15, -31):
			self.assertTies(self.customer, day(on))

	def test_a_foreign_currency(self):
		"""900.00 EUR at 1.25 are 1,125.00 USD; in each currency for itself, and never added."""
		customer = new_customer(make.FOREIGN_CUSTOMER)
		invoice(
			customer,
			-60,
			(450, 450),
			(-45, -5),
			currency="EUR",
			conversion_rate=1.25,
			debit_to=make.EUR_DEBTORS,
		)
		self.assertTies(customer, day(0))
		self.assertTies(customer, day(-50))
		self.assertSameInSets(customer)
		(row,), _totals, _rest = self.run_report(customer=customer)
		self.assertEqual((row["currency"], row["range1"], row["range2"]), ("USD", 562.5, 562.5))
		(row,), _totals, _rest = self.run_report(customer=customer, in_party_currency=1)
		self.assertEqual((row["currency"], row["balance"]), ("EUR", 900))
		_rows, totals, _rest = self.run_report(in_party_currency=1)
		for total in totals:
			theirs = sum(
				row.outstanding
				for row in accounts_receivable(in_party_currency=1)
				if row.currency == total["currency"]
			)
			self.assertEqual(total["balance"], flt(theirs, 2))

	def test_rights_and_wrong_ranges(self):
		"""A salesperson sees what is open of their own deals, and no money on account."""
		deal = make.make_deal(customer=self.customer, deal_owner=make.SELLER, win=True)
		billing.bill([row.name for row in make.installments(deal)])
		invoice(self.customer, -10, (500,), (-2,))
		money_on_account(self.customer, 75, -3)
		frappe.db.commit()
		for user, balance in ((make.SELLER, 900), (make.OTHER_SELLER, 0), (make.ACCOUNTANT, 1325)):
			with self.subTest(user=user):
				frappe.set_user(user)
				for view in ("Customer", "Deal", "Deal Owner", "Installment"):
					_rows, totals, _rest = self.run_report(customer=self.customer, view=view)
					self.assertEqual(sum(row["balance"] for row in totals), balance)
		self.assertIn("days that grow", report.execute({"company": make.COMPANY, "ranges": "60, 30"})[2])
		rows, _totals, _rest = self.run_report(customer=self.customer, view="Deal Owner")
		self.assertEqual(
			{row["key"]: row["balance"] for row in rows}, {make.SELLER: 900, "Without a deal": 425}
		)
