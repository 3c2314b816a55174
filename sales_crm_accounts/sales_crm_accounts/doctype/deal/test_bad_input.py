# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

"""Whatever is typed wrong is refused with one message that names the row and the remedy, and nothing changes."""

from contextlib import contextmanager

import frappe
from frappe.custom.doctype.property_setter.property_setter import make_property_setter
from frappe.utils import add_days, strip_html, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.api import deal as api
from sales_crm_accounts.api import desk as desk_api
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.receivable_case import new_customer


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

	def set_single(self, doctype: str, fieldname: str, value):
		"""Until the end of the test: what was read of a setting outlives its transaction."""

		def forget():
			frappe.clear_document_cache(doctype, doctype)
			getattr(frappe.db, "value_cache", {}).pop(doctype, None)

		frappe.db.set_single_value(doctype, fieldname, value)
		self.addCleanup(forget)

	@contextmanager
	def broken(self, doctype: str, name: str, **values):
		"""The record is so for a while."""
		kept = frappe.db.get_value(doctype, name, list(values), as_dict=True)
		try:
			frappe.db.set_value(doctype, name, values)
			frappe.clear_document_cache(doctype, name)
			yield
		finally:
			frappe.db.set_value(doctype, name, kept)
			frappe.clear_document_cache(doctype, name)

	def test_records_that_cannot_be_used_name_row_and_remedy(self):
		"""Each is right when the deal is saved first, and refused with the next save."""
		rate_10 = frappe.get_doc(
			{
				"doctype": "Item Tax Template",
				"title": "SCA Item VAT",
				"company": make.COMPANY,
				"taxes": [{"tax_type": f"SCA VAT - {make.ABBR}", "tax_rate": 10}],
			}
		).insert()
		people = [
			frappe.get_doc({"doctype": "Sales Person", "sales_person_name": name}).insert().name
			for name in ("SCA Left", "SCA Stays")
		]
		template = frappe.get_doc(
			{
				"doctype": "Deal Plan Template",
				"template_name": "SCA Old Plan",
				"company": make.COMPANY,
				"rows": [make.row("All", 100)],
			}
		).insert()
		other = frappe.get_all("Company", {"name": ("!=", make.COMPANY)}, pluck="name")[0]
		warehouse = frappe.db.get_value("Warehouse", {"company": make.COMPANY, "is_group": 0})
		price_list = frappe.db.get_value("Price List", {"selling": 1, "enabled": 1})
		policy = make.make_policy("SCA Left Policy", min_amount=9_200_001)
		deal = make.make_deal(
			taxes_and_charges=make.TAX_TEMPLATE,
			selling_price_list=price_list,
			billing_policy=policy.name,
			sales_team=[{"sales_person": name, "allocated_percentage": 50} for name in people],
		)
		deal.items[0].update(
			{
				"income_account": f"Sales - {make.ABBR}",
				"cost_center": make.COST_CENTER,
				"item_tax_template": rate_10.name,
				"warehouse": warehouse,
			}
		)
		deal.cost_center = None
		deal.save()
		disabled, foreign, group = {"disabled": 1}, {"company": other}, {"is_group": 1}
		for doctype, name, wrongs, where in (
			("Account", f"Sales - {make.ABBR}", (disabled, foreign, group), "Items, row 1: "),
			("Cost Center", make.COST_CENTER, (disabled, foreign, group), "Items, row 1: "),
			("Item Tax Template", rate_10.name, (disabled, foreign), "Items, row 1: "),
			("Warehouse", warehouse, (disabled, foreign, group), "Items, row 1: "),
			("Sales Taxes and Charges Template", make.TAX_TEMPLATE, (disabled, foreign), ""),
			("Price List", price_list, ({"enabled": 0},), ""),
			("Billing Policy", policy.name, (disabled, foreign), ""),
			("Sales Person", people[0], ({"enabled": 0},), "Sales team, row 1: "),
			("Deal Plan Template", template.name, (disabled, foreign), ""),
		):
			for wrong in wrongs:
				with self.subTest(doctype=doctype, wrong=wrong), self.broken(doctype, name, **wrong):
					copy = frappe.get_doc("Deal", deal.name)
					if doctype == "Deal Plan Template":
						copy.plan_template = name
					with self.assertRaises(frappe.ValidationError) as caught:
						copy.save()
					told = strip_html(str(caught.exception))
					self.assertTrue(told.startswith(f"{where}{doctype} {name} "), told)
					self.assertIn("hoose ", told)  # the remedy: another one, or one below it
		modified = frappe.db.get_value("Deal", deal.name, "modified")
		self.assertEqual(str(modified), str(deal.modified))

	def test_sales_team_is_the_whole(self):
		"""As ERPNext adds the shares up: 50 + 30, and 33.333 three times, are not 100; 33.33, 33.33 and 33.34 are."""
		people = [
			frappe.get_doc({"doctype": "Sales Person", "sales_person_name": name}).insert().name
			for name in ("SCA One", "SCA Two", "SCA Three")
		]
		team = lambda *shares: [  # noqa: E731
			{"sales_person": name, "allocated_percentage": share}
			for name, share in zip(people, shares, strict=False)
		]
		self.assertMessage("rows 1 to 2: the shares sum to 80 %", make.make_deal, sales_team=team(50, 30))
		self.assertMessage("sum to 99.999 %", make.make_deal, sales_team=team(33.333, 33.333, 33.333))
		make.make_deal(sales_team=team(33.33, 33.33, 33.34))

	def test_a_default_template_that_is_out_of_use_is_passed_over(self):
		"""Disabled, or of another company: the deal is planned in one part, and nobody is stopped."""
		template = frappe.get_doc(
			{
				"doctype": "Deal Plan Template",
				"template_name": "SCA Default Plan",
				"company": make.COMPANY,
				"rows": [make.row("A", 50), make.row("B", 50)],
			}
		).insert()
		other = frappe.get_all("Company", {"name": ("!=", make.COMPANY)}, pluck="name")[0]
		self.set_single("Sales CRM Accounts Settings", "default_plan_template", template.name)
		self.assertEqual(len(make.make_deal([]).plan), 2)
		for wrong in ({"disabled": 1}, {"company": other}):
			with self.broken("Deal Plan Template", template.name, **wrong):
				deal = make.make_deal([])
				self.assertEqual((len(deal.plan), deal.plan_template), (1, None))

	def test_what_no_invoice_could_be_posted_with_is_refused_before_winning(self):
		"""Accounts that the template, the item, the customer or the company brings; the preview says so, too."""
		deal = make.make_deal(make.thirds(), taxes_and_charges=make.TAX_TEMPLATE)
		vat, income = f"SCA VAT - {make.ABBR}", f"Sales - {make.ABBR}"
		taxes = f"Taxes of {make.TAX_TEMPLATE}, row 1: Account"
		for doctype, name, wrong, text in (
			("Account", vat, {"disabled": 1}, f"{taxes} {vat} is disabled. Enable it or choose another."),
			("Account", vat, {"is_group": 1}, f"{taxes} {vat} is a group. Choose one below it."),
			(
				"Account",
				vat,
				{"freeze_account": "Yes"},
				f"{taxes} {vat} is frozen. Unfreeze it or choose another.",
			),
			("Account", income, {"disabled": 1}, f"Items, row 1: Account {income} is disabled."),
			("Account", make.DEBTORS, {"disabled": 1}, f"customer: Account {make.DEBTORS} is disabled."),
		):
			with self.subTest(text=text), self.broken(doctype, name, **wrong):
				self.assertIn(text, api.preview(deal.name)["blocker"])
				with self.assertRaises(frappe.ValidationError) as caught:
					api.win(deal.name)
				self.assertIn(text, strip_html(str(caught.exception)))
				self.assertEqual(frappe.db.get_value("Deal", deal.name, "docstatus"), 0)
				self.assertFalse(make.installments(deal))
		self.assertIsNone(api.preview(deal.name)["blocker"])
		api.win(deal.name)

	def test_amounts_that_no_invoice_comes_to_are_refused_before_winning(self):
		"""Where the site bills amounts with one decimal: 1 x 92.27 = 92.30, and 900.00 less 0.05 = 900.0."""

		def decimals(doctype: str, field: str):
			make_property_setter(doctype, field, "precision", "1", "Select")
			self.addCleanup(frappe.clear_cache, doctype=doctype)
			frappe.clear_cache(doctype=doctype)

		line = make.make_deal(items=[(make.SERVICE, 1, 92.27)])
		total = make.make_deal(discount_amount=0.05)
		decimals("Sales Invoice Item", "amount")
		decimals("Sales Invoice", "total")
		self.assertMessage(
			"Items, row 1: ERPNext would bill 1 x 92.27 = 92.3, the deal says 92.27", line.submit
		)
		self.assertMessage("Before tax ERPNext would bill 900, the deal says 899.95", total.submit)

	def test_what_belongs_to_another_customer(self):
		"""Address and contact leave with the customer they belong to; typed again, and a project, they stop the deal from being won."""
		one, other = (
			frappe.get_doc({"doctype": "Customer", "customer_name": f"SCA {name} Party"}).insert().name
			for name in ("First", "Second")
		)
		links = [{"link_doctype": "Customer", "link_name": one}]
		address = frappe.get_doc(
			{
				"doctype": "Address",
				"address_title": "SCA Party",
				"address_type": "Billing",
				"address_line1": "Way 1",
				"city": "Town",
				"country": frappe.db.get_value("Company", make.COMPANY, "country"),
				"links": links,
			}
		).insert()
		contact = frappe.get_doc({"doctype": "Contact", "first_name": "SCA Person", "links": links}).insert()
		project = frappe.get_doc(
			{
				"doctype": "Project",
				"project_name": f"SCA Job {frappe.generate_hash(length=6)}",
				"company": make.COMPANY,
				"customer": one,
			}
		).insert()
		given = {"customer_address": address.name, "contact_person": contact.name}
		deal = make.make_deal(customer=one, project=project.name, **given)
		self.assertIsNone(api.preview(deal.name)["blocker"])
		defaults = desk_api.customer_defaults(other, make.COMPANY, **given)
		self.assertEqual([defaults[field] for field in given], [None, None])
		defaults = desk_api.customer_defaults(one, make.COMPANY, **given)
		self.assertEqual({field: defaults[field] for field in given}, given)

		deal.customer = other
		deal.save()
		self.assertEqual([deal.get(field) for field in given], [None, None])
		text = f"Project {project.name} belongs to customer {one}, the deal to {other}. Choose another."
		self.assertEqual(api.preview(deal.name)["blocker"], text)
		self.assertMessage(text, api.win, deal.name)
		for field, name, text in (
			("customer_address", address.name, "Billing Address"),
			("contact_person", contact.name, "Contact Person"),
		):
			deal.reload()
			deal.update({"project": None, "customer_address": None, "contact_person": None, field: name})
			deal.save()
			self.assertMessage(
				f"{text}: {name} does not belong to customer {other}. Choose another, or add the customer to its links.",
				api.win,
				deal.name,
			)
		deal.reload()
		deal.contact_person = None
		deal.save()
		api.win(deal.name)
		make.bill_all(deal)

	def test_a_foreign_deal_on_an_account_of_the_company_currency(self):
		"""ERPNext posts no invoice of it to a customer without entries, unless its settings say so; told before it is won."""
		before = frappe.db.get_single_value(*make.ONE_ACCOUNT)
		self.addCleanup(frappe.db.set_single_value, *make.ONE_ACCOUNT, before)
		frappe.db.set_single_value(*make.ONE_ACCOUNT, 0)
		deal = make.make_deal(customer=new_customer(), currency="EUR", conversion_rate=make.EUR_RATE)
		text = "currency (USD) and document currency (EUR) should be same"
		self.assertMessage(text, api.win, deal.name)
		self.assertEqual(deal.reload().docstatus, 0)
		frappe.db.set_single_value(*make.ONE_ACCOUNT, 1)
		api.win(deal.name)
		make.bill_all(deal)

	def test_a_year_that_is_not_opened_yet_stops_only_what_is_billed_today(self):
		"""ERPNext's own reason comes once, with the remedy."""
		years = {"year_start_date": ("<=", today()), "year_end_date": (">=", today())}
		later = make.make_deal([make.row("Later", 100, billing_trigger="On Milestone", milestone="Done")])
		now = make.make_deal()
		frappe.db.set_value("Fiscal Year", years, "disabled", 1)
		self.clear_years()
		self.addCleanup(self.clear_years)
		frappe.clear_messages()
		self.assertRaises(frappe.ValidationError, api.win, now.name)
		(told,) = [strip_html(row["message"]) for row in frappe.get_message_log()]
		self.assertRegex(told, "^ERPNext would refuse the invoices of this deal: .*Fiscal Year")
		self.assertIn("Mend this before the deal is won.", told)
		api.win(later.name)

	@staticmethod
	def clear_years():
		frappe.cache.delete_value("fiscal_years")

	def test_days_that_contradict_each_other(self):
		"""Expected before it was opened; delivered before it is won, which matters where an order is made."""
		opened, before = add_days(today(), -10), add_days(today(), -11)
		self.assertMessage(
			"is before the deal was opened",
			make.make_deal,
			transaction_date=opened,
			expected_close_date=before,
		)
		deal = make.make_deal(transaction_date=opened, expected_close_date=opened, delivery_date=before)
		deal.db_set("expected_close_date", before)  # as an older release took it
		deal.reload()
		deal.save()
		make.make_policy(create_sales_order=1)
		self.addCleanup(make.drop_policies)
		self.assertMessage("has passed. Choose today or a later day", api.win, deal.name)
		deal.reload()
		self.assertEqual((deal.docstatus, deal.sales_order), (0, None))
		deal.delivery_date = today()
		deal.save()
		api.win(deal.name)
		deal.reload()
		self.assertTrue(deal.sales_order)

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

	def test_frozen_books(self):
		"""The books are closed up to the day after tomorrow: a part of tomorrow is refused, one of the day behind is not."""
		until = add_days(today(), 2)
		if frappe.get_meta("Company").has_field("accounts_frozen_till_date"):
			frappe.db.set_value("Company", make.COMPANY, "accounts_frozen_till_date", until)
			frappe.clear_document_cache("Company", make.COMPANY)
			self.addCleanup(frappe.clear_document_cache, "Company", make.COMPANY)
		else:
			self.set_single("Accounts Settings", "acc_frozen_upto", until)
		plan = lambda days: [  # noqa: E731
			make.row("A", 100, billing_trigger="On Date", trigger_date=add_days(today(), days))
		]
		for days in (1, 2):
			self.assertMessage(
				f"row 1: {frappe.format(add_days(today(), days), 'Date')} is in a closed period "
				f"({frappe.format(until, 'Date')})",
				make.make_deal,
				plan(days),
			)
		deal = make.make_deal(plan(3))
		self.assertEqual(str(deal.plan[0].invoice_date), add_days(today(), 3))

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
