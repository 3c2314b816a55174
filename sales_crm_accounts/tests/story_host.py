"""Plays the stories of tests/scenarios through real documents of a site; the figures come from the site alone."""

from datetime import date
from decimal import Decimal

import frappe
from frappe.utils import flt, getdate

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.core import plan
from sales_crm_accounts.core.money import quantize, to_decimal
from sales_crm_accounts.services import figures, installments, ledger, profit, sweep
from sales_crm_accounts.tests import factories as make

POLICY = "SCA Story Policy"
ITEMS = {"Service": make.SERVICE, "Hours": make.HOURS}
#: Expense categories of the stories -> account of the test company.
EXPENSES = {
	"Marketing": f"Marketing Expenses - {make.ABBR}",
	"Transport": f"Freight and Forwarding Charges - {make.ABBR}",
}
PAYABLE = f"Creditors - {make.ABBR}"


def money(value) -> Decimal:
	return quantize(to_decimal(flt(value, 2)), 2)


class SiteHost:
	"""One story on the site of the test company; `freeze` takes a date and makes it today."""

	def __init__(self, story, freeze):
		self.story, self.freeze, self.journals = story, freeze, {}
		data = story.deal
		freeze(data["opened_on"])
		self.foreign = data.get("currency") == "foreign"
		self.customer = make.FOREIGN_CUSTOMER if self.foreign else make.CUSTOMER
		self.receivable = make.EUR_DEBTORS if self.foreign else make.DEBTORS
		assert not story.taxes or story.taxes[0]["rate"] == 10, "the test company knows 10 % tax"
		make.make_policy(
			POLICY,
			invoicing_method=story.policy.get("method", "Invoice per Installment"),
			line_split=story.policy.get("split", "Rate"),
			days_ahead=story.policy.get("days_ahead", 0),
		)
		values = {}
		if self.foreign:
			values = {"currency": "EUR", "conversion_rate": data["exchange_rate"]}
			make.exchange_rate("EUR", "USD", data["exchange_rate"], data["opened_on"])
		self.before = self.balances()
		self.deal = make.make_deal(
			[self.plan_row(row) for row in story.plan()],
			[(ITEMS[row["item"]], row.get("quantity", 1), row["rate"]) for row in data["items"]],
			title=story.title,
			customer=self.customer,
			transaction_date=data["opened_on"],
			billing_policy=POLICY,
			discount_amount=data.get("discount", 0),
			taxes_and_charges=make.TAX_TEMPLATE if story.taxes else None,
			**values,
		)

	@staticmethod
	def plan_row(row: plan.PlanRow) -> dict:
		return {
			"description": row.description,
			"basis": row.basis,
			"percent": float(row.percent),
			"amount": float(row.amount),
			"billing_trigger": row.trigger,
			"trigger_date": row.trigger_date,
			"trigger_months": row.trigger_months,
			"trigger_days": row.trigger_days,
			"milestone": row.milestone,
			"due_rule": row.due_rule,
			"due_days": row.due_days,
			"due_months": row.due_months,
			"fixed_due_date": row.fixed_due_date,
		}

	# What happens

	def go(self, day: date):
		self.freeze(day)
		figures.mark_overdue(getdate(day))

	def win(self):
		self.deal.reload()
		self.deal.submit()
		frappe.db.commit()

	def bill(self):
		failed = [row.reason for row in sweep.bill_deal(self.deal.name) if row.outcome == "Failed"]
		assert not failed, failed

	def confirm(self, installment: int):
		installments.confirm(self.name(installment))

	def pay(self, amount: Decimal, installment: int, exchange_rate: Decimal | None):
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

		entry = get_payment_entry(
			"Sales Invoice",
			self.invoice(installment).name,
			party_amount=float(amount),
			bank_account=make.BANK,
		)
		entry.posting_date = entry.reference_date = getdate()
		entry.reference_no = "STORY"
		if exchange_rate:
			entry.source_exchange_rate = float(exchange_rate)
			entry.received_amount = float(quantize(amount * exchange_rate, 2))
			entry.set("deductions", [])
		entry.insert(ignore_permissions=True)
		entry.submit()

	def journal(self, amount: Decimal, name: str):
		self.journals[name] = make.journal(
			[
				{"account": make.BANK, "debit_in_account_currency": float(amount)},
				{
					"account": self.receivable,
					"party_type": "Customer",
					"party": self.customer,
					"credit_in_account_currency": float(amount),
				},
			]
		)

	def reconcile(self, name: str, installment: int):
		invoice = self.invoice(installment).name
		tool = frappe.get_doc(
			{
				"doctype": "Payment Reconciliation",
				"company": make.COMPANY,
				"party_type": "Customer",
				"party": self.customer,
				"receivable_payable_account": self.receivable,
				"invoice_limit": 0,
				"payment_limit": 0,
			}
		)
		tool.get_unreconciled_entries()
		invoices = [row.as_dict() for row in tool.invoices if row.invoice_number == invoice]
		payments = [row.as_dict() for row in tool.payments if row.reference_name == self.journals[name].name]
		tool.allocate_entries(frappe._dict({"invoices": invoices, "payments": payments}))
		tool.reconcile()

	def credit(self, installment: int, amount: Decimal | None):
		invoice = self.invoice(installment)
		share = float(amount) / invoice.grand_total if amount else 1
		make.credit_note(invoice, share, for_self=0)

	def write_off(self, installment: int, amount: Decimal | None):
		invoice = self.invoice(installment)
		value = float(amount) if amount else invoice.outstanding_amount
		make.journal(
			[
				{"account": make.WRITE_OFF, "debit_in_account_currency": value},
				{
					"account": self.receivable,
					"party_type": "Customer",
					"party": self.customer,
					"credit_in_account_currency": value,
					"reference_type": "Sales Invoice",
					"reference_name": invoice.name,
				},
			],
			voucher_type="Write Off Entry",
		)

	def refund(self, installment: int, amount: Decimal):
		raise NotImplementedError("no story on sites pays back yet")

	def expense(self, amount: Decimal, category: str, paid_by: str):
		"""As an accountant books it: a journal with the deal on the row of the cost, or the bill of a supplier."""
		if paid_by == "Supplier":
			make.supplier_bill(float(amount), self.deal.name, EXPENSES[category])
			return
		assert paid_by == "Company", "no story on sites repays an employee yet"
		make.journal(
			[
				{
					"account": EXPENSES[category],
					"debit_in_account_currency": float(amount),
					"deal": self.deal.name,
				},
				{"account": make.BANK, "credit_in_account_currency": float(amount)},
			]
		)

	def cancel_invoice(self, installment: int):
		self.invoice(installment).cancel()

	def bill_again(self, installment: int):
		installments.release(self.name(installment))
		self.bill()

	def change(self, rows: list[plan.PlanRow]):
		from sales_crm_accounts.api import changes

		values = changes.fill(self.deal.name)
		values["rows"] = [self.plan_row(row) for row in rows]
		change = frappe.get_doc({"doctype": "Deal Change", **values, "reason": "The customer asked"})
		change.insert()
		change.submit()

	# What is read

	def rows(self) -> list:
		self.settle()
		return make.installments(self.deal)

	def settle(self):
		ledger.flush()
		frappe.db.commit()
		self.deal.reload()

	def name(self, installment: int) -> str:
		return self.rows()[installment - 1].name

	def invoice(self, installment: int):
		rows = self.rows()
		name = rows[installment - 1].sales_invoice if installment else rows[0].sales_invoice
		return frappe.get_doc("Sales Invoice", name)

	def installments(self) -> dict[int, dict]:
		result = {}
		for number, row in enumerate(self.rows(), 1):
			posted = row.sales_invoice and frappe.db.get_value(
				"Sales Invoice", row.sales_invoice, "posting_date"
			)
			result[number] = {
				"status": row.status,
				"net": money(row.net_amount),
				"planned": money(row.planned_amount),
				"invoice_date": posted,
				"due_date": row.due_date,
				"billed": money(row.billed_amount),
				"paid": money(row.paid_amount),
				"credited": money(row.credited_amount),
				"written_off": money(row.written_off_amount),
				"outstanding": money(row.outstanding_amount),
			}
		return result

	def cash_panel(self) -> dict[str, Decimal]:
		self.settle()
		panel = api.cash_panel(self.deal.name)
		names = ("planned", "billed", "collected", "credited", "written_off", "outstanding", "overdue")
		return {name: money(panel[name]) for name in names}

	def profit(self) -> dict[str, Decimal]:
		"""Figures of the deal, and its expenses by the stories' names of their categories."""
		self.settle()
		found = profit.read(profit.Scope(make.COMPANY, deals=[self.deal.name]), {})
		earned = found.figures[self.deal.name, ""]
		names = {found.meaning[account].category: category for category, account in EXPENSES.items()}
		return {
			"revenue": earned.revenue,
			"credit_notes": earned.credit_notes,
			"expenses": earned.expense,
			"write_offs": earned.write_offs,
			"exchange": earned.exchange,
			"profit": earned.profit,
			**{names.get(name, name): amount for name, amount in earned.expenses.items()},
		}

	def balances(self) -> dict[str, Decimal]:
		entry = frappe.qb.DocType("GL Entry")
		rows = (
			frappe.qb.from_(entry)
			.where((entry.company == make.COMPANY) & (entry.is_cancelled == 0))
			.groupby(entry.account)
			.select(entry.account, frappe.query_builder.functions.Sum(entry.debit - entry.credit))
			.run()
		)
		return {account: money(balance) for account, balance in rows}

	def trial_balance(self) -> dict[str, Decimal]:
		"""What the story has posted, by role; an account that no story knows keeps its name, so that it is seen."""
		roles = {
			make.DEBTORS: "receivable",
			make.EUR_DEBTORS: "receivable",
			make.BANK: "bank",
			make.WRITE_OFF: "write_off",
			f"Sales - {make.ABBR}": "income",
			f"SCA VAT - {make.ABBR}": "tax",
			PAYABLE: "suppliers",
			**dict.fromkeys(EXPENSES.values(), "expense"),
			frappe.get_cached_value("Company", make.COMPANY, "exchange_gain_loss_account"): "exchange",
		}
		result: dict[str, Decimal] = {}
		for account, balance in self.balances().items():
			change = balance - self.before.get(account, Decimal(0))
			if change:
				role = roles.get(account, account)
				result[role] = result.get(role, Decimal(0)) + change
		return result

	def invoices(self) -> list[dict]:
		self.settle()
		result = []
		for name in frappe.get_all(
			"Sales Invoice",
			filters={"deal": self.deal.name, "docstatus": 1, "is_return": 0},
			pluck="name",
			order_by="posting_date, due_date, creation, name",
		):
			invoice = frappe.get_doc("Sales Invoice", name)
			result.append(
				{
					"date": invoice.posting_date,
					"due_date": invoice.due_date,
					"net": money(invoice.net_total),
					"total": money(invoice.grand_total),
					"outstanding": money(invoice.outstanding_amount),
					"lines": [
						[to_decimal(row.qty), money(row.rate), money(row.amount)] for row in invoice.items
					],
				}
			)
		return result
