"""What the installation adds is there, repairs itself with every migrate, and refuses what it cannot run on."""

from pathlib import Path
from unittest.mock import patch

import frappe
from erpnext.accounts.utils import get_fiscal_year
from frappe.desk.query_report import run as run_report
from frappe.translate import clear_cache as clear_translations
from frappe.utils import add_days, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.setup import SETTINGS, dimension, install, roles
from sales_crm_accounts.setup.custom_fields import CUSTOM_FIELDS
from sales_crm_accounts.setup.defaults import plan_templates
from sales_crm_accounts.tests import SiteTestCase, factories


class TestInstallation(SiteTestCase):
	def test_unsupported_versions_are_refused_before_anything_changes(self):
		for app, version in (
			("erpnext", "14.70.0"),
			("erpnext", "15.39.2"),
			("frappe", "17.0.0"),
			("erpnext", "17.0.0-dev"),
		):
			with self.subTest(app=app, version=version), patch(f"{app}.__version__", version):
				self.assertIn((app, version), erpnext_compat.unsupported_apps())
				with self.assertRaises(frappe.ValidationError) as refused:
					install.check_versions()
				self.assertIn(version, str(refused.exception))
				self.assertIn("15.40", str(refused.exception))

	def test_supported_versions_pass(self):
		for version in ("15.40.0", "15.65.1", "16.0.0-dev", "16.3.0"):
			with self.subTest(version=version), patch("erpnext.__version__", version):
				self.assertEqual(erpnext_compat.unsupported_apps(), [])

	def test_no_standard_record_has_the_name_of_one_of_erpnext(self):
		"""Frappe would overwrite it, and uninstalling would take it away: ERPNext has a print format Dunning Letter."""

		def records(app: str) -> set[tuple[str, str]]:
			kinds = ("print_format", "report", "page", "number_card", "dashboard_chart", "workspace")
			root = Path(frappe.get_app_path(app))
			return {
				(kind, path.stem)
				for kind in kinds
				for path in root.glob(f"*/{kind}/*/*.json")
				if path.stem == path.parent.name
			}

		ours = records("sales_crm_accounts")
		self.assertIn(("print_format", "reminder_letter"), ours)
		self.assertFalse(ours & (records("erpnext") | records("frappe")))

	def test_a_doctype_of_somebody_else_is_not_overwritten(self):
		install.check_names_are_free()
		with patch.object(install, "MODULE", "Another Module"):
			self.assertRaises(frappe.ValidationError, install.check_names_are_free)

	def test_custom_fields(self):
		for doctype, fields in CUSTOM_FIELDS.items():
			if not frappe.db.exists("DocType", doctype):
				self.assertEqual(doctype, "Expense Claim")  # of HRMS, which need not be installed
				continue
			meta = frappe.get_meta(doctype)
			for field in fields:
				with self.subTest(field=f"{doctype}.{field['fieldname']}"):
					kept = meta.get_field(field["fieldname"])
					self.assertEqual(kept.fieldtype, field["fieldtype"])
					self.assertTrue(frappe.db.has_column(doctype, field["fieldname"]))
		indexed = {
			(row[0], row[1]): row[2]
			for row in frappe.db.sql(
				"select table_name, column_name, non_unique from information_schema.statistics where table_schema = %s",
				frappe.conf.db_name,
			)
		}
		self.assertEqual(indexed["tabSales Invoice", "deal_billing_key"], 0)
		for column in ("deal", "deal_installment"):
			self.assertIn(("tabSales Invoice", column), indexed)

	def test_billing_key_leaves_ordinary_invoices_alone(self):
		"""Two invoices without a deal: the unique key is empty, and kept as NULL."""
		for _number in range(2):
			invoice = frappe.get_doc(
				{
					"doctype": "Sales Invoice",
					"company": factories.COMPANY,
					"customer": factories.CUSTOMER,
					"due_date": add_days(today(), 10),
					"items": [{"item_code": factories.SERVICE, "qty": 1, "rate": 10}],
					"deal_billing_key": "",
				}
			).insert()
			self.assertIsNone(frappe.db.get_value("Sales Invoice", invoice.name, "deal_billing_key"))

	def test_migrate_repairs_what_is_missing(self):
		"""A field of the dimension and one of ours are gone; the next migrate brings them back."""
		for doctype, fieldname in (("Payment Request", "deal"), ("Sales Invoice", "deal_installment")):
			frappe.db.delete("Custom Field", {"dt": doctype, "fieldname": fieldname})
			frappe.clear_cache(doctype=doctype)
		self.assertEqual(dimension.missing_fields(), ["Payment Request"])
		install.after_migrate()
		frappe.db.commit()
		self.assertEqual(dimension.missing_fields(), [])
		self.assertTrue(frappe.get_meta("Sales Invoice").has_field("deal_installment"))

	def test_migrate_twice_changes_nothing(self):
		before = self.setup_rows()
		install.after_migrate()
		self.assertEqual(self.setup_rows(), before)

	def test_times_that_nobody_chose_become_their_defaults(self):
		"""Frappe fills Time fields of a new single document with the moment, with microseconds; a chosen time stays."""
		before = {
			field: frappe.db.get_single_value(SETTINGS, field)
			for field in ("working_day_start", "working_day_end", "digest_time")
		}
		self.addCleanup(frappe.db.set_single_value, SETTINGS, before)
		frappe.db.set_single_value(SETTINGS, "working_day_start", "00:11:15.596454")
		frappe.db.set_single_value(SETTINGS, "working_day_end", "00:11:15.596587")
		frappe.db.set_single_value(SETTINGS, "digest_time", "07:30:00")
		install.after_migrate()
		kept = frappe.db.get_singles_dict(SETTINGS)
		self.assertEqual([kept[field] for field in before], ["09:00:00", "18:00:00", "07:30:00"])

	def setup_rows(self) -> set:
		return {
			(doctype, *row)
			for doctype, fields in (
				("Custom Field", ["dt", "fieldname", "fieldtype", "options", "read_only", "module"]),
				("Property Setter", ["doc_type", "field_name", "property", "value"]),
				("Role", ["name", "disabled"]),
				("Accounting Dimension", ["name", "disabled"]),
				("Kanban Board Column", ["parent", "column_name", "status", "idx"]),
			)
			for row in frappe.get_all(doctype, fields=fields, as_list=True)
		}


class TestDimension(SiteTestCase):
	def tearDown(self):
		frappe.set_user("Administrator")
		self.switch(1)
		frappe.db.commit()
		super().tearDown()

	def switch(self, on: int):
		settings = frappe.get_doc(SETTINGS)
		if settings.use_accounting_dimension != on:
			settings.use_accounting_dimension = on
			settings.save()

	def won(self):
		deal = factories.make_deal(win=True)
		frappe.db.commit()
		return deal, factories.bill_all(deal)[0]

	def ledger_deals(self, doctype: str, invoice) -> set:
		return set(frappe.get_all(doctype, filters={"voucher_no": invoice.name}, pluck="deal"))

	def test_ledger_carries_the_deal_and_reports_filter_by_it(self):
		"""A deal of 900.00, no tax: the General Ledger filtered by the deal shows debit and credit of 900.00 and no other."""
		deal, invoice = self.won()
		self.won()
		self.assertEqual(self.ledger_deals("GL Entry", invoice), {deal.name})
		self.assertEqual(self.ledger_deals("Payment Ledger Entry", invoice), {deal.name})
		rows = run_report(
			"General Ledger",
			filters={
				"company": factories.COMPANY,
				"from_date": add_days(today(), -1),
				"to_date": add_days(today(), 1),
				"deal": [deal.name],
				"categorize_by": "Categorize by Voucher (Consolidated)",
				"group_by": "Group by Voucher (Consolidated)",
				"include_dimensions": 1,
			},
			# Frappe prepares a report in the background once it was slow.
			ignore_prepared_report=True,
		)["result"]
		posted = [row for row in rows if row.get("voucher_no")]
		self.assertEqual({row["voucher_no"] for row in posted}, {invoice.name})
		self.assertEqual(sum(row["debit"] for row in posted), 900)
		self.assertEqual(sum(row["credit"] for row in posted), 900)

	def test_profit_and_trial_balance_of_one_deal(self):
		"""900.00 sold with 10 % tax, and 200.00 of a haulier's bill, beside a second deal of 900.00.

		Profit and Loss of the first: 900.00 less 200.00 is 700.00. Its Trial Balance: Debtors 990.00 and marketing 200.00 against
		income 900.00, tax 90.00 and Creditors 200.00; 1,190.00 on either side.
		"""
		abbr = factories.ABBR
		costs = f"Marketing Expenses - {abbr}"
		deal = factories.make_deal(win=True, taxes_and_charges=factories.TAX_TEMPLATE)
		factories.bill_all(deal)
		self.won()
		factories.supplier_bill(200, deal.name, costs)
		year, first, last = get_fiscal_year(today(), company=factories.COMPANY)
		filters = {"company": factories.COMPANY, "deal": [deal.name]}
		profit = self.report(
			"Profit and Loss Statement",
			**filters,
			filter_based_on="Date Range",
			period_start_date=first,
			period_end_date=last,
			periodicity="Yearly",
			accumulated_values=1,
		)
		leaves = {row["account"]: row["total"] for row in profit if row.get("account") and row.get("total")}
		self.assertEqual(leaves[f"Sales - {abbr}"], 900)
		self.assertEqual(leaves[costs], 200)
		self.assertEqual(profit[-1]["total"], 700)
		balance = self.report(
			"Trial Balance",
			**filters,
			fiscal_year=year,
			from_date=first,
			to_date=last,
			with_period_closing_entry_for_opening=1,
			with_period_closing_entry_for_current_period=1,
			include_default_book_entries=1,
		)
		closing = {
			row["account"]: (row["closing_debit"], row["closing_credit"])
			for row in balance
			if row.get("account") and (row["closing_debit"] or row["closing_credit"])
		}
		for account, figures in (
			(f"Debtors - {abbr}", (990, 0)),
			(f"Sales - {abbr}", (0, 900)),
			(f"SCA VAT - {abbr}", (0, 90)),
			(f"Creditors - {abbr}", (0, 200)),
			(costs, (200, 0)),
		):
			with self.subTest(account=account):
				self.assertEqual(closing[account], figures)
		self.assertEqual((balance[-1]["closing_debit"], balance[-1]["closing_credit"]), (1190, 1190))

	@staticmethod
	def report(name: str, **filters) -> list[dict]:
		rows = run_report(name, filters=filters, ignore_prepared_report=True)["result"]
		return [row for row in rows if isinstance(row, dict) and row]

	def test_switched_off_the_invoice_keeps_its_deal_and_the_ledger_does_not_get_it(self):
		self.switch(0)
		self.assertEqual(
			frappe.db.get_value("Accounting Dimension", {"document_type": "Deal"}, "disabled"), 1
		)
		frappe.local.flags.accounting_dimensions = None
		deal, invoice = self.won()
		self.assertEqual(invoice.deal, deal.name)
		self.assertEqual(self.ledger_deals("GL Entry", invoice), {None})
		self.switch(1)
		_deal, invoice = self.won()
		self.assertNotIn(None, self.ledger_deals("GL Entry", invoice))

	def test_an_existing_dimension_is_used(self):
		name = dimension.dimension_name()
		dimension.sync_dimension(True)
		self.assertEqual(
			frappe.get_all("Accounting Dimension", filters={"document_type": "Deal"}, pluck="name"), [name]
		)

	def test_a_field_name_that_is_taken_is_told(self):
		"""Seen from a dimension on Territory, the field `deal` is somebody else's."""
		with (
			patch.object(dimension, "DIMENSION_OF", "Territory"),
			self.assertRaisesRegex(frappe.ValidationError, "already uses the field name"),
		):
			dimension.check_dimension_possible()


class TestBillingUser(SiteTestCase):
	def test_it_can_bill_but_not_log_in(self):
		from frappe.utils.password import check_password

		user = roles.make_billing_user()
		self.assertEqual(roles.make_billing_user(), user)
		self.assertTrue(frappe.has_permission("Sales Invoice", "submit", user=user))
		self.assertNotIn("System Manager", frappe.get_roles(user))
		self.assertRaises(frappe.AuthenticationError, check_password, user, "")
		self.assertFalse(frappe.db.exists("Email Queue Recipient", {"recipient": user}))

	def test_settings_want_an_ordinary_enabled_user_with_rights(self):
		def save(user):
			settings = frappe.get_doc(SETTINGS)
			settings.billing_user = user
			settings.save()

		for user, told in (
			(None, "Choose the user"),
			("Administrator", "credit limits"),
			("Guest", "credit limits"),
			(factories.SELLER, "Accounts User"),
		):
			with self.subTest(user=user):
				self.assertRaisesRegex(frappe.ValidationError, told, save, user)
		frappe.db.set_value("User", factories.ACCOUNTANT, "enabled", 0)
		self.assertRaisesRegex(frappe.ValidationError, "disabled", save, factories.ACCOUNTANT)
		frappe.db.set_value("User", factories.ACCOUNTANT, "enabled", 1)
		save(factories.ACCOUNTANT)

	def test_a_disabled_template_is_no_default(self):
		template = frappe.get_all("Deal Plan Template", pluck="name")[0]
		frappe.db.set_value("Deal Plan Template", template, "disabled", 1)
		settings = frappe.get_doc(SETTINGS)
		settings.default_plan_template = template
		self.assertRaisesRegex(frappe.ValidationError, "disabled", settings.save)


class TestDefaults(SiteTestCase):
	def test_templates_make_a_whole_of_any_deal(self):
		"""Every template that a new site starts with plans 100.01 without a rest."""
		for rows in plan_templates("en").values():
			with self.subTest(rows=rows):
				deal = factories.make_deal(plan=rows, items=[(factories.SERVICE, 1, 100.01)])
				self.assertEqual(len(deal.plan), len(rows))
				self.assertEqual(round(sum(row.net_amount for row in deal.plan), 2), 100.01)

	def test_templates_speak_the_language_of_the_site(self):
		"""Their texts stand on invoices and prints."""
		clear_translations()
		names = list(plan_templates("zh"))
		self.assertEqual(names[0], "一次付清")
		self.assertEqual([row["description"] for row in plan_templates("zh")[names[1]]], ["定金", "交货时"])
