"""Which DocTypes have a request that still counts. A chain may be switched off while its requests are open; they follow their document all
the same. Kept in the cache, so that the events of all other documents cost no SQL.
"""

import frappe

from sales_crm_accounts.services.approvals import chains

CACHE_KEY = "sca_approval_waiting"
#: Statuses of a request that can still let a document through, as long as it is not posted.
COUNTING = ("Open", "Approved")


def concerns(doctype: str) -> bool:
	"""Whether a chain speaks about the DocType, or a request of one of its documents still counts."""
	return chains.gated(doctype) or doctype in doctypes()


def doctypes() -> set[str]:
	return frappe.cache.get_value(CACHE_KEY, generator=_read)


def request_saved(request) -> None:
	"""Look again where the request may be the first of its DocType, or was the last; for others nothing has changed."""
	counts = request.status in COUNTING and not request.posted
	if counts != (request.reference_doctype in doctypes()):
		forget()


def forget() -> None:
	"""Read anew: now, and once this transaction stands (another request may have read the old ones meanwhile)."""
	_drop()
	frappe.db.after_commit.add(_drop)
	frappe.db.after_rollback.add(_drop)


def _drop() -> None:
	frappe.cache.delete_value(CACHE_KEY)


def _read() -> set[str]:
	if not frappe.db.table_exists("Approval Request"):
		return set()  # while the app is being installed
	request = frappe.qb.DocType("Approval Request")
	return set(
		frappe.qb.from_(request)
		.select(request.reference_doctype)
		.distinct()
		.where((request.posted == 0) & request.status.isin(COUNTING))
		.run(pluck=True)
	)
