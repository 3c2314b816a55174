"""Statements of account: what they say, in whose language, and who gets them."""

import frappe
from frappe.utils import fmt_money

from sales_crm_accounts.api import statements as api
from sales_crm_accounts.services.receivables import statement as statements
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import (
	ReceivableCase,
	credit,
	day,
	invoice,
	money_on_account,
	new_customer,
)


class TestCustomerStatement(ReceivableCase):
	def setUp(self):
		super().setUp()
		make.receivables_settings(
			payment_instructions="<p>Test Bank, account 123-456</p>",
			collections_email="receivables@sca.example.com",
		)

	def test_data_and_pdf(self):
		"""900.00 in thirds, 350.00 paid: 250.00 overdue, 300.00 due ahead; 120.00 credit; 75.00 on account: 55.00 to pay now."""
		thirds = invoice(self.customer, -70, (300, 300, 300), (-60, -40, 20), po_no="PO <1>")
		make.pay(thirds, 350, day(-50))
		note = credit(invoice(self.customer, -40, (120,), (-35,)), 120, -8)
		make.pay(note.return_against, 120, day(-7))
		money_on_account(self.customer, 75, -3)
		frappe.db.set_value("Customer", self.customer, "language", "zh")
		other = new_customer()

		found = statements.data(make.COMPANY, [self.customer, other])
		self.assertTrue(found[other].is_empty)
		statement = found[self.customer]
		(part,) = statement.parts
		self.assertEqual(
			[(line.row.sales_invoice, line.row.installment_no, line.of, line.days_overdue, line.paid) for line in part.lines],
			[(thirds.name, 2, 3, 40, 50), (note.name, 1, 1, 8, 0), (thirds.name, 3, 3, -20, 0)],
		)  # fmt: skip
		self.assertEqual((part.overdue, part.not_due, part.credits, part.on_account), (250, 300, -120, 75))
		self.assertEqual((part.total, part.balance, part.to_pay), (430, 355, 55))

		promise = frappe.get_doc(
			{
				"doctype": "Promise to Pay", "company": make.COMPANY, "customer": self.customer, "amount": 250, "currency": "USD",
				"promised_on": day(0), "pay_by": day(5), "promised_by": "Ms Doe", "sales_invoice": thirds.name,
			}
		).insert()  # fmt: skip
		(told,) = statements.data(make.COMPANY, [self.customer])[self.customer].promises
		self.assertEqual((told.amount, told.pay_by, told.sales_invoice), (250, promise.pay_by, thirds.name))

		doc = frappe.get_doc("Customer", self.customer)
		doc.sca_company = make.COMPANY
		html = statements.sca_customer_statement_html(doc)
		self.assertIn("Installment 2 of 3", html)
		self.assertIn("PO &lt;1&gt;", html)
		self.assertIn("account 123-456", html)
		self.assertIn(fmt_money(55, currency="USD"), html)
		self.assertEqual(frappe.local.lang, "en")

		api.download(self.customer, make.COMPANY)
		response = frappe.local.response
		self.assertTrue(response.filecontent.startswith(b"%PDF"))
		self.assertEqual((response.type, response.filename), ("pdf", statements.file_name(statement)))
		self.assertIn("对账单", response.filename)

	def test_a_foreign_currency(self):
		"""The statement is in the currency of the receivable account: 450.00 EUR overdue, 450.00 ahead."""
		customer = new_customer(make.FOREIGN_CUSTOMER)
		invoice(
			customer,
			-60,
			(450, 450),
			(-45, 5),
			currency="EUR",
			conversion_rate=1.25,
			debit_to=make.EUR_DEBTORS,
		)
		(part,) = statements.data(make.COMPANY, [customer])[customer].parts
		self.assertEqual((part.currency, part.overdue, part.balance, part.to_pay), ("EUR", 450, 900, 450))

	def test_the_number_of_statements_is_fixed(self):
		"""One customer or three: the database is asked as often."""
		customers = [self.customer, new_customer(), new_customer()]
		for customer in customers:
			invoice(customer, -40, (100, 100), (-10, 10))
		frappe.db.commit()
		counts = []
		for names in (customers[:1], customers):
			statements.data(make.COMPANY, names)
			with self.counted() as count:
				statements.data(make.COMPANY, names)
			counts.append(count[0])
		self.assertEqual(counts[0], counts[1])
		self.assertLessEqual(counts[0], 8)

	def test_the_company_where_none_is_named(self):
		"""The user's own, unless the customer owes only another one."""
		own = frappe.get_all("Company", {"name": ("!=", make.COMPANY)}, pluck="name", limit=1)[0]
		before = frappe.defaults.get_user_default("Company", make.ACCOUNTANT)
		frappe.defaults.set_user_default("Company", own, make.ACCOUNTANT)
		self.addCleanup(frappe.defaults.set_user_default, "Company", before, make.ACCOUNTANT)
		self.addCleanup(frappe.set_user, "Administrator")
		frappe.set_user(make.ACCOUNTANT)
		self.assertEqual(api.default_company(self.customer), own)
		frappe.set_user("Administrator")
		invoice(self.customer, -40, (100,), (-10,))
		frappe.db.commit()
		frappe.set_user(make.ACCOUNTANT)
		self.assertEqual(api.default_company(self.customer), make.COMPANY)
		html = statements.sca_customer_statement_html(frappe.get_doc("Customer", self.customer))
		self.assertIn(make.COMPANY, html)
		self.assertIn("100.00", html)

	def test_a_salesperson_gets_none(self):
		"""It shows what is open of every deal."""
		invoice(self.customer, -40, (100,), (-10,))
		frappe.db.commit()
		frappe.set_user(make.SELLER)
		self.assertRaises(frappe.PermissionError, api.download, self.customer, make.COMPANY)
		self.assertIsNone(api.default_company(self.customer))
		doc = frappe._dict(name=self.customer, sca_company=make.COMPANY)
		self.assertRaises(frappe.PermissionError, statements.sca_customer_statement_html, doc)
		frappe.set_user(make.ACCOUNTANT)
		api.download(self.customer, make.COMPANY)
		self.assertTrue(frappe.local.response.filecontent.startswith(b"%PDF"))
