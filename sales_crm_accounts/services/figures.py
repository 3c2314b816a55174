"""Figures of Deal Installments and Deals: derived from Open Installment, in sets, and written only where they changed."""

from collections.abc import Iterable
from contextlib import contextmanager

import frappe
from frappe.utils import getdate, today

from sales_crm_accounts.services import derived
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.figures_sql import DEAL_FIGURES, INSTALLMENT_FIGURES, deals, installments
from sales_crm_accounts.services.marks import run_later

CHUNK = 500
#: What a new day changes by itself; all else changes only where money or documents move.
BY_TIME = {
	"Deal Installment": ("status",),
	"Deal": ("overdue_amount", "next_due_date", "next_due_amount", "status"),
}


def refresh_of_invoices(invoices: Iterable[str]) -> None:
	"""Figures of the installments that these invoices bill, and of their deals."""
	names = sorted({name for name in invoices if name})
	for start in range(0, len(names), CHUNK):
		refresh_deals(_refresh_installments(invoices=names[start : start + CHUNK]))


def refresh_installments(installments: Iterable[str]) -> None:
	"""Amounts, due date and status of these Deal Installments, and of others that are billed by the same invoices."""
	names = sorted({name for name in installments if name})
	for start in range(0, len(names), CHUNK):
		_refresh_installments(names[start : start + CHUNK])


def refresh_deals(deals: Iterable[str]) -> None:
	"""Sums, next due date, percentages and status of these deals, from their installments."""
	names = sorted({name for name in deals if name})
	waiting = getattr(frappe.local, "sca_waiting_deals", None)
	if waiting is not None:
		waiting.update(names)
		return
	for start in range(0, len(names), CHUNK):
		_refresh_deals(names[start : start + CHUNK])


@contextmanager
def deals_once():
	"""Deals that change inside are refreshed once, at the end: for many invoices of one deal, each in its own transaction.

	Should the process die here, `mark_overdue` finds the deals that differ.
	"""
	frappe.local.sca_waiting_deals = waiting = set()
	try:
		yield
	finally:
		frappe.local.sca_waiting_deals = None
	refresh_deals(waiting)


def rebuild(company: str | None = None) -> None:
	"""Figures of all installments and deals (of a company) by two statements."""
	values = {"today": getdate(today()), "company": company}
	_update_all("Deal Installment", installments(precision(), kept=False), INSTALLMENT_FIGURES, values)
	_update_all("Deal", deals(kept=False), DEAL_FIGURES, values)


def mark_overdue(today) -> None:
	"""What the mere passing of time changes: installments become Ready or Overdue, and the deals' overdue and next due follow."""
	day = getdate(today)
	line = frappe.qb.DocType("Deal Installment")
	late = (line.outstanding_amount > 0) & (line.due_date < day) & line.status.isin(["Billed", "Partly Paid"])
	ready = (line.status == "Planned") & (line.planned_invoice_date <= day)
	names = frappe.qb.from_(line).where(late | ready).select(line.name).run(pluck=True)
	_in_chunks(names, lambda chunk: _refresh_installments(chunk, day))
	stale = [row.name for row in differing("Deal", day)]
	_in_chunks(stale, lambda chunk: _refresh_deals(chunk, day))


def differing(doctype: str, day, by_time: bool = True) -> list[frappe._dict]:
	"""Deal Installments or Deals that are not what they are derived from: name, every figure as derived and as `kept_<figure>`.

	One statement. Without `by_time`, what a new day changes by itself is not looked at.
	"""
	if doctype == "Deal":
		select, fields = deals(), DEAL_FIGURES
	else:
		select, fields = installments(precision()), INSTALLMENT_FIGURES
	watched = [field for field in fields if by_time or field not in BY_TIME[doctype]]
	return frappe.db.sql(
		f"select * from ({select}) figures where {_differs(watched)} order by name",
		{"today": getdate(day)},
		as_dict=True,
	)


def what_differs(doctype: str, row: frappe._dict) -> list[str]:
	"""Figures of a row of `differing` that are not what was derived."""
	fields = DEAL_FIGURES if doctype == "Deal" else INSTALLMENT_FIGURES
	return [field for field in fields if not derived.same(row[field], row["kept_" + field])]


def _in_chunks(names: list[str], work) -> None:
	for start in range(0, len(names), CHUNK):
		work(names[start : start + CHUNK])


def _refresh_installments(names: Iterable[str] = (), day=None, invoices: Iterable[str] = ()) -> set[str]:
	"""Write the figures of these installments, or of those that these invoices bill; the deals of both."""
	if names:
		invoices = frappe.get_all(
			"Deal Installment",
			filters={"name": ("in", names), "sales_invoice": ("is", "set")},
			pluck="sales_invoice",
			distinct=True,
		)
	values = {
		"installments": list(names) or [""],
		"invoices": list(invoices) or [""],
		"today": day or getdate(today()),
	}
	rows = frappe.db.sql(installments(precision(), plain=True), values, as_dict=True)
	if rows and rows[0].more:
		rows = frappe.db.sql(installments(precision(), some=True), values, as_dict=True)
	_write("Deal Installment", rows, INSTALLMENT_FIGURES)
	return {row.deal for row in rows}


def _refresh_deals(names: list[str], day=None) -> None:
	rows = frappe.db.sql(deals(some=True), {"deals": names, "today": day or getdate(today())}, as_dict=True)
	_write("Deal", rows, DEAL_FIGURES)


def _write(doctype: str, rows: list, figures: tuple[str, ...]) -> None:
	"""Write what differs; where somebody else changed the same document at the same moment, look again once both stand."""
	kept = {row.name: {field: row["kept_" + field] for field in figures} for row in rows}
	changed = [
		row for row in rows if any(not derived.same(row[field], kept[row.name][field]) for field in figures)
	]
	if derived.update(doctype, changed, kept, figures):
		_again_later(doctype, [row.name for row in changed])


def _again_later(doctype: str, names: list[str]) -> None:
	run_later("sales_crm_accounts.services.figures.repair", doctype_name=doctype, names=names)


def repair(doctype_name: str, names: list[str]) -> None:
	"""Background job after two transactions met on the same figures."""
	if doctype_name == "Deal":
		refresh_deals(names)
		return
	refresh_installments(names)
	refresh_deals(
		frappe.get_all("Deal Installment", filters={"name": ("in", names)}, pluck="deal", distinct=True)
	)


def _differs(figures: Iterable[str]) -> str:
	return " or ".join(f"not ({field} <=> kept_{field})" for field in figures)


def _update_all(doctype: str, select: str, figures: tuple[str, ...], values: dict) -> None:
	changes = ", ".join(f"kept.`{field}` = figures.`{field}`" for field in figures)
	differs = " or ".join(f"not (kept.`{field}` <=> figures.`{field}`)" for field in figures)
	of_company = "and kept.company = %(company)s" if values["company"] else ""
	frappe.db.sql(
		f"""
		update `tab{doctype}` kept
		join ({select}) figures on figures.name = kept.name
		set {changes}
		where ({differs}) {of_company}
		""",
		values,
	)
	frappe.clear_document_cache(doctype)
