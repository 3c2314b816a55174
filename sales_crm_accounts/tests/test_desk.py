"""What the forms, the calendar and the Kanban board ask, as the seller of a deal, and as a colleague who has no part in it."""

import frappe
from frappe.desk.doctype.kanban_board import kanban_board
from frappe.utils import add_days, add_years, getdate, now_datetime, today

from sales_crm_accounts.api import deal as deal_api
from sales_crm_accounts.api import desk as api
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.factories import ACCOUNTANT, MANAGER, OTHER_SELLER, SELLER

BOARD = "Deals by Stage"
NOBODY = "nobody@sca.example.com"
PRICES = "SCA Desk Prices"


class TestDesk(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_user(NOBODY, [])

	def deal(self, *args, **values):
		return make.make_deal(*args, deal_owner=SELLER, **values)

	def refused(self, function, *args, user: str = OTHER_SELLER, **kwargs):
		before = frappe.session.user
		frappe.set_user(user)
		self.assertRaises(frappe.PermissionError, function, *args, **kwargs)
		frappe.set_user(before)

	def granted(self, answer: dict) -> set[str]:
		"""What is allowed; each answer is a plain yes or no."""
		self.assertEqual({type(value) for value in answer.values()}, {bool})
		return {key for key, value in answer.items() if value}

	def test_form_state(self):
		"""Open, lost and won; a seller wins, loses, changes and bills, hands over a draft, and leaves credit and cancelling to others."""
		lead = frappe.get_doc({"doctype": "Lead", "lead_name": "SCA Desk Lead"}).insert()
		early = self.deal(customer=None, lead=lead.name)
		deal, won = self.deal(), self.deal(win=True)
		self.refused(api.form_state, deal.name)
		self.refused(api.form_state, won.name)
		frappe.set_user(SELLER)
		self.assertEqual(
			self.granted(api.form_state(early.name)),
			{"can_win", "can_lose", "can_preview", "can_hand_over"}
			| ({"can_make_customer"} if frappe.has_permission("Customer", "create") else set()),
		)
		self.assertEqual(
			self.granted(api.form_state(deal.name)), {"can_win", "can_lose", "can_preview", "can_hand_over"}
		)
		deal_api.lose(deal.name, detail="Too dear")
		self.assertEqual(self.granted(api.form_state(deal.name)), {"can_reopen", "can_hand_over"})
		self.assertEqual(self.granted(api.form_state(won.name)), {"can_change", "can_bill"})
		frappe.set_user(ACCOUNTANT)
		self.assertEqual(
			self.granted(api.form_state(won.name)),
			{"can_change", "can_bill", "can_credit", "can_see_obstacles"},
		)
		frappe.set_user("Administrator")
		make.bill_all(won)
		frappe.set_user(SELLER)
		self.assertEqual(self.granted(api.form_state(won.name)), {"can_change"})

	def test_installment_state(self):
		"""One part at once, one on acceptance: held and released, confirmed and taken back, and nothing once it is billed."""
		deal = self.deal(
			[
				make.row("Now", 50),
				make.row("Accepted", 50, billing_trigger="On Milestone", milestone="Acceptance"),
			],
			win=True,
		)
		now, accepted = (row.name for row in make.installments(deal))
		self.refused(api.installment_state, now)
		frappe.set_user(SELLER)
		state = lambda name: self.granted(api.installment_state(name))  # noqa: E731
		self.assertEqual(state(now), {"can_bill", "can_hold"})
		self.assertEqual(state(accepted), {"can_confirm", "can_hold"})
		deal_api.hold(now, "The customer asked")
		self.assertEqual(state(now), {"can_release"})
		deal_api.confirm(accepted)
		self.assertEqual(state(accepted), {"can_bill", "can_unconfirm", "can_hold"})
		frappe.set_user(ACCOUNTANT)
		self.assertEqual(state(now), {"can_release"})
		frappe.set_user("Administrator")
		deal_api.release(now)
		make.bill_all(deal)
		frappe.set_user(SELLER)
		self.assertEqual(state(now), set())

	def test_installment_events(self):
		"""900.00 in thirds, due after 30 days: the calendar of the month tells customer, part and amount, to the seller alone."""
		deal = self.deal(make.thirds(), win=True)
		due = add_days(today(), 30)

		def events():
			found = api.installment_events(
				"Deal Installment",
				f"{due} 00:00:00",
				f"{due} 23:59:59",
				frappe.as_json({"start": "due_date", "end": "due_date", "title": "title", "id": "name"}),
			)
			return [event for event in found if event.name.startswith(deal.name)]

		frappe.set_user(SELLER)
		(event,) = events()
		self.assertEqual((event.name, event.due_date), (f"{deal.name}-01", getdate(due)))
		self.assertEqual(event.title, f"{make.CUSTOMER} · First · {frappe.utils.fmt_money(300, 0, 'USD')}")
		frappe.set_user(OTHER_SELLER)
		self.assertEqual(events(), [])
		self.refused(events, user=NOBODY)

	def test_deal_events(self):
		"""A deal that is expected to close on the first day the calendar shows is in it; to its seller alone."""
		day = add_days(today(), 9)
		deal = self.deal(expected_close_date=day)

		def events(first: str, last: str):
			found = api.deal_events(
				"Deal",
				f"{first} 00:00:00",
				f"{last} 00:00:00",
				frappe.as_json({"start": "expected_close_date", "end": "expected_close_date", "id": "name"}),
				fields=frappe.as_json(["name", "title", "expected_close_date", "status", "docstatus"]),
			)
			return [event.expected_close_date for event in found if event.name == deal.name]

		frappe.set_user(SELLER)
		self.assertEqual(events(day, add_days(day, 5)), [getdate(day)])
		self.assertEqual(events(add_days(day, -5), day), [getdate(day)])
		self.assertEqual(events(add_days(day, 1), add_days(day, 5)), [])
		frappe.set_user(OTHER_SELLER)
		self.assertEqual(events(day, add_days(day, 5)), [])
		self.refused(events, day, day, user=NOBODY)

	def test_item_details(self):
		"""120.00 on a price list in the company's currency; at 1.25 that is 96.00 in euros, at 1.30 it is 92.31."""
		make.ensure(
			"Price List", PRICES, price_list_name=PRICES, currency="USD", selling=1, enabled=1, buying=0
		)
		frappe.get_doc(
			{
				"doctype": "Item Price",
				"item_code": make.SERVICE,
				"price_list": PRICES,
				"price_list_rate": 120,
				"uom": "Nos",
			}
		).insert()
		ask = {"item_code": make.SERVICE, "company": make.COMPANY, "price_list": PRICES}
		frappe.set_user(SELLER)
		details = api.item_details(**ask, customer=make.CUSTOMER)
		self.assertEqual(
			(details["item_name"], details["uom"], details["conversion_factor"], details["rate"]),
			(make.SERVICE, "Nos", 1, 120),
		)
		foreign = api.item_details(
			**ask, customer=make.FOREIGN_CUSTOMER, currency="EUR", conversion_rate=make.EUR_RATE
		)
		self.assertEqual(foreign["rate"], 96)
		# 120.00 / 1.3 = 92.3076..., rounded as ERPNext rounds it on the invoice.
		foreign = api.item_details(**ask, customer=make.FOREIGN_CUSTOMER, currency="EUR", conversion_rate=1.3)
		self.assertEqual(foreign["rate"], 92.31)
		self.refused(api.item_details, user=NOBODY, **ask)

	def test_policy_coverage(self):
		"""Of two open deals of 9,300,001.00 and one of 900.00 the policy from 9,300,000.00 covers two; a colleague has none."""
		policy = make.make_policy("SCA Desk Policy", min_amount=9_300_000)
		before = self.coverage(SELLER, policy.name)
		self.assertEqual(before["covered"], 0)
		for _number in range(2):
			self.deal(items=[(make.SERVICE, 1, 9_300_001)])
		self.deal()
		after = self.coverage(SELLER, policy.name)
		self.assertEqual(after, {"looked_at": before["looked_at"] + 3, "covered": 2, "capped": False})
		self.assertEqual(self.coverage(OTHER_SELLER, policy.name)["covered"], 0)
		make.make_policy("SCA Desk Narrower", min_amount=9_300_001)
		self.assertEqual(self.coverage(SELLER, policy.name)["covered"], 0)
		self.refused(api.policy_coverage, policy.name, user=NOBODY)

	def coverage(self, user: str, policy: str) -> dict:
		frappe.set_user(user)
		try:
			return api.policy_coverage(policy)
		finally:
			frappe.set_user("Administrator")

	def test_run_state(self):
		"""For whom the settings page is; a Deal Manager opens it and is told of the billing, not of the ledger check."""
		runs = {
			"billing": frappe.get_doc({"doctype": "Deal Billing Run", "run_date": today()}),
			"ledger": frappe.get_doc({"doctype": "Installment Ledger Check", "check_date": today()}),
		}
		for run in runs.values():
			run.insert(ignore_permissions=True)
			run.db_set("creation", add_years(now_datetime(), 1))  # after runs of tests of days to come
		for user, seen in ((ACCOUNTANT, {"billing", "ledger"}), (MANAGER, {"billing"})):
			frappe.set_user(user)
			state = api.run_state()
			self.assertEqual({key for key, value in state.items() if value}, seen)
			for key in seen:
				self.assertEqual(state[key].name, runs[key].name)
		self.refused(api.run_state, user=SELLER)

	def test_cards_on_the_kanban_board(self):
		"""Dragged through Frappe's own calls: between open stages it moves; onto Won and Lost it is told which button to use."""
		first, second = frappe.get_all(
			"Deal Stage",
			{"stage_type": "Open", "disabled": 0},
			pluck="name",
			order_by="sequence",
			limit=2,
		)
		won, lost = (
			frappe.db.get_value("Deal Stage", {"stage_type": kind, "disabled": 0}) for kind in ("Won", "Lost")
		)
		deal = self.deal(stage=first)
		frappe.set_user(SELLER)
		kanban_board.update_order(BOARD, frappe.as_json({first: [deal.name]}))

		def drag(start: str, end: str):
			kanban_board.update_order_for_single_card(BOARD, deal.name, start, end, 0, 0)

		def place():
			kept = frappe.get_doc("Deal", deal.name)
			return kept.stage, kept.stage_column, kept.status, kept.docstatus

		drag(first, second)
		self.assertEqual(place(), (second, second, "Open", 0))
		order = {row.column_name: row.order for row in frappe.get_doc("Kanban Board", BOARD).columns}
		self.assertIn(deal.name, order[second])
		for end, button in ((won, "Use the button Win"), (lost, "Use the button Lost")):
			frappe.db.savepoint("card")
			self.assertMessage(button, drag, second, end)
			frappe.db.rollback(save_point="card")  # as the request does
			self.assertEqual(place(), (second, second, "Open", 0))
		self.refused(drag, second, first)
		self.assertEqual(place(), (second, second, "Open", 0))
