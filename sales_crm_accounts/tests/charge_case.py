"""What tests of interest and fees share: late invoices, settings of the test company, claims and waivers.

Interest is 10 % a year, Actual/365, so a day on 365.00 costs 0.10.
"""

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.receivables import charges
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase

TABLE = "SCA Ten Percent"
COLLECTOR, HEAD = "charges.collector@sca.example.com", "head.of.collections@sca.example.com"
SETTINGS = "Company Receivables Settings"
TERMS = ("SCA Charge A", "SCA Charge B")


def day(number: int):
	return getdate(add_days(today(), number))


def late_invoice(*parts, terms=None, **values):
	"""An invoice of 90 days ago over `parts` as (amount, days from today on which it was due)."""
	invoice = frappe.get_doc(
		{
			"doctype": "Sales Invoice",
			"company": make.COMPANY,
			"customer": make.CUSTOMER,
			"currency": "USD",
			"posting_date": day(-90),
			"set_posting_time": 1,
			"due_date": max(day(due) for _amount, due in parts),
			"ignore_default_payment_terms_template": 1,
			"cost_center": make.COST_CENTER,
			"disable_rounded_total": 1,
			"items": [
				{
					"item_code": make.SERVICE,
					"qty": 1,
					"rate": sum(amount for amount, _due in parts),
					"cost_center": make.COST_CENTER,
				}
			],
			**values,
		}
	)
	for index, (amount, due) in enumerate(parts):
		invoice.append(
			"payment_schedule",
			{
				"due_date": day(due),
				"invoice_portion": 0,
				"payment_amount": amount,
				"outstanding": amount,
				"payment_term": terms[index] if terms else None,
			},
		)
	invoice.insert(ignore_permissions=True)
	invoice.submit()
	ledger.flush()
	frappe.db.commit()
	return invoice


def charge(invoice, **values):
	names = charges.charge(make.COMPANY, invoices=[invoice.name], **values)
	return [frappe.get_doc("Receivable Charge", name) for name in names]


def waiver(charge, amount=None, user=HEAD, submit=True):
	with people.as_user(user):
		doc = frappe.get_doc(
			{
				"doctype": "Charge Waiver",
				"receivable_charge": charge.name,
				"amount": amount,
				"reason": "Goodwill",
			}
		).insert()
		if submit:
			doc.submit()
	frappe.db.commit()
	return doc


def state(charge):
	charge.reload()
	return charge.status, charge.amount, charge.waived_amount, charge.claimed_amount


def lines(invoice):
	"""Ledger entries as (account, debit, credit)."""
	rows = frappe.get_all(
		"GL Entry",
		filters={"voucher_no": invoice, "is_cancelled": 0},
		fields=["account", "debit", "credit"],
		order_by="debit desc, credit desc",
	)
	return [(row.account, row.debit, row.credit) for row in rows]


def ensure_items_and_rates():
	warehouse = frappe.db.get_value("Warehouse", {"company": make.COMPANY, "is_group": 0})
	for item in ("SCA Interest", "SCA Fee"):
		make.ensure(
			"Item", item, item_code=item, item_name=item, stock_uom="Nos", is_stock_item=0,
			item_group=frappe.db.get_value("Item Group", {"is_group": 0}),
			item_defaults=[{"company": make.COMPANY, "default_warehouse": warehouse, "income_account": f"Sales - {make.ABBR}"}],
		)  # fmt: skip
	for term in TERMS:
		make.ensure("Payment Term", term, payment_term_name=term)
	make.ensure(
		"Interest Rate Table",
		TABLE,
		table_name=TABLE,
		rows=[{"from_date": "2000-01-01", "annual_rate": 10}],
	)


def use_settings(**values):
	"""The settings of the test company, with these values."""
	drop_settings()
	frappe.get_doc(
		{
			"doctype": SETTINGS,
			"company": make.COMPANY,
			"interest_rate_table": TABLE,
			"interest_item": "SCA Interest",
			"fee_item": "SCA Fee",
			"charge_taxes_template": make.TAX_TEMPLATE,
			**values,
		}
	).insert()
	frappe.db.commit()


def drop_settings():
	if frappe.db.exists(SETTINGS, make.COMPANY):
		frappe.delete_doc(SETTINGS, make.COMPANY, force=True)
		frappe.db.commit()


class ChargeCase(ApprovalCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_user(COLLECTOR, ["Collector"])
		make.make_user(HEAD, ["Collections Manager"])
		ensure_items_and_rates()
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		self.use()
		self.addCleanup(self.drop_settings)

	def use(self, **values):
		use_settings(**values)

	def drop_settings(self):
		drop_settings()
