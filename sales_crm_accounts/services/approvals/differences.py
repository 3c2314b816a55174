"""Changes between two contents as a person reads them: labels, values as the site writes them, what was entered before what follows."""

import frappe
from frappe import _
from frappe.model import table_fields
from frappe.utils import cint, cstr, flt, fmt_money, formatdate

ENTRY_FIELDS = 3


def described(doctype: str, changes: list) -> list[dict]:
	"""{label, row, before, after} of each; computed fields come last, and company currency only where it changed alone."""
	meta = frappe.get_meta(doctype)
	changed = {(change.path, change.row) for change in changes}
	lines = []
	for place, change in enumerate(changes):
		fields = _fields(meta, change.path)
		own = fields[-1] if fields else None
		if own and own.fieldname.startswith("base_"):
			head, _dot, name = change.path.rpartition(".")
			if (f"{head}.{name.removeprefix('base_')}", change.row) in changed:
				continue
		computed = bool(own and own.read_only and own.fieldtype not in table_fields)
		lines.append(
			(
				computed,
				place,
				{
					"label": _label(fields, change.path),
					"row": change.row,
					"before": _text(change.before, own),
					"after": _text(change.after, own),
				},
			)
		)
	return [line for _computed, _place, line in sorted(lines, key=lambda one: one[:2])]


def _fields(meta, path: str) -> list:
	"""The fields that the path of `content.material` leads through: the table where there is one, and the field."""
	found = []
	for name in path.split(".")[1:]:
		field = meta.get_field(name)
		if not field:
			break
		found.append(field)
		if field.fieldtype in table_fields:
			meta = frappe.get_meta(field.options)
	return found


def _label(fields: list, path: str) -> str:
	labels = [_(field.label, context=field.parent) for field in fields if field.label]
	return " › ".join(labels) or path.split(".")[-1]


def _text(value, field) -> str:
	if value is None or value == "":
		return "–"
	fieldtype = field.fieldtype if field else ""
	if fieldtype in table_fields:
		return _row_text(value, field)
	if fieldtype == "Currency":
		return fmt_money(flt(value))
	if fieldtype in ("Float", "Percent"):
		return f"{flt(value):,.6f}".rstrip("0").rstrip(".")
	if fieldtype == "Date":
		return formatdate(value)
	if fieldtype == "Check":
		return _("Yes") if cint(value) else _("No")
	return _(cstr(value), context=field.parent) if fieldtype == "Select" else cstr(value)


def _row_text(values, field) -> str:
	"""A row that came or went, by the first fields that its grid shows."""
	meta = frappe.get_meta(field.options)
	texts = [
		_text(values.get(one.fieldname), one)
		for one in meta.fields
		if one.in_list_view and values.get(one.fieldname) not in (None, "", 0)
	]
	return ", ".join(texts[:ENTRY_FIELDS])
