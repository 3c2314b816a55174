"""Thanks for payments: once, the day after, for what really was paid."""

import frappe
from frappe.utils import add_days, getdate, today

from sales_crm_accounts.services.receivables import dunning_run, thanks
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.dunning_case import CHINESE, MAIL, PROMISED, DunningCase, day


class TestThanks(DunningCase):
	def thanked(self) -> list[tuple]:
		return [
			(row.customer, row.subject)
			for row in frappe.get_all(
				"Payment Thanks",
				filters={"customer": ("in", (MAIL, CHINESE, PROMISED))},
				fields=["customer", "subject"],
				order_by="creation",
			)
		]

	def test_thanks(self):
		"""A paid two invoices of 100 and 50 in full, the Chinese customer 60 of 150 EUR, D's payment was cancelled again.

		A gets one mail over 150.00, on the day after; a second look, and one a day later, add nothing. When the Chinese customer pays
		the other 90 as well, they are thanked for 150 EUR, in Chinese.
		"""
		self.policy.update(
			{
				"send_thanks": 1,
				"thanks_texts": [
					{"language": "en", "subject": "Thanks for {{ total }}", "body": "<p>{{ invoices }}</p>"},
					{"language": "zh", "subject": "谢谢 {{ total }}", "body": "<p>{{ rows[0].amount }}</p>"},
				],
			}
		)
		self.policy.save()
		self.assertEqual(self.policy.thanks_since, getdate(today()))
		one, two = self.invoice(MAIL, 100, 10), self.invoice(MAIL, 50, 9)
		foreign, taken_back = self.invoice(CHINESE, 150, 9), self.invoice(PROMISED, 70, 9)
		never_reminded = self.invoice(MAIL, 20, 2)
		dunning_run.run(make.COMPANY)
		frappe.db.set_value(
			"Dunning Message", {"dunning_run": ("is", "set"), "status": "Draft"}, "status", "Sent"
		)
		for invoice in (one, two, never_reminded):
			make.pay(invoice)
		make.pay(foreign, 60, bank=make.EUR_BANK)
		make.pay(taken_back).cancel()
		frappe.db.commit()
		self.assertEqual(thanks.send(make.COMPANY, day(0)), 0, "not on the day itself: it may be taken back")
		self.assertEqual(thanks.send(make.COMPANY, day(1)), 1)
		self.assertEqual(thanks.send(make.COMPANY, day(1)), 0)
		self.assertEqual(thanks.send(make.COMPANY, day(2)), 0)
		self.assertEqual(self.thanked(), [(MAIL, "Thanks for $ 150.00")])
		doc = frappe.get_last_doc("Payment Thanks", {"customer": MAIL})
		self.assertEqual([row.sales_invoice for row in doc.rows], [one.name, two.name])
		mails = frappe.get_all(
			"Email Queue", filters={"reference_name": doc.name}, fields=["name", "message"]
		)
		self.assertEqual([mail.name for mail in mails], [doc.email_queue])
		make.pay(foreign, bank=make.EUR_BANK)
		frappe.db.commit()
		self.assertEqual(thanks.send(make.COMPANY, add_days(getdate(today()), 9)), 0, "too late for thanks")
		self.assertEqual(thanks.send(make.COMPANY, day(1)), 1)
		self.assertEqual(self.thanked()[1], (CHINESE, "谢谢 € 150.00"))

		self.policy.reload()
		self.policy.thanks_texts[0].subject = "Thanks for {{ totl }}"
		self.assertMessage("The text of thanks in en is broken", self.policy.save)
		self.policy.reload()
		self.policy.thanks_texts = []
		self.assertMessage("Thanks have no text", self.policy.save)
