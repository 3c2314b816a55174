# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Deal Changes that are cancelled: the former plan holds again, or what stands in the way is named."""

import frappe
from frappe.utils import add_months, today

from sales_crm_accounts.services import billing
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.change_case import ChangeCase


class TestDealChangeUndone(ChangeCase):
	def test_cancel_restores_the_former_plan(self):
		deal = self.won_deal()

		def plan() -> list[tuple]:
			return [
				(
					row.title,
					row.net_amount,
					row.planned_amount,
					row.planned_invoice_date,
					row.due_date,
					row.status,
				)
				for row in make.installments(deal)
			]

		before = plan()
		change = make.make_change(
			deal,
			[
				{
					**make.row("Second", amount=100, billing_trigger="On Milestone", milestone="M"),
					"installment": f"{deal.name}-02",
				},
				make.row("New", billing_trigger="On Date", trigger_months=3),
			],
			amount_change=60,
			submit=True,
		)
		change.reload()
		change.cancel()
		after = plan()
		self.assertEqual(after[:3], before)
		self.assertEqual((after[3][0], after[3][5]), ("New", "Cancelled"))
		deal.reload()
		self.assertEqual(deal.planned_amount, 990)
		with self.assertRaises(frappe.ValidationError):
			frappe.delete_doc("Deal Change", change.name)

	def test_cancel_is_refused_when_billed_or_changed_again(self):
		deal = self.won_deal()
		change = make.make_change(
			deal,
			[make.row("A", amount=200), make.row("B", billing_trigger="On Milestone", milestone="M")],
			submit=True,
		)
		later = make.make_change(
			deal,
			[{**make.row("A", amount=150), "installment": f"{deal.name}-04"}, make.row("C")],
			submit=True,
		)
		change.reload()
		frappe.db.savepoint("sca_test")
		self.assertMessage("was changed again. Cancel the later Deal Change first", change.cancel)
		frappe.db.rollback(save_point="sca_test")
		later.reload()
		later.cancel()
		billing.bill([f"{deal.name}-04"], force=True)
		change.reload()
		frappe.db.savepoint("sca_test")
		self.assertMessage("is billed by", change.cancel)
		frappe.db.rollback(save_point="sca_test")
		self.assertEqual(make.installments(deal)[1].status, "Cancelled")

	def test_changes_are_undone_in_their_order(self):
		"""Due after 30 days, then 40, then 60: the first change cannot go while the second stands; then both go, and it is 30 again."""
		deal = self.won_deal()

		def due_in(days: int):
			rows = [
				{**make.row(f"Due in {days}", amount=300, due_days=days, billing_trigger="On Date"), **fields}
				for fields in (
					{"installment": f"{deal.name}-02", "trigger_date": add_months(today(), 1)},
					{"installment": f"{deal.name}-03", "trigger_date": add_months(today(), 2)},
				)
			]
			return make.make_change(deal, rows, submit=True)

		first, second = due_in(40), due_in(60)
		first.reload()
		frappe.db.savepoint("sca_test")
		self.assertMessage(second.name, first.cancel)
		frappe.db.rollback(save_point="sca_test")
		self.assertEqual(make.installments(deal)[1].due_days, 60)
		for change, days in ((second, 40), (first, 30)):
			change.reload()
			change.cancel()
			self.assertEqual([row.due_days for row in make.installments(deal)[1:3]], [days, days])

	def test_who_confirmed_may_be_gone(self):
		"""A milestone that a deleted user confirmed is planned anew, put back and cancelled with the deal all the same."""
		user = make.make_user("gone@sca.example.com", ["Deal User"])
		deal = make.make_deal([make.row("All", billing_trigger="On Milestone", milestone="M")], win=True)
		frappe.db.set_value(
			"Deal Installment",
			f"{deal.name}-01",
			{"confirmed_on": today(), "confirmed_by": user, "planned_invoice_date": today()},
		)
		frappe.delete_doc("User", user, force=True)
		frappe.db.value_cache.clear()  # the next request knows the user no more
		change = make.make_change(deal, submit=True)
		self.assertEqual(make.installments(deal)[0].confirmed_by, user)
		change.reload()
		change.cancel()
		deal.reload()
		deal.cancel()
		self.assertEqual(make.installments(deal)[0].status, "Cancelled")

	def test_number_of_an_installment_that_goes_with_its_change(self):
		"""The new installment took a number; with the change undone it goes to the one that comes back, or is told."""
		deal = self.won_deal()
		change = make.make_change(deal, [make.row("A", 50), make.row("B", 50)], submit=True)
		for end, number in (("04", "SCA-NUMBER-4"), ("05", "SCA-NUMBER-5")):
			frappe.db.set_value("Deal Installment", f"{deal.name}-{end}", "reserved_number", number)
		frappe.db.set_value("Deal Installment", f"{deal.name}-02", "reserved_number", "SCA-NUMBER-2")
		change.reload()
		change.cancel()
		self.assertEqual(
			[row.reserved_number for row in make.installments(deal)[1:]],
			["SCA-NUMBER-2", "SCA-NUMBER-4", None, None],
		)
		self.assertTrue(
			frappe.db.exists(
				"Comment", {"reference_name": deal.name, "content": ("like", "%not used: SCA-NUMBER-5%")}
			)
		)
