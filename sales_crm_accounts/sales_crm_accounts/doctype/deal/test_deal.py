# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

import frappe
from frappe.utils import add_days, add_months, getdate, today

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.api import desk as desk_api
from sales_crm_accounts.patches import kept_rates
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make


class TestDeal(SiteTestCase):
	def test_totals_and_tax_are_erpnexts(self):
		"""3 x 100.00 + 2.5 h x 40.00 = 400.00, less 40.00 discount = 360.00; VAT 10 % = 36.00."""
		deal = make.make_deal(
			items=[(make.SERVICE, 3, 100), (make.HOURS, 2.5, 40)],
			discount_amount=40,
			taxes_and_charges=make.TAX_TEMPLATE,
		)
		self.assertEqual((deal.total, deal.net_total), (400, 360))
		self.assertEqual((deal.total_taxes_and_charges, deal.grand_total), (36, 396))

	def test_quantities_and_rates_are_those_of_the_invoice(self):
		"""ERPNext bills 92.28, 9.88 and 1.235 hours: 10 x 92.28 = 922.80, 100 x 9.88 = 988.00, 1.235 x 100.00 = 123.50.

		123.50 in thirds is 41.16 + 41.16 + 41.18 (shares 41.16255, 41.16255 and 41.1749).
		"""
		for item, plan, kept, parts in (
			((make.SERVICE, 10, 92.276460275), None, (10, 92.28, 922.8), [922.8]),
			((make.SERVICE, 100, 9.875), None, (100, 9.88, 988), []),
			((make.HOURS, 1.23456, 100), make.thirds(), (1.235, 100, 123.5), [41.16, 41.16, 41.18]),
		):
			with self.subTest(item=item):
				deal = make.make_deal(plan, items=[item], win=bool(parts))
				(row,) = deal.items
				self.assertEqual((row.qty, row.rate, row.amount), kept)
				self.assertEqual((deal.total_qty, deal.net_total), (kept[0], kept[2]))
				if parts:
					self.assertEqual([invoice.net_total for invoice in make.bill_all(deal)], parts)

	def test_plan_parts_sum_to_the_deal(self):
		"""Thirds of 100.00 are 33.34, 33.33 and 33.33 by largest remainder of 33.33, 33.33 and 33.34 %."""
		deal = make.make_deal(make.thirds(), items=[(make.SERVICE, 1, 100)])
		self.assertEqual([row.net_amount for row in deal.plan], [33.33, 33.33, 33.34])
		deal = make.make_deal(
			[make.row("A", 33.33), make.row("B", 33.33), make.row("C", 33.33)], items=[(make.SERVICE, 1, 100)]
		)
		self.assertEqual([row.net_amount for row in deal.plan], [33.34, 33.33, 33.33])

	def test_winning_makes_installments_that_sum(self):
		"""900.00 in thirds plus 10 % VAT: 299.97 + 299.97 + 300.06 = 900.00, with tax 990.00."""
		deal = make.make_deal(make.thirds(), win=True, taxes_and_charges=make.TAX_TEMPLATE)
		rows = make.installments(deal)
		self.assertEqual([row.net_amount for row in rows], [299.97, 299.97, 300.06])
		self.assertEqual([row.planned_amount for row in rows], [329.97, 329.97, 330.06])
		self.assertEqual([row.status for row in rows], ["Ready", "Planned", "Planned"])
		self.assertEqual(
			[getdate(row.planned_invoice_date) for row in rows],
			[getdate(today()), getdate(add_months(today(), 1)), getdate(add_months(today(), 2))],
		)
		self.assertEqual(
			(deal.status, deal.stage_log[-1].stage, str(deal.won_on)), ("Won", deal.stage, today())
		)

	def test_lead_needs_a_customer_to_win(self):
		lead = frappe.get_doc({"doctype": "Lead", "lead_name": "SCA Lead"}).insert()
		deal = make.make_deal(customer=None, lead=lead.name)
		self.assertMessage("A deal is won with a customer", deal.submit)

	def test_stages(self):
		deal = make.make_deal()
		first = deal.stage
		self.assertEqual(deal.probability, frappe.db.get_value("Deal Stage", first, "probability"))
		other = frappe.get_all(
			"Deal Stage",
			filters={"stage_type": "Open", "name": ("!=", first), "disabled": 0},
			pluck="name",
			order_by="sequence",
		)[0]
		# What dragging on the kanban board does.
		deal.stage_column = other
		deal.save()
		self.assertEqual(deal.stage, other)
		self.assertEqual([row.stage for row in deal.stage_log], [first, other])
		self.assertTrue(deal.stage_log[0].left_on)
		for stage_type, button in (("Won", "button Win"), ("Lost", "button Lost")):
			deal.reload()
			deal.stage = frappe.db.get_value("Deal Stage", {"stage_type": stage_type})
			self.assertMessage(button, deal.save)

	def test_a_move_is_one_line_on_the_timeline(self):
		"""Moved, then won: two versions, neither of which repeats the rows of the stage log."""
		deal = make.make_deal()
		second = frappe.get_all(
			"Deal Stage", {"stage_type": "Open", "disabled": 0}, pluck="name", order_by="sequence", limit=2
		)[1]
		deal.reload()
		deal.stage = second
		deal.save(ignore_version=False)
		deal.reload()
		deal.docstatus = 1
		deal.save(ignore_version=False)
		versions = [
			frappe.parse_json(data)
			for data in frappe.get_all(
				"Version", {"ref_doctype": "Deal", "docname": deal.name}, pluck="data", order_by="creation"
			)
		]
		self.assertEqual(
			[[row[0] for row in version["changed"] if row[0] == "stage"] for version in versions],
			[["stage"], ["stage"]],
		)
		self.assertFalse([version for version in versions if version["added"] or version["row_changed"]])
		deal.reload()
		self.assertEqual([row.stage for row in deal.stage_log][1:], [second, deal.stage])
		self.assertEqual([bool(row.left_on) for row in deal.stage_log], [True, True, False])

	def test_a_typed_probability_is_kept(self):
		deal = make.make_deal(probability=33)
		self.assertEqual(deal.probability, 33)
		deal.submit()
		self.assertEqual(deal.probability, 100)

	def test_default_tax_of_the_company(self):
		"""A new deal starts with it, as ERPNext's forms do, unless the company's billing policies name the taxes."""
		frappe.db.set_value("Sales Taxes and Charges Template", make.TAX_TEMPLATE, "is_default", 1)
		self.assertEqual(desk_api.default_taxes(make.COMPANY), make.TAX_TEMPLATE)
		defaults = desk_api.customer_defaults(make.CUSTOMER, make.COMPANY)
		self.assertEqual(defaults["taxes_and_charges"], make.TAX_TEMPLATE)
		make.make_policy("SCA Taxes", taxes_and_charges=make.TAX_TEMPLATE, min_amount=9_100_001)
		self.assertIsNone(desk_api.default_taxes(make.COMPANY))

	def test_stage_requirements(self):
		stage = frappe.get_doc(
			{
				"doctype": "Deal Stage",
				"stage_name": "SCA Checked",
				"sequence": 90,
				"stage_type": "Open",
				"requirements": [
					{"fieldname": "expected_close_date", "operator": "is set"},
					{
						"fieldname": "net_total",
						"operator": ">=",
						"value": "1000",
						"message": "Small deals stay below.",
					},
				],
			}
		).insert()
		deal = make.make_deal()
		deal.stage = stage.name
		with self.assertRaises(frappe.ValidationError) as caught:
			deal.save()
		self.assertIn("Expected Close must be filled", str(caught.exception))
		self.assertIn("Small deals stay below.", str(caught.exception))
		deal.reload()
		deal.update({"stage": stage.name, "expected_close_date": add_days(today(), 5)})
		deal.items[0].rate = 1000
		deal.save()
		self.assertEqual(deal.stage, stage.name)

	def test_lost_and_reopened(self):
		deal = make.make_deal()
		self.assertMessage("Say why the deal is lost", api.lose, deal.name)
		api.lose(deal.name, detail="Too expensive")
		deal.reload()
		self.assertEqual((deal.status, str(deal.lost_on)), ("Lost", today()))
		self.assertMessage("Reopen it", api.win, deal.name)
		api.reopen(deal.name)
		deal.reload()
		self.assertEqual((deal.status, deal.lost_on), ("Open", None))

	def test_an_open_form_does_not_write_old_figures(self):
		"""The form was opened before a payment, and before the last one, which completes the deal; and nobody types a figure."""
		deal = make.make_deal(make.thirds(), win=True)
		first, second, third = make.bill_all(deal)
		stale = frappe.get_doc("Deal", deal.name)
		make.pay(first.name)
		stale.notes = "Called"
		stale.save()
		self.assertEqual((stale.collected_amount, stale.outstanding_amount), (299.97, 600.03))

		stale = frappe.get_doc("Deal", deal.name)
		make.pay(second.name)
		make.pay(third.name)
		stale.notes = "Called again"
		stale.save()
		kept = frappe.db.get_value("Deal", deal.name, ["status", "collected_amount", "notes"])
		self.assertEqual(kept, ("Completed", 900, "Called again"))

		client = frappe.get_doc("Deal", deal.name)
		client.update({"collected_amount": 5, "stage_log": []})
		client.save()
		client.reload()
		self.assertEqual(client.collected_amount, 900)
		self.assertEqual(client.stage_log[-1].stage, client.stage)
		draft = make.make_deal(collected_amount=5)
		self.assertFalse(draft.collected_amount)

	def rate_of_today(self, rate: float):
		make.exchange_rate("EUR", "USD", rate, today())

	def euros(self, **values):
		"""1,000.00 EUR in thirds: 333.30, 333.30 and 333.40."""
		return make.make_deal(
			make.thirds(),
			customer=make.FOREIGN_CUSTOMER,
			currency="EUR",
			items=[(make.SERVICE, 1, 1000)],
			**values,
		)

	def put_rates_back(self):
		frappe.set_user("Administrator")
		self.rate_of_today(make.EUR_RATE)
		frappe.db.commit()

	def test_rate_is_frozen_on_winning(self):
		"""A draft at 1.25 is won at 1.30, the rate of that day: 1,300.00 USD, as previewed.

		At 1.50, later, the invoices are posted at the rate of their own day: 499.95 + 499.95 + 500.10; the deal stays at its rate.
		"""
		self.addCleanup(self.put_rates_back)
		deal = self.euros()
		self.assertEqual((deal.conversion_rate, deal.keep_rate, deal.base_net_total), (1.25, 0, 1250))
		self.rate_of_today(1.3)
		preview = api.preview(deal.name)
		self.assertEqual(preview["rate"], {"why": "Of the Day", "rate": 1.3, "drafted": 1.25})
		debit = sum(line["debit"] for invoice in preview["invoices"] for line in invoice["gl"])
		self.assertEqual(round(debit, 2), 1300)
		self.assertEqual(frappe.db.get_value("Deal", deal.name, "conversion_rate"), 1.25)
		frappe.get_doc("Deal", deal.name).submit()
		frappe.db.commit()
		deal.reload()
		self.assertEqual(
			(deal.conversion_rate, deal.base_net_total, deal.base_grand_total), (1.3, 1300, 1300)
		)
		self.rate_of_today(1.5)
		invoices = make.bill_all(deal)
		self.assertEqual([row.base_net_total for row in invoices], [499.95, 499.95, 500.1])
		deal.reload()
		deal.save()
		self.assertEqual((deal.conversion_rate, deal.base_net_total), (1.3, 1300))
		self.assertEqual(api.preview(deal.name)["rate"]["why"], "Frozen")

	def test_a_chosen_rate_is_kept(self):
		"""Typed when the deal was entered, and typed later: 1,100.00 and 1,200.00 USD, whatever the day says; no more once unticked."""
		self.addCleanup(self.put_rates_back)
		first, second, third = self.euros(conversion_rate=1.1), self.euros(), self.euros(conversion_rate=1.1)
		second.conversion_rate = 1.2
		second.save()
		third.keep_rate = 0
		third.save()
		self.rate_of_today(1.3)
		self.assertEqual(api.preview(first.name)["rate"], {"why": "Kept", "rate": 1.1, "drafted": 1.1})
		found = []
		for deal in (first, second, third):
			doc = frappe.get_doc("Deal", deal.name)
			doc.submit()
			found.append((doc.keep_rate, doc.conversion_rate, doc.base_net_total))
		self.assertEqual(found, [(1, 1.1, 1100), (1, 1.2, 1200), (0, 1.3, 1300)])

	def test_drafts_from_before_keep_what_was_chosen(self):
		"""The patch tells by the rate of the day they were entered: 1.25 followed it, 1.10 did not; in company currency nothing is kept."""
		followed, typed = self.euros(), self.euros(conversion_rate=1.1)
		own = make.make_deal()
		names = [followed.name, typed.name, own.name]
		frappe.db.set_value("Deal", {"name": ("in", names)}, "keep_rate", 0)
		kept_rates.execute()
		self.assertEqual([frappe.db.get_value("Deal", name, "keep_rate") for name in names], [0, 1, 0])

	def test_a_draft_follows_the_rate_and_says_where_there_is_none(self):
		"""Typing the rate of the day chooses nothing; without a rate of today the deal is not won, until one is kept."""
		self.addCleanup(self.put_rates_back)
		deal = self.euros(conversion_rate=1.25)
		self.rate_of_today(1.3)
		deal.save()
		self.assertEqual((deal.keep_rate, deal.conversion_rate, deal.base_net_total), (0, 1.3, 1300))
		frappe.db.delete("Currency Exchange", {"from_currency": "EUR", "to_currency": "USD"})
		frappe.db.set_single_value("Currency Exchange Settings", "disabled", 1)
		frappe.clear_document_cache("Currency Exchange Settings", "Currency Exchange Settings")
		deal = frappe.get_doc("Deal", deal.name)
		deal.save()
		self.assertEqual(deal.conversion_rate, 1.3)
		preview = api.preview(deal.name)
		self.assertEqual((preview["rate"]["why"], preview["rate"]["rate"]), ("Missing", 1.3))
		self.assertIn("no exchange rate from EUR to USD", preview["blocker"])
		self.assertMessage("no exchange rate from EUR to USD", frappe.get_doc("Deal", deal.name).submit)
		deal = frappe.get_doc("Deal", deal.name)
		deal.keep_rate = 1
		deal.submit()
		self.assertEqual(deal.base_net_total, 1300)

	def test_salesperson_without_ledger_rights(self):
		"""A Deal User makes, previews and wins a deal and follows its money, without a right on invoices; nobody else's deal."""
		frappe.set_user(make.SELLER)
		deal = make.make_deal(make.thirds())
		self.assertEqual(api.preview(deal.name)["totals"]["grand_total"], 900)
		api.win(deal.name)
		frappe.db.commit()
		self.assertFalse(frappe.has_permission("Sales Invoice", "read"))
		self.assertFalse(frappe.has_permission("GL Entry", "read"))
		results = api.bill(deal.name)
		self.assertEqual([row.outcome for row in results], ["Invoiced"], results)
		(result,) = results
		panel = api.cash_panel(deal.name)
		self.assertEqual((panel["planned"], panel["billed"], panel["collected"]), (900, 299.97, 0))
		self.assertEqual(panel["rows"][0]["sales_invoice"], result.sales_invoice)
		self.assertFalse(panel["can_read_invoices"])
		# The invoice is the billing user's, not the salesperson's.
		billing_user = frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user")
		self.assertEqual(frappe.db.get_value("Sales Invoice", result.sales_invoice, "owner"), billing_user)
		frappe.set_user(make.OTHER_SELLER)
		for function in (api.cash_panel, api.preview, api.bill, api.win):
			self.assertRaises(frappe.PermissionError, function, deal.name)
		self.assertNotIn(deal.name, frappe.get_list("Deal", pluck="name"))
