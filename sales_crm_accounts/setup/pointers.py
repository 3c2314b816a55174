"""What users set up that leads to our records: ways to our DocTypes, reports and pages in their workspaces, roles, blocked modules."""

import frappe

from sales_crm_accounts.setup import APP, MODULE

# Rows and documents that lead to a record by its kind and name: DocType, field of the kind, field of the name.
LINKS = (
	("Desktop Icon", "link_type", "link_to"),
	("Workspace", "link_type", "link_to"),
	("Workspace Link", "link_type", "link_to"),
	("Workspace Shortcut", "type", "link_to"),
	("Workspace Sidebar Item", "link_type", "link_to"),
)

# The same with one kind: DocType, field, kind.
FIELDS = (
	("Auto Email Report", "report", "Report"),
	("Custom Role", "page", "Page"),
	("Custom Role", "report", "Report"),
	("Dashboard Chart Link", "chart", "Dashboard Chart"),
	("Desktop Icon", "_doctype", "DocType"),
	("Desktop Icon", "_report", "Report"),
	("Form Tour", "page_name", "Page"),
	("Form Tour", "report_name", "Report"),
	("Form Tour", "workspace_name", "Workspace"),
	("Number Card Link", "card", "Number Card"),
	("Onboarding Step", "reference_report", "Report"),
	("Prepared Report", "report_name", "Report"),
	("Workspace Chart", "chart_name", "Dashboard Chart"),
	("Workspace Number Card", "number_card_name", "Number Card"),
	("Workspace Quick List", "document_type", "DocType"),
	("Workspace Shortcut", "kanban_board", "Kanban Board"),
)

# Records that go with the app, by the field that says so.
RECORDS = {
	"Dashboard": (("module", "module"),),
	"Dashboard Chart": (("module", "module"), ("document_type", "doctypes")),
	"Kanban Board": (("reference_doctype", "doctypes"),),
	"Number Card": (("module", "module"), ("document_type", "doctypes")),
	"Page": (("module", "module"),),
	"Report": (("module", "module"), ("ref_doctype", "doctypes")),
	"Workspace": (("module", "module"),),
}

# Blocks of a workspace that show a row of one of its tables: kind of block -> key of the row's label, table.
BLOCKS = {
	"chart": ("chart_name", "Workspace Chart"),
	"number_card": ("number_card_name", "Workspace Number Card"),
	"quick_list": ("quick_list_name", "Workspace Quick List"),
	"shortcut": ("shortcut_name", "Workspace Shortcut"),
}


def remove_pointers(doctypes: list[str]) -> None:
	"""While our records are still there; Frappe deletes them without what hangs on them."""
	names = {"DocType": doctypes, **{kind: _ours(kind, doctypes) for kind in RECORDS}}
	labels = {workspace: _labels(workspace) for workspace in _workspaces_with(names)}
	for doctype, kind_field, name_field in LINKS:
		if has_column(doctype, kind_field):
			for kind, ours in names.items():
				_delete(doctype, {kind_field: kind, name_field: ("in", ours)} if ours else None)
	for doctype, field, kind in FIELDS:
		if names[kind] and has_column(doctype, field):
			_delete(doctype, {field: ("in", names[kind])})
	for workspace, before in labels.items():
		_drop_blocks(workspace, before)
	for doctype, field in (("User", "default_workspace"), ("Workspace", "parent_page")):
		if has_column(doctype, field):
			frappe.db.set_value(
				doctype, {field: ("in", names["Workspace"] or ["-"])}, field, None, update_modified=False
			)
	frappe.db.delete("Block Module", {"module": MODULE})
	if has_column("Desktop Icon", "app"):
		_delete("Desktop Icon", {"app": APP})
	if has_column("Workspace Sidebar", "app"):
		_delete("Workspace Sidebar", {"app": APP})


def has_column(doctype: str, fieldname: str) -> bool:
	"""Not every major has every DocType and field."""
	return frappe.db.table_exists(doctype) and frappe.db.has_column(doctype, fieldname)


def _ours(kind: str, doctypes: list[str]) -> list[str]:
	values = {"module": [MODULE], "doctypes": doctypes}
	found = set()
	for field, value in RECORDS[kind]:
		found.update(frappe.get_all(kind, filters={field: ("in", values[value])}, pluck="name"))
	return sorted(found)


def _delete(doctype: str, filters: dict | None) -> None:
	if not filters:
		return
	if frappe.get_meta(doctype).istable:
		frappe.db.delete(doctype, filters)
		return
	for name in frappe.get_all(doctype, filters=filters, pluck="name"):
		frappe.delete_doc(doctype, name, ignore_on_trash=True, force=True, ignore_permissions=True)


def _workspaces_with(names: dict[str, list[str]]) -> list[str]:
	"""Workspaces of others that have one of our records."""
	found = set()
	for doctype, kind_field, name_field in LINKS:
		if doctype == "Workspace Shortcut":
			for kind, ours in names.items():
				found.update(_parents(doctype, {kind_field: kind, name_field: ("in", ours or [""])}))
	for doctype, field, kind in FIELDS:
		if doctype.startswith("Workspace "):
			found.update(_parents(doctype, {field: ("in", names[kind] or [""])}))
	return sorted(found - set(names["Workspace"]))


def _parents(doctype: str, filters: dict) -> list[str]:
	return frappe.get_all(doctype, filters={**filters, "parenttype": "Workspace"}, pluck="parent")


def _labels(workspace: str) -> dict[str, set[str]]:
	return {
		kind: set(frappe.get_all(table, filters={"parent": workspace}, pluck="label"))
		for kind, (_key, table) in BLOCKS.items()
	}


def _drop_blocks(workspace: str, before: dict[str, set[str]]) -> None:
	"""Blocks whose row was there and is gone."""
	after = _labels(workspace)
	content = frappe.parse_json(frappe.db.get_value("Workspace", workspace, "content") or "[]")
	kept = []
	for block in content:
		kind = block.get("type")
		label = kind in BLOCKS and (block.get("data") or {}).get(BLOCKS[kind][0])
		if not label or label not in before[kind] - after[kind]:
			kept.append(block)
	if len(kept) != len(content):
		frappe.db.set_value("Workspace", workspace, "content", frappe.as_json(kept, indent=None))
