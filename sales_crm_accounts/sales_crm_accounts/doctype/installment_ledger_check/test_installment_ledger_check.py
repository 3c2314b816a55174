"""The nightly proof finds what was tampered with, repairs it, and says so."""

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.services import ledger, ledger_check
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestInstallmentLedgerCheck(SiteTestCase):
	def setUp(self):
		deal = make.make_deal(make.thirds(), win=True)
		self.invoices = [invoice.name for invoice in make.bill_all(deal)]
		ledger_check.sca_nightly_ledger_check()

	def check(self):
		return frappe.get_doc("Installment Ledger Check", ledger_check.sca_nightly_ledger_check())

	def kept(self, invoice):
		return frappe.get_all(
			"Open Installment",
			filters={"sales_invoice": invoice},
			fields=["installment_no", "outstanding_amount", "customer"],
			order_by="installment_no",
		)

	def test_equal(self):
		check = self.check()
		self.assertEqual((check.status, check.differences, check.rows), ("Equal", 0, []))
		self.assertEqual(check.check_date, getdate(today()))
		self.assertEqual(
			getdate(frappe.db.get_single_value("Sales CRM Accounts Settings", "last_ledger_check")),
			getdate(today()),
		)
		total = next(row for row in check.totals if row.account == make.DEBTORS)
		self.assertEqual(total.ledger_outstanding, total.kept_outstanding)
		self.assertEqual(total.account_currency, "USD")

	def test_tampered_rows_are_found_and_repaired(self):
		"""An amount changed, a row deleted, a row too much, a name changed: four ways, three invoices and one that is not there."""
		first, second, third = self.invoices
		frappe.db.sql(
			"update `tabOpen Installment` set outstanding_amount = 1 where sales_invoice = %s", first
		)
		frappe.db.sql("delete from `tabOpen Installment` where sales_invoice = %s", second)
		frappe.db.sql(
			"update `tabOpen Installment` set customer = 'Somebody' where sales_invoice = %s", third
		)
		frappe.db.sql(
			"insert into `tabOpen Installment` (name, sales_invoice, installment_no, company, account, outstanding_amount) "
			"values (%s, %s, 7, %s, %s, 5), ('GONE-01', 'GONE', 1, %s, %s, 9)",
			(f"{third}-07", third, make.COMPANY, make.DEBTORS, make.COMPANY, make.DEBTORS),
		)
		check = self.check()
		self.assertEqual((check.status, check.differences), ("Repaired", 4))
		found = {row.sales_invoice: row for row in check.rows}
		self.assertEqual(set(found), {first, second, third, "GONE"})
		self.assertEqual((found[first].kept_outstanding, found[first].ledger_outstanding), (1, 299.97))
		self.assertEqual((found[second].kept_outstanding, found[second].ledger_outstanding), (0, 299.97))
		self.assertEqual((found["GONE"].kept_outstanding, found["GONE"].ledger_outstanding), (9, 0))
		for invoice, amount in ((first, 299.97), (second, 299.97), (third, 300.06)):
			(row,) = self.kept(invoice)
			self.assertEqual(
				(row.installment_no, row.outstanding_amount, row.customer), (1, amount, make.CUSTOMER)
			)
		self.assertFalse(self.kept("GONE"))
		self.assertEqual(self.check().status, "Equal")

	def test_figures_of_installments_and_deals_are_proved_too(self):
		"""Two of the deal's three installments and a deal that is paid to the end, written by SQL; each is told apart and put right."""
		first, second, _third = self.invoices
		rows = {
			row.sales_invoice: row.name
			for row in frappe.get_all(
				"Deal Installment", {"sales_invoice": ("in", self.invoices)}, ["name", "sales_invoice"]
			)
		}
		paid = make.make_deal([make.row("All", 100)], win=True)
		make.pay(make.bill_all(paid)[0].name)
		self.assertEqual(
			frappe.db.get_value("Deal", paid.name, ["status", "collected_amount"]), ("Completed", 900)
		)
		self.check()
		frappe.db.set_value("Deal Installment", rows[first], "paid_amount", 50, update_modified=False)
		frappe.db.set_value("Deal Installment", rows[second], "status", "Paid", update_modified=False)
		frappe.db.set_value("Deal", paid.name, "collected_amount", 1, update_modified=False)
		check = self.check()
		self.assertEqual(
			(check.status, check.differences, check.installments_differed, check.deals_differed),
			("Repaired", 0, 2, 1),
		)
		self.assertEqual(
			{row.document: row.reason for row in check.rows},
			{rows[first]: "Paid", rows[second]: "Status", paid.name: "Collected"},
		)
		self.assertEqual(frappe.db.get_value("Deal Installment", rows[first], "paid_amount"), 0)
		self.assertEqual(frappe.db.get_value("Deal Installment", rows[second], "status"), "Billed")
		self.assertEqual(frappe.db.get_value("Deal", paid.name, "collected_amount"), 900)
		self.assertEqual(self.check().status, "Equal")

	def test_a_new_day_is_no_difference(self):
		"""The installments fall due, their deal with them: nothing was wrong."""
		deal = frappe.db.get_value("Sales Invoice", self.invoices[0], "deal")
		with self.freeze_time(f"{add_days(today(), 400)} 12:00:00"):
			check = self.check()
		self.assertEqual((check.status, check.installments_differed, check.deals_differed), ("Equal", 0, 0))
		self.assertEqual(frappe.db.get_value("Deal", deal, "overdue_amount"), 900)

	def test_a_row_of_the_ledger_that_no_document_announced(self):
		"""A payment written by SQL, as an unreconciliation of another app might do it."""
		(invoice, *_others) = self.invoices
		entry = frappe.get_all("Payment Ledger Entry", filters={"voucher_no": invoice}, fields=["*"])[0]
		entry.update(
			name=frappe.generate_hash(length=10),
			voucher_type="Payment Entry",
			voucher_no="RAW",
			amount=-100,
			amount_in_account_currency=-100,
		)
		columns = list(entry)
		frappe.db.sql(
			f"insert into `tabPayment Ledger Entry` (`{'`, `'.join(columns)}`) values ({', '.join(['%s'] * len(columns))})",
			[entry[column] for column in columns],
		)
		check = self.check()
		self.assertEqual((check.status, check.differences, check.rows[0].reason), ("Repaired", 1, "amounts"))
		self.assertEqual(self.kept(invoice)[0].outstanding_amount, 199.97)
		installment = frappe.db.get_value(
			"Deal Installment", {"sales_invoice": invoice}, ["status", "paid_amount", "outstanding_amount"]
		)
		self.assertEqual(installment, ("Partly Paid", 100, 199.97))

	def test_the_number_of_statements_is_fixed(self):
		statements = []
		for invoices in (self.invoices, []):
			for invoice in invoices:
				make.pay(invoice)
			with self.count_statements() as counted:
				ledger_check.differences()
				ledger_check.totals_by_account()
			statements.append(counted["statements"])
		self.assertEqual(statements, [4, 4])

	def test_rebuild_makes_the_same_rows(self):
		fields = [
			"name",
			"sales_invoice",
			"due_date",
			"amount",
			"paid_amount",
			"outstanding_amount",
			"base_outstanding_amount",
		]
		make.pay(self.invoices[0], 100)
		before = frappe.get_all("Open Installment", fields=fields, order_by="name")
		frappe.db.sql("delete from `tabOpen Installment` where sales_invoice = %s", self.invoices[1])
		frappe.db.sql(
			"update `tabOpen Installment` set paid_amount = 3, modified = '2020-01-01' where sales_invoice = %s",
			self.invoices[2],
		)
		frappe.db.sql(
			"update `tabDeal Installment` set status = 'Paid' where sales_invoice = %s", self.invoices[2]
		)
		result = ledger.rebuild(make.COMPANY)
		self.assertEqual(frappe.get_all("Open Installment", fields=fields, order_by="name"), before)
		self.assertEqual(result["rows"], frappe.db.count("Open Installment", {"company": make.COMPANY}))
		self.assertEqual(
			frappe.db.get_value("Deal Installment", {"sales_invoice": self.invoices[2]}, "status"), "Billed"
		)
		with self.count_statements() as counted:
			ledger.rebuild()
		self.assertEqual(counted["statements"], 5)
		self.assertEqual(frappe.get_all("Open Installment", fields=fields, order_by="name"), before)

	def count_statements(self):
		from contextlib import contextmanager
		from unittest.mock import patch

		@contextmanager
		def counting():
			counted, original = {"statements": 0}, frappe.db.sql

			def sql(*args, **kwargs):
				counted["statements"] += 1
				return original(*args, **kwargs)

			with patch.object(frappe.db, "sql", sql):
				yield counted

		return counting()
