"""The installment ledger on a site that had invoices before it had the app, and derived anew by the button."""

from unittest.mock import patch

import frappe

from sales_crm_accounts.api import desk
from sales_crm_accounts.services import ledger_fill
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make

KEPT = {
	"Open Installment": ("sales_invoice", "paid_amount", "outstanding_amount"),
	"Deal Installment": ("name", "status", "billed_amount", "paid_amount", "outstanding_amount"),
	"Deal": ("name", "status", "billed_amount", "collected_amount", "outstanding_amount", "per_billed"),
}


class TestLedgerFill(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		# 900.00 in 299.97, 299.97 and 300.06, all billed; 100.00 of the first is paid.
		cls.deal = make.make_deal(make.thirds(), win=True)
		cls.invoices = [invoice.name for invoice in make.bill_all(cls.deal)]
		make.pay(cls.invoices[0], 100)
		frappe.db.commit()

	def never_filled(self):
		"""As it is after `install-app`: tables of the app are empty, invoices stand, no night has been."""
		frappe.db.sql("delete from `tabOpen Installment`")
		frappe.db.delete("Installment Ledger Check")

	def kept(self, doctype: str):
		filters = (
			{"name": self.deal.name}
			if doctype == "Deal"
			else {"deal": self.deal.name, "sales_invoice": ("in", self.invoices)}
		)
		fields = list(KEPT[doctype])
		return frappe.get_all(doctype, filters, fields, order_by="name", as_list=True)

	def test_installing_fills_it(self):
		"""What was open before is known at once, as it stood: 199.97, 299.97 and 300.06; a second time changes nothing."""
		own = {"sales_invoice": ("in", self.invoices)}
		before = frappe.get_all("Open Installment", own, ["*"], order_by="name")
		self.never_filled()
		self.assertTrue(ledger_fill.needed())
		for _time in range(2):
			ledger_fill.start()
			self.assertEqual(
				[row[1:] for row in self.kept("Open Installment")],
				[(100, 199.97), (0, 299.97), (0, 300.06)],
			)
			self.assertFalse(ledger_fill.needed())
		after = frappe.get_all("Open Installment", own, ["*"], order_by="name")
		stamps = (
			"creation",
			"modified",
			"owner",
			"modified_by",
			"_user_tags",
			"_comments",
			"_assign",
			"_liked_by",
		)
		plain = lambda rows: [{k: v for k, v in row.items() if k not in stamps} for row in rows]  # noqa: E731
		self.assertEqual(plain(after), plain(before))

	def test_a_large_site_leaves_it_to_a_job_and_the_next_hour_makes_a_lost_job_good(self):
		self.never_filled()
		with patch.object(ledger_fill, "AT_ONCE", 0), patch.object(frappe, "enqueue") as jobs:
			ledger_fill.start()
			self.assertFalse(self.kept("Open Installment"))
			self.assertFalse(jobs.called)  # before the installation stands, there is nothing to read
			frappe.db.after_commit.run()
			self.assertEqual((jobs.call_count, jobs.call_args.kwargs["queue"]), (1, "long"))
		ledger_fill.sca_hourly_ledger_fill()
		self.assertEqual(len(self.kept("Open Installment")), 3)

	def test_once_a_night_has_been_the_nightly_check_repairs(self):
		self.never_filled()
		frappe.get_doc({"doctype": "Installment Ledger Check", "check_date": frappe.utils.today()}).insert()
		self.assertFalse(ledger_fill.needed())

	def test_a_failure_does_not_cost_the_installation(self):
		self.never_filled()
		broken = patch.object(ledger_fill.ledger, "rebuild", side_effect=frappe.ValidationError("broken"))
		with broken, patch.object(frappe.db, "commit"):
			ledger_fill.start()
		self.assertTrue(ledger_fill.needed())

	def test_derived_anew_by_the_button(self):
		"""What was written into the three tables by SQL is gone; who asked is told, with the check that proves it."""
		before = {doctype: self.kept(doctype) for doctype in KEPT}
		self.assertEqual(before["Deal"][0][1:], ("Won", 900, 100, 800, 100))
		self.tamper()
		for doctype in KEPT:
			self.assertNotEqual(self.kept(doctype), before[doctype], doctype)
		frappe.set_user(make.ACCOUNTANT)
		with patch.object(frappe, "enqueue") as jobs:
			desk.rebuild_installments(company=make.COMPANY)
		job = jobs.call_args
		self.assertEqual((job.kwargs["queue"], bool(job.kwargs["job_id"])), ("long", True))
		self.assertEqual(job.args, ("sales_crm_accounts.services.ledger_fill.rebuild",))
		check = ledger_fill.rebuild(company=job.kwargs["company"])
		for doctype in KEPT:
			self.assertEqual(self.kept(doctype), before[doctype], doctype)
		self.assertEqual(frappe.db.get_value("Installment Ledger Check", check, "status"), "Equal")
		told = frappe.get_all(
			"Notification Log", {"for_user": make.ACCOUNTANT, "document_name": check}, ["subject"]
		)
		self.assertEqual(len(told), 1)
		self.assertIn(make.COMPANY, told[0].subject)

	def test_only_those_who_keep_the_books_derive_anew(self):
		# Frappe's `only_for` asks nobody in tests.
		asking = patch.dict(frappe.flags, in_test=False)
		asking.start()
		self.addCleanup(asking.stop)
		for user in (make.SELLER, make.MANAGER):
			frappe.set_user(user)
			self.assertRaises(frappe.PermissionError, desk.rebuild_installments)
			self.assertRaises(frappe.PermissionError, desk.check_installments)

	def tamper(self):
		values = {"deal": self.deal.name, "invoice": self.invoices[0], "second": self.invoices[1]}
		for statement in (
			"update `tabOpen Installment` set outstanding_amount = 1, paid_amount = 3 where sales_invoice = %(invoice)s",
			"delete from `tabOpen Installment` where sales_invoice = %(second)s",
			"update `tabDeal Installment` set status = 'Paid', outstanding_amount = 0 where sales_invoice = %(second)s",
			"update `tabDeal` set status = 'Completed', collected_amount = 900, per_billed = 7 where name = %(deal)s",
		):
			frappe.db.sql(statement, values)
