"""A company with a short history of receivables, for tests of its expected credit losses."""

from datetime import timedelta

import frappe
from frappe.utils import flt, getdate, today

from sales_crm_accounts.core.receivables.credit_loss import month_ends
from sales_crm_accounts.sales_crm_accounts.report.deal_profitability import deal_profitability
from sales_crm_accounts.setup import sample
from sales_crm_accounts.setup.sample import ensure
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests import receivable_case as given
from sales_crm_accounts.tests.approval_case import ApprovalCase

# A company of its own: the history is all that there is.
COMPANY, ABBR = "Credit Loss Test Ltd", "CLT"
CENTER, BANK, DEBTORS = f"Main - {ABBR}", f"SCA Bank - {ABBR}", f"Debtors - {ABBR}"
PROVISION, EXPENSE = f"SCA Provision - {ABBR}", f"SCA Provision Expense - {ABBR}"
WRITE_OFF = f"Write Off - {ABBR}"
AUDITOR = "loss.auditor@sca.example.com"
# The day after the last one has come, also on the last day of a month.
ENDS = month_ends(getdate(today()) - timedelta(days=1), 3)
LAST = ENDS[-1]


def days(number: int):
	return timedelta(days=number)


class CreditLossCase(ApprovalCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		sample.ensure_company(COMPANY, ABBR)
		for name, parent, kind, currency in (
			("SCA Bank", "Bank Accounts", "Bank", "USD"),
			("SCA Debtors EUR", "Accounts Receivable", "Receivable", "EUR"),
			("SCA Provision", "Current Liabilities", "", "USD"),
			("SCA Provision Expense", "Indirect Expenses", "Expense Account", "USD"),
		):
			sample.ensure_account(COMPANY, name, parent, kind, currency, ABBR)
		frappe.db.set_value(
			"Company", COMPANY, {"write_off_account": WRITE_OFF, "default_bank_account": BANK}
		)
		make.make_user(AUDITOR, ["Auditor"])
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		name = "Company Receivables Settings"
		if not frappe.db.exists(name, COMPANY):
			ensure(name, COMPANY, company=COMPANY)
		self.settings = frappe.get_doc(name, COMPANY)
		self.settings.update(
			{
				"provision_account": PROVISION,
				"provision_expense_account": EXPENSE,
				"provision_cost_center": None,
				"spread_provision": 1,
			}
		)
		self.settings.save()

	# What is booked

	def invoice(self, amount, due, posted=None, customer=None, **values):
		offset = lambda day: (day - getdate(today())).days  # noqa: E731
		return given.invoice(
			customer or self.customer,
			offset(posted or due),
			(amount,),
			(offset(due),),
			company=COMPANY,
			cost_center=CENTER,
			debit_to=values.pop("debit_to", DEBTORS),
			items=[
				{"item_code": make.SERVICE, "qty": 1, "rate": amount, "cost_center": CENTER, "income_account": f"Sales - {ABBR}"}
			],
			**values,
		)  # fmt: skip

	def journal(self, rows, date):
		entry = frappe.get_doc(
			{
				"doctype": "Journal Entry",
				"company": COMPANY,
				"posting_date": date,
				"cheque_no": "TEST",
				"cheque_date": date,
				"accounts": [{"cost_center": CENTER, **row} for row in rows],
			}
		)
		entry.insert()
		entry.submit()

	def settle(self, invoice, amount, date, account=BANK):
		"""Money to the bank, or what is written off."""
		self.journal(
			[
				{"account": account, "debit_in_account_currency": amount},
				{
					"account": DEBTORS,
					"party_type": "Customer",
					"party": self.customer,
					"credit_in_account_currency": amount,
					"reference_type": "Sales Invoice",
					"reference_name": invoice.name,
				},
			],
			date,
		)

	def deal(self, title):
		return make.make_deal(title=title, company=COMPANY, cost_center=CENTER, customer=self.customer).name

	def history(self):
		"""Three months; the docstring of the story says what becomes of them."""
		e0, e1, e2, e3 = ENDS
		self.customer = given.new_customer()
		old = self.invoice(1000, e0 - days(10))
		self.settle(old, 600, e0 + days(3))
		self.settle(old, 200, e1 + days(3))
		self.settle(old, 100, e2 + days(3))
		oldest = self.invoice(500, e0 - days(100))
		self.settle(oldest, 250, e1)
		self.settle(oldest, 50, e3)
		self.settle(oldest, 50, e2 + days(1), WRITE_OFF)
		fresh = self.invoice(2000, e0 + days(5), posted=e0)
		self.settle(fresh, 1500, e0 + days(5))
		self.settle(fresh, 300, e2)
		self.settle(fresh, 100, e3)

	def exposures(self):
		e3 = LAST
		self.deals = [self.deal("Loss one"), self.deal("Loss two")]
		for amount, deal in zip((3000, 1000), self.deals, strict=True):
			self.invoice(amount, e3 + days(20), posted=e3, deal=deal)
		self.invoice(
			100,
			e3 + days(20),
			posted=e3,
			customer=given.new_customer(make.FOREIGN_CUSTOMER),
			currency="EUR",
			conversion_rate=1.25,
			debit_to=f"SCA Debtors EUR - {ABBR}",
		)
		self.invoice(800, e3 - days(10))
		self.insolvent = given.new_customer()
		self.invoice(600, e3 - days(5), customer=self.insolvent, deal=self.deals[1])
		given.money_on_account(
			self.customer,
			70,
			(e3 - getdate(today())).days,
			BANK,
			company=COMPANY,
			paid_from=DEBTORS,
		)

	def loss(self, **values):
		return frappe.get_doc(
			{
				"doctype": "Expected Credit Loss",
				"company": COMPANY,
				"as_of_date": LAST,
				"months_of_history": 3,
				"months_to_loss": 2,
				**values,
			}
		).insert()

	def column(self, doc, field):
		return [flt(row.get(field), 4) for row in doc.matrix]

	def ledger(self, name):
		"""(account, deal) -> debit - credit."""
		rows = frappe.get_all(
			"GL Entry",
			filters={"voucher_no": name, "is_cancelled": 0},
			fields=["account", "deal", "debit", "credit"],
		)
		found = {}
		for row in rows:
			key = (row.account, row.deal or "")
			found[key] = flt(found.get(key, 0) + row.debit - row.credit, 2)
		return found

	def provision(self):
		rows = frappe.get_all(
			"GL Entry",
			filters={"account": PROVISION, "is_cancelled": 0},
			fields=["debit", "credit"],
		)
		return flt(sum(row.credit - row.debit for row in rows), 2)

	def profit(self, day):
		rows = deal_profitability.execute(
			{
				"company": COMPANY,
				"from_date": str(day),
				"to_date": str(day),
				"include_default_book_entries": 1,
			}
		)[1]
		from erpnext.accounts.report.profit_and_loss_statement.profit_and_loss_statement import execute

		statement = execute(
			frappe._dict(
				company=COMPANY,
				filter_based_on="Date Range",
				period_start_date=str(day),
				period_end_date=str(day),
				periodicity="Yearly",
				accumulated_values=0,
				include_default_book_entries=1,
			)
		)
		self.assertEqual(flt(sum(row["profit"] for row in rows), 2), flt(statement[-1], 2))
		return {row["key"] or "": flt(row["provisions"], 2) for row in rows if row["provisions"]}
