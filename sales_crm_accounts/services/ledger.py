"""The installment ledger of the site: one Open Installment for each installment of every submitted Sales Invoice.

Derived from the Payment Ledger by one statement (`ledger_sql`), never typed and never read from the payment schedule. It is
kept in the transaction that moves the money: documents mark their invoices, and the marked ones are derived anew once, just
before the commit. It can be rebuilt at any time, and is proved every night (`ledger_check`).
"""

from collections.abc import Iterable
from contextlib import contextmanager

import frappe
from frappe import _
from frappe.utils import flt, now

from sales_crm_accounts.services import figures, ledger_sql
from sales_crm_accounts.services.derived import precision, upsert
from sales_crm_accounts.services.marks import Marks, run_later

TABLE = "Open Installment"
CHUNK = 500


def mark(invoices: Iterable[str]) -> None:
	"""Remember that money moved on these invoices; they are derived anew once, before this transaction is committed."""
	marks.add(name for name in invoices if name)


def flush() -> None:
	"""Derive what is marked now, for readers in the same transaction."""
	marks.flush()


def once():
	"""`Marks.once`: for many invoices, each in a transaction of its own."""
	return marks.once()


def commit() -> None:
	"""`Marks.commit`: what the run has posted stands, and a lock on its figures is no reason to stop."""
	marks.commit()


def left_behind() -> list[str]:
	"""Posted invoices of installments that do not know it: their process died before it derived what it had posted."""
	invoice, line = frappe.qb.DocType("Sales Invoice"), frappe.qb.DocType("Deal Installment")
	return (
		frappe.qb.from_(line)
		.join(invoice)
		.on(invoice.name == line.sales_invoice)
		.where(line.status.isin(["Planned", "Ready"]) & (invoice.docstatus == 1))
		.select(invoice.name)
		.distinct()
		.run(pluck=True)
	)


def refresh(invoices: Iterable[str]) -> None:
	"""Derive the rows of these invoices from the ledger, and the figures of the deals that depend on them."""
	names = sorted({name for name in invoices if name})
	for start in range(0, len(names), CHUNK):
		_refresh(names[start : start + CHUNK])


def rebuild(company: str | None = None) -> dict:
	"""Derive everything anew, set-based: the same few statements whatever the number of invoices.

	Reads without locks, so that nobody waits; rows that money moved meanwhile keep what their own transaction wrote. Commits.
	Returns the number of rows that are kept now.
	"""
	with _own_transaction():
		stamp = now()
		values = {"stamp": stamp, "user": frappe.session.user, "company": company}
		columns = ledger_sql.COLUMNS
		changes = ", ".join(
			f"`{column}` = if(`tab{TABLE}`.modified > %(stamp)s, `tab{TABLE}`.`{column}`, values(`{column}`))"
			for column in (*columns[1:], "modified_by", "modified")
		)
		derived = ledger_sql.derive(precision(), company=bool(company))
		frappe.db.sql(
			f"""
			insert into `tab{TABLE}` (`{"`, `".join(columns)}`, creation, modified, owner, modified_by)
			select derived.*, %(stamp)s, %(stamp)s, %(user)s, %(user)s from ({derived}) derived
			on duplicate key update {changes}
			""",
			values,
		)
		# Left over: rows of invoices that stand no more, and rows beyond the schedule of those that do.
		frappe.db.sql(
			f"""
			delete kept from `tab{TABLE}` kept
			left join `tabSales Invoice` invoice on invoice.name = kept.sales_invoice and invoice.docstatus = 1
			left join `tab{TABLE}` derived
				on derived.sales_invoice = kept.sales_invoice and derived.installment_no = 1 and derived.modified >= %(stamp)s
			where kept.modified < %(stamp)s and (invoice.name is null or derived.name is not null)
				{"and kept.company = %(company)s" if company else ""}
			""",
			values,
		)
		figures.rebuild(company)
		rows = frappe.db.count(TABLE, {"company": company} if company else None)
	return {"rows": rows}


def repair(invoices: list[str]) -> None:
	"""Background job: derive invoices again in a transaction of its own, after a failure or a payment at the same moment."""
	refresh(invoices)


def later(invoices: Iterable[str]) -> None:
	"""Derive these invoices again in the background once this transaction stands; the nightly check is behind it."""
	run_later("sales_crm_accounts.services.ledger.repair", invoices=sorted(invoices))


marks = Marks(
	"ledger",
	derive=lambda names: refresh(names),
	title=lambda names: _("Installment ledger: {0} not derived").format(", ".join(names)[:100]),
	failed=lambda names: later(names),
)


def _refresh(names: list[str]) -> None:
	derived = _derive(names)
	# Plain SQL, as in all that every payment waits for: the framework's builders cost more than the statements themselves.
	kept = {
		row.name: row
		for row in frappe.db.sql(
			f"select `{'`, `'.join(ledger_sql.COLUMNS)}` from `tab{TABLE}` where sales_invoice in %(invoices)s",
			{"invoices": names},
			as_dict=True,
		)
	}
	gone = sorted(set(kept) - {row.name for row in derived})
	if gone:
		frappe.db.delete(TABLE, {"name": ("in", gone)})
	changed = [row for row in derived if row.name not in kept or _differs(row, kept[row.name])]
	# Somebody who paid the same invoice at the same moment is not in what this transaction sees: both are, a moment later.
	if upsert(TABLE, changed, kept, ledger_sql.COLUMNS, ledger_sql.FIGURES):
		later(names)
	if any(row.deal for row in (*derived, *kept.values())):
		related = {row.return_against for row in derived if row.return_against} | set(names)
		figures.refresh_of_invoices(sorted(related))


def _derive(names: list[str]) -> list:
	"""The rows of these invoices, by the plain statement where it is all that is needed."""
	values = {"invoices": names}
	rows = frappe.db.sql(ledger_sql.derive(precision(), plain=True), values, as_dict=True)
	if rows and rows[0].more:
		rows = frappe.db.sql(ledger_sql.derive(precision(), some=True), values, as_dict=True)
	return rows


def _differs(row, kept) -> bool:
	return any(row[field] != kept[field] for field in ledger_sql.FACTS if field != "conversion_rate") or any(
		flt(row[field], 9) != flt(kept[field], 9) for field in (*ledger_sql.FIGURES, "conversion_rate")
	)


@contextmanager
def _own_transaction():
	"""A transaction that reads without locks and is committed; inside tests, the test's own one."""
	from sales_crm_accounts.erpnext_compat import in_test

	if in_test():
		yield
		return
	frappe.db.sql("set session transaction isolation level read committed")
	frappe.db.commit()
	try:
		yield
		frappe.db.commit()
	except Exception:
		frappe.db.rollback()
		raise
	finally:
		frappe.db.sql("set session transaction isolation level repeatable read")
