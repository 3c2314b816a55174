"""Idempotent makers for tests of expenses: categories with accounts, a tax that can be claimed back, suppliers, receipts, expenses."""

import base64

import frappe
from frappe.utils import flt

from sales_crm_accounts.setup.sample import ensure
from sales_crm_accounts.tests import factories as make

TRAVEL, MARKETING, TRANSPORT = "SCA Travel", "SCA Marketing", "SCA Transport"
BARE, SERVICE = "SCA Without Account", "SCA Service Visit"
TRAVEL_ACCOUNT = f"Travel Expenses - {make.ABBR}"
MARKETING_ACCOUNT = f"Marketing Expenses - {make.ABBR}"
TRANSPORT_ACCOUNT = f"Freight and Forwarding Charges - {make.ABBR}"
INPUT_VAT, LOST_VAT = f"SCA Input VAT - {make.ABBR}", f"SCA Lost VAT - {make.ABBR}"
VAT_10, LOST_VAT_10 = f"SCA Input VAT 10 - {make.ABBR}", f"SCA Lost VAT 10 - {make.ABBR}"
SUPPLIER, EUR_SUPPLIER = "SCA Carrier", "SCA Carrier EUR"
OWED = f"SCA Owed to Employees - {make.ABBR}"
CREDITORS, EUR_CREDITORS = f"Creditors - {make.ABBR}", f"SCA Creditors EUR - {make.ABBR}"


def setup():
	make.account("SCA Input VAT", "Duties and Taxes", "Tax")
	make.account("SCA Lost VAT", "Indirect Expenses", "Expense Account")
	make.account("SCA Owed to Employees", "Accounts Payable", "Payable")
	make.account("SCA Creditors EUR", "Accounts Payable", "Payable", "EUR")
	for name, account in ((VAT_10, INPUT_VAT), (LOST_VAT_10, LOST_VAT)):
		ensure(
			"Purchase Taxes and Charges Template",
			name,
			title=name.removesuffix(f" - {make.ABBR}"),
			company=make.COMPANY,
			taxes=[
				{
					"category": "Total",
					"add_deduct_tax": "Add",
					"charge_type": "On Net Total",
					"account_head": account,
					"description": "VAT",
					"rate": 10,
					"cost_center": make.COST_CENTER,
				}
			],
		)
	frappe.db.set_value("Purchase Taxes and Charges Template", {"company": make.COMPANY}, "is_default", 0)
	group = frappe.db.get_value("Supplier Group", {"is_group": 0}) or ensure(
		"Supplier Group", "SCA Suppliers", supplier_group_name="SCA Suppliers"
	)
	ensure("Supplier", SUPPLIER, supplier_name=SUPPLIER, supplier_group=group)
	ensure(
		"Supplier",
		EUR_SUPPLIER,
		supplier_name=EUR_SUPPLIER,
		supplier_group=group,
		default_currency="EUR",
		accounts=[{"company": make.COMPANY, "account": EUR_CREDITORS}],
	)
	for name, account, after_completion in (
		(TRAVEL, TRAVEL_ACCOUNT, 0),
		(MARKETING, MARKETING_ACCOUNT, 0),
		(TRANSPORT, TRANSPORT_ACCOUNT, 0),
		(SERVICE, TRANSPORT_ACCOUNT, 1),
		(BARE, None, 0),
	):
		rows = [{"company": make.COMPANY, "expense_account": account}] if account else []
		ensure(
			"Deal Expense Category",
			name,
			category_name=name,
			after_completion=after_completion,
			accounts=rows,
		)
	if not frappe.db.exists("Company Receivables Settings", make.COMPANY):
		ensure("Company Receivables Settings", make.COMPANY, company=make.COMPANY)
	repay_by("Journal Entry")


def repay_by(way: str):
	"""How the company repays its employees; said, so that tests do not depend on HRMS being there."""
	frappe.db.set_value(
		"Company Receivables Settings",
		make.COMPANY,
		{"employee_payable_account": OWED, "repay_employees_by": way},
		update_modified=False,
	)


def expense(deal, amount: float = 110, category: str = TRAVEL, submit: bool = False, **values):
	"""A draft expense from the bank account on a deal (or its name), or a posted one."""
	doc = frappe.get_doc(
		{
			"doctype": "Deal Expense",
			"deal": deal if isinstance(deal, str) or deal is None else deal.name,
			"category": category,
			"amount": amount,
			"paid_by": "Company Account",
			"paid_from": None if values.get("paid_by") not in (None, "Company Account") else make.BANK,
			**values,
		}
	).insert()
	if submit:
		doc.submit()
	return doc


def receipt(content: bytes, name: str = "receipt.png") -> str:
	"""An uploaded photo, not attached to anything yet; its address."""
	# A picture that Frappe can open, made different by what follows its end.
	picture = base64.b64decode(
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	)
	return (
		frappe.get_doc({"doctype": "File", "file_name": name, "is_private": 1, "content": picture + content})
		.insert(ignore_permissions=True)
		.file_url
	)


def ledger(expense) -> list[tuple]:
	"""(account, deal, debit - credit) of what the expense's voucher posted, in company currency, sorted."""
	expense.reload()
	rows = frappe.get_all(
		"GL Entry",
		filters={"voucher_type": expense.voucher_type, "voucher_no": expense.voucher_no, "is_cancelled": 0},
		fields=["account", "deal", "debit", "credit"],
	)
	return sorted((row.account, row.deal or "", flt(row.debit - row.credit, 2)) for row in rows)


def plan_cost(deal, category: str, amount: float):
	"""Give the deal a planned cost in its own currency."""
	deal.reload()
	deal.append("planned_costs", {"category": category, "description": category, "amount": amount})
	deal.save()
