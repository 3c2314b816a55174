"""Fees of reminders whose mail comes back: nobody pays for what they never got."""

import frappe

from sales_crm_accounts.api import dunning as api
from sales_crm_accounts.services.receivables import charge_invoices, dunning_run, mail_bounces
from sales_crm_accounts.tests import charge_case
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.dunning_case import MAIL, DunningCase


class TestDunningFees(DunningCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_user(charge_case.HEAD, ["Collections Manager"])
		charge_case.ensure_items_and_rates()
		frappe.db.commit()

	def setUp(self):
		super().setUp()
		self.addCleanup(charge_case.drop_settings)
		charge_case.use_settings()
		self.policy.attach_letter = 0
		self.policy.levels[0].update({"fee": 10, "charge_interest": 1})
		self.policy.save()
		frappe.db.commit()

	def charges(self, message) -> list[tuple]:
		"""(kind, status, what is still claimed) of the message's charges, oldest first."""
		return [
			(row.kind, row.status, row.claimed_amount)
			for row in frappe.get_all(
				"Receivable Charge",
				filters={"source_doctype": message.doctype, "source_name": message.name},
				fields=["kind", "status", "claimed_amount"],
				order_by="creation",
			)
		]

	def test_a_reminder_that_does_not_arrive_costs_nothing(self):
		"""365.00, ten days late: a fee of 10.00, and 10 days at 10 % of 365.00 a year, 1.00 of interest.

		The server refuses the address: the fee is cancelled, the interest stays. Sent again to another address the fee is claimed
		again. A part is waived, then the rest invoiced: each time the mail is said to have come back, the fee stays, and the
		message says why. Sent once more it is not claimed a second time.
		"""
		interest = ("Interest", "Claimed", 1)
		self.invoice(MAIL, 365, 10)
		dunning_run.run(make.COMPANY)
		(message,) = self.messages()
		self.assertEqual((message.fee, message.level_title), (10, "First"))
		api.release([message.name])
		self.assertEqual(self.charges(message), [("Fee", "Claimed", 10), interest])
		self.flush([message], refused=["a@customer.example.com"])
		mail_bounces.follow_mails()
		frappe.db.commit()
		self.assertEqual(message.reload().status, "Failed")
		self.assertEqual(self.charges(message), [("Fee", "Cancelled", 10), interest])
		cancelled = frappe.db.get_value("Receivable Charge", {"source_name": message.name, "kind": "Fee"})
		comment = frappe.get_last_doc("Comment", {"reference_name": cancelled, "comment_type": "Info"})
		self.assertIn("550 5.1.1 no such user", comment.content)

		message.recipients = "new@customer.example.com"
		message.save()
		api.release([message.name])
		self.assertEqual(self.charges(message), [("Fee", "Cancelled", 10), interest, ("Fee", "Claimed", 10)])
		fee = frappe.get_doc("Receivable Charge", {"source_name": message.name, "status": "Claimed", "kind": "Fee"})  # fmt: skip
		charge_case.waiver(fee, 4)
		api.came_back(message.name, "Somebody else's mailbox")
		message.reload()
		self.assertIn(f"a part of charge {fee.name} is waived", message.reason)
		self.assertEqual(self.charges(message)[2], ("Fee", "Partly Waived", 6))

		api.release([message.name])
		(result,) = charge_invoices.invoice([fee.name])
		api.came_back(message.name, "Full " * 300)
		message.reload()
		self.assertTrue(message.reason.endswith(f"Its fee stays: charge {fee.name} is on invoice {result.invoice}. Waive it if nobody shall pay it."))  # fmt: skip
		self.assertLessEqual(len(message.reason), 1000)
		api.release([message.name])
		self.assertEqual((message.reload().status, message.reason), ("Queued", None))
		self.assertEqual(
			self.charges(message), [("Fee", "Cancelled", 10), interest, ("Fee", "Partly Waived", 6)]
		)
