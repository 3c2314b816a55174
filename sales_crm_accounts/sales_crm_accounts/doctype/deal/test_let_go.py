# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.api import deal as deal_api
from sales_crm_accounts.services import profit
from sales_crm_accounts.services.approvals import verification
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

ADS = f"SCA Ads - {make.ABBR}"


class TestLetGo(SiteTestCase):
	def expenses(self, deal) -> float:
		"""What the ledger says the deal cost, read anew."""
		row = frappe.get_doc("Deal", deal.name)
		figures = profit.read(
			profit.Scope(make.COMPANY, add_days(getdate(today()), -5), getdate(today()), deals=[row.name]),
			{row.name: row},
		).figures
		return float(sum(each.expense for (bearer, _period), each in figures.items() if bearer == deal.name))

	def test_money_on_account_goes_to_another_invoice(self):
		"""900.00 paid, credited and unreconciled: the deal goes, and the money pays another deal's 900.00."""
		deal = make.make_deal(win=True)
		(invoice,) = make.bill_all(deal)
		payment = make.pay(invoice)
		self.assertEqual(payment.deal, deal.name)
		for name in deal_api.make_credit_notes(deal.name):
			frappe.get_doc("Sales Invoice", name).submit()
		make.unreconcile(payment)
		deal.reload()
		deal.cancel()
		(other,) = make.bill_all(make.make_deal(win=True))
		tool = frappe.get_doc(
			{
				"doctype": "Payment Reconciliation",
				"company": make.COMPANY,
				"party_type": "Customer",
				"party": make.CUSTOMER,
				"receivable_payable_account": make.DEBTORS,
			}
		)
		tool.get_unreconciled_entries()
		tool.allocate_entries(
			frappe._dict(
				payments=[row.as_dict() for row in tool.payments if row.reference_name == payment.name],
				invoices=[row.as_dict() for row in tool.invoices if row.invoice_number == other.name],
			)
		)
		tool.reconcile()
		self.assertEqual(frappe.db.get_value("Sales Invoice", other.name, "outstanding_amount"), 0)
		self.assertIsNone(frappe.db.get_value("Payment Entry", payment.name, "deal"))
		self.assertTrue(
			frappe.db.exists(
				"Comment",
				{
					"reference_doctype": "Payment Entry",
					"reference_name": payment.name,
					"content": ("like", f"%{deal.name}%"),
				},
			)
		)
		self.assertEqual({row.status for row in make.installments(deal)}, {"Cancelled"})

	def test_suppliers_are_paid_and_orders_billed(self):
		"""A bill of 100.00 and a claim of 20.00 by journal are paid after the deal is cancelled; it keeps 120.00 of costs. Order: billed."""
		from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
		from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_invoice

		make.account("SCA Ads", "Indirect Expenses", "Expense Account")
		deal = make.make_deal(win=True)
		bill = make.supplier_bill(100, deal.name, ADS)
		payable = bill.credit_to
		journal = make.journal(
			[
				{"account": ADS, "debit_in_account_currency": 20, "deal": deal.name},
				{
					"account": payable,
					"party_type": "Supplier",
					"party": make.SUPPLIER,
					"credit_in_account_currency": 20,
					"deal": deal.name,
				},
			]
		)
		order = frappe.get_doc(
			{
				"doctype": "Purchase Order",
				"company": make.COMPANY,
				"supplier": make.SUPPLIER,
				"deal": deal.name,
				"schedule_date": today(),
				"items": [
					{
						"item_code": make.SERVICE,
						"qty": 1,
						"rate": 50,
						"schedule_date": today(),
						"deal": deal.name,
					}
				],
			}
		).insert(ignore_permissions=True)
		order.submit()
		self.assertEqual(self.expenses(deal), 120)
		deal.reload()
		deal.cancel()
		entry = get_payment_entry("Purchase Invoice", bill.name, bank_account=make.BANK)
		entry.reference_no, entry.reference_date = "TEST", today()
		entry.insert(ignore_permissions=True).submit()
		self.assertEqual(frappe.db.get_value("Purchase Invoice", bill.name, "outstanding_amount"), 0)
		# What reconciling does: it saves the journal.
		frappe.get_doc("Journal Entry", journal.name).save(ignore_permissions=True)
		make_purchase_invoice(order.name).insert(ignore_permissions=True)
		self.assertEqual(self.expenses(deal), 120)
		# An approved bill that lost its deal this way was not changed after its approval; one that lost a deal that stands was.
		won = make.make_deal(win=True)
		for name, same in ((deal.name, True), (won.name, False)):
			before, after = verification._without_cancelled_deals(
				{"fields": {"supplier": "S", "deal": name}, "rows": {"items": [{"qty": 1, "deal": name}]}},
				{"fields": {"supplier": "S"}, "rows": {"items": [{"qty": 1}]}},
			)
			self.assertEqual(before == after, same)
