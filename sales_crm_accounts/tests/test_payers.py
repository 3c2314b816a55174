"""How customers pay, from real invoices and payments."""

from decimal import Decimal
from unittest.mock import patch

import frappe

from sales_crm_accounts.core.receivables import payer
from sales_crm_accounts.services.receivables import payer_scores, payers, payers_lately
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import ReceivableCase, credit, day, invoice


class TestPayers(ReceivableCase):
	def behaviour(self, **values):
		return payers.behaviour(make.COMPANY, [self.customer], **values).get(self.customer)

	def test_days_late_of_installments(self):
		"""300 each due 190, 160 and 20 days ago.

		300 come 180 days ago (10 late), 300 150 days ago (10 late), 150 50 and 150 15 days ago (5 late): 25 / 3 = 8.3, the last
		one recent. A credit note closes an invoice without a word about paying; what is open counts for nothing.
		"""
		bill = invoice(self.customer, -200, (300, 300, 300), (-190, -160, -20))
		self.assertIsNone(self.behaviour())
		make.pay(bill, 300, day(-180))
		make.pay(bill, 300, day(-150))
		make.pay(bill, 150, day(-50))
		self.assertEqual((self.behaviour().paid, self.behaviour().payer_class), (2, payer.UNKNOWN))
		make.pay(bill, 150, day(-15))
		make.credit_note(invoice(self.customer, -100, (500,), (-70,)), for_self=0)
		invoice(self.customer, -100, (700,), (-70,))

		found = self.behaviour()
		self.assertEqual((found.paid, found.late, found.amount), (3, 3, 900))
		self.assertEqual(found.average_days_late, Decimal("8.3"))
		self.assertEqual((found.median_days_late, found.worst_days_late), (10, 10))
		self.assertEqual(found.recent_days_late, 5)
		self.assertEqual(self.behaviour(as_of=day(-160)).paid, 1)
		self.look_at_money_that_was_taken_back(found)
		self.look_at_what_the_night_keeps()

	def look_at_money_that_was_taken_back(self, before):
		"""Paid 35 days ago, taken back 25 days ago, credited 15 days ago: closed without a word about paying."""
		bill = invoice(self.customer, -60, (200,), (-40,))
		make.pay(bill, 200, day(-35))
		line = {"account": make.DEBTORS, "party_type": "Customer", "party": self.customer}
		about = {"reference_type": "Sales Invoice", "reference_name": bill.name}
		back = [
			{**line, **about, "debit_in_account_currency": 200},
			{"account": make.BANK, "credit_in_account_currency": 200},
		]
		make.journal(back, date=day(-25))
		credit(bill, 200, -15)
		self.assertEqual(self.behaviour(), before)

	def look_at_what_the_night_keeps(self):
		"""Where many installments are open nobody waits: without what the night kept there is none, and a job is queued."""
		for read in payers_lately.KEPT:
			key = payers_lately.key(read, make.COMPANY)
			self.addCleanup(frappe.cache.delete_value, key)
			frappe.cache.delete_value(key)
		about = (payers.behaviour, make.COMPANY, [self.customer], day(0), 10)
		with patch.multiple(payers_lately, FEW=0, MANY=5), patch.object(frappe, "enqueue") as queued:
			self.assertEqual(payers_lately.lately(*about), {})
			self.assertEqual(queued.call_args.kwargs["company"], make.COMPANY)
			queued.reset_mock()
			self.assertEqual(payers_lately.lately(*about, wait=True)[self.customer], self.behaviour())
			payers_lately.keep_all()
			self.assertEqual(payers_lately.lately(*about)[self.customer], self.behaviour())
			self.assertIn(self.customer, payers_lately.lately(payer_scores.histories, *about[1:]))
			queued.assert_not_called()

	def test_nobody_and_everybody(self):
		make.pay(invoice(self.customer, -40, (100,), (-10,)), date=day(-12))
		self.assertEqual(payers.behaviour(make.COMPANY, []), {})
		self.assertEqual(payers.behaviour(make.COMPANY)[self.customer].average_days_late, -2)
