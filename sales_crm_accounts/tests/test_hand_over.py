"""Handing deals over: who may, what goes along, and who sees the deal before and after."""

import frappe

from sales_crm_accounts.api import deal as api
from sales_crm_accounts.api import desk
from sales_crm_accounts.services import hand_over, sweep
from sales_crm_accounts.services.approvals import content, moves
from sales_crm_accounts.tests import SiteTestCase
from sales_crm_accounts.tests import factories as make
from sales_crm_accounts.tests.factories import ACCOUNTANT, MANAGER, OTHER_SELLER, SELLER

CLERK, LEAD = "clerk@sca.example.com", "lead@sca.example.com"


class TestHandOver(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		make.make_user(CLERK, ["Purchase User"])
		make.make_user(LEAD, ["Deal User", "Sales User"])
		frappe.db.commit()

	def sees(self, user: str, deal) -> list[bool]:
		"""[deal in the list, deal opens, installments in the list] for the user."""
		frappe.set_user(user)
		try:
			return [
				bool(frappe.get_list("Deal", {"name": deal.name})),
				bool(frappe.has_permission("Deal", "read", doc=deal.name)),
				len(frappe.get_list("Deal Installment", {"deal": deal.name})) == 3,
			]
		finally:
			frappe.set_user("Administrator")

	def as_user(self, user: str, *args, **kwargs):
		frappe.set_user(user)
		try:
			return api.hand_over(*args, **kwargs)
		finally:
			frappe.set_user("Administrator")

	def refused(self, user: str, deal, to: str = OTHER_SELLER, exc=frappe.PermissionError):
		with self.assertRaises(exc) as caught:
			self.as_user(user, deal.name, to)
		frappe.db.rollback()
		self.assertEqual(frappe.db.get_value("Deal", deal.name, "deal_owner"), SELLER)
		return str(caught.exception)

	def test_the_search_offers_people_who_could_own_a_deal(self):
		frappe.set_user(SELLER)
		try:
			found = [row[0] for row in api.owners("User", "", "name", 0, 50, {})]
			self.assertEqual(
				[row[0] for row in api.owners("User", OTHER_SELLER[:8], "name", 0, 5, {})], [OTHER_SELLER]
			)
		finally:
			frappe.set_user("Administrator")
		self.assertLessEqual({SELLER, OTHER_SELLER, LEAD}, set(found))
		billing_user = frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user")
		self.assertFalse({CLERK, "Guest", "Administrator", billing_user} & set(found))

	def test_a_won_deal_changes_hands(self):
		"""Before, the new owner sees nothing of it; after, deal and installments, and the next failure is told to them alone."""
		deal = make.make_deal(make.thirds(), win=True, deal_owner=SELLER)
		(invoice, *_others) = make.bill_all(make.make_deal(win=True, deal_owner=SELLER))
		dispute = frappe.get_doc(
			{
				"doctype": "Receivable Dispute",
				"sales_invoice": invoice.name,
				"disputed_amount": 100,
				"reason": "Price",
			}
		).insert()
		self.assertEqual(dispute.dispute_owner, SELLER)
		frappe.db.commit()
		self.assertEqual((self.sees(SELLER, deal), self.sees(OTHER_SELLER, deal)), ([True] * 3, [False] * 3))
		# A salesperson who does not see it, and one who owns it: neither may; nor may whoever only keeps the books.
		self.refused(OTHER_SELLER, deal)
		self.assertIn("Only a Deal Manager", self.refused(SELLER, deal))
		self.assertIn("Only a Deal Manager", self.refused(ACCOUNTANT, deal))
		self.assertIn("no role for deals", self.refused(MANAGER, deal, CLERK, frappe.ValidationError))
		self.assertIn(
			"no enabled", self.refused(MANAGER, deal, "never.was@sca.example.com", frappe.ValidationError)
		)
		self.assertIn("already", self.refused(MANAGER, deal, SELLER, frappe.ValidationError))
		approved = content.material(frappe.get_doc("Deal", deal.name))
		result = self.as_user(MANAGER, [deal.name, dispute.deal], OTHER_SELLER, "SELLER has left")
		self.assertEqual(result, {"done": [deal.name, dispute.deal], "failed": []})
		frappe.db.commit()
		self.assertEqual(self.sees(OTHER_SELLER, deal), [True] * 3)
		# Administrator entered the deal, so that the old owner has nothing left of it.
		self.assertEqual(self.sees(SELLER, deal), [False] * 3)
		self.assertEqual({row.deal_owner for row in make.installments(deal)}, {OTHER_SELLER})
		self.assertEqual(
			frappe.db.get_value("Receivable Dispute", dispute.name, "dispute_owner"), OTHER_SELLER
		)
		(line,) = frappe.get_all(
			"Comment", {"reference_name": deal.name, "comment_type": "Info"}, ["content", "owner"]
		)
		self.assertIn("SELLER has left", line.content)
		self.assertEqual(line.owner, MANAGER)
		self.assertTrue(
			frappe.db.exists("Notification Log", {"for_user": OTHER_SELLER, "document_name": deal.name})
		)
		# Nothing that is posted follows from the owner: the nightly look for what was changed after approval says nothing.
		after = content.material(frappe.get_doc("Deal", deal.name))
		self.assertNotEqual(approved, after)
		self.assertEqual(moves.comparable("Deal", approved), moves.comparable("Deal", after))
		self.assertEqual(self.told_of_a_failure(deal), [OTHER_SELLER])

	def told_of_a_failure(self, deal) -> list[str]:
		frappe.db.set_value("Item", make.SERVICE, "disabled", 1)
		frappe.clear_document_cache("Item", make.SERVICE)
		frappe.db.commit()
		try:
			sweep.bill_deal(deal.name)
		finally:
			frappe.db.set_value("Item", make.SERVICE, "disabled", 0)
			frappe.clear_document_cache("Item", make.SERVICE)
			frappe.db.commit()
		first = make.installments(deal)[0].name
		return frappe.get_all("Notification Log", {"document_name": first}, pluck="for_user")

	def test_many_at_once_and_a_draft(self):
		"""One that fails costs the others nothing; the owner of a draft may give it away as on the form."""
		won = make.make_deal(make.thirds(), win=True, deal_owner=SELLER)
		draft = make.make_deal(deal_owner=SELLER)
		mine = make.make_deal(deal_owner=OTHER_SELLER)
		frappe.db.commit()
		result = self.as_user(MANAGER, frappe.as_json([won.name, mine.name, "NO-SUCH-DEAL"]), OTHER_SELLER)
		self.assertEqual(result["done"], [won.name])
		self.assertEqual([row["deal"] for row in result["failed"]], [mine.name, "NO-SUCH-DEAL"])
		self.assertIn("already", result["failed"][0]["reason"])
		self.as_user(SELLER, draft.name, OTHER_SELLER)
		self.assertEqual(frappe.db.get_value("Deal", draft.name, "deal_owner"), OTHER_SELLER)

	def test_a_manager_of_the_owner_may(self):
		"""By Employee > Reports To and by the tree of Sales Persons, although the owner has left; both need to see the deal."""
		deal = make.make_deal(make.thirds(), win=True, deal_owner=SELLER)
		frappe.db.commit()
		boss, seller = self.employee(LEAD), self.employee(SELLER)
		frappe.db.set_value("Employee", seller, {"reports_to": boss, "status": "Left"})
		self.assertEqual(hand_over.managers_of(SELLER), {LEAD})
		self.assertNotIn(SELLER, hand_over.managers_of(LEAD))
		frappe.set_user(LEAD)
		with self.assertRaises(frappe.PermissionError):
			api.hand_over(deal.name, OTHER_SELLER)
		frappe.set_user("Administrator")
		frappe.share.add("Deal", deal.name, LEAD, read=1)
		frappe.set_user(LEAD)
		self.assertTrue(desk.form_state(deal.name)["can_hand_over"])
		api.hand_over(deal.name, OTHER_SELLER)
		self.assertEqual(frappe.db.get_value("Deal", deal.name, "deal_owner"), OTHER_SELLER)
		self.assertFalse(desk.form_state(deal.name)["can_hand_over"])
		frappe.set_user("Administrator")
		frappe.db.set_value("Employee", seller, "reports_to", None)
		top = self.sales_person("SCA Hand Over Lead", boss, "Sales Team", is_group=1)
		self.sales_person("SCA Hand Over Seller", seller, top)
		self.assertEqual(hand_over.managers_of(SELLER), {LEAD})

	def employee(self, user: str) -> str:
		return (
			frappe.db.get_value("Employee", {"user_id": user})
			or frappe.get_doc(
				{
					"doctype": "Employee",
					"first_name": user,
					"company": make.COMPANY,
					"gender": frappe.get_all("Gender", pluck="name")[0],
					"date_of_birth": "1990-01-01",
					"date_of_joining": "2020-01-01",
					"user_id": user,
					"create_user_permission": 0,
				}
			)
			.insert(ignore_permissions=True)
			.name
		)

	def sales_person(self, name: str, employee: str, parent: str, is_group: int = 0) -> str:
		values = {"sales_person_name": name, "parent_sales_person": parent, "is_group": is_group}
		return frappe.get_doc({"doctype": "Sales Person", **values, "employee": employee}).insert().name
