"""The cash forecast on a real site: every kind of row, kept once a week, beside what came."""

from datetime import timedelta

import frappe
from frappe.utils import add_days, flt, getdate, today

from sales_crm_accounts.core.receivables.forecast import first_week
from sales_crm_accounts.sales_crm_accounts.report.cash_forecast import cash_forecast as report
from sales_crm_accounts.services.receivables import cash_forecast
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestCashForecast(SiteTestCase):
	def setUp(self):
		super().setUp()
		self.customer = frappe.copy_doc(frappe.get_doc("Customer", make.CUSTOMER))
		self.customer.customer_name = f"SCA Forecast {frappe.generate_hash(length=8)}"
		self.customer.insert()

	def deal(self, plan, amount: float, **values):
		return make.make_deal(plan, items=[(make.SERVICE, 1, amount)], customer=self.customer.name, **values)

	def run_report(self, **filters):
		filters = {"company": make.COMPANY, "customer": self.customer.name, **filters}
		return report.execute(filters)

	def billed_deal(self):
		"""900.00 in three: 300.00 billed and due in 14 days, 300.00 in a month, 300.00 when a milestone is confirmed."""
		deal = self.deal(
			[
				make.row("First", amount=300, due_days=14),
				make.row("Second", amount=300, due_days=10, billing_trigger="On Date", trigger_months=1),
				make.row("Third", billing_trigger="On Milestone", milestone="Accepted"),
			],
			900,
			win=True,
		)
		(first,) = make.billing.bill([f"{deal.name}-01"])
		return deal, first.sales_invoice

	def test_each_kind_stands_on_its_day(self):
		"""Of 300.00 billed, 100.00 are promised in 20 days and 50.00 disputed; an open deal of 800.00 counts with 25 %."""
		deal, invoice = self.billed_deal()
		open_deal = self.deal([make.row("All", 100, due_days=30)], 800, stage="Needs Analysis")
		frappe.get_doc(
			{
				"doctype": "Promise to Pay",
				"company": make.COMPANY,
				"customer": self.customer.name,
				"sales_invoice": invoice,
				"amount": 100,
				"promised_on": today(),
				"pay_by": add_days(today(), 20),
			}
		).insert()
		frappe.get_doc(
			{
				"doctype": "Receivable Dispute",
				"company": make.COMPANY,
				"customer": self.customer.name,
				"sales_invoice": invoice,
				"disputed_amount": 50,
				"reason": "Price",
				"dispute_owner": make.MANAGER,
			}
		).insert()

		found = cash_forecast.expected(make.COMPANY, customers=[self.customer.name])
		pipeline_due = frappe.db.get_value("Deal Plan Row", {"parent": open_deal.name}, "due_date")
		second_due = frappe.db.get_value("Deal Installment", f"{deal.name}-02", "due_date")
		day = getdate(today())
		self.assertEqual(
			[(part.kind, flt(part.amount), part.day) for part in found],
			[
				("Disputed", 50, None),
				# Money that is sent on the promised day may take one more.
				("Promised", 100, day + timedelta(days=21)),
				("Open", 150, day + timedelta(days=14)),
				("Planned", 300, getdate(second_due)),
				("Planned", 300, None),
				("Pipeline", 200, getdate(pipeline_due)),
			],
		)

		_columns, rows, *_rest = self.run_report(view="By Week")
		weeks, total, *beside = rows
		weeks = rows[:13]
		total, beside = rows[13], {row["place"]: row["total"] for row in rows[14:]}
		self.assertEqual(
			[total[field] for field in ("promised", "billed", "planned", "pipeline", "total")],
			[100, 150, 300, 200, 750],
		)
		self.assertEqual(beside, {"No Date": 300, "Disputed": 50})
		self.assertEqual(weeks[-1]["running"], 750)

		# A figure of a week opens to its rows.
		for week in weeks:
			rows = self.run_report(view="Rows", week_start=week["week_start"])[1]
			self.assertEqual(sum(row["amount"] for row in rows if not row.get("bold")), week["total"])
		(row, _total) = self.run_report(view="Rows", kind="Promised")[1]
		self.assertEqual((row["sales_invoice"], row["amount"]), (invoice, 100))
		self.assertIn("PTP-", row["reason"])

	def test_kept_once_a_week_and_compared_with_what_came(self):
		"""A second run of the week keeps nothing; then 120.00 come by Payment Entry: the week shows what all customers paid."""
		_deal, invoice = self.billed_deal()
		frappe.db.delete("Cash Forecast", {"company": make.COMPANY})
		name = cash_forecast.keep(make.COMPANY)
		self.assertTrue(name)
		self.assertIsNone(cash_forecast.keep(make.COMPANY))
		kept = frappe.get_doc("Cash Forecast", name)
		self.assertEqual(len(kept.weeks), 13)
		self.assertEqual(kept.week_start, first_week(getdate(today())))
		self.assertEqual(flt(kept.total, 2), flt(sum(row.total for row in kept.weeks), 2))

		start = kept.week_start
		before = cash_forecast.received_by_week(make.COMPANY, [start])[start]
		make.pay(invoice, 120)
		after = cash_forecast.received_by_week(make.COMPANY, [start])[start]
		self.assertEqual(flt(after - before, 2), 120)
		_columns, rows, note, *_rest = report.execute(
			{"company": make.COMPANY, "view": "Kept and Received", "kept": name}
		)
		self.assertEqual(rows[0]["received"], flt(after, 2))
		self.assertEqual(rows[0]["difference"], flt(flt(after) - kept.weeks[0].total, 2))
		self.assertIsNone(rows[1]["received"])
		self.assertIn(name, note)

	def test_what_is_paid_back_counts_against_what_came(self):
		_deal, invoice = self.billed_deal()
		start = first_week(getdate(today()))
		before = cash_forecast.received_by_week(make.COMPANY, [start])[start]
		make.pay(invoice, 200)
		make.journal(
			[
				{"account": make.DEBTORS, "party_type": "Customer", "party": self.customer.name, "debit_in_account_currency": 80},
				{"account": make.BANK, "credit_in_account_currency": 80},
			],
			"Bank Entry",
		)  # fmt: skip
		after = cash_forecast.received_by_week(make.COMPANY, [start])[start]
		self.assertEqual(flt(after - before, 2), 120)

	def test_user_permissions_hold(self):
		"""An accountant who may see one other customer reads nothing of this one, and no other company."""
		self.billed_deal()
		frappe.get_doc(
			{
				"doctype": "User Permission",
				"user": make.ACCOUNTANT,
				"allow": "Customer",
				"for_value": make.FOREIGN_CUSTOMER,
			}
		).insert()
		frappe.get_doc(
			{
				"doctype": "User Permission",
				"user": make.ACCOUNTANT,
				"allow": "Company",
				"for_value": make.COMPANY,
			}
		).insert()
		other = frappe.get_all("Company", filters={"name": ("!=", make.COMPANY)}, pluck="name")[0]
		self.addCleanup(frappe.set_user, "Administrator")
		frappe.set_user(make.ACCOUNTANT)
		rows = self.run_report(view="Rows")[1]
		self.assertEqual(rows, [])
		_columns, rows, message = report.execute({"company": other})
		self.assertFalse(rows)
		self.assertIn("may not read", message)
