"""The stages of deals as columns of the Kanban board.

A Kanban column must be a Select, so each deal keeps its stage a second time in `stage_column`, whose options follow the
Deal Stages.
"""

import frappe
from frappe.custom.doctype.property_setter.property_setter import make_property_setter

COLUMN_FIELD = "stage_column"
_INDICATORS = {"Won": "Green", "Lost": "Gray"}


def sync_columns(switched: str | None = None) -> None:
	"""Options of `stage_column` and columns of the boards as the stages are now, in their order.

	`switched` is the stage that was just enabled or disabled.
	"""
	stages = frappe.get_all(
		"Deal Stage", fields=["name", "stage_type", "disabled"], order_by="sequence asc, name asc"
	)
	_sync_options([stage.name for stage in stages])
	_sync_board(stages, switched)


def rename_column(old: str, new: str) -> None:
	"""A stage's new name on the deals and on the board; links are renamed by Frappe."""
	deal = frappe.qb.DocType("Deal")
	frappe.qb.update(deal).set(deal.stage_column, new).where(deal.stage_column == old).run()
	frappe.db.set_value(
		"Kanban Board Column",
		{"parent": ("in", _boards()), "column_name": old},
		"column_name",
		new,
		update_modified=False,
	)


def _sync_options(names: list[str]) -> None:
	# A disabled stage stays an option: deals that are in it must still be saved.
	options = "\n".join(["", *names])
	if frappe.db.get_value("Property Setter", {"name": f"Deal-{COLUMN_FIELD}-options"}, "value") == options:
		return
	make_property_setter("Deal", COLUMN_FIELD, "options", options, "Text", validate_fields_for_doctype=False)
	frappe.clear_cache(doctype="Deal")


def _boards() -> list[str]:
	return frappe.get_all(
		"Kanban Board", filters={"reference_doctype": "Deal", "field_name": COLUMN_FIELD}, pluck="name"
	)


def _sync_board(stages: list, switched: str | None) -> None:
	"""Every board by stage shows each enabled stage in its place; what users did to a column stays.

	A column is archived or brought back only with the stage that was just switched, because users archive columns, too.
	"""
	for name in _boards():
		board = frappe.get_doc("Kanban Board", name)
		kept = {column.column_name: column for column in board.columns}
		columns = []
		for stage in stages:
			column = kept.get(stage.name)
			if column:
				column = column.as_dict()
				if stage.name == switched:
					column.status = "Archived" if stage.disabled else "Active"
			elif not stage.disabled:
				column = {
					"column_name": stage.name,
					"indicator": _INDICATORS.get(stage.stage_type, "Blue"),
					"order": "[]",
				}
			if column:
				columns.append(column)
		board.set("columns", [])
		for number, column in enumerate(columns, start=1):
			board.append("columns", {**column, "idx": number})
		board.save(ignore_permissions=True)
