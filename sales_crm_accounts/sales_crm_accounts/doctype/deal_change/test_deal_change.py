# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE


import frappe
from frappe.utils import add_days, add_months, getdate, today

from sales_crm_accounts.api import changes as api
from sales_crm_accounts.services import billing, changes
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.change_case import ChangeCase, plan_of


class TestDealChange(ChangeCase):
	def test_rows_are_filled_with_what_is_not_billed(self):
		deal = self.won_deal()
		filled = api.fill(deal.name)
		self.assertEqual(filled["unbilled_amount"], 600)
		self.assertEqual(
			[
				(row["installment"][-2:], row["basis"], row["amount"], row["net_amount"])
				for row in filled["rows"]
			],
			[("02", "Amount", 300, 300), ("03", "Remainder", 0, 300)],
		)
		self.assertEqual(changes.remaining(deal.name), 600)

	def test_replan_keeps_updates_removes_and_adds(self):
		"""600.00 left in two becomes 100.00 + 250.00 + 250.00: one is kept and made smaller, one removed, two are new."""
		deal = self.won_deal()
		change = make.make_change(
			deal,
			[
				{
					**make.row("Second, smaller", amount=100, due_days=10, billing_trigger="On Date"),
					"installment": f"{deal.name}-02",
					"trigger_date": add_days(today(), 40),
				},
				make.row("New A", amount=250, billing_trigger="On Milestone", milestone="Go live"),
				make.row("New B", billing_trigger="On Date", trigger_months=3),
			],
			submit=True,
		)
		self.assertEqual(
			[
				(row.name[-2:], row.net_amount, row.planned_amount)
				for row in make.installments(deal)
				if row.status != "Cancelled"
			],
			# 660.00 with tax was planned for the 600.00: 110.00, 275.00 and 275.00.
			[("01", 300, 330), ("02", 100, 110), ("04", 250, 275), ("05", 250, 275)],
		)
		first, second, third, milestone, last = make.installments(deal)
		self.assertTrue(first.sales_invoice)
		self.assertEqual(
			(second.title, second.planned_invoice_date), ("Second, smaller", getdate(add_days(today(), 40)))
		)
		self.assertEqual(second.due_date, getdate(add_days(today(), 50)))
		self.assertEqual((third.status, third.cancelled_by_change), ("Cancelled", change.name))
		self.assertEqual((milestone.created_by_change, milestone.planned_invoice_date), (change.name, None))
		self.assertEqual(last.planned_invoice_date, getdate(add_months(today(), 3)))
		self.assertEqual(
			[(row.installment[-2:], row.net_amount) for row in change.before_rows], [("02", 300), ("03", 300)]
		)
		deal.reload()
		self.assertEqual((deal.planned_amount, deal.status), (990, "Won"))
		comment = frappe.get_last_doc(
			"Comment", {"reference_doctype": "Deal", "reference_name": deal.name, "comment_type": "Comment"}
		)
		self.assertIn("Customer asked for it", comment.content)
		self.assertIn(change.name, comment.content)

	def test_more_and_less_to_bill(self):
		"""300.00 more: 900.00 left of 1,200.00 is billed to the cent; then 300.00 less before the last one."""
		deal = self.won_deal()
		make.make_change(deal, amount_change=300, submit=True)
		self.assertEqual(
			[(net, planned) for _name, net, planned, _status in plan_of(deal)],
			[(300, 330), (300, 330), (600, 660)],
		)
		deal.reload()
		self.assertEqual((deal.net_total, deal.planned_amount), (900, 1320))
		billing.bill([f"{deal.name}-02"], force=True)
		make.make_change(deal, amount_change=-450, submit=True)
		billing.bill([f"{deal.name}-03"], force=True)
		totals = [
			(row.sales_invoice and frappe.db.get_value("Sales Invoice", row.sales_invoice, "net_total"))
			for row in make.installments(deal)
		]
		self.assertEqual(totals, [300, 300, 150])

	def test_bill_more_when_everything_is_billed(self):
		deal = self.won_deal()
		make.bill_all(deal)
		self.assertEqual(api.fill(deal.name)["rows"], [])
		self.assertMessage("Everything of deal", make.make_change, deal, [])
		make.make_change(deal, [make.row("Extra work", 100)], amount_change=50, submit=True)
		invoice = make.bill_all(deal)[-1]
		self.assertEqual((invoice.net_total, invoice.deal_installment), (50, f"{deal.name}-04"))

	def test_bill_more_on_a_deal_of_one_invoice(self):
		"""The one invoice over 900.00 stands; 50.00 more is a second invoice and not counted as billed by the first."""
		policy = make.make_policy(
			"SCA Change One", invoicing_method="One Invoice with Schedule", min_amount=9_000_004
		)
		deal = make.make_deal(make.thirds(), win=True, billing_policy=policy.name)
		first = make.bill_all(deal)[0]
		make.make_change(
			deal, [make.row("Extra", 40), make.row("Work", 60, due_days=9)], amount_change=50, submit=True
		)
		invoices = [invoice.name for invoice in make.bill_all(deal)]
		self.assertEqual(invoices[:3], [first.name] * 3)
		self.assertNotEqual(invoices[3], first.name)
		self.assertEqual(invoices[3], invoices[4])
		extra = frappe.get_doc("Sales Invoice", invoices[3])
		self.assertEqual(
			(extra.net_total, [row.payment_amount for row in extra.payment_schedule]), (50, [20, 30])
		)

	def test_more_than_the_order_says(self):
		"""The order is over 900.00; what a change adds is billed too, beyond the order's rows."""
		policy = make.make_policy("SCA Change Order", create_sales_order=1, min_amount=9_000_005)
		deal = self.won_deal(billing_policy=policy.name, delivery_date=add_days(today(), 30))
		make.make_change(deal, amount_change=90, submit=True)
		self.assertEqual([invoice.net_total for invoice in make.bill_all(deal)], [300, 300, 390])
		# 600.00 of the 900.00; the last invoice goes beyond the order and does not name it.
		self.assertEqual(round(frappe.db.get_value("Sales Order", deal.sales_order, "per_billed")), 67)

	def test_numbers_of_failed_invoices_are_passed_on(self):
		deal = self.won_deal()
		frappe.db.set_value("Deal Installment", f"{deal.name}-02", "reserved_number", "SCA-NUMBER-1")
		make.make_change(deal, [make.row("A", 100)], submit=True)
		rows = make.installments(deal)
		self.assertEqual((rows[1].reserved_number, rows[3].reserved_number), (None, "SCA-NUMBER-1"))
		make.make_change(deal, [], amount_change=-600, submit=True)
		self.assertFalse(make.installments(deal)[3].reserved_number)
		self.assertTrue(
			frappe.db.exists(
				"Comment",
				{
					"reference_doctype": "Deal",
					"reference_name": deal.name,
					"content": ("like", "%SCA-NUMBER-1%"),
				},
			)
		)

	def test_take_the_whole_rest_off(self):
		deal = self.won_deal()
		self.assertMessage("Nothing is left to bill", make.make_change, deal, amount_change=-600)
		make.make_change(deal, [], amount_change=-600, submit=True)
		self.assertEqual([row.status for row in make.installments(deal)][1:], ["Cancelled", "Cancelled"])
		deal.reload()
		self.assertEqual(deal.planned_amount, 330)

	def test_bad_rows_name_row_and_remedy(self):
		deal = self.won_deal()
		day = {"billing_trigger": "On Date"}
		for rows, amount_change, text in (
			(
				[make.row("A", amount=500)],
				0,
				"The rows sum to 500.00, but 600.00 is to be billed: 100.00 is missing",
			),
			([make.row("A", 50), make.row("B", 40)], 0, "60.00 is missing or too much"),
			([], 0, "There are no rows, but an amount is left to bill"),
			([make.row("A", amount=-5), make.row("B")], 0, "row 1: the amount must be more than 0"),
			([make.row("A", amount=10.001), make.row("B")], 0, "row 1: 10.001 has more decimals"),
			(
				[make.row("A", trigger_date=add_days(today(), -1), **day)],
				0,
				"is in the past. Choose today or a later day",
			),
			([make.row("A")], -700, "Only 600.00 is not billed yet, so 700.00 cannot be taken off"),
			([make.row("A")], 0.001, "more decimals than the currency"),
			([make.row("A", billing_trigger="On Milestone")], 0, "row 1: name the milestone"),
		):
			with self.subTest(text=text):
				self.assertMessage(text, make.make_change, deal, rows, amount_change)
		self.assertEqual(frappe.db.count("Deal Change", {"deal": deal.name}), 0)

	def test_what_was_planned_for_a_day_gone_by_may_stay(self):
		deal = self.won_deal()
		frappe.db.set_value(
			"Deal Installment",
			f"{deal.name}-02",
			{"trigger_date": add_days(today(), -5), "planned_invoice_date": add_days(today(), -5)},
		)
		change = make.make_change(deal, submit=True)
		self.assertEqual(getdate(change.rows[0].invoice_date), getdate(add_days(today(), -5)))
		self.assertEqual(make.installments(deal)[1].status, "Ready")

	def test_closed_period(self):
		deal = self.won_deal()
		day = getdate(add_months(today(), 4))
		period = frappe.get_doc(
			{
				"doctype": "Accounting Period",
				"period_name": frappe.generate_hash(length=8),
				"company": make.COMPANY,
				"start_date": day,
				"end_date": add_days(day, 3),
				"closed_documents": [{"document_type": "Sales Invoice", "closed": 1}],
			}
		).insert(ignore_permissions=True)
		try:
			self.assertMessage(
				"is in a closed period",
				make.make_change,
				deal,
				[make.row("A", billing_trigger="On Date", trigger_date=day)],
			)
		finally:
			period.delete(ignore_permissions=True)

	def test_deal_must_be_won(self):
		draft = make.make_deal()
		self.assertMessage("is not won", api.fill, draft.name)
		self.assertMessage(
			"is not won",
			frappe.get_doc({"doctype": "Deal Change", "deal": draft.name, "reason": "x"}).insert,
		)

	def test_billed_between_writing_and_submitting(self):
		deal = self.won_deal()
		change = make.make_change(deal, [make.row("All in one", 100)])
		billing.bill([f"{deal.name}-02"], force=True)
		invoice = make.installments(deal)[1].sales_invoice
		frappe.db.savepoint("sca_test")
		self.assertMessage(f"-02 was billed meanwhile by invoice {invoice}", change.submit)
		frappe.db.rollback(save_point="sca_test")
		self.assertEqual([row.status for row in make.installments(deal)][2], "Planned")

	def test_a_draft_invoice_locks_its_installment(self):
		policy = make.make_policy("SCA Change Drafts", submit_invoices=0, min_amount=9_000_001)
		deal = self.won_deal(billing_policy=policy.name)
		invoice = make.installments(deal)[0].sales_invoice
		self.assertEqual(frappe.db.get_value("Sales Invoice", invoice, "docstatus"), 0)
		self.assertEqual(changes.remaining(deal.name), 600)
		frappe.delete_doc("Sales Invoice", invoice)
		self.assertEqual(changes.remaining(deal.name), 900)

	def test_submit_by_any_door_meets_the_same_check(self):
		"""A script that skips validate, or a client that sends its own before_rows, changes nothing that is billed."""
		deal = self.won_deal()
		change = make.make_change(deal, [make.row("All in one", 100)])
		billing.bill([f"{deal.name}-02"], force=True)
		change.flags.ignore_validate = True
		frappe.db.savepoint("sca_test")
		self.assertMessage("was billed meanwhile", change.submit)
		frappe.db.rollback(save_point="sca_test")

		values = api.fill(deal.name)
		values["rows"] = [{**make.row("Mine", 100), "installment": f"{deal.name}-01"}]
		forged = frappe.get_doc(
			{"doctype": "Deal Change", **values, "reason": "x", "unbilled_amount": 9999}
		).insert()
		self.assertEqual((forged.unbilled_amount, forged.rows[0].installment), (300, None))

	def test_amend_a_cancelled_change(self):
		deal = self.won_deal()
		change = make.make_change(deal, [make.row("A", 100)], submit=True)
		change.reload()
		change.cancel()
		amended = frappe.copy_doc(change)
		amended.docstatus, amended.amended_from = 0, change.name
		amended.insert()
		amended.submit()
		self.assertEqual(
			[(row.title, row.net_amount) for row in make.installments(deal) if row.status != "Cancelled"],
			[("First", 300), ("A", 600)],
		)

	def test_rights(self):
		"""A salesperson writes changes for his own deals and submits none; a manager submits."""
		deal = self.won_deal(deal_owner=make.SELLER)
		frappe.set_user(make.SELLER)
		change = make.make_change(deal, [make.row("A", 100)])
		with self.assertRaises(frappe.PermissionError):
			change.submit()
		frappe.set_user(make.OTHER_SELLER)
		with self.assertRaises(frappe.PermissionError):
			api.fill(deal.name)
		with self.assertRaises(frappe.PermissionError):
			frappe.get_doc({"doctype": "Deal Change", "deal": deal.name, "reason": "x"}).insert()
		self.assertNotIn(change.name, frappe.get_list("Deal Change", pluck="name"))
		frappe.set_user(make.MANAGER)
		frappe.get_doc("Deal Change", change.name).submit()
		self.assertEqual(make.installments(deal)[3].net_amount, 600)
