"""Waivers of interest and fees: before the invoice and after it, and what waits for approval."""

import frappe

from sales_crm_accounts.api import charges as api
from sales_crm_accounts.services.approvals import gate, posting
from sales_crm_accounts.services.receivables import charge_invoices, charges
from sales_crm_accounts.tests import approval_factories as people
from sales_crm_accounts.tests.charge_case import (
	COLLECTOR,
	HEAD,
	ChargeCase,
	charge,
	late_invoice,
	state,
	waiver,
)


class TestChargeWaivers(ChargeCase):
	def test_waived_before_it_is_invoiced_and_the_invoice_cancelled_and_amended(self):
		"""365.00, 40 days late = 4.00; 1.50 waived leaves 2.50, 2.75 with tax."""
		(claim,) = charge(late_invoice((365, -40)))
		draft = waiver(claim, 1.5, user=COLLECTOR, submit=False)
		with people.as_user(COLLECTOR), self.assertRaises(frappe.PermissionError):
			draft.submit()
		self.assertEqual(state(claim), ("Claimed", 4, 0, 4))
		with people.as_user(HEAD):
			frappe.get_doc("Charge Waiver", draft.name).submit()
		frappe.db.commit()
		self.assertEqual(state(claim), ("Partly Waived", 4, 1.5, 2.5))
		self.assertMessage("only", waiver, claim, 2.51)
		frappe.db.rollback()
		self.assertMessage("A part of charge", charges.cancel, claim.name)
		frappe.db.commit()

		(result,) = charge_invoices.invoice([claim.name])
		bill = frappe.get_doc("Sales Invoice", result.invoice)
		self.assertEqual(bill.grand_total, 2.75)
		self.assertEqual(frappe.db.get_value("Receivable Charge", claim.name, "charge_invoice"), bill.name)
		self.assertMessage("was invoiced meanwhile", frappe.get_doc("Charge Waiver", draft.name).cancel)
		frappe.db.rollback()
		self.assertMessage("Cancel or delete the invoice", charges.cancel, claim.name)
		bill.cancel()
		self.assertEqual((state(claim), claim.charge_invoice), (("Partly Waived", 4, 1.5, 2.5), None))
		amended = frappe.copy_doc(bill)
		amended.amended_from, amended.docstatus = bill.name, 0
		amended.insert()
		self.assertEqual((state(claim)[0], claim.charge_invoice), ("Partly Waived", amended.name))
		self.assertEqual(charge_invoices.invoice([claim.name]), [])
		amended.submit()
		self.assertEqual(amended.receivable_charge_key, claim.name)
		copy = frappe.copy_doc(amended)
		copy.docstatus = 0
		copy.insert()
		self.assertEqual((copy.receivable_charge_key, copy.items[0].receivable_charge), (None, None))
		copy.delete()
		amended.cancel()
		self.assertEqual((state(claim)[0], claim.charge_invoice), ("Partly Waived", None))
		with people.as_user(HEAD):
			frappe.get_doc("Charge Waiver", draft.name).cancel()
			self.assertEqual(state(claim), ("Claimed", 4, 0, 4))
			api.cancel(claim.name, "Wrong")
		self.assertEqual(state(claim)[0], "Cancelled")

	def test_a_waiver_under_an_approval_chain(self):
		"""Nothing is waived until it is approved; then 1.00 before the invoice, and 2.00 after it by a credit note."""
		people.make_chain("SCA Waivers", "Charge Waiver", levels=[people.by(people.FIRST, min_amount=1)])
		(claim,) = charge(late_invoice((365, -40)))
		for amount, expected in ((1, ("Partly Waived", 4, 1, 3)), (2, ("Partly Waived", 4, 3, 1))):
			doc, before = waiver(claim, amount, submit=False), state(claim)
			with people.as_user(HEAD):
				self.assertRaises(gate.ApprovalRequired, frappe.get_doc("Charge Waiver", doc.name).submit)
				frappe.db.rollback()
			self.assertEqual(state(claim), before)
			request = self.assertAsked(doc, HEAD)
			people.approve(request)
			posting.post(request.name)
			frappe.db.rollback()
			self.assertEqual(state(claim), expected)
			if amount == 1:
				charge_invoices.invoice([claim.name])
		doc.reload()
		self.assertEqual(frappe.db.get_value("Sales Invoice", doc.credit_note, "grand_total"), -2.2)

	def test_a_credit_note_that_waits_for_approval(self):
		"""The waiver holds at once; its credit note is a draft until it is approved, and goes when the waiver is cancelled."""
		(claim,) = charge(late_invoice((365, -40)))
		charge_invoices.invoice([claim.name])
		people.make_chain("SCA Notes", "Sales Invoice", levels=[people.by(people.FIRST)])
		doc = waiver(claim, 3)
		note = frappe.get_doc("Sales Invoice", doc.credit_note)
		self.assertEqual((note.docstatus, state(claim)[0]), (0, "Partly Waived"))
		self.assertAsked(note, HEAD)
		with people.as_user(HEAD):
			frappe.get_doc("Charge Waiver", doc.name).cancel()
		self.assertEqual(state(claim), ("Invoiced", 4, 0, 4))
		self.assertFalse(frappe.db.exists("Sales Invoice", note.name))
