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

	Returns whether another transaction has changed one of the `watched` figures since: the rows are locked and looked at again first.
	"""
	rows = sorted(rows, key=lambda row: row["name"])
	conflict, stamp, user = False, now(), frappe.session.user
	for start in range(0, len(rows), CHUNK):
		chunk = rows[start : start + CHUNK]
		conflict = _changed_meanwhile(doctype, [row["name"] for row in chunk], kept, watched) or conflict
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
	conflict = False
	for start in range(0, len(rows), CHUNK):
		chunk = rows[start : start + CHUNK]
		conflict = _changed_meanwhile(doctype, [row["name"] for row in chunk], kept, columns) or conflict
		for row in chunk:
			frappe.db.sql(
				f"update `tab{doctype}` set {', '.join(f'`{column}` = %s' for column in columns)} where name = %s",
				[*(row[column] for column in columns), row["name"]],
			)
			frappe.clear_document_cache(doctype, row["name"])
	return conflict


def same(a, b) -> bool:
	if isinstance(a, int | float) or isinstance(b, int | float):
		return flt(a, 9) == flt(b, 9)
	return (a or None) == (b or None)


def _changed_meanwhile(
	doctype: str, names: list[str], kept: Mapping[str, Mapping], fields: Sequence[str]
) -> bool:
	known = sorted(name for name in names if name in kept)
	if not known:
		return False
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.from_(table).where(table.name.isin(known)).orderby(table.name).for_update()
	now_there = query.select(table.name, *(table[field] for field in fields)).run(as_dict=True)
	return len(now_there) != len(known) or any(
		not same(row[field], kept[row.name][field]) for row in now_there for field in fields
	)
