"""Every DocType and field that the app names, found in its source: hooks, DocTypes, custom fields and Python calls."""

import ast
import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import MagicMock

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "sales_crm_accounts"
MODULE = APP / "sales_crm_accounts"

#: DocTypes of apps that may be absent; the code asks whether they are there.
OPTIONAL = {
	*(
		"CRM Deal",
		"CRM Deal Status",
		"CRM Form Script",
		"CRM Lead",
		"CRM Organization",
		"CRM Product",
		"CRM Products",
	),
	"ERPNext CRM Settings",
	*("Expense Claim", "Expense Claim Type", "Expense Claim Account"),
}
#: Tables of Frappe that are no DocTypes.
TABLES = {"Auth", "DefaultValue", "Series", "Sessions", "Singles"}
#: Fields that other apps add to ERPNext's DocTypes; the code asks whether they are there.
OPTIONAL_FIELDS = {("Customer", "crm_deal"), ("Quotation", "crm_deal"), ("Opportunity", "crm_deal")}
#: Columns that every table has; DocField lists do not name them.
STANDARD_FIELDS = {
	*("name", "owner", "creation", "modified", "modified_by", "docstatus", "idx", "doctype"),
	*("parent", "parentfield", "parenttype", "lft", "rgt", "old_parent"),
	*("_user_tags", "_comments", "_assign", "_liked_by", "_seen"),
}
#: Fields that hold no value, so nothing can be read from them.
LAYOUT_TYPES = {"Section Break", "Column Break", "Tab Break", "HTML", "Button", "Heading", "Fold"}

FIELD = re.compile(r"[a-z_][a-z0-9_]*$")
READS = {
	"get_all",
	"get_list",
	"get_value",
	"get_values",
	"get_cached_value",
	"get_single_value",
	"set_value",
}
READS |= {"set_single_value", "exists", "count", "get_doc", "get_cached_doc", "get_lazy_doc", "get_last_doc"}
READS |= {"new_doc", "get_meta", "has_permission", "delete_doc", "get_single", "DocType", "bulk_insert"}


class Name(NamedTuple):
	"""A DocType, and a field of it if one is named, with the place that names it."""

	place: str
	doctype: str
	field: str | None = None


def doctypes() -> dict[str, dict]:
	"""The app's DocTypes by name."""
	found = (json.loads(path.read_text()) for path in sorted(MODULE.glob("doctype/*/*.json")))
	return {doc["name"]: doc for doc in found if doc.get("doctype") == "DocType"}


def folder(doctype: str) -> Path:
	"""Where the files of one of the app's DocTypes are."""
	return MODULE / "doctype" / doctype.lower().replace(" ", "_").replace("-", "_")


def defines(path: Path, name: str) -> bool:
	"""Whether a module defines or imports the name."""
	for node in ast.parse(path.read_text()).body:
		if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
			return True
		if isinstance(node, ast.ImportFrom | ast.Import) and any(
			(a.asname or a.name) == name for a in node.names
		):
			return True
		if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == name for target in node.targets):
			return True
	return False


def records(kind: str) -> Iterator[tuple[Path, dict]]:
	"""Other standard records of the module: report, workspace, number_card ..."""
	for path in sorted(MODULE.glob(f"{kind}/*/*.json")):
		yield path, json.loads(path.read_text())


def python_files() -> Iterator[Path]:
	yield from sorted(APP.rglob("*.py"))


def custom_fields() -> dict[str, list[dict]]:
	"""`CUSTOM_FIELDS` of the set-up, read without a site."""
	kept = dict(sys.modules)
	for module in ("frappe", "frappe.custom.doctype.custom_field.custom_field", "frappe.utils"):
		sys.modules.setdefault(module, MagicMock())
	try:
		fields = importlib.import_module("sales_crm_accounts.setup.custom_fields").CUSTOM_FIELDS
	finally:
		for module in set(sys.modules) - set(kept):
			del sys.modules[module]
	result: dict[str, list[dict]] = {}
	for names, rows in fields.items():
		for name in names if isinstance(names, tuple) else (names,):
			result.setdefault(name, []).extend(rows if isinstance(rows, list) else [rows])
	return result


def named() -> Iterator[Name]:
	"""Everything that the app names, the app's own DocTypes included."""
	yield from _in_doctypes()
	yield from _in_hooks()
	yield from _in_workspaces()
	for doctype, fields in custom_fields().items():
		yield Name("setup/custom_fields.py", doctype)
		for field in fields:
			if field["fieldtype"] in ("Link", "Table"):
				yield Name(f"setup/custom_fields.py {field['fieldname']}", field["options"])
	for folder, key in (
		("report", "ref_doctype"),
		("number_card", "document_type"),
		("dashboard_chart", "document_type"),
		("print_format", "doc_type"),
	):
		for path, record in records(folder):
			if record.get(key):
				yield Name(f"{path.relative_to(ROOT)}", record[key])
	for path in python_files():
		yield from in_python(path)


def _in_doctypes() -> Iterator[Name]:
	for name, doc in doctypes().items():
		targets = {field["fieldname"]: field.get("options") for field in doc["fields"]}
		for field in doc["fields"]:
			place = f"{name}.{field['fieldname']}"
			if field["fieldtype"] in ("Link", "Table", "Table MultiSelect") and field.get("options"):
				yield Name(place, field["options"])
			if field.get("fetch_from"):
				link, source = field["fetch_from"].split(".")
				yield Name(f"{place} fetch_from", targets.get(link) or f"?{link}", source)
		for link in doc.get("links", []):
			yield Name(f"{name} links", link["link_doctype"], link["link_fieldname"])


def _in_workspaces() -> Iterator[Name]:
	for path, workspace in records("workspace"):
		for link in [*workspace.get("links", []), *workspace.get("shortcuts", [])]:
			kind = link.get("link_type") if link.get("type") == "Link" else link.get("type")
			if kind == "DocType":
				yield Name(f"{path.relative_to(ROOT)}", link["link_to"])


def _in_hooks() -> Iterator[Name]:
	hooks: dict = {}
	exec((APP / "hooks.py").read_text(), hooks)
	for hook in (
		"doc_events",
		"doctype_js",
		"doctype_list_js",
		"permission_query_conditions",
		"has_permission",
	):
		for doctype in hooks.get(hook, {}):
			for one in doctype if isinstance(doctype, tuple) else (doctype,):
				if one != "*":
					yield Name(f"hooks.{hook}", one)
	for hook in ("calendars", "ignore_links_on_delete"):
		for doctype in hooks.get(hook, []):
			yield Name(f"hooks.{hook}", doctype)


def in_python(path: Path) -> Iterator[Name]:
	"""DocTypes and fields in calls such as `frappe.get_all("X", fields=[...])`, and columns of `frappe.qb.DocType("X")`."""
	tree = ast.parse(path.read_text())
	place = path.relative_to(ROOT)
	for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))):
		tables: dict[str, str] = {}
		for node in _own(scope):
			if (
				isinstance(node, ast.Assign)
				and len(node.targets) == 1
				and isinstance(node.targets[0], ast.Name)
			):
				name = node.targets[0].id
				tables.pop(name, None)
				call = node.value
				while isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "as_":
					call = call.func.value
				if (
					isinstance(call, ast.Call)
					and _called(call) == "DocType"
					and (doctype := _text(call.args[:1]))
				):
					tables[name] = doctype
		for node in _own(scope):
			where = f"{place}:{getattr(node, 'lineno', 0)}"
			if isinstance(node, ast.Call) and _called(node) in READS and (doctype := _text(node.args[:1])):
				if doctype[0].isupper() and doctype not in TABLES:
					yield from _in_call(where, doctype, node)
			elif (
				isinstance(node, ast.Attribute)
				and isinstance(node.value, ast.Name)
				and node.value.id in tables
			):
				if tables[node.value.id] not in TABLES and node.attr not in ("as_", "star", "field"):
					yield Name(where, tables[node.value.id], node.attr)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
	"""Nodes of a module or function without those of the functions in it, which are scopes of their own."""
	stack = list(ast.iter_child_nodes(scope))
	while stack:
		node = stack.pop(0)
		yield node
		if not isinstance(node, ast.FunctionDef):
			stack[:0] = ast.iter_child_nodes(node)


def _called(call: ast.Call) -> str:
	return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _text(nodes: list[ast.expr]) -> str:
	return (
		nodes[0].value
		if nodes and isinstance(nodes[0], ast.Constant) and isinstance(nodes[0].value, str)
		else ""
	)


def _in_call(where: str, doctype: str, call: ast.Call) -> Iterator[Name]:
	yield Name(where, doctype)
	function = _called(call)
	given = {keyword.arg: keyword.value for keyword in call.keywords}
	if function in ("get_single_value", "set_single_value"):
		values = call.args[1:2]
	elif function in ("get_value", "get_values", "get_cached_value", "set_value"):
		values = [*call.args[1:3], given.get("filters"), given.get("fieldname")]
		if isinstance(values[0], ast.Constant):
			values[0] = None  # a document's name
	else:
		values = [
			given.get(key) for key in ("fields", "filters", "or_filters", "pluck", "group_by", "order_by")
		]
		if function in ("get_doc", "exists", "count", "new_doc"):
			values += [arg for arg in call.args[1:2] if isinstance(arg, ast.Dict)]
	for value in values:
		for text in _fields(value):
			text = text.split(" as ")[0].strip()
			if FIELD.match(text):
				yield Name(where, doctype, text)


def _fields(value: ast.expr | None) -> Iterator[str]:
	"""Field names in a literal: a name, a list of names, a dict's keys, or a list of conditions."""
	if isinstance(value, ast.Constant) and isinstance(value.value, str):
		for part in value.value.split(","):
			yield re.sub(r" (asc|desc)$", "", part.strip())
	elif isinstance(value, ast.Dict):
		yield from (
			key.value for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
		)
	elif isinstance(value, ast.List | ast.Tuple):
		for item in value.elts:
			if isinstance(item, ast.List | ast.Tuple) and item.elts:
				yield _text(item.elts[:1])
			elif isinstance(item, ast.Constant) and isinstance(item.value, str):
				yield item.value
