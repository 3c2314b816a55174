"""Profit of deals on a real ledger: figures by hand, and the sum against ERPNext's own Profit and Loss Statement."""

import frappe
from frappe.desk import query_report
from frappe.utils import add_days, flt, getdate, today

from sales_crm_accounts.api import profit as api
from sales_crm_accounts.sales_crm_accounts.report.deal_profitability import deal_profitability as report
from sales_crm_accounts.setup.sample import ensure
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

# Accounts of its own: those of the chart belong to categories of other tests.
ADS, FREIGHT = f"SCA Ads - {make.ABBR}", f"SCA Haulage - {make.ABBR}"
CATEGORY = "SCA Haulage"


class TestProfit(SiteTestCase):
	def setUp(self):
		super().setUp()
		for account in (ADS, FREIGHT):
			make.account(account.removesuffix(f" - {make.ABBR}"), "Indirect Expenses", "Expense Account")
		ensure(
			"Deal Expense Category",
			CATEGORY,
			category_name=CATEGORY,
			accounts=[{"company": make.COMPANY, "expense_account": FREIGHT}],
		)
		self.year = frappe.db.get_value(
			"Fiscal Year",
			{"year_start_date": ("<=", today()), "year_end_date": (">=", today()), "disabled": 0},
			["year_start_date", "year_end_date"],
		)

	def settings(self, **values):
		"""Company Receivables Settings for this test; billing commits them, so they are put back."""
		doctype = "Company Receivables Settings"
		before = frappe.db.get_value(doctype, make.COMPANY, list(values), as_dict=True)

		def put_back():
			if before is None:
				frappe.delete_doc(doctype, make.COMPANY, force=True)
			else:
				frappe.db.set_value(doctype, make.COMPANY, before)
			frappe.db.commit()

		if before is None:
			frappe.get_doc({"doctype": doctype, "company": make.COMPANY}).insert()
		frappe.db.set_value(doctype, make.COMPANY, values)
		self.addCleanup(put_back)

	# What is booked

	def deal(self, amount, **values):
		deal = make.make_deal(items=[(make.HOURS, 1, amount)], win=True, **values)
		return deal, make.bill_all(deal)[0]

	def expense(self, account, amount, deal=None):
		"""A cost that an accountant books by hand; the deal on its row, or nothing."""
		return make.journal(
			[
				{"account": account, "debit_in_account_currency": amount, "deal": deal},
				{"account": make.BANK, "credit_in_account_currency": amount},
			]
		)

	def pay_together(self, invoices, write_off):
		"""One payment over several invoices that gives up `write_off` of what is open; it names no deal."""
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

		entry = get_payment_entry("Sales Invoice", invoices[0].name, bank_account=make.BANK)
		entry.deal = None
		for invoice in invoices[1:]:
			entry.append(
				"references",
				{
					"reference_doctype": "Sales Invoice",
					"reference_name": invoice.name,
					"total_amount": invoice.grand_total,
					"outstanding_amount": invoice.outstanding_amount,
					"allocated_amount": invoice.outstanding_amount,
				},
			)
		total = sum(row.allocated_amount for row in entry.references)
		entry.paid_amount = entry.received_amount = total - write_off
		entry.set("deductions", [])
		entry.append(
			"deductions",
			{"account": make.WRITE_OFF, "cost_center": make.COST_CENTER, "amount": write_off},
		)
		entry.reference_no, entry.reference_date = "TOGETHER", today()
		entry.insert()
		entry.submit()
		return entry

	# What is read

	def rows(self, **filters):
		_columns, rows, *_rest = self.report(**filters)
		return rows

	def report(self, **filters):
		return report.execute(
			{
				"company": make.COMPANY,
				"from_date": str(self.year[0]),
				"to_date": str(self.year[1]),
				"include_default_book_entries": 1,
				**filters,
			}
		)

	def row(self, deal, **filters):
		return next(row for row in self.rows(**filters) if row["key"] == deal.name)

	def profit_and_loss(self, from_date, to_date):
		from erpnext.accounts.report.profit_and_loss_statement.profit_and_loss_statement import execute

		filters = frappe._dict(
			company=make.COMPANY,
			filter_based_on="Date Range",
			period_start_date=str(from_date),
			period_end_date=str(to_date),
			periodicity="Yearly",
			accumulated_values=0,
			include_default_book_entries=1,
		)
		return flt(execute(filters)[-1], 2)

	def assertTies(self, **filters):
		rows = self.rows(**filters)
		dates = [
			getdate(filters.get(name, day))
			for name, day in zip(("from_date", "to_date"), self.year, strict=True)
		]
		self.assertEqual(flt(sum(row["profit"] for row in rows), 2), self.profit_and_loss(*dates))
		return rows

	def test_a_year_of_deals_ties_to_profit_and_loss(self):
		"""Deal A: 900.00 sold, half of it credited, ads 120.00, freight 80.00. Deal B: 600.00 sold, its haulier 200.00.

		One payment takes what is open of both (450 or 900, and 600) but for 10.00. A's note is for its own, so its invoice is
		open with 900.00: the 10.00 go 900 : 600, so 6.00 and 4.00. 77.00 of ads are of no deal.
		A: 900 - 450 - 120 - 80 - 6 = 244.00, of 450 sold 54.22 %. B: 600 - 200 - 4 = 396.00, 66 %.
		"""
		before = {row["group"]: row for row in self.rows(group_by="Deal")}
		a, invoice_a = self.deal(
			900, planned_costs=[{"category": CATEGORY, "description": "Freight", "amount": 100}]
		)
		b, invoice_b = self.deal(600)
		make.credit_note(invoice_a, 0.5)
		self.expense(ADS, 120, a.name)
		self.expense(FREIGHT, 80, a.name)
		make.supplier_bill(200, b.name, FREIGHT)
		loose = self.expense(ADS, 77)
		self.pay_together([invoice_a, invoice_b], 10)

		rows = self.assertTies()
		categories = {column["label"]: column["fieldname"] for column in self.report()[0]}
		by_deal = {row["key"]: row for row in rows}
		wanted = {
			"revenue": 900, "credit_notes": -450, "expenses": 200, categories[ADS]: 120, categories[CATEGORY]: 80,
			"write_offs": 6, "exchange": 0, "interest": 0, "profit": 244, "margin": 54.22, "by_voucher": -6,
			"planned_margin": 800, "difference": -556, "title": a.title, "customer": make.CUSTOMER, "currency": "USD",
		}  # fmt: skip
		self.assertEqual({name: by_deal[a.name][name] for name in wanted}, wanted)
		self.assertEqual(
			[by_deal[b.name][name] for name in ("revenue", "expenses", "write_offs", "profit", "margin")],
			[600, 200, 4, 396, 66],
		)
		rest = next(row for row in rows if row["without_deal"])
		self.assertEqual(rest, rows[-1])
		self.assertEqual(rest["profit"] - before.get("Without Deal", {"profit": 0})["profit"], -77)

		for group_by in report.GROUPS:
			with self.subTest(group_by=group_by):
				self.assertTies(group_by=group_by)
		# A part of the year, and one deal alone by its own vouchers.
		self.assertTies(from_date=today(), to_date=today())
		self.assertEqual([(row["key"], row["profit"]) for row in self.rows(deal=a.name)], [(a.name, 244)])

		loose.cancel()
		self.assertTies()

	def test_rows_that_were_posted_without_the_dimension(self):
		"""Sold 400.00 and the haulier's 150.00: without a deal on the ledger rows, the documents' own field says whose they are."""
		deal, invoice = self.deal(400)
		bill = make.supplier_bill(150, deal.name, FREIGHT)
		for name in (invoice.name, bill.name):
			frappe.db.set_value("GL Entry", {"voucher_no": name}, "deal", None)
		for rows in (self.rows(), self.rows(deal=deal.name)):
			row = next(row for row in rows if row["key"] == deal.name)
			self.assertEqual(
				[row["revenue"], row["expenses"], row["profit"], row["by_voucher"]], [400, 150, 250, 250]
			)
		self.assertTies()

	def test_exchange_difference_of_a_payment(self):
		"""100.00 EUR at 1.25 sold for 125.00 USD, paid at 1.30: a gain of 5.00, in a journal that ERPNext makes itself."""
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

		deal, invoice = self.deal(
			100, customer=make.FOREIGN_CUSTOMER, currency="EUR", conversion_rate=make.EUR_RATE
		)
		entry = get_payment_entry("Sales Invoice", invoice.name, bank_account=make.BANK)
		entry.deal = None
		entry.source_exchange_rate = 1.3
		entry.received_amount = 130
		entry.set("deductions", [])
		entry.reference_no, entry.reference_date = "FX", today()
		entry.insert()
		entry.submit()
		row = self.row(deal)
		self.assertEqual([row["revenue"], row["exchange"], row["profit"]], [125, 5, 130])
		self.assertTies()

	def test_closed_year_and_finance_book(self):
		"""A Period Closing Voucher takes nothing from the figures, and a row of another finance book belongs to that book."""
		last = add_days(self.year[0], -1)
		first = getdate(last).replace(month=1, day=1)
		deal, _invoice = self.deal(300)
		make.journal(
			[
				{"account": ADS, "debit_in_account_currency": 30, "deal": deal.name},
				{"account": make.BANK, "credit_in_account_currency": 30},
			],
			date=last,
		)
		dates = {"from_date": str(first), "to_date": str(last)}
		before = self.profit_and_loss(first, last)
		closing = frappe.get_doc(
			{
				"doctype": "Period Closing Voucher",
				"company": make.COMPANY,
				"transaction_date": last,
				"fiscal_year": str(first.year),
				"period_start_date": first,
				"period_end_date": last,
				"closing_account_head": f"Retained Earnings - {make.ABBR}",
				"remarks": "Closing",
			}
		)
		closing.insert()
		closing.submit()
		self.assertTrue(frappe.db.exists("GL Entry", {"voucher_no": closing.name, "account": ADS}))
		self.assertEqual(self.profit_and_loss(first, last), before)
		self.assertTies(**dates)
		self.assertEqual(self.row(deal, **dates)["profit"], -30)

		ensure("Finance Book", "SCA Tax Book", finance_book_name="SCA Tax Book")
		make.journal(
			[
				{"account": ADS, "debit_in_account_currency": 20, "deal": deal.name},
				{"account": make.BANK, "credit_in_account_currency": 20},
			]
		).db_set("finance_book", "SCA Tax Book")
		frappe.db.sql(
			"update `tabGL Entry` set finance_book = 'SCA Tax Book' where deal = %s and debit = 20", deal.name
		)
		self.assertEqual(self.row(deal)["expenses"], 0)
		self.assertEqual(self.row(deal, finance_book="SCA Tax Book")["expenses"], 20)
		self.assertTies()

	def test_interest_and_fees(self):
		"""15.00 of interest on its own account beside 300.00 of sales; on the account of the sales it would be sales."""
		account = make.account("SCA Interest", "Indirect Income", "Income Account")
		group = frappe.db.get_value("Item", make.SERVICE, "item_group")
		warehouse = frappe.db.get_value("Warehouse", {"company": make.COMPANY, "is_group": 0})
		item = ensure(
			"Item",
			"SCA Late Interest",
			item_code="SCA Late Interest",
			item_group=group,
			stock_uom="Nos",
			is_stock_item=0,
			item_defaults=[
				{"company": make.COMPANY, "default_warehouse": warehouse, "income_account": account}
			],
		)
		self.settings(interest_item=item)
		deal, _invoice = self.deal(300)
		make.journal(
			[
				{"account": make.BANK, "debit_in_account_currency": 15},
				{"account": account, "credit_in_account_currency": 15, "deal": deal.name},
			]
		)
		row = self.row(deal)
		self.assertEqual([row["revenue"], row["interest"], row["profit"]], [300, 15, 315])
		self.assertTies()

	def test_cost_of_waiting(self):
		"""36,500.00 open for ten days at 10 % a year: 10 x 36,500 x 10 % / 365 = 100.00, beside the profit and not in it."""
		self.settings(cost_of_money=10)
		deal, invoice = self.deal(36500)
		frappe.db.set_value(
			"Payment Ledger Entry", {"voucher_no": invoice.name}, "posting_date", add_days(today(), -10)
		)
		dates = {"from_date": add_days(today(), -60), "to_date": add_days(today(), 60)}
		row = self.row(deal, **dates)
		self.assertEqual([row["profit"], row["waiting"], row["profit_after_waiting"]], [36500, 100, 36400])
		months = self.rows(group_by="Month", deal=deal.name, **dates)
		self.assertEqual(sum(row["waiting"] for row in months), 100)
		self.assertEqual(api.deal_profit(deal.name)["waiting"], 100)

	def test_rights_and_panel(self):
		"""Owners see their own deals, managers all deals, accountants and auditors the rest of the company as well."""
		deal, _invoice = self.deal(
			900,
			deal_owner=make.SELLER,
			planned_costs=[
				{"category": CATEGORY, "description": "Freight", "amount": 100},
				{"description": "Travel", "amount": 40},
			],
		)
		self.expense(FREIGHT, 130, deal.name)
		self.expense(ADS, 25, deal.name)
		self.expense(ADS, 1)
		frappe.db.commit()
		panel = api.deal_profit(deal.name)
		self.assertEqual(
			[
				(row["category"], row["planned"], row["actual"], row["difference"])
				for row in panel["categories"]
			],
			[(ADS, 0, 25, -25), (CATEGORY, 100, 130, -30), ("Travel", 40, 0, 40)],
		)
		figures = {
			name: panel[name] for name in ("revenue", "expenses", "planned_costs", "profit", "planned_margin")
		}
		self.assertEqual(
			figures,
			{"revenue": 900, "expenses": 155, "planned_costs": 140, "profit": 745, "planned_margin": 760},
		)
		seen = {}
		for user in (make.SELLER, make.OTHER_SELLER, make.MANAGER, make.ACCOUNTANT):
			frappe.set_user(user)
			rows = self.rows()
			seen[user] = (
				any(row["key"] == deal.name for row in rows),
				any(row["without_deal"] for row in rows),
			)
		self.assertEqual(
			seen,
			{
				make.SELLER: (True, False),
				make.OTHER_SELLER: (False, False),
				make.MANAGER: (True, False),
				make.ACCOUNTANT: (True, True),
			},
		)
		frappe.set_user(make.SELLER)
		# As the desk runs it: role of the report, links the user may follow, and the row of totals.
		answer = query_report.run(
			"Deal Profitability",
			{
				"company": make.COMPANY,
				"from_date": str(self.year[0]),
				"to_date": str(self.year[1]),
				"deal": deal.name,
			},
		)
		self.assertEqual([row["profit"] for row in answer["result"][:-1]], [745])
		titles = [column["fieldname"] for column in answer["columns"]]
		self.assertEqual(answer["result"][-1][titles.index("profit")], 745)
		self.assertEqual(api.deal_profit(deal.name)["profit"], 745)
		self.assertFalse(api.deal_profit(deal.name)["can_read_ledger"])
		frappe.set_user(make.OTHER_SELLER)
		self.assertRaises(frappe.PermissionError, api.deal_profit, deal.name)
		# A deal that was shared is read, but not its profit.
		frappe.set_user("Administrator")
		frappe.share.add("Deal", deal.name, make.OTHER_SELLER, read=1)
		frappe.set_user(make.OTHER_SELLER)
		self.assertIsNone(api.deal_profit(deal.name))
		self.assertFalse(any(row["key"] == deal.name for row in self.rows()))

	def test_number_of_statements_does_not_grow(self):
		from unittest.mock import patch

		def statements(**filters):
			self.rows(**filters)
			with patch.object(frappe.db, "sql", side_effect=frappe.db.sql) as sql:
				self.rows(**filters)
			return sql.call_count

		counts = [statements(), statements(group_by="Item Group"), statements(group_by="Month")]
		for _number in range(3):
			self.deal(100)
		self.assertEqual(
			[statements(), statements(group_by="Item Group"), statements(group_by="Month")], counts
		)
		self.assertLessEqual(max(counts), 16)
