"""Credit at the deal: exposure from real documents against ERPNext's limits, and a chain that asks instead of a dead stop."""

import frappe
from frappe.utils import add_days, today

from sales_crm_accounts.api import credit as api
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.approvals import gate, posting
from sales_crm_accounts.services.receivables import credit
from sales_crm_accounts.setup import sample
from sales_crm_accounts.setup.defaults import APPROVAL_CHAINS
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.approval_case import ApprovalCase

CHAIN = "Deals above the Credit Limit"


class TestCredit(ApprovalCase):
	def setUp(self):
		super().setUp()
		# A customer of its own for each test: what it owes is known.
		group, territory = frappe.db.get_value("Customer", make.CUSTOMER, ["customer_group", "territory"])
		self.customer = f"SCA Credit {frappe.generate_hash(length=8)}"
		sample.ensure_customer(make.COMPANY, self.customer, group, territory)
		self.group = group

	def limit(self, amount: float, of: str = "Customer"):
		doc = frappe.get_doc(of, self.customer if of == "Customer" else self.group)
		doc.set("credit_limits", [row for row in doc.credit_limits if row.company != make.COMPANY])
		if amount:
			doc.append("credit_limits", {"company": make.COMPANY, "credit_limit": amount})
		doc.save()
		frappe.db.commit()

	def deal(self, **values):
		return make.make_deal(customer=self.customer, **values)

	def order(self, rate: float = 200):
		order = frappe.get_doc(
			{
				"doctype": "Sales Order",
				"company": make.COMPANY,
				"customer": self.customer,
				"currency": "USD",
				"delivery_date": add_days(today(), 30),
				"items": [
					{"item_code": make.SERVICE, "qty": 1, "rate": rate, "cost_center": make.COST_CENTER}
				],
			}
		).insert(ignore_permissions=True)
		order.submit()
		return order

	def test_exposure_from_invoices_money_deals_and_orders(self):
		"""A won deal of 900.00 in thirds: 299.97 billed, 100.00 of it paid, 600.03 billed later; an order of 200.00.

		50.00 lie on account. 199.97 - 50.00 + 600.03 + 200.00 = 950.00; 1,000.00 is the limit, so 900.00 more are 850.00 above it.
		"""
		won = self.deal(plan=make.thirds(), win=True)
		from sales_crm_accounts.services import billing

		billing.bill([make.installments(won)[0].name], force=True)
		invoice = make.installments(won)[0].sales_invoice
		make.pay(invoice, 100)
		spare = make.pay(invoice, 50, submit=False)
		spare.references = []
		spare.save()
		spare.submit()
		self.order()
		frappe.db.set_value("Open Installment", {"sales_invoice": invoice}, "due_date", add_days(today(), -3))
		self.limit(1000)
		found = credit.exposure(make.COMPANY, self.customer)
		parts = (found.receivables, found.on_account, found.billed_later, found.orders, found.overdue)
		self.assertEqual([float(part) for part in parts], [199.97, 50, 600.03, 200, 199.97])
		self.assertEqual((float(found.total), float(found.limit)), (950, 1000))

		deal = self.deal(deal_owner=make.SELLER)
		self.assertEqual([deal.get(field) for field in credit.DEAL_FIELDS], [1000, 950, 1850, 850, 199.97])
		frappe.db.commit()
		with people.as_user(make.SELLER):
			shown = api.of_document("Deal", deal.name)
		self.assertEqual((shown["total"], shown["more"], shown["excess"]), (950, 900, 850))
		self.assertEqual(api.of_document("Deal", won.name)["more"], 0, "a won deal is in the exposure")
		with people.as_user(make.OTHER_SELLER):
			self.assertRaises(frappe.PermissionError, api.of_document, "Deal", deal.name)
		self.assertMessage("is shown on", api.of_document, "Customer", self.customer)

		# What is billed moves from one part to the other, and the sum stays.
		billing.bill([make.installments(won)[1].name], force=True)
		self.assertEqual(float(credit.exposure(make.COMPANY, self.customer).total), 950)

	def test_orders_of_won_deals_count_once(self):
		policy = make.make_policy("SCA Credit Order", create_sales_order=1, min_amount=9_000_021)
		won = self.deal(win=True, billing_policy=policy.name, delivery_date=add_days(today(), 30))
		self.assertTrue(won.sales_order)
		found = credit.exposure(make.COMPANY, self.customer)
		self.assertEqual((float(found.billed_later), float(found.orders)), (900, 0))
		self.addCleanup(make.drop_policies)

	def test_quotation(self):
		self.limit(500)
		quotation = frappe.get_doc(
			{
				"doctype": "Quotation",
				"quotation_to": "Customer",
				"party_name": self.customer,
				"company": make.COMPANY,
				"currency": "USD",
				"items": [{"item_code": make.SERVICE, "qty": 1, "rate": 700}],
			}
		).insert()
		shown = api.of_document("Quotation", quotation.name)
		self.assertEqual((shown["total"], shown["more"], shown["excess"]), (0, 700, 200))
		self.limit(0)
		self.assertIsNone(api.of_document("Quotation", quotation.name))

	def test_limits_of_group_and_company(self):
		"""ERPNext's order: the customer's own, else the group's, else the company's."""
		frappe.db.set_value("Company", make.COMPANY, "credit_limit", 300)
		frappe.clear_document_cache("Company", make.COMPANY)
		try:
			self.assertEqual(self.deal().credit_excess, 600)
			self.limit(400, "Customer Group")
			self.assertEqual(self.deal().credit_excess, 500)
			self.limit(1000)
			self.assertEqual(self.deal().credit_excess, 0)
		finally:
			self.limit(0, "Customer Group")
			frappe.db.set_value("Company", make.COMPANY, "credit_limit", 0)
			frappe.clear_document_cache("Company", make.COMPANY)
			frappe.db.commit()

	def test_many_customers_by_the_same_statements(self):
		names = [self.customer, make.CUSTOMER, make.FOREIGN_CUSTOMER]
		credit.exposures(make.COMPANY, names)
		with self.assertQueryCount(4 + 3 * 2):  # four, and ERPNext's two looks for the limit of each
			self.assertEqual(set(credit.exposures(make.COMPANY, names)), set(names))

	def test_a_chain_asks_where_the_limit_is_exceeded(self):
		"""Limit 1,000.00: a deal of 900.00 is won; the next of 900.00 waits, though it was saved before the first was won."""
		self.limit(1000)
		_doctype, conditions, _levels = APPROVAL_CHAINS[CHAIN]
		people.make_chain(
			"SCA Credit",
			"Deal",
			levels=[people.by(people.FIRST)],
			conditions=[
				{"field": field, "operator": operator, "value": value}
				for field, operator, value in conditions
			],
		)
		with people.as_user(people.REQUESTER):
			first, second = self.deal(), self.deal()
			frappe.db.commit()
			first.submit()
			frappe.db.commit()
			with self.assertRaises(gate.ApprovalRequired):
				frappe.get_doc("Deal", second.name).submit()
			frappe.db.rollback()
		request = self.assertAsked(second)
		# Money that comes meanwhile changes the figures, and not what was asked.
		make.journal(
			[
				{"account": make.BANK, "debit_in_account_currency": 10},
				{
					"account": make.DEBTORS,
					"party_type": "Customer",
					"party": self.customer,
					"credit_in_account_currency": 10,
				},
			],
			"Bank Entry",
		)
		frappe.db.commit()
		people.approve(request)
		posting.post(request.name)
		frappe.db.rollback()
		ledger.flush()
		second.reload()
		self.assertEqual((second.docstatus, second.credit_with_deal, second.credit_excess), (1, 1790, 790))
