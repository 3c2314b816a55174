"""Drafts of every kind of document that posts, with what complicates them: taxes, discounts, schedules, currencies, stock."""

import frappe
from frappe.utils import add_days, today

from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make


class Documents:
	def makers(self):
		"""Drafts of every kind that posts, with what complicates them."""
		eur = {
			"customer": make.FOREIGN_CUSTOMER,
			"currency": "EUR",
			"conversion_rate": make.EUR_RATE,
			"debit_to": make.EUR_DEBTORS,
			"due_date": add_days(today(), 30),
		}
		yield (
			"Sales Invoice",
			lambda: people.invoice(
				additional_discount_percentage=5, remarks="Note", due_date=add_days(today(), 30)
			),
		)
		yield "Sales Invoice in EUR", lambda: people.invoice(**eur)
		yield (
			"Sales Invoice with schedule",
			lambda: people.invoice(
				payment_schedule=[
					{"due_date": add_days(today(), days), "invoice_portion": 50, "payment_amount": 55}
					for days in (10, 40)
				]
			),
		)
		yield "Sales Invoice with advances", self.invoice_with_advance
		yield "Sales Invoice that moves stock", self.stock_invoice
		yield "Purchase Invoice", lambda: self.buying("Purchase Invoice", due_date=add_days(today(), 30))
		yield "Purchase Order", lambda: self.buying("Purchase Order", schedule_date=add_days(today(), 9))
		yield "Sales Order", lambda: self.selling("Sales Order", delivery_date=add_days(today(), 9))
		yield (
			"Quotation",
			lambda: self.selling("Quotation", party_name=make.CUSTOMER, quotation_to="Customer"),
		)
		yield "Payment to a supplier", self.payment_with_references
		yield "Internal transfer", self.transfer
		yield "Journal Entry", lambda: people.draft(321.45)
		yield "Journal Entry in EUR", self.foreign_journal
		yield "Delivery Note", self.delivery
		yield "Stock Entry", self.receipt
		yield "Stock Reconciliation", self.reconciliation
		yield "Asset", lambda: people.asset()[0]
		yield "Deal", self.deal
		yield "Deal Change", self.deal_change

	def selling(self, doctype: str, **values):
		doc = frappe.get_doc(
			{
				"doctype": doctype,
				"company": make.COMPANY,
				"customer": make.CUSTOMER,
				"currency": "USD",
				"items": [{"item_code": make.SERVICE, "qty": 3, "rate": 33.33}],
				"taxes_and_charges": make.TAX_TEMPLATE,
				**values,
			}
		)
		doc.append_taxes_from_master()
		return self.kept(doc)

	def buying(self, doctype: str, **values):
		return self.kept(
			frappe.get_doc(
				{
					"doctype": doctype,
					"company": make.COMPANY,
					"supplier": people.supplier(),
					"currency": "USD",
					"items": [
						{
							"item_code": make.SERVICE,
							"qty": 2,
							"rate": 49.99,
							"expense_account": f"Cost of Goods Sold - {make.ABBR}",
							"cost_center": make.COST_CENTER,
						}
					],
					**values,
				}
			)
		)

	def kept(self, doc):
		with people.as_user("Administrator"):
			doc.insert()
		frappe.db.commit()
		return doc

	def invoice_with_advance(self):
		people.remove_chain("SCA Payments")
		advance = people.payment(40, payment_type="Receive")
		advance.submit()
		invoice = people.invoice(due_date=add_days(today(), 30))
		invoice.set_advances()
		for row in invoice.advances:
			row.allocated_amount = 40 if row.reference_name == advance.name else 0
		invoice.save()
		frappe.db.commit()
		return invoice

	def stock(self):
		warehouse = frappe.db.get_value("Warehouse", {"company": make.COMPANY, "is_group": 0})
		entry = self.receipt(qty=20)
		with people.as_user("Administrator"):
			people.chains.forget()
			entry.submit()
		frappe.db.commit()
		return warehouse

	def stock_invoice(self):
		warehouse = self.stock()
		return people.invoice(
			user="Administrator",
			update_stock=1,
			due_date=add_days(today(), 30),
			items=[
				{
					"item_code": make.MACHINE,
					"qty": 2,
					"rate": 100,
					"warehouse": warehouse,
					"cost_center": make.COST_CENTER,
				}
			],
		)

	def receipt(self, qty: float = 5):
		return self.kept(
			frappe.get_doc(
				{
					"doctype": "Stock Entry",
					"stock_entry_type": "Material Receipt",
					"purpose": "Material Receipt",
					"company": make.COMPANY,
					"items": [
						{
							"item_code": make.MACHINE,
							"qty": qty,
							"basic_rate": 7.77,
							"t_warehouse": frappe.db.get_value(
								"Warehouse", {"company": make.COMPANY, "is_group": 0}
							),
						}
					],
				}
			)
		)

	def reconciliation(self):
		return self.kept(
			frappe.get_doc(
				{
					"doctype": "Stock Reconciliation",
					"purpose": "Stock Reconciliation",
					"company": make.COMPANY,
					"expense_account": f"Stock Adjustment - {make.ABBR}",
					"cost_center": make.COST_CENTER,
					"items": [
						{
							"item_code": make.MACHINE,
							"warehouse": frappe.db.get_value(
								"Warehouse", {"company": make.COMPANY, "is_group": 0}
							),
							"qty": 1000 + int(frappe.generate_hash(length=6), 16) % 1000,
							"valuation_rate": 8.5,
						}
					],
				}
			)
		)

	def delivery(self):
		return self.selling(
			"Delivery Note",
			items=[{"item_code": make.MACHINE, "qty": 1, "rate": 120, "warehouse": self.stock()}],
		)

	def payment_with_references(self):
		invoice = self.buying("Purchase Invoice")
		with people.as_user("Administrator"):
			invoice.submit()
		frappe.db.commit()
		return people.payment(
			90,
			references=[
				{
					"reference_doctype": "Purchase Invoice",
					"reference_name": invoice.name,
					"allocated_amount": 95,
				}
			],
			deductions=[{"account": make.WRITE_OFF, "cost_center": make.COST_CENTER, "amount": -5}],
		)

	def transfer(self):
		return people.payment(
			payment_type="Internal Transfer",
			party_type=None,
			party=None,
			paid_from=make.BANK,
			paid_to=f"Cash - {make.ABBR}",
		)

	def foreign_journal(self):
		return people.draft(
			multi_currency=1,
			accounts=[
				{
					"account": make.EUR_BANK,
					"debit_in_account_currency": 80,
					"exchange_rate": make.EUR_RATE,
					"cost_center": make.COST_CENTER,
				},
				{"account": make.BANK, "credit_in_account_currency": 100, "cost_center": make.COST_CENTER},
			],
		)

	def deal(self):
		deal = make.make_deal(make.thirds())
		frappe.db.commit()
		return deal

	def deal_change(self):
		change = make.make_change(make.make_deal(make.thirds(), win=True), amount_change=30)
		frappe.db.commit()
		return change
