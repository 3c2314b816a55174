# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Whatever is typed wrong is refused with one message that names the row and the remedy, and nothing changes."""

import frappe
from frappe.utils import add_days, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.api import deal as api
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestBadInput(SiteTestCase):
	def test_bad_plans_name_row_and_remedy(self):
		for plan, text in (
			([make.row("A", 50), make.row("B", 40)], "100.00 is missing"),
			([make.row("A", 50), make.row("B", -50)], "row 2: the percentage must be more than 0"),
			([make.row("A", amount=1000), make.row("B")], "row 2: nothing remains"),
			([make.row("A"), make.row("B")], "row 2: row 1 already takes the remainder"),
			([make.row("A", amount=100.001), make.row("B")], "row 1: 100.001 has more decimals"),
			(
				[make.row("A", 100, billing_trigger="On Date", trigger_date=add_days(today(), -40))],
				"before the deal was opened",
			),
			(
				[make.row("A", amount=1e15), make.row("B")],
				"row 1: the amount 1000000000000000.0 is too large",
			),
			([make.row("A", 100, due_days=10**6)], "row 1: this is more than 50 years away"),
			([make.row("A", 100, due_days=-1)], "row 1: days and months must not be negative"),
			([make.row("A", 100, due_rule="Fixed Date")], "row 1: give the fixed due date"),
			([make.row("A", 100, billing_trigger="On Milestone")], "row 1: name the milestone"),
		):
			with self.subTest(text=text):
				before = frappe.db.count("Deal")
				self.assertMessage(text, make.make_deal, plan, items=[(make.SERVICE, 1, 1000)])
				self.assertEqual(frappe.db.count("Deal"), before)

	def test_bad_figures(self):
		for values, text in (
			({"items": [(make.SERVICE, 0, 100)]}, "row 1: the quantity must be more than 0"),
			({"items": [(make.SERVICE, 1, -5)]}, "row 1: the rate must not be negative"),
			({"items": [(make.SERVICE, 1e9, 1e9)]}, "row 1: quantity times rate is too large"),
			({"items": [(make.SERVICE, 1e20, 0)]}, "row 1: quantity times rate is too large"),
			({"items": [(make.SERVICE, 1.5, 100)]}, "row 1: the quantity must be a whole number of Nos"),
			({"items": [("", 1, 100)]}, "row 1: choose an item"),
			({"items": [(make.SERVICE, 1, 100)], "discount_amount": 100}, "less than the total"),
			({"customer": "SCA Nobody"}, "Customer SCA Nobody does not exist"),
			({"probability": 101}, "Probability must be between 0 and 100"),
			({"transaction_date": add_days(today(), 1)}, "in the future"),
			(
				{"planned_costs": [{"description": "Crane", "amount": 1e15}]},
				"Planned costs, row 1: the amount is too large",
			),
			(
				{"customer": make.FOREIGN_CUSTOMER, "currency": "EUR", "conversion_rate": 1e12},
				"Check the exchange rate 1e+12",
			),
		):
			with self.subTest(text=text):
				before = frappe.db.count("Deal")
				self.assertMessage(text, make.make_deal, **values)
				self.assertEqual(frappe.db.count("Deal"), before)

	def test_disabled_item_and_customer(self):
		"""Refused when the deal is saved, and when it is won after it was saved."""
		deal = make.make_deal()
		for doctype, name in (("Item", make.SERVICE), ("Customer", make.CUSTOMER)):
			frappe.db.set_value(doctype, name, "disabled", 1)
			frappe.clear_document_cache(doctype, name)
			try:
				self.assertMessage("disabled", make.make_deal)
				self.assertMessage("disabled", frappe.get_doc("Deal", deal.name).submit)
			finally:
				frappe.db.set_value(doctype, name, "disabled", 0)
				frappe.clear_document_cache(doctype, name)

	def test_accounts_that_cannot_be_posted_to(self):
		account, cost_center = f"Sales - {make.ABBR}", make.COST_CENTER
		deal = make.make_deal()
		deal.items[0].update({"income_account": account, "cost_center": cost_center})
		deal.save()
		for doctype, name, field in (
			("Account", account, "disabled"),
			("Cost Center", cost_center, "disabled"),
			("Cost Center", cost_center, "is_group"),
		):
			with self.subTest(doctype=doctype, field=field):
				frappe.db.set_value(doctype, name, field, 1)
				frappe.clear_document_cache(doctype, name)
				try:
					copy = frappe.get_doc("Deal", deal.name)
					copy.cost_center = None
					self.assertMessage(f"Items, row 1: {doctype}", copy.save)
				finally:
					frappe.db.set_value(doctype, name, field, 0)
					frappe.clear_document_cache(doctype, name)

	def test_a_tax_account_that_is_disabled_is_seen_in_the_preview(self):
		deal = make.make_deal(taxes_and_charges=make.TAX_TEMPLATE)
		account = f"SCA VAT - {make.ABBR}"
		frappe.db.set_value("Account", account, "disabled", 1)
		frappe.clear_document_cache("Account", account)
		try:
			(invoice,) = api.preview(deal.name)["invoices"]
		finally:
			frappe.db.set_value("Account", account, "disabled", 0)
			frappe.clear_document_cache("Account", account)
		self.assertIn(account, invoice["problem"])

	def test_an_error_of_erpnext_is_told_as_it_is(self):
		"""What stops the calculation of taxes reaches the user, and the pop-ups before it do not."""
		frappe.clear_messages()
		with self.assertRaises(frappe.ValidationError), erpnext_compat.quiet_messages():
			frappe.msgprint("on the way")
			frappe.throw("the reason")
		self.assertEqual([row["message"] for row in frappe.get_message_log()], ["the reason"])
		frappe.clear_messages()

	def test_closed_period(self):
		period = frappe.get_doc(
			{
				"doctype": "Accounting Period",
				"period_name": "SCA closed",
				"company": make.COMPANY,
				"start_date": add_days(today(), 100),
				"end_date": add_days(today(), 110),
				"closed_documents": [{"document_type": "Sales Invoice", "closed": 1}],
			}
		).insert()
		self.assertMessage(
			f"is in a closed period ({period.name})",
			make.make_deal,
			[make.row("A", 100, billing_trigger="On Date", trigger_date=add_days(today(), 105))],
		)

	def test_currency_without_rate(self):
		frappe.db.set_value("Currency", "ISK", "enabled", 1)
		frappe.db.set_single_value("Currency Exchange Settings", "disabled", 1)
		self.assertMessage("no exchange rate from ISK to USD", make.make_deal, currency="ISK")
		self.assertEqual(make.make_deal(currency="ISK", conversion_rate=0.0075).base_net_total, 6.75)

	def test_winning_twice(self):
		deal = make.make_deal(win=True)
		self.assertMessage("already won by", api.win, deal.name)
		self.assertEqual(len(make.installments(deal)), 1)

	def test_two_users_winning_at_once(self):
		"""Both hold the draft; the second one's copy is out of date when it reaches the server."""
		deal = make.make_deal()
		first, second = frappe.get_doc("Deal", deal.name), frappe.get_doc("Deal", deal.name)
		first.submit()
		with self.assertRaises(frappe.ValidationError):
			second.submit()
		self.assertEqual(len(make.installments(deal)), 1)

	def test_nothing_changes_after_winning_but_by_a_deal_change(self):
		deal = make.make_deal([make.row("A", 50), make.row("B", 50)], win=True)
		deal.plan[1].percent = 60
		self.assertMessage("Collection plan, row 2: the deal is won", deal.save)
		deal.reload()
		deal.set("plan", deal.plan[:1])
		self.assertMessage("Collection plan, row 2: the deal is won", deal.save)
		deal.reload()
		self.assertEqual([row.percent for row in deal.plan], [50, 50])
		installment = make.installments(deal)[0]
		frappe.set_user(make.MANAGER)
		installment.net_amount = 1
		self.assertRaises(frappe.PermissionError, installment.save)
		self.assertRaises(frappe.PermissionError, frappe.delete_doc, "Deal Installment", installment.name)
