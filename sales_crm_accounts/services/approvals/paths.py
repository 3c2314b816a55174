"""Fields named by a path: `grand_total`, `customer.customer_group`, `items.discount_percentage`."""

import frappe
from frappe.model import default_fields, no_value_fields, optional_fields, table_fields

#: What every document has, and conditions may ask for.
STANDARD = {
	"name": "Data",
	"owner": "Link",
	"creation": "Datetime",
	"modified_by": "Link",
	"docstatus": "Int",
}
MAX_DEPTH = 4


class UnknownField(Exception):
	"""The path leads to a field that is not there (any more); `args` are the path and the DocType where it ends."""


def field_at(doctype: str, path: str):
	"""The field at the end of the path as (DocType, fieldname, fieldtype); raises UnknownField."""
	current, parts = doctype, path.split(".")
	for depth, part in enumerate(parts):
		field = frappe.get_meta(current).get_field(part)
		last = depth == len(parts) - 1
		if last:
			if field and field.fieldtype not in no_value_fields:
				return current, part, field.fieldtype
			if part in STANDARD:
				return current, part, STANDARD[part]
			raise UnknownField(path, current)
		target = _target(field, part)
		if not target or depth + 1 >= MAX_DEPTH:
			raise UnknownField(path, current)
		current = target


def values(doc, path: str) -> list:
	"""What the path gives on the document: one value, or one for each row where it leads through a table."""
	field_at(doc.doctype, path)
	found = [doc]
	for part in path.split("."):
		following = []
		for item in found:
			following += _step(item, part)
		found = following
	return found


def _step(item, part: str) -> list:
	if isinstance(item, tuple):  # a document that a link leads to
		doctype, name = item
		if not name:
			return [None]
		value, meta = frappe.get_cached_value(doctype, name, part), frappe.get_meta(doctype)
	else:
		meta = frappe.get_meta(item.doctype)
		value = item.get(part)
	field = meta.get_field(part)
	if field and field.fieldtype in table_fields:
		return list(value or [])
	target = _target(field, part)
	return [Linked((target, value))] if target else [value]


class Linked(tuple):
	"""(DocType, name) of a linked document; compared by its name."""

	__slots__ = ()


def plain(found: list) -> list:
	"""The values themselves, links by their names."""
	return [value[1] if isinstance(value, Linked) else value for value in found]


def _target(field, part: str) -> str | None:
	if part in ("owner", "modified_by"):
		return "User"
	if not field:
		return None
	return field.options if field.fieldtype in ("Link", *table_fields) else None


def tree_of(doctype: str, path: str) -> str | None:
	"""DocType of the tree that the path's link leads to, None where it is no tree."""
	owner, fieldname, fieldtype = field_at(doctype, path)
	field = frappe.get_meta(owner).get_field(fieldname)
	if fieldtype != "Link" or not field or not frappe.get_meta(field.options).get("is_tree"):
		return None
	return field.options


def choices(doctype: str, depth: int = 1) -> list[dict]:
	"""Paths that a form offers: the document's fields, its rows', and those of the documents it links to.

	`target` is the DocType that a link leads to.
	"""
	meta, found = frappe.get_meta(doctype), []
	for field in meta.fields:
		if field.fieldtype in no_value_fields and field.fieldtype not in table_fields:
			continue
		if field.fieldtype in table_fields:
			found += _below(field, depth, doctype)
			continue
		found.append(_choice(field.fieldname, frappe._(field.label or field.fieldname), field))
		if field.fieldtype == "Link" and depth and field.options not in ("Currency", "Company", doctype):
			found += _below(field, depth - 1, doctype)
	people = ("owner", "modified_by")
	found += [
		{"value": name, "label": name, "fieldtype": kind, "target": "User" if name in people else None}
		for name, kind in STANDARD.items()
	]
	return found


def _choice(path: str, label: str, field) -> dict:
	target = field.options if field.fieldtype == "Link" else None
	return {"value": path, "label": label, "fieldtype": field.fieldtype, "target": target}


def _below(field, depth: int, doctype: str) -> list[dict]:
	skipped = {*default_fields, *optional_fields}
	return [
		_choice(
			f"{field.fieldname}.{below.fieldname}",
			f"{frappe._(field.label, context=field.parent)} › {frappe._(below.label, context=below.parent)}",
			below,
		)
		for below in frappe.get_meta(field.options).fields
		if below.fieldtype not in no_value_fields and below.fieldname not in skipped and below.label
	]


def fields_of(doctype: str, table: str = "", tables_only: bool = False, text: str = "") -> list[dict]:
	"""Fields of the DocType, or of its table, whose name or label has the text; or its tables."""
	meta, text = frappe.get_meta(doctype), text.lower()
	if table:
		field = meta.get_field(table)
		if not field or field.fieldtype not in table_fields:
			return []
		meta = frappe.get_meta(field.options)
	return [
		{"value": field.fieldname, "label": f"{frappe._(field.label or '')} ({field.fieldname})"}
		for field in meta.fields
		if (
			field.fieldtype in table_fields
			if tables_only
			else field.fieldtype not in (*no_value_fields, *table_fields)
		)
		and (text in field.fieldname or text in frappe._(field.label or "").lower())
	]
