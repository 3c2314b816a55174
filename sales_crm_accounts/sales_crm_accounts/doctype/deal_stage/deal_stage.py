# Copyright (c) 2026, sales_crm_accounts contributors
# License: GPL-3.0. See LICENSE

from datetime import date

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, flt

from sales_crm_accounts.core import pipeline
from sales_crm_accounts.services import stages


class DealStage(Document):
	"""A step of the pipeline: its place, its probability, and what a deal must have before it enters."""

	def validate(self):
		self.stage_name = (self.stage_name or "").strip()
		self.check_probability()
		self.check_single_end()
		self.check_one_open_left()
		self.check_requirements()

	def on_update(self):
		before = self.get_doc_before_save()
		switched = before and cint(before.disabled) != cint(self.disabled)
		stages.sync_columns(self.name if switched else None)

	def after_rename(self, old: str, new: str, merge: bool = False):
		stages.rename_column(old, new)
		stages.sync_columns()

	def after_delete(self):
		stages.sync_columns()

	def check_probability(self):
		if not 0 <= flt(self.probability) <= 100:
			frappe.throw(_("Probability must be between 0 and 100 percent."), title=_("Deal Stage"))
		if self.stage_type == "Won":
			self.probability = 100
		elif self.stage_type == "Lost":
			self.probability = 0

	def check_single_end(self):
		"""Winning and losing each lead to one stage."""
		if cint(self.disabled) or self.stage_type == "Open":
			return
		other = frappe.db.get_value(
			"Deal Stage", {"stage_type": self.stage_type, "disabled": 0, "name": ("!=", self.name)}
		)
		if other:
			frappe.throw(
				_("There is already a stage of the type {0}: {1}. Disable it first.").format(
					_(self.stage_type), frappe.bold(_(other))
				),
				title=_("Deal Stage"),
			)

	def check_one_open_left(self):
		"""A new deal has to start somewhere, and a won or lost one has to end somewhere."""
		before = self.get_doc_before_save()
		if not before or cint(before.disabled):
			return
		if before.stage_type == self.stage_type and not cint(self.disabled):
			return
		_check_another_remains(self.name, before.stage_type)

	def on_trash(self):
		if not cint(self.disabled):
			_check_another_remains(self.name, self.stage_type)

	def check_requirements(self):
		meta = frappe.get_meta("Deal")
		for row in self.requirements:
			row.value = (row.value or "").strip()
			if not meta.get_field(row.fieldname):
				frappe.throw(
					_("Row {0}: a deal has no field {1}. Choose one from the list.").format(
						row.idx, frappe.bold(row.fieldname)
					),
					title=_("Requirements"),
				)
			if row.operator not in pipeline.OPERATORS:
				frappe.throw(
					_("Row {0}: {1} is not an operator. Use one of: {2}.").format(
						row.idx, frappe.bold(row.operator), ", ".join(pipeline.OPERATORS)
					),
					title=_("Requirements"),
				)
			if row.operator == pipeline.IS_SET:
				row.value = ""
			elif not row.value:
				frappe.throw(
					_(
						"Row {0}: enter the value that {1} is compared with, or choose the operator {2}."
					).format(
						row.idx, frappe.bold(_(meta.get_label(row.fieldname))), frappe.bold(pipeline.IS_SET)
					),
					title=_("Requirements"),
				)
			elif meta.get_field(row.fieldname).fieldtype in frappe.model.table_fields:
				frappe.throw(
					_(
						"Row {0}: {1} is a table, it can only be asked to have rows. Choose the operator {2}."
					).format(
						row.idx, frappe.bold(_(meta.get_label(row.fieldname))), frappe.bold(pipeline.IS_SET)
					),
					title=_("Requirements"),
				)
			elif row.operator in ("<", "<=", ">", ">="):
				self._check_ordered_value(row, meta.get_field(row.fieldname))

	def _check_ordered_value(self, row, field):
		"""What is compared by size has to be a number, or a day where the field is one."""
		if field.fieldtype in ("Date", "Datetime"):
			fits = _is_date(row.value)
		elif field.fieldtype in ("Currency", "Float", "Int", "Percent", "Duration", "Rating", "Check"):
			fits = _is_number(row.value)
		else:
			return
		if not fits:
			frappe.throw(
				_(
					"Row {0}: {1} cannot be compared with {2}. Enter a number, or a date as YYYY-MM-DD."
				).format(row.idx, frappe.bold(_(field.label)), frappe.bold(row.value)),
				title=_("Requirements"),
			)


def _check_another_remains(name: str, stage_type: str):
	if not frappe.db.exists("Deal Stage", {"stage_type": stage_type, "disabled": 0, "name": ("!=", name)}):
		frappe.throw(
			_("{0} is the only stage of the type {1}. Make another one of that type first.").format(
				frappe.bold(_(name)), _(stage_type)
			),
			title=_("Deal Stage"),
		)


def _is_number(value: str) -> bool:
	try:
		float(value)
	except ValueError:
		return False
	return True


def _is_date(value: str) -> bool:
	try:
		date.fromisoformat(value)
	except ValueError:
		return False
	return True
