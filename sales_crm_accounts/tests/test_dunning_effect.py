"""What reminders earned, on a real site: from messages that were sent and the money that came after them."""

import frappe
from frappe.utils import getdate, today

from sales_crm_accounts.sales_crm_accounts.report.dunning_effect import dunning_effect as report
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.receivables import dunning_effect
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import ReceivableCase, day, invoice, new_customer


def message(bill, on: int, level: str, asked: float, **values):
	"""A reminder that was sent so many days from today."""
	doc = frappe.get_doc(
		{
			"doctype": "Dunning Message",
			"company": make.COMPANY,
			"customer": bill.customer,
			"customer_name": bill.customer,
			"currency": bill.party_account_currency,
			"message_date": day(on),
			"status": "Sent",
			"level": 1,
			"level_title": level,
			"level_days": (day(on) - getdate(bill.due_date)).days,
			"channel": "Mail",
			"language": "en",
			"total_due": asked,
			"subject": level,
			"body": level,
			"rows": [{"sales_invoice": bill.name, "installment_no": 1, "due_date": bill.due_date, "amount_due": asked, "level": 1}],
			**values,
		}
	)  # fmt: skip
	doc.flags.sca_dunning = True
	return doc.insert()


class TestDunningEffect(ReceivableCase):
	def rows(self, **filters) -> list[dict]:
		return report.execute({"company": make.COMPANY, "customer": self.customer, **filters})[1]

	def story(self):
		"""300 due 40 days ago. 50 come after 4 days by themselves. The first reminder asks for 250 on day -30: 100 come after 5 days,
		20 are written off. The second asks for 130 on day -20: a promise on the next day, 30 after 15 days, and 10 that are
		cancelled again. 100 are open.
		"""
		bill = invoice(self.customer, -60, [300], [-40])
		make.pay(bill, 50, day(-36))
		message(bill, -30, "First", 250)
		make.pay(bill, 100, day(-25))
		owed = {"account": make.DEBTORS, "party_type": "Customer", "party": self.customer}
		make.journal(
			[
				{**owed, "credit_in_account_currency": 20, "reference_type": "Sales Invoice", "reference_name": bill.name},
				{"account": make.WRITE_OFF, "debit_in_account_currency": 20},
			],
			"Write Off Entry",
			day(-22),
		)  # fmt: skip
		message(bill, -20, "Second", 130, channel="Letter", language="zh")
		promise = frappe.get_doc(
			{"doctype": "Promise to Pay", "company": make.COMPANY, "customer": self.customer, "sales_invoice": bill.name}
			| {"currency": "USD", "amount": 130, "promised_on": day(-19), "pay_by": day(1)}
		)  # fmt: skip
		promise.insert()
		make.pay(bill, 30, day(-5))
		frappe.get_doc("Payment Entry", make.pay(bill, 10, day(-4)).name).cancel()
		ledger.flush()
		return bill

	def test_level_by_level(self):
		self.story()
		columns, rows, told, chart, cards, _skip = report.execute(
			{"company": make.COMPANY, "customer": self.customer, "from_date": day(-45)}
		)
		figures = ("asked", "within_7", "within_14", "within_30", "paid", "again", "otherwise", "open")
		others = ("messages", "share_paid", "median_days", "promises")
		self.assertEqual(
			[(row["group"], [row[name] for name in figures], [row[name] for name in others]) for row in rows],
			[
				("Before Any Reminder", [300, 50, 50, 50, 50, 250, 0, 0], [None, 16.7, 4, None]),
				("First", [250, 100, 100, 100, 100, 130, 20, 0], [1, 40, 5, 0]),
				("Second", [130, 0, 0, 30, 30, 0, 0, 100], [1, 23.1, 15, 1]),
				("All Reminders", [380, 100, 100, 130, 130, 130, 20, 100], [2, 34.2, 5, 1]),
			],
		)
		self.assertEqual({column["fieldname"] for column in columns} | {"before", "bold"}, set(rows[0]))
		self.assertIn("never twice", told)
		self.assertEqual([one["value"] for one in cards], [2, 130, "34.2 %", "16.7 %", 1])
		self.assertEqual(chart["data"]["datasets"][0]["values"], [50, 100, 0])
		# What the second took over stays with it when only the first is looked at.
		(_before, first) = self.rows(from_date=day(-45), to_date=day(-25))
		self.assertEqual((first["group"], first["paid"], first["again"]), ("First", 100, 130))
		(before, letter) = self.rows(from_date=day(-45), group_by="Channel", channel="Letter")
		self.assertEqual((before["asked"], letter["group"], letter["paid"]), (300, "Letter", 30))
		self.assertEqual(
			[row["key"] for row in self.rows(from_date=day(-45), group_by="Language")][1:3], ["en", "zh"]
		)

	def test_in_company_currency_by_the_same_statements(self):
		"""100.00 EUR at 1.25 are asked for; 60.00 EUR come after 10 days: 75.00 of 125.00. As many statements as for one customer."""

		def statements() -> int:
			with self.counted() as count:
				dunning_effect.effect(dunning_effect.Question(make.COMPANY, day(-45), day(0)))
			return count[0]

		self.story()
		statements()
		few = statements()
		self.customer = new_customer(make.FOREIGN_CUSTOMER)
		bill = invoice(
			self.customer, -60, [100], [-30], currency="EUR", conversion_rate=make.EUR_RATE, debit_to=make.EUR_DEBTORS
		)  # fmt: skip
		message(bill, -20, "First", 100)
		make.pay(bill, 60, day(-10))
		before, first = self.rows()
		self.assertEqual((before["asked"], before["paid"], before["again"]), (125, 0, 125))
		self.assertEqual((first["asked"], first["paid"], first["open"]), (125, 75, 50))
		self.assertEqual((first["within_7"], first["within_14"], first["currency"]), (0, 75, "USD"))
		self.assertEqual(statements(), few)

	def test_filters_and_rights(self):
		for filters, text in (
			({"company": None}, "Choose a company"),
			({"from_date": today(), "to_date": day(-1)}, "From Date is after To Date"),
			({"group_by": "Colour"}, "cannot be gathered by Colour"),
		):
			found = report.execute({"company": make.COMPANY, **filters})
			self.assertEqual(found[:2], ([], []))
			self.assertIn(text, found[2])
		self.assertEqual(self.rows(), [])
		frappe.set_user(make.SELLER)
		self.assertIn("may not see", report.execute({"company": make.COMPANY})[2])
