"""Billing: what fails, is killed, cancelled, amended or deleted leaves no second invoice and no lost one."""

from unittest.mock import patch

import frappe
from frappe.model.naming import NamingSeries
from frappe.utils import get_url_to_form

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.services import billing, ledger, sweep
from sales_crm_accounts.services.invoices import build_invoice
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestBillingFailures(SiteTestCase):
	def tearDown(self):
		super().tearDown()
		make.drop_policies()

	def test_failed_invoice_leaves_the_reason_and_a_retry_heals(self):
		deal = make.make_deal(win=True, deal_owner=make.SELLER)
		self.addCleanup(self.set_language, make.SELLER, frappe.db.get_value("User", make.SELLER, "language"))
		self.set_language(make.SELLER, "zh")
		frappe.db.set_value("Item", make.SERVICE, "disabled", 1)
		frappe.clear_document_cache("Item", make.SERVICE)
		frappe.db.commit()
		last = NamingSeries("ACC-SINV-.YYYY.-").get_current_value()
		try:
			(result,) = sweep.bill_deal(deal.name)
		finally:
			frappe.db.set_value("Item", make.SERVICE, "disabled", 0)
			frappe.clear_document_cache("Item", make.SERVICE)
			frappe.db.commit()
		(row,) = make.installments(deal)
		self.assertEqual((result.outcome, row.status, row.attempts), ("Failed", "Ready", 1))
		self.assertIn("disabled", row.last_error)
		self.assertFalse(make.invoices_of(deal))
		self.assertEqual(NamingSeries("ACC-SINV-.YYYY.-").get_current_value(), last)  # no gap in the numbers
		# The job speaks English, the owner reads Chinese.
		told = frappe.get_all(
			"Notification Log", {"document_name": row.name, "for_user": make.SELLER}, ["subject", "link"]
		)
		self.assertEqual(
			[(line.subject.split("：")[0], line.link) for line in told],
			[(f"无法开具 {deal.name}, All 的发票", get_url_to_form("Deal Installment", row.name))],
		)
		self.assertIn("disabled", told[0].subject)
		sweep.bill_deal(deal.name)
		(row,) = make.installments(deal)
		self.assertEqual((row.status, row.last_error, len(make.invoices_of(deal))), ("Billed", None, 1))

	@staticmethod
	def set_language(user: str, language: str | None):
		frappe.db.set_value("User", user, "language", language)
		frappe.cache.hdel("lang", user)
		frappe.db.commit()

	def test_a_failure_does_not_wake_what_was_cancelled_meanwhile(self):
		deal = make.make_deal(win=True)
		(row,) = make.installments(deal)
		frappe.db.set_value("Deal Installment", row.name, "status", "Cancelled")
		self.assertEqual(billing._failed([row.name], Exception("no")), [])
		self.assertEqual(make.installments(deal)[0].status, "Cancelled")

	def test_number_of_another_year_is_not_given_back(self):
		deal = make.make_deal(win=True)
		(row,) = make.installments(deal)
		row.db_set("reserved_number", "ACC-SINV-1999-00001")
		last = NamingSeries("ACC-SINV-.YYYY.-").get_current_value()
		billing._give_number_back(row)
		self.assertEqual(NamingSeries("ACC-SINV-.YYYY.-").get_current_value(), last)
		self.assertEqual(make.installments(deal)[0].reserved_number, "ACC-SINV-1999-00001")

	def test_killed_between_invoice_and_link(self):
		"""A worker that dies after the invoice is made and before the commit leaves nothing; the next run makes it, once."""
		deal = make.make_deal(win=True)
		frappe.db.commit()
		with patch.object(billing, "_link", side_effect=SystemExit), self.assertRaises(SystemExit):
			sweep.bill_deal(deal.name)
		frappe.db.rollback()
		self.assertFalse(make.invoices_of(deal))
		(row,) = make.installments(deal)
		due = sweep.due_installments(retry_failed=False)
		self.assertIn(row.name, due)
		with patch.object(
			sweep, "due_installments", return_value=[row.name]
		):  # and not all that other tests left
			sweep.sca_daily_billing()
		self.assertEqual(len(make.invoices_of(deal)), 1)

	def test_a_lock_on_the_figures_costs_no_invoice(self):
		"""The invoice stands, a job is to derive it; and where that is lost, too, the hourly run does."""
		deal = make.make_deal(win=True)
		(row,) = make.installments(deal)
		deadlock = frappe.QueryDeadlockError(1213, "Deadlock")
		with (
			patch.object(ledger, "_refresh", side_effect=deadlock),
			patch.object(ledger, "later") as later,
		):
			(result,) = billing.bill([row.name], force=True)
		self.assertEqual(result.outcome, "Invoiced")
		later.assert_called_once_with([result.sales_invoice])
		self.assertEqual(make.installments(deal)[0].status, "Ready")
		sweep.derive_left_behind()
		self.assertEqual(make.installments(deal)[0].status, "Billed")

	def test_key_is_unique_in_the_database(self):
		deal = make.make_deal(win=True)
		make.bill_all(deal)
		(row,) = make.installments(deal)
		frappe.db.set_value("Deal Installment", row.name, "sales_invoice", None)
		frappe.db.commit()
		(result,) = billing.bill([row.name], force=True)
		self.assertEqual(len(make.invoices_of(deal)), 1)
		self.assertEqual(result.outcome, "Passed Over")
		self.assertTrue(make.installments(deal)[0].sales_invoice)

	def test_key_cannot_be_forged(self):
		deal = make.make_deal(win=True)
		(row,) = make.installments(deal)
		invoice = build_invoice(deal, [row])
		invoice.insert()
		self.assertFalse(invoice.deal_billing_key)
		self.assertFalse(make.installments(deal)[0].sales_invoice)

	def test_cancelled_amended_and_deleted_invoices(self):
		deal = make.make_deal(win=True)
		(invoice,) = make.bill_all(deal)
		invoice.cancel()
		(row,) = make.installments(deal)
		self.assertEqual((row.status, row.on_hold, row.sales_invoice), ("Ready", 1, None))
		self.assertIn(invoice.name, row.hold_reason)
		self.assertFalse(sweep.bill_deal(deal.name))  # nobody decided yet
		amended = frappe.copy_doc(invoice)
		amended.amended_from = invoice.name
		amended.docstatus = 0
		amended.insert()
		(row,) = make.installments(deal)
		self.assertEqual((row.sales_invoice, row.on_hold), (amended.name, 0))
		frappe.delete_doc("Sales Invoice", amended.name)
		(row,) = make.installments(deal)
		self.assertEqual((row.sales_invoice, row.former_invoice, row.on_hold), (None, None, 1))
		api.release(row.name)
		frappe.db.commit()
		sweep.bill_deal(deal.name)
		self.assertEqual(len(make.invoices_of(deal)), 1)

	def test_amended_invoice_of_a_whole_deal(self):
		"""One invoice for three installments, cancelled and amended: all three follow, and a sweep raises nothing more."""
		make.make_policy(invoicing_method="One Invoice with Schedule")
		deal = make.make_deal(make.thirds(), win=True)
		sweep.bill_deal(deal.name)
		(invoice,) = make.invoices_of(deal)
		invoice.cancel()
		self.assertEqual({row.former_invoice for row in make.installments(deal)}, {invoice.name})
		amended = frappe.copy_doc(invoice)
		amended.amended_from = invoice.name
		amended.docstatus = 0
		amended.insert()
		amended.submit()
		ledger.flush()
		rows = make.installments(deal)
		self.assertEqual({row.sales_invoice for row in rows}, {amended.name})
		self.assertEqual([row.status for row in rows], ["Billed"] * 3)
		self.assertEqual([row.outstanding_amount for row in rows], [299.97, 299.97, 300.06])
		self.assertFalse(sweep.bill_deal(deal.name))
