# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Deal Changes of two people, and a change and its billing, at the same moment."""

import threading

import frappe

from sales_crm_accounts.api import changes as api
from sales_crm_accounts.services import billing
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.change_case import ChangeCase


def on_another_connection(work) -> threading.Thread:
	"""A thread, not started, that does `work` on a connection of its own."""
	site = frappe.local.site

	def run():
		frappe.init(site)
		frappe.connect()
		try:
			work()
		finally:
			frappe.destroy()

	return threading.Thread(target=run)


class TestDealChangeAtOnce(ChangeCase):
	def test_two_users_change_at_once(self):
		"""Both write on the same plan; the first to submit wins, the second is told and nothing of his is done."""
		deal = self.won_deal()
		one = make.make_change(deal, [make.row("One", 100)])
		two = make.make_change(deal, [make.row("Two", 100)])
		one.submit()
		frappe.db.savepoint("two")
		self.assertMessage("was cancelled meanwhile", two.submit)
		frappe.db.rollback(save_point="two")
		self.assertEqual(
			[row.title for row in make.installments(deal) if row.status != "Cancelled"], ["First", "One"]
		)
		two.reload()
		self.assertEqual(two.docstatus, 0)
		self.assertMessage("Take the present plan again", two.save)
		# The remedy: what the form's button fetches.
		two.reload()
		two.update({**api.fill(deal.name), "rows": []})
		two.append("rows", make.row("Two", 100))
		two.save()
		two.submit()
		self.assertEqual(
			[row.title for row in make.installments(deal) if row.status != "Cancelled"], ["First", "Two"]
		)

	def test_two_connections_submit_at_the_same_moment(self):
		"""The second waits for the first to commit, then sees what it did and changes nothing."""
		deal = self.won_deal()
		one = make.make_change(deal, [make.row("One", 100)])
		two = make.make_change(deal, [make.row("Two", 100)])
		frappe.db.commit()
		errors = []

		def submit_two():
			try:
				frappe.get_doc("Deal Change", two.name).submit()
				frappe.db.commit()
			except Exception as error:
				errors.append(str(error))

		other = on_another_connection(submit_two)
		frappe.db.get_value("Deal", deal.name, "name")
		one.submit()
		other.start()
		other.join(timeout=2)
		self.assertTrue(other.is_alive(), "did not wait for the row lock")
		frappe.db.commit()
		other.join(timeout=60)
		self.assertEqual(len(errors), 1)
		self.assertIn("was cancelled meanwhile", errors[0])
		self.assertEqual(
			[(row.title, row.net_amount) for row in make.installments(deal) if row.status != "Cancelled"],
			[("First", 300), ("One", 600)],
		)
		two.reload()
		self.assertEqual(two.docstatus, 0)

	def test_billing_and_changing_at_the_same_moment(self):
		"""Billing has the installment; the change waits for its commit and is then refused, naming the invoice."""
		deal = self.won_deal()
		change = make.make_change(deal, [make.row("All in one", 100)])
		frappe.db.commit()
		results = []
		worker = on_another_connection(lambda: results.extend(billing.bill([f"{deal.name}-02"], force=True)))
		# This transaction has its view of the data before the invoice is there.
		frappe.db.get_value("Deal Installment", f"{deal.name}-02", "sales_invoice")
		worker.start()
		worker.join(timeout=60)
		self.assertEqual(results[0].outcome, "Invoiced")
		frappe.db.savepoint("sca_test")
		self.assertMessage(f"was billed meanwhile by invoice {results[0].sales_invoice}", change.submit)
		frappe.db.rollback(save_point="sca_test")
