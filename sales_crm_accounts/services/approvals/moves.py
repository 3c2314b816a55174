"""What ERPNext itself writes on a document after it was posted, so that it is no breach when it differs from what was approved.

Allocations of money that has moved already, and figures that follow from other documents. None of them moves money.
"""

from frappe import _

#: Paths of `content.material` by DocType; a table's name stands for all of it.
BY_ERPNEXT = {}


def by_erpnext(doctype: str, path: str) -> bool:
	allowed = BY_ERPNEXT.get(doctype, frozenset())
	parts = path.split(".")
	return any(".".join(parts[:count]) in allowed for count in range(1, len(parts) + 1))


def label(meta, path: str, row: int | None) -> str:
	"""The path with the fields' labels."""
	_part, *names = path.split(".")
	field = meta.get_field(names[0]) if names else None
	texts = [_(field.label) if field and field.label else (names[0] if names else path)]
	if row:
		texts[0] += f" {row}"
	if len(names) > 1:
		import frappe

		inner = frappe.get_meta(field.options).get_label(names[1]) if field and field.options else names[1]
		texts.append(_(inner))
	return " › ".join(texts)
