"""Who sees which deal: list, document, link search, report and what hangs on the deal give the same answer.

Two salespeople, a manager, an accountant, and somebody without a role. Each deal below belongs to one of the salespeople in one
way only; the other one must not meet it anywhere.
"""

import frappe
from frappe.desk.notifications import get_open_count
from frappe.desk.query_report import run as run_report
from frappe.desk.search import search_link

from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.tests import SiteTestCase, factories
from sales_crm_accounts.tests.factories import ACCOUNTANT, MANAGER, OTHER_SELLER, SELLER

NOBODY = "nobody@sca.example.com"
REPORTS = ("Deal Installments", "Collection Plan", "Deal Pipeline")


class TestDealAccess(SiteTestCase):
	@classmethod
	def setUpClass(cls):
		super().setUpClass()
		factories.make_user(NOBODY, [])

	def deal(self, owner: str = "Administrator", made_by: str = "Administrator", **values):
		"""A deal that belongs to `owner` and was entered by `made_by`."""
		deal = factories.make_deal(deal_owner=owner, title=frappe.generate_hash(length=10), **values)
		deal.db_set("owner", made_by)
		return deal

	def sees(self, user: str, deal) -> bool:
		"""Whether the user meets the deal; fails where list, document, search and query differ."""
		frappe.set_user(user)
		try:
			in_list = bool(frappe.get_list("Deal", filters={"name": deal.name}))
			opens = frappe.has_permission("Deal", "read", doc=frappe.get_doc("Deal", deal.name))
			found = bool(search_link("Deal", deal.title))
			table = frappe.qb.DocType("Deal")
			query = frappe.qb.from_(table).select(table.name).where(table.name == deal.name)
			in_query = bool(deal_access.restrict(query, table.name).run())
		finally:
			frappe.set_user("Administrator")
		answers = {"list": in_list, "document": opens, "link search": found, "report query": in_query}
		self.assertEqual(len(set(answers.values())), 1, f"{user}: {answers}")
		return in_list

	def may(self, user: str, right: str, deal) -> bool:
		return frappe.has_permission(deal.doctype, right, doc=deal, user=user)

	def test_owner_of_the_deal_sees_it_and_the_colleague_does_not(self):
		deal = self.deal(owner=SELLER)
		self.assertTrue(self.sees(SELLER, deal))
		self.assertFalse(self.sees(OTHER_SELLER, deal))

	def test_who_entered_the_deal_sees_it(self):
		deal = self.deal(owner=SELLER, made_by=OTHER_SELLER)
		self.assertTrue(self.sees(OTHER_SELLER, deal))

	def test_manager_and_accountant_see_every_deal(self):
		deal = self.deal(owner=SELLER)
		self.assertTrue(self.sees(MANAGER, deal))
		self.assertTrue(self.sees(ACCOUNTANT, deal))

	def test_without_a_role_there_is_nothing(self):
		deal = self.deal(owner=NOBODY)
		frappe.set_user(NOBODY)
		self.assertRaises(frappe.PermissionError, frappe.get_list, "Deal", filters={"name": deal.name})
		self.assertFalse(frappe.has_permission("Deal", "read", doc=deal.name))
		self.assertEqual(deal_access.deal_conditions("Guest"), "1=0")

	def test_sales_team_and_those_above_it_see_the_deal(self):
		"""Team Lead > Team Member; the deal names the member, so the member and the lead see it, the colleague does not."""
		lead = self.sales_person("SCA Team Lead", SELLER, "Sales Team", is_group=1)
		member = self.sales_person("SCA Team Member", OTHER_SELLER, lead)
		team = [{"sales_person": member, "allocated_percentage": 100}]
		of_member = self.deal(sales_team=team)
		self.assertTrue(self.sees(OTHER_SELLER, of_member))
		self.assertTrue(self.sees(SELLER, of_member))
		of_lead = self.deal(sales_team=[{"sales_person": lead, "allocated_percentage": 100}])
		self.assertTrue(self.sees(SELLER, of_lead))
		self.assertFalse(self.sees(OTHER_SELLER, of_lead))

	def test_a_share_gives_what_it_says(self):
		"""Shared to read: list and document, but no change and no deletion. Shared to write: change as well."""
		deal = self.deal(owner=SELLER)
		frappe.share.add("Deal", deal.name, OTHER_SELLER, read=1)
		self.assertTrue(self.sees(OTHER_SELLER, deal))
		self.assertFalse(self.may(OTHER_SELLER, "write", deal))
		self.assertFalse(self.may(OTHER_SELLER, "submit", deal))
		frappe.share.add("Deal", deal.name, OTHER_SELLER, read=1, write=1)
		self.assertTrue(self.may(OTHER_SELLER, "write", deal))
		self.assertFalse(self.may(OTHER_SELLER, "submit", deal))
		self.assertFalse(self.may(OTHER_SELLER, "delete", deal))

	def test_own_name_typed_on_a_foreign_deal_opens_nothing(self):
		"""The document is judged as it is kept, not as it is sent."""
		deal = self.deal(owner=SELLER)
		frappe.set_user(OTHER_SELLER)
		sent = frappe.get_doc("Deal", deal.name)
		sent.deal_owner = OTHER_SELLER
		self.assertRaises(frappe.PermissionError, sent.save)
		self.assertFalse(self.may(OTHER_SELLER, "write", sent))

	def test_handing_a_deal_over(self):
		"""The owner may give the deal away, and has then lost it."""
		deal = self.deal(owner=SELLER)
		frappe.set_user(SELLER)
		mine = frappe.get_doc("Deal", deal.name)
		mine.deal_owner = OTHER_SELLER
		mine.save()
		frappe.set_user("Administrator")
		self.assertFalse(self.sees(SELLER, deal))
		self.assertTrue(self.sees(OTHER_SELLER, deal))

	def test_user_permission_on_the_company_holds_as_well(self):
		# The cache outlives the transaction of the test.
		self.addCleanup(frappe.clear_cache, user=SELLER)
		deal = self.deal(owner=SELLER)
		other = frappe.get_all("Company", filters={"name": ("!=", factories.COMPANY)}, pluck="name")[0]
		frappe.get_doc(
			{"doctype": "User Permission", "user": SELLER, "allow": "Company", "for_value": other}
		).insert()
		self.assertFalse(self.sees(SELLER, deal))

	def test_what_hangs_on_a_deal_follows_it(self):
		"""Installments and open installments of a won deal: the owner and the accountant see them, the colleague does not."""
		deal = self.deal(owner=SELLER, win=True)
		factories.bill_all(deal)
		for doctype in ("Deal Installment", "Open Installment"):
			record = frappe.get_last_doc(doctype, {"deal": deal.name})
			for user, expected in (
				(SELLER, True),
				(ACCOUNTANT, True),
				(MANAGER, True),
				(OTHER_SELLER, False),
			):
				frappe.set_user(user)
				listed = bool(frappe.get_list(doctype, filters={"name": record.name}))
				self.assertEqual(listed, expected, f"{doctype} in the list of {user}")
				self.assertEqual(self.may(user, "read", record), expected, f"{doctype} of {user}")
		frappe.set_user("Administrator")
		frappe.share.add("Deal", deal.name, OTHER_SELLER, read=1)
		record = frappe.get_last_doc("Deal Installment", {"deal": deal.name})
		self.assertTrue(self.may(OTHER_SELLER, "read", record))

	def test_a_change_needs_the_deal_to_be_changeable(self):
		"""A colleague who may only read the deal cannot propose a change of it, nor take a change over to a deal of their own."""
		deal = self.deal(owner=SELLER, win=True)
		change = frappe.get_doc({"doctype": "Deal Change", "deal": deal.name, "reason": "Test"})
		change.set("__islocal", 1)
		self.assertTrue(self.may(SELLER, "create", change))
		frappe.share.add("Deal", deal.name, OTHER_SELLER, read=1)
		self.assertFalse(self.may(OTHER_SELLER, "create", change))
		change.db_insert()
		kept = frappe.get_doc("Deal Change", change.name)
		self.assertTrue(self.may(OTHER_SELLER, "read", kept))
		kept.deal = self.deal(owner=OTHER_SELLER, win=True).name
		self.assertFalse(self.may(OTHER_SELLER, "write", kept))

	def test_reports_show_no_foreign_deal(self):
		"""Once billed, the rows name an invoice, on which salespeople have no right: the report still opens."""
		mine, foreign = self.deal(owner=SELLER, win=True), self.deal(owner=OTHER_SELLER, win=True)
		frappe.db.commit()
		factories.bill_all(mine)
		frappe.set_user(SELLER)
		for report in REPORTS:
			for group in ("Stage", "Deal Owner"):
				with self.subTest(report=report, group=group):
					filters = {"company": factories.COMPANY, "group_by": group}
					found = run_report(report, filters=filters, ignore_prepared_report=True)
					rows = frappe.as_json(found["result"])
					self.assertNotIn(foreign.name, rows)
					if report == "Deal Installments":
						self.assertIn(mine.name, rows)

	def test_the_connections_of_a_deal(self):
		"""One installment is billed, and one journal names the deal in a row. A salesperson meets no ledger.

		The names of all connections are fields that Frappe can count and filter by; the same list filters as the badge counts.
		"""
		deal = self.deal(owner=SELLER, win=True)
		factories.bill_all(deal)
		lines = (
			{"account": factories.WRITE_OFF, "debit_in_account_currency": 5, "deal": deal.name},
			{"account": factories.BANK, "credit_in_account_currency": 5},
		)
		self.addCleanup(lambda entry: (entry.reload(), entry.cancel()), factories.journal(list(lines)))
		frappe.db.commit()
		data = frappe.get_meta("Deal").get_dashboard_data()
		shown = [doctype for group in data.transactions for doctype in group["items"]]
		self.assertEqual(len(shown), len(set(shown)))
		self.assertLessEqual({"Delivery Note", "Purchase Order", "Journal Entry", "Stock Entry"}, set(shown))

		def counts(user: str) -> dict:
			frappe.set_user(user)
			# The form asks for what the user can read.
			mine = [doctype for doctype in shown if frappe.has_permission(doctype, "read")]
			found = get_open_count("Deal", deal.name, mine)["count"]
			frappe.set_user("Administrator")
			self.assertFalse(found["internal_links_found"])
			return {row["doctype"]: row["count"] for row in found["external_links_found"]}

		all_of_it = counts("Administrator")
		self.assertEqual(set(all_of_it), set(shown))
		self.assertEqual((all_of_it["Sales Invoice"], all_of_it["Open Installment"]), (1, 1))
		self.assertEqual((all_of_it["Journal Entry"], all_of_it["Delivery Note"]), (1, 0))
		for doctype, count in all_of_it.items():
			filters = {data.non_standard_fieldnames[doctype]: deal.name}
			self.assertEqual(len(frappe.get_list(doctype, filters=filters, distinct=True)), count, doctype)
		mine = counts(SELLER)
		self.assertEqual(mine["Open Installment"], 1)
		self.assertFalse(
			{"Journal Entry", "Payment Entry", "Dunning Message", "Purchase Invoice"} & set(mine)
		)
		frappe.set_user(OTHER_SELLER)
		self.assertRaises(frappe.PermissionError, get_open_count, "Deal", deal.name, ["Deal Installment"])

	def sales_person(self, name: str, user: str, parent: str, is_group: int = 0) -> str:
		"""A sales person of the user, by way of an employee."""
		employee = frappe.db.get_value("Employee", {"user_id": user}) or (
			frappe.get_doc(
				{
					"doctype": "Employee",
					"first_name": name,
					"company": factories.COMPANY,
					"gender": frappe.get_all("Gender", pluck="name")[0],
					"date_of_birth": "1990-01-01",
					"date_of_joining": "2020-01-01",
					"user_id": user,
				}
			)
			.insert(ignore_permissions=True)
			.name
		)
		return (
			frappe.get_doc(
				{
					"doctype": "Sales Person",
					"sales_person_name": name,
					"parent_sales_person": parent,
					"is_group": is_group,
					"employee": employee,
				}
			)
			.insert(ignore_permissions=True)
			.name
		)
