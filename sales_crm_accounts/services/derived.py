"""Writing what is derived: only what changed, in a fixed order, without hooks and without touching who edits a document."""

from collections.abc import Iterable, Mapping, Sequence

import frappe
from frappe.utils import flt, now

CHUNK = 500
#: MariaDB's "Record has changed since last read", with snapshot isolation (11.6 and later).
_RECORD_CHANGED = 1020


def precision() -> int:
	"""Decimals of amounts on this site, as the ledger itself rounds them."""
	return frappe.get_precision("Open Installment", "amount")


def is_lock_error(error: Exception) -> bool:
	"""Whether the database gave up the transaction for another one; hiding it would lose what was written before."""
	if isinstance(error, frappe.QueryDeadlockError | frappe.QueryTimeoutError):
		return True
	return bool(error.args) and (
		error.args[0] == _RECORD_CHANGED or frappe.db.is_deadlocked(error) or frappe.db.is_timedout(error)
	)


def upsert(
	doctype: str,
	rows: Iterable[Mapping],
	kept: Mapping[str, Mapping],
	columns: Sequence[str],
	watched: Sequence[str],
) -> bool:
	"""Write `rows` (changed or new) in the order of their names. `kept` is what this transaction saw of them before.

	Returns whether another transaction has changed one of the `watched` figures since.
	"""
	stamp, user = now(), frappe.session.user
	rows = sorted(rows, key=lambda row: row["name"])
	new = [row for row in rows if row["name"] not in kept]
	stamped = [{**row, "modified": stamp, "modified_by": user} for row in rows if row["name"] in kept]
	conflict = _update(doctype, stamped, kept, (*columns[1:], "modified", "modified_by"), watched)
	for start in range(0, len(new), CHUNK):
		chunk = new[start : start + CHUNK]
		values, marks = [], "(" + ", ".join(["%s"] * (len(columns) + 4)) + ")"
		for row in chunk:
			values += [row[column] for column in columns] + [stamp, stamp, user, user]
		updates = ", ".join(
			f"`{column}` = values(`{column}`)" for column in (*columns[1:], "modified", "modified_by")
		)
		frappe.db.sql(
			f"insert into `tab{doctype}` (`{'`, `'.join(columns)}`, creation, modified, owner, modified_by) "
			f"values {', '.join([marks] * len(chunk))} on duplicate key update {updates}",
			values,
		)
	return conflict


def update(
	doctype: str, rows: Iterable[Mapping], kept: Mapping[str, Mapping], columns: Sequence[str]
) -> bool:
	"""Like `upsert`, for documents that exist; their `modified` stays, so that nobody's open form becomes outdated."""
	rows = sorted(rows, key=lambda row: row["name"])
	conflict = _update(doctype, rows, kept, columns, columns)
	for row in rows:
		frappe.clear_document_cache(doctype, row["name"])
	return conflict


def same(a, b) -> bool:
	if isinstance(a, int | float) or isinstance(b, int | float):
		return flt(a, 9) == flt(b, 9)
	return (a or None) == (b or None)


def _update(
	doctype: str,
	rows: Iterable[Mapping],
	kept: Mapping[str, Mapping],
	columns: Sequence[str],
	watched: Sequence[str],
) -> bool:
	"""Write rows that exist, one by one; whether a watched figure of one was no more what this transaction saw.

	The statement itself looks, at the row as it is committed: a plain read would show it as it was when the transaction began.
	"""
	conflict = False
	changes = ", ".join(f"`{column}` = %s" for column in columns)
	unchanged = " and ".join(f"`{column}` <=> %s" for column in watched)
	for row in rows:
		values, seen = [row[column] for column in columns], kept[row["name"]]
		write = f"update `tab{doctype}` set {changes} where name = %s"
		frappe.db.sql(
			f"{write} and {unchanged}", [*values, row["name"], *(seen[column] for column in watched)]
		)
		if not frappe.db._cursor.rowcount:
			conflict = True
			frappe.db.sql(write, [*values, row["name"]])
	return conflict
