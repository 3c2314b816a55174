"""Billing policies: wrong ones are refused with one message that says what and where."""

import frappe

from sales_crm_accounts.services import deals, installments, policies
from sales_crm_accounts.tests import SiteTestCase, factories
from sales_crm_accounts.tests.factories import ABBR, COMPANY


class TestBillingPolicy(SiteTestCase):
	def policy(self, **values):
		return frappe.get_doc(
			{
				"doctype": "Billing Policy",
				"policy_name": frappe.generate_hash(length=8),
				"company": COMPANY,
				**values,
			}
		)

	def refused(self, told: str, **values):
		with self.subTest(told=told):
			with self.assertRaises(frappe.ValidationError) as refused:
				self.policy(**values).insert()
			self.assertIn(told, frappe.utils.strip_html(str(refused.exception)))

	def setUp(self):
		super().setUp()
		frappe.db.delete("Billing Policy", {"company": COMPANY})

	def other_company_record(self, doctype: str) -> str:
		filters = {"company": ("!=", COMPANY)}
		if frappe.get_meta(doctype).has_field("is_group"):
			filters["is_group"] = 0
		return frappe.get_all(doctype, filters=filters, pluck="name")[0]

	def test_a_plain_policy_is_accepted(self):
		policy = self.policy(
			debit_to=f"Debtors - {ABBR}",
			income_account=f"Sales - {ABBR}",
			cost_center=f"Main - {ABBR}",
			taxes_and_charges=factories.TAX_TEMPLATE,
			naming_series="ACC-SINV-.YYYY.-",
			min_amount=100,
			max_amount=1000,
			days_ahead=3,
		).insert()
		self.assertEqual(policy.invoicing_method, "Invoice per Installment")

	def test_amounts_and_days(self):
		self.refused("above the largest", min_amount=500, max_amount=100)
		self.refused("negative", min_amount=-1)
		self.refused("Days Ahead", days_ahead=400)
		self.policy(min_amount=500, max_amount=0).insert()

	def test_records_of_another_company(self):
		for fieldname, doctype in (
			("debit_to", "Account"),
			("income_account", "Account"),
			("cost_center", "Cost Center"),
		):
			self.refused("belongs to the company", **{fieldname: self.other_company_record(doctype)})

	def test_accounts_that_cannot_be_posted_to(self):
		self.refused("is a group", income_account=f"Income - {ABBR}")
		self.refused("not a receivable account", debit_to=f"Sales - {ABBR}")
		self.refused("not an income account", income_account=f"Debtors - {ABBR}")
		frappe.db.set_value("Cost Center", f"Main - {ABBR}", "disabled", 1)
		frappe.clear_document_cache("Cost Center", f"Main - {ABBR}")
		self.addCleanup(frappe.clear_document_cache, "Cost Center", f"Main - {ABBR}")
		self.refused("is disabled", cost_center=f"Main - {ABBR}")

	def test_naming_series_and_mail(self):
		self.refused("not a naming series", naming_series="NOPE-.#")
		self.refused("email template", email_invoice=1)
		template = frappe.get_doc(
			{
				"doctype": "Email Template",
				"name": frappe.generate_hash(),
				"subject": "Invoice",
				"response": "Hello",
			}
		).insert()
		other = frappe.get_all("Print Format", filters={"doc_type": ("!=", "Sales Invoice")}, pluck="name")[0]
		self.refused(
			"Choose one for Sales Invoice", email_invoice=1, email_template=template.name, print_format=other
		)

	def test_two_policies_over_the_same_deals(self):
		self.policy(min_amount=100).insert()
		self.refused("already covers", min_amount=100)
		self.policy(min_amount=200).insert()
		self.policy(min_amount=100, disabled=1).insert()

	def test_the_method_stays_while_won_deals_are_to_be_billed_by_it(self):
		"""Half now, half on a milestone: one invoice would bill both now. Open deals follow any change."""
		policy = self.policy(policy_name="SCA Kept Method").insert()
		plan = [
			factories.row("Now", 50),
			factories.row("Live", 50, billing_trigger="On Milestone", milestone="Go-live"),
		]
		deal = factories.make_deal(plan, win=True)
		policy.invoicing_method = "One Invoice with Schedule"
		self.assertMessage(deal.name, policy.save)
		policy.reload()
		policy.days_ahead = 5
		policy.save()
		for row in factories.installments(deal):
			if row.billing_trigger == "On Milestone":
				installments.confirm(row.name)
		factories.bill_all(deal)
		policy.invoicing_method = "One Invoice with Schedule"
		policy.save()
		factories.drop_policies()

	def test_statements_do_not_grow_with_rows_and_deals(self):
		"""A plan of 30 rows looks at the closed periods once; 30 deals read the policies and their own group and territory once."""
		self.policy(min_amount=5).insert()
		deal = factories.make_deal(factories.thirds())
		deal.plan = []
		for month in range(30):
			deal.append(
				"plan", factories.row(f"P{month}", 3, billing_trigger="On Date", trigger_months=month)
			)
		deal.append("plan", factories.row("Rest", billing_trigger="On Date", trigger_months=30))
		deals.set_plan(deal)  # what is kept of settings and meta is read
		with self.assertQueryCount(6):
			deals.set_plan(deal)
		with self.assertQueryCount(5):
			find = policies.finder(COMPANY)
			self.assertEqual(len({find(deal) for _number in range(30)}), 1)

	def test_a_policy_of_the_parent_holds_for_the_child_and_the_narrower_one_wins(self):
		"""Groups Trade > Wholesale > Machines, lands North > Coast; each step makes one more policy and looks again."""
		groups = self.tree("Customer Group", "SCA Trade", "SCA Wholesale", "SCA Machines")
		lands = self.tree("Territory", "SCA North", "SCA Coast")
		deal = factories.make_deal(customer_group=groups[2], territory=lands[1])
		beside = factories.make_deal(customer_group=self.tree("Customer Group", "SCA Beside")[0])
		self.assertIsNone(policies.find(deal))
		for values in (
			{},
			{"min_amount": 900},
			{"for_territory": lands[0]},
			{"for_territory": lands[1]},
			{"for_customer_group": groups[0]},
			{"for_customer_group": groups[0], "for_territory": lands[0]},
			{"for_customer_group": groups[1]},
			{"for_customer_group": groups[2], "min_amount": 100},
			{"for_customer_group": groups[2], "for_territory": lands[0]},
			{"for_customer_group": groups[2], "for_territory": lands[1]},
		):
			with self.subTest(values=values):
				policy = self.policy(**values).insert()
				self.assertEqual(policies.find(deal), policy.name)
		# None above 900.00, none of another group, and none that is disabled.
		self.policy(for_customer_group=groups[2], for_territory=lands[1], min_amount=901).insert()
		self.assertEqual(policies.find(deal), policy.name)
		general = frappe.db.get_value(
			"Billing Policy", {"company": COMPANY, "min_amount": 900, "for_territory": ("is", "not set")}
		)
		self.assertEqual(policies.find(beside), general)
		policy.disabled = 1
		policy.save()
		self.assertEqual(
			policies.find(deal),
			frappe.db.get_value(
				"Billing Policy", {"for_customer_group": groups[2], "for_territory": lands[0]}
			),
		)

	@staticmethod
	def tree(doctype: str, *names: str) -> list[str]:
		"""Records each below the one before it, the first below the root."""
		field = frappe.scrub(doctype)
		parent = frappe.db.get_value(doctype, {f"parent_{field}": ("is", "not set")})
		for name in names:
			frappe.get_doc(
				{"doctype": doctype, f"{field}_name": name, f"parent_{field}": parent, "is_group": 1}
			).insert()
			parent = name
		return list(names)
