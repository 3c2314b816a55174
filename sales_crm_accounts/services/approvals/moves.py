"""What ERPNext itself writes on a document after it was posted, so that it is no breach when it differs from what was approved.

Allocations of money that has moved already, and figures that follow from other documents. None of them moves money.
"""

#: Paths of `content.material` by DocType; a table's name stands for all of it.
BY_ERPNEXT = {}


def by_erpnext(doctype: str, path: str) -> bool:
	allowed = BY_ERPNEXT.get(doctype, frozenset())
	parts = path.split(".")
	return any(".".join(parts[:count]) in allowed for count in range(1, len(parts) + 1))

