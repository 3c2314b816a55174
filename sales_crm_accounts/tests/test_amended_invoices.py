"""An amended invoice bills nothing again that was billed since its invoice was cancelled."""

import frappe

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.services import sweep
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


def amended(invoice):
	copy = frappe.copy_doc(invoice)
	copy.amended_from, copy.docstatus = invoice.name, 0
	return copy


class TestAmendedInvoices(SiteTestCase):
	def tearDown(self):
		super().tearDown()
		make.drop_policies()

	def standing(self, deal) -> float:
		return sum(
			frappe.get_all("Sales Invoice", {"deal": deal.name, "docstatus": ("<", 2)}, pluck="net_total")
		)

	def release(self, name: str):
		api.release(name)
		frappe.db.commit()
		sweep.bill_deal(frappe.db.get_value("Deal Installment", name, "deal"))

	def assertRefused(self, function, *parts: str):
		frappe.db.savepoint("amend")
		with self.assertRaises(frappe.ValidationError) as caught:
			function()
		frappe.db.rollback(save_point="amend")
		for part in parts:
			self.assertIn(part, str(caught.exception))

	def test_billed_meanwhile(self):
		"""900.00 cancelled, released and billed again: the old invoice is not amended while the new one stands."""
		deal = make.make_deal(win=True)
		(invoice,) = make.bill_all(deal)
		invoice.cancel()
		early = amended(invoice)
		early.insert()
		# A draft that was amended before such drafts were refused.
		frappe.db.set_value("Sales Invoice", early.name, "deal_billing_key", None)
		frappe.db.set_value("Deal Installment", f"{deal.name}-01", "sales_invoice", None)
		self.release(f"{deal.name}-01")
		second = make.installments(deal)[0].sales_invoice
		early.reload()
		self.assertRefused(early.submit, f"{deal.name}-01", second)
		frappe.delete_doc("Sales Invoice", early.name)
		self.assertRefused(amended(invoice).insert, f"{deal.name}-01", second, "Leave")
		self.assertEqual(self.standing(deal), 900)
		# The remedy: the new one goes, and the old one can be amended.
		frappe.get_doc("Sales Invoice", second).cancel()
		copy = amended(invoice)
		copy.insert()
		copy.submit()
		self.assertEqual(self.standing(deal), 900)

	def test_one_of_three_of_one_invoice(self):
		"""One invoice over three installments is cancelled; the first (299.97) is released and billed: 900.00 is not billed beside it."""
		make.make_policy(invoicing_method="One Invoice with Schedule")
		deal = make.make_deal(make.thirds(), win=True)
		sweep.bill_deal(deal.name)
		invoice = frappe.get_doc("Sales Invoice", make.installments(deal)[0].sales_invoice)
		invoice.cancel()
		self.release(f"{deal.name}-01")
		second = make.installments(deal)[0].sales_invoice
		self.assertEqual(frappe.db.get_value("Sales Invoice", second, "net_total"), 299.97)
		self.assertRefused(amended(invoice).insert, f"{deal.name}-01", second)
		self.assertEqual(self.standing(deal), 299.97)
		for name in (f"{deal.name}-02", f"{deal.name}-03"):
			api.release(name)
			api.bill(deal.name, name)
		self.assertEqual(self.standing(deal), 900)

	def test_what_another_invoice_billed_before_is_in_nobodys_way(self):
		"""The third was on hold and is billed apart (300.06): it was never on the one invoice over 599.94, which is amended."""
		make.make_policy(invoicing_method="One Invoice with Schedule")
		deal = make.make_deal(make.thirds(), win=True)
		api.hold(f"{deal.name}-03", "Wait")
		frappe.db.commit()
		sweep.bill_deal(deal.name)
		api.release(f"{deal.name}-03")
		api.bill(deal.name, f"{deal.name}-03")
		rows = make.installments(deal)
		self.assertNotEqual(rows[2].sales_invoice, rows[0].sales_invoice)
		invoice = frappe.get_doc("Sales Invoice", rows[0].sales_invoice)
		invoice.cancel()
		copy = amended(invoice)
		copy.insert()
		copy.submit()
		self.assertEqual(self.standing(deal), 900)

	def test_planned_anew_meanwhile(self):
		"""The installment of a cancelled invoice was taken out of the plan: what replaces it is billed, not the old invoice."""
		deal = make.make_deal(win=True)
		(invoice,) = make.bill_all(deal)
		invoice.cancel()
		make.make_change(deal, [make.row("A", 100)], submit=True)
		self.assertRefused(amended(invoice).insert, f"{deal.name}-01", "is cancelled")
