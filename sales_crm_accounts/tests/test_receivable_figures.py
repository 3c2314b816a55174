"""Indicators, payers and deals on a real site, with figures worked out by hand."""

import frappe
from frappe.utils import add_months, flt, get_first_day, getdate, today

from sales_crm_accounts.api import payers as payers_api
from sales_crm_accounts.sales_crm_accounts.report.collection_indicators import collection_indicators
from sales_crm_accounts.sales_crm_accounts.report.payer_behaviour import payer_behaviour
from sales_crm_accounts.sales_crm_accounts.report.receivables_ageing import receivables_ageing
from sales_crm_accounts.sales_crm_accounts.report.receivables_by_deal import receivables_by_deal
from sales_crm_accounts.services import billing
from sales_crm_accounts.services.receivables import call, indicators
from sales_crm_accounts.services.receivables.ageing import Question
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import ReceivableCase, credit, day, invoice, money_on_account


class TestReceivableFigures(ReceivableCase):
	def test_indicators_by_month(self):
		"""Two months of one customer, by hand.

		M2 (two months ago): 1,000.00 sold, due within the month. M1 (last month): 600.00 sold, due far ahead, 400.00 of the 1,000.00
		paid, 100.00 credited. Receivable at the end of M2: 1,000.00, all overdue. At the end of M1: 600.00 not due, 600.00 overdue,
		100.00 credit: 1,100.00. Sales of M1 are 600 - 100 = 500. Settled 1,000 + 500 - 1,100 = 400. With sales of the month alone:
		DSO 1,100 / 500 x days, best 600 / 500 x days. Counted back: 500 of M1, 600 of M2's 1,000. CEI (1,000 + 500 - 1,100) /
		(1,000 + 500 - 600) = 400 / 900 = 44.4 %.
		"""
		first, second = (getdate(get_first_day(add_months(today(), back))) for back in (-2, -1))
		offset = lambda date, days: (date - getdate(today())).days + days  # noqa: E731
		old = invoice(self.customer, offset(first, 1), (1000,), (offset(first, 10),))
		invoice(self.customer, offset(second, 3), (600,), (90,))
		make.pay(old, 400, day(offset(second, 5)))
		credit(old, 100, offset(second, 6))
		money_on_account(self.customer, 50, offset(second, 7))

		filters = {"company": make.COMPANY, "customer": self.customer, "months": 3, "window": "1"}
		columns, rows, _message, chart, cards, _skip = collection_indicators.execute(filters)
		month, days = rows[1], (getdate(get_first_day(today())) - second).days
		expected = {
			"month": f"{second:%Y-%m}",
			"sales": 500,
			"collected": 400,
			"receivable": 1100,
			"overdue": 600,
			"overdue_share": 50,
			"at_risk_share": 0,
			"dso": flt(1100 / 500 * days, 1),
			"best_possible": flt(600 / 500 * days, 1),
			"effectiveness": 44.4,
		}
		self.assertEqual({field: month[field] for field in expected}, expected)
		before = (second - first).days
		self.assertEqual(month["count_back"], flt(days + 600 / 1000 * before, 1))
		self.assertEqual((rows[0]["receivable"], rows[0]["effectiveness"]), (1000, 0))
		# Nothing was sold this month: no DSO, which is not a DSO of zero.
		self.assertIsNone(rows[2]["dso"])
		self.assertEqual(len(chart["data"]["labels"]), 3)
		self.assertEqual(cards[0]["value"], 1100)
		self.assertEqual({column["fieldname"] for column in columns}, set(rows[0]))
		with self.counted() as count:
			indicators.by_month(Question(make.COMPANY), 24)
		self.assertEqual(count[0], 3)

	def test_payers(self):
		"""Three installments paid 20 days late, one of 100.00 open and overdue: 20 + 20 + 15 points lost.

		6 of 12 months of history cost 5, a rejected dispute 2.5 -> 3; a broken promise 5: 32 are left, grade D. The score of the Customer
		form is the report's. Two paid installments are no score.
		"""
		first = (getdate(add_months(today(), -6)) - getdate(today())).days
		bill = invoice(self.customer, first, (100, 100, 100, 100), (first + 10, -160, -130, -100))
		for on in (first + 30, -140, -110):
			make.pay(bill, 100, day(on))
		common = {
			"company": make.COMPANY,
			"customer": self.customer,
			"sales_invoice": bill.name,
			"currency": "USD",
		}
		common |= {"installment_no": 4}
		dispute = frappe.get_doc(
			{"doctype": "Receivable Dispute", **common, "disputed_amount": 10, "reason": "Price"}
		)
		dispute.insert()
		promise = frappe.get_doc(
			{"doctype": "Promise to Pay", **common, "amount": 50, "promised_on": today()}
		)
		promise.update({"pay_by": today()}).insert()
		# What their buttons and the nightly judgement write.
		dispute.db_set({"status": "Resolved", "outcome": "Reject", "resolved_on": today()})
		promise.db_set({"status": "Broken", "judged_on": today()})

		filters = {"company": make.COMPANY, "customer": self.customer}
		columns, (row,), _message, chart, *_rest = payer_behaviour.execute(filters)
		self.assertEqual(
			(row["payer_class"], row["score"], row["grade"], row["paid"], row["amount"], row["late_share"]),
			("Pays Late", 32, "D", 3, 300, 100),
		)
		self.assertEqual((row["average_days_late"], row["overdue"]), (20, 100))
		self.assertEqual(
			row["reasons"],
			"20 days late on average (-20); 0 % of installments on time (-20); 100 % of what is open is overdue (-15); "
			"one broken promise (-5); one rejected dispute (-3); customer for 6 months (-5)",
		)
		self.assertEqual({column["fieldname"] for column in columns} | {"color"}, set(row))
		self.assertEqual(sum(chart["data"]["datasets"][0]["values"]), 1)

		(told,) = payers_api.scores(self.customer)
		self.assertEqual((told["company"], told["score"], told["grade"]), (make.COMPANY, 32, "D"))
		self.assertEqual([one["points"] for one in told["reasons"]], [20, 20, 15, 5, 3, 5])
		called = call.briefing(make.COMPANY, self.customer)["payer"]
		self.assertEqual(called, {key: value for key, value in told.items() if key != "company"})
		earlier = payer_behaviour.execute({**filters, "as_of": day(-120)})[1][0]
		self.assertEqual((earlier["score"], earlier["grade"]), (None, None))
		self.assertIn("fewer than 3", earlier["reasons"])
		frappe.set_user(make.SELLER)
		self.assertEqual(payers_api.scores(self.customer), [])

	def test_deals_and_rights(self):
		"""900.00 of a deal with 250.00 paid and overdue since a month, 500.00 without a deal, 75.00 on account."""
		deal = make.make_deal(customer=self.customer, deal_owner=make.SELLER, win=True)
		(billed,) = billing.bill([row.name for row in make.installments(deal)])
		make.pay(billed.sales_invoice, 250)
		invoice(self.customer, -10, (500,), (-2,))
		money_on_account(self.customer, 75, -3)
		frappe.db.commit()
		filters = {"company": make.COMPANY, "customer": self.customer}
		columns, rows, _message, chart, cards, _skip = receivables_by_deal.execute(filters)
		common = {
			"customer": self.customer,
			"customer_name": self.customer,
			"deal_owner": make.SELLER,
			"currency": "USD",
		}
		self.assertEqual(
			rows[0],
			{
				**common, "deal": deal.name, "title": "Test deal", "planned_amount": 900, "billed_amount": 900,
				"collected_amount": 250, "outstanding": 650, "not_due": 650, "overdue": 0, "credits": 0, "on_account": 0,
				"balance": 650, "days_overdue": 0, "oldest_due": None, "next_due": rows[0]["next_due"],
			},
		)  # fmt: skip
		self.assertEqual(
			(rows[1]["title"], rows[1]["overdue"], rows[1]["days_overdue"]), ("Without a deal", 500, 2)
		)
		self.assertEqual({column["fieldname"] for column in columns}, set(rows[0]))
		ageing = receivables_ageing.execute(filters)[1][-1]
		self.assertEqual((rows[2]["balance"], rows[2]["balance"]), (1075, ageing["balance"]))
		self.assertEqual([card["value"] for card in cards], [1150, 500, 0, -75, 1075])
		self.assertEqual(chart["data"]["labels"], ["Test deal"])
		late = receivables_by_deal.execute({**filters, "overdue_only": 1})[1]
		self.assertEqual([row["title"] for row in late], ["Without a deal", "Total"])

		for user, balance in ((make.SELLER, [650, 650]), (make.OTHER_SELLER, [])):
			with self.subTest(user=user):
				frappe.set_user(user)
				rows = receivables_by_deal.execute(filters)[1]
				self.assertEqual([row["balance"] for row in rows], balance)
				for report in (collection_indicators, payer_behaviour):
					rows, message = report.execute(filters)[1:]
					self.assertFalse(rows)
					self.assertTrue(message)
		frappe.set_user(make.ACCOUNTANT)
		self.assertEqual(len(receivables_by_deal.execute(filters)[1]), 3)
