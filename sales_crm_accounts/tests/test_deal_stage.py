"""Stages: what may be typed, and the Kanban board that follows them."""

import frappe

from sales_crm_accounts.tests import SiteTestCase, factories

BOARD = "Deals by Stage"


class TestDealStage(SiteTestCase):
	def stage(self, name: str = "SCA Stage", **values):
		return frappe.get_doc({"doctype": "Deal Stage", "stage_name": name, "sequence": 45, **values})

	def columns(self) -> list[tuple]:
		return [(row.column_name, row.status) for row in frappe.get_doc("Kanban Board", BOARD).columns]

	def options(self) -> list[str]:
		return frappe.get_meta("Deal", cached=False).get_field("stage_column").options.split("\n")

	def tearDown(self):
		super().tearDown()
		frappe.clear_cache(doctype="Deal")

	def test_a_new_stage_is_a_column_in_its_place(self):
		"""Sequence 45 stands before Won (90)."""
		self.stage().insert()
		names = [name for name, _status in self.columns()]
		self.assertLess(names.index("SCA Stage"), names.index("Won"))
		self.assertIn("SCA Stage", self.options())
		frappe.delete_doc("Deal Stage", "SCA Stage")
		self.assertNotIn("SCA Stage", [name for name, _status in self.columns()])
		self.assertNotIn("SCA Stage", self.options())

	def test_a_renamed_stage_takes_its_deals_along(self):
		self.stage().insert()
		deal = factories.make_deal(stage="SCA Stage")
		self.assertEqual(deal.stage_column, "SCA Stage")
		frappe.rename_doc("Deal Stage", "SCA Stage", "SCA Renamed")
		deal.reload()
		self.assertEqual((deal.stage, deal.stage_column), ("SCA Renamed", "SCA Renamed"))
		self.assertIn(("SCA Renamed", "Active"), self.columns())
		self.assertNotIn("SCA Stage", self.options())

	def test_a_disabled_stage_leaves_the_board_and_its_deals_can_be_saved(self):
		stage = self.stage().insert()
		deal = factories.make_deal(stage="SCA Stage")
		stage.disabled = 1
		stage.save()
		self.assertIn(("SCA Stage", "Archived"), self.columns())
		deal.reload()
		deal.title = "Still here"
		deal.save()
		stage.disabled = 0
		stage.save()
		self.assertIn(("SCA Stage", "Active"), self.columns())

	def test_a_column_that_a_user_hid_stays_hidden(self):
		from frappe.desk.doctype.kanban_board.kanban_board import archive_restore_column

		archive_restore_column(BOARD, "Lost", "Archived")
		self.stage().insert()
		self.assertIn(("Lost", "Archived"), self.columns())

	def test_one_stage_wins_and_one_loses(self):
		self.assertRaisesRegex(frappe.ValidationError, "Won", self.stage(stage_type="Won").insert)
		self.assertRaisesRegex(frappe.ValidationError, "Lost", self.stage(stage_type="Lost").insert)
		won = frappe.get_doc("Deal Stage", {"stage_type": "Won", "disabled": 0})
		won.stage_type = "Open"
		self.assertRaisesRegex(frappe.ValidationError, "only stage", won.save)
		won.reload()
		won.disabled = 1
		self.assertRaisesRegex(frappe.ValidationError, "only stage", won.save)
		self.assertRaisesRegex(
			frappe.ValidationError, "only stage", frappe.delete_doc, "Deal Stage", won.name, force=True
		)

	def test_a_stage_in_use_cannot_be_deleted(self):
		self.stage().insert()
		factories.make_deal(stage="SCA Stage")
		self.assertRaises(frappe.LinkExistsError, frappe.delete_doc, "Deal Stage", "SCA Stage")

	def test_requirements_name_row_and_remedy(self):
		for row, told in (
			({"fieldname": "no_such_field", "operator": "is set"}, "no field no_such_field"),
			({"fieldname": "customer", "operator": "like", "value": "x"}, "operator"),
			({"fieldname": "probability", "operator": ">=", "value": ""}, "enter the value"),
			({"fieldname": "items", "operator": "=", "value": "3"}, "is a table"),
			({"fieldname": "net_total", "operator": ">", "value": "a lot"}, "cannot be compared"),
			(
				{"fieldname": "expected_close_date", "operator": "<=", "value": "tomorrow"},
				"cannot be compared",
			),
		):
			with self.subTest(told=told):
				with self.assertRaises(frappe.ValidationError) as refused:
					self.stage(requirements=[row]).insert()
				self.assertIn(told, frappe.utils.strip_html(str(refused.exception)))
				self.assertIn("Row 1", str(refused.exception))

	def test_probability_is_a_percentage_and_the_ends_are_certain(self):
		for wrong in (-1, 101):
			self.assertRaisesRegex(
				frappe.ValidationError, "between 0 and 100", self.stage(probability=wrong).insert
			)
		won = frappe.get_doc("Deal Stage", {"stage_type": "Won", "disabled": 0})
		won.probability = 40
		won.save()
		self.assertEqual(won.probability, 100)
