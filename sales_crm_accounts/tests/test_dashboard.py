"""The workspace: its cards and charts are there, count what the user may see, and have the figures worked out below."""

from datetime import date

import frappe
from frappe.desk.desktop import Workspace
from frappe.desk.doctype.dashboard_chart.dashboard_chart import get as chart_data
from frappe.desk.doctype.number_card.number_card import get_result
from frappe.utils import add_days, flt, today

from sales_crm_accounts.api import dashboard as api
from sales_crm_accounts.services import dashboard
from sales_crm_accounts.services.messages import axis_label
from sales_crm_accounts.tests import SiteTestCase, factories
from sales_crm_accounts.tests.factories import MANAGER, OTHER_SELLER, SELLER

WORKSPACE = "Deals and Receivables"


class TestDashboard(SiteTestCase):
	def test_every_block_of_the_workspace_exists(self):
		workspace = frappe.get_doc("Workspace", WORKSPACE)
		named = {
			"number_card": {row.label for row in workspace.number_cards},
			"chart": {row.label for row in workspace.charts},
			"shortcut": {row.label for row in workspace.shortcuts},
			"quick_list": {row.label for row in workspace.quick_lists},
			"card": {row.label for row in workspace.links if row.type == "Card Break"},
		}
		for block in frappe.parse_json(workspace.content):
			if block["type"] in named:
				self.assertIn(block["data"][f"{block['type']}_name"], named[block["type"]])
		for row in workspace.number_cards:
			self.assertTrue(frappe.db.exists("Number Card", row.number_card_name), row.number_card_name)
		for row in workspace.charts:
			self.assertTrue(frappe.db.exists("Dashboard Chart", row.chart_name), row.chart_name)
		for row in [*workspace.links, *workspace.shortcuts]:
			kind = row.get("link_type") or row.get("type")
			if kind in ("DocType", "Report"):
				self.assertTrue(frappe.db.exists(kind, row.link_to), row.link_to)
			if row.get("kanban_board"):
				self.assertTrue(frappe.db.exists("Kanban Board", row.kanban_board), row.kanban_board)

	def test_days_on_an_axis(self):
		"""In the order of the reader's language; in English where CLDR does not know it."""
		self.addCleanup(setattr, frappe.local, "lang", frappe.local.lang)
		for lang, expected in (
			("en", "Dec 2026, Dec 7"),
			("zh", "2026年12月, 12月7日"),
			("xx", "Dec 2026, Dec 7"),
		):
			frappe.local.lang = lang
			shown = [axis_label(date(2026, 12, 7), skeleton) for skeleton in ("yMMM", "MMMd")]
			self.assertEqual(", ".join(shown), expected)

	def test_every_doctype_of_the_app_can_be_reached_from_it(self):
		linked = {row.link_to for row in frappe.get_doc("Workspace", WORKSPACE).links}
		own = frappe.get_all("DocType", filters={"module": "Sales CRM Accounts", "istable": 0}, pluck="name")
		self.assertEqual(set(own) - linked, set())

	def test_salesperson_opens_it(self):
		frappe.set_user(SELLER)
		page = frappe.get_doc("Workspace", WORKSPACE).as_dict()
		self.assertTrue(Workspace(page, minimal=True).is_permitted())
		for card in frappe.get_all("Number Card", filters={"module": "Sales CRM Accounts"}, pluck="name"):
			self.assertTrue(frappe.has_permission("Number Card", "read", doc=card), card)
		for chart in frappe.get_all(
			"Dashboard Chart", filters={"module": "Sales CRM Accounts"}, pluck="name"
		):
			self.assertTrue(frappe.has_permission("Dashboard Chart", "read", doc=chart), chart)

	def test_cards_count_what_the_user_may_see(self):
		"""A new open deal of 900.00 raises the card of its owner and of the manager, not the colleague's."""
		before = {user: self.card("Open Deals", user) for user in (SELLER, OTHER_SELLER, MANAGER)}
		factories.make_deal(deal_owner=SELLER)
		self.assertEqual(self.card("Open Deals", SELLER) - before[SELLER], 900)
		self.assertEqual(self.card("Open Deals", MANAGER) - before[MANAGER], 900)
		self.assertEqual(self.card("Open Deals", OTHER_SELLER) - before[OTHER_SELLER], 0)

	def test_installments_to_bill(self):
		"""900.00 in euro at 1.25 are 1,125.00 to bill, whatever the plan."""
		before = {user: self.to_bill(user) for user in (SELLER, OTHER_SELLER)}
		factories.make_deal(
			factories.thirds(),
			win=True,
			deal_owner=SELLER,
			customer=factories.FOREIGN_CUSTOMER,
			currency="EUR",
			conversion_rate=1.25,
		)
		self.assertAlmostEqual(self.to_bill(SELLER) - before[SELLER], 1125, 2)
		self.assertAlmostEqual(self.to_bill(OTHER_SELLER) - before[OTHER_SELLER], 0, 2)

	def test_expected_collections_by_month(self):
		"""300.00 billed and due in 10 days, 600.00 billed later: the first stands as billed, the rest as to be billed.

		Seen from 20 days later the 300.00 are overdue.
		"""
		frappe.set_user(SELLER)
		before = self.by_series(dashboard.expected_collections(factories.COMPANY))
		overdue_before = self.by_series(
			dashboard.expected_collections(factories.COMPANY, add_days(today(), 20))
		)
		frappe.set_user("Administrator")
		deal = factories.make_deal(
			[
				factories.row("Now", amount=300, due_days=10),
				factories.row("Later", billing_trigger="On Milestone", milestone="Acceptance", due_days=10),
			],
			win=True,
			deal_owner=SELLER,
		)
		frappe.db.commit()
		from sales_crm_accounts.services import billing, ledger

		billing.bill([factories.installments(deal)[0].name], force=True)
		ledger.flush()
		frappe.set_user(SELLER)
		after = self.by_series(dashboard.expected_collections(factories.COMPANY))
		self.assertAlmostEqual(sum(after["Billed"]) - sum(before["Billed"]), 300, 2)
		self.assertAlmostEqual(sum(after["To be billed"]) - sum(before["To be billed"]), 600, 2)
		self.assertAlmostEqual(after["Billed"][0] - before["Billed"][0], 0, 2)
		later = self.by_series(dashboard.expected_collections(factories.COMPANY, add_days(today(), 20)))
		self.assertAlmostEqual(later["Billed"][0] - overdue_before["Billed"][0], 300, 2)

	def test_a_credit_note_is_taken_off_where_its_invoice_is_due(self):
		"""An invoice due next month and its open credit note: nothing is expected, in no month."""
		before = self.by_series(dashboard.expected_collections(factories.COMPANY))
		deal = factories.make_deal([factories.row("All", 100, due_days=40)], win=True)
		(invoice,) = factories.bill_all(deal)
		factories.credit_note(invoice)
		after = self.by_series(dashboard.expected_collections(factories.COMPANY))
		for mine, theirs in zip(after["Billed"], before["Billed"], strict=True):
			self.assertAlmostEqual(mine, theirs, 2)

	def test_deals_won_answers(self):
		factories.make_deal(deal_owner=SELLER)
		self.assertTrue(chart_data(chart_name="Deals Won")["labels"])

	def test_open_deals_by_stage(self):
		"""900.00 in the second stage are seen by the owner, not by a colleague; the stages stand in their order."""
		stages = frappe.get_all(
			"Deal Stage", {"stage_type": "Open", "disabled": 0}, pluck="name", order_by="sequence"
		)

		def amounts(user: str) -> dict[str, float]:
			frappe.set_user(user)
			data = dashboard.open_deals_by_stage(factories.COMPANY)
			frappe.set_user("Administrator")
			self.assertEqual(data["labels"], [name for name in stages if name in data["labels"]])
			return dict(zip(data["labels"], data["datasets"][0]["values"], strict=True))

		before = {user: amounts(user).get(stages[1], 0) for user in (SELLER, OTHER_SELLER)}
		factories.make_deal(deal_owner=SELLER, stage=stages[1])
		self.assertAlmostEqual(amounts(SELLER)[stages[1]] - before[SELLER], 900, 2)
		self.assertAlmostEqual(amounts(OTHER_SELLER).get(stages[1], 0) - before[OTHER_SELLER], 0, 2)

	def card(self, name: str, user: str) -> float:
		frappe.set_user(user)
		card = frappe.get_doc("Number Card", name)
		filters = [
			*frappe.parse_json(card.filters_json),
			[card.document_type, "company", "=", factories.COMPANY],
		]
		value = get_result(card.as_dict(), filters)
		frappe.set_user("Administrator")
		return value

	def to_bill(self, user: str) -> float:
		frappe.set_user(user)
		value = api.to_bill({"company": factories.COMPANY})["value"]
		frappe.set_user("Administrator")
		return flt(value)

	def by_series(self, data: dict) -> dict:
		return {series["name"]: series["values"] for series in data["datasets"]}
