"""Pauses: nothing is sent to a customer, or about an invoice, until a day is over."""

from datetime import date

import frappe
from frappe import _
from frappe.utils import getdate, today

from sales_crm_accounts.services.receivables import parts

TABLE = "Collection Pause"


def validate(doc) -> None:
	parts.keep(doc, {"paused_by": frappe.session.user})
	parts.fill(doc)
	parts.check_rights(doc)
	if not doc.active:
		return
	if doc.is_new() or parts.changed(doc, "until_date", "active"):
		if not doc.until_date:
			frappe.throw(_("Enter the last day of the pause."))
		if getdate(doc.until_date) < getdate(today()):
			frappe.throw(_("Until {0} is in the past.").format(frappe.format(doc.until_date, "Date")))


def end(name: str) -> None:
	"""End a pause before its day."""
	doc = frappe.get_doc(TABLE, name)
	doc.check_permission("write")
	if doc.active:
		doc.active = 0
		doc.save()


def invoice_cancelled(invoice: str) -> None:
	"""Whoever cancels an invoice need have no right on pauses: one of a cancelled invoice holds nothing."""
	_switch_off({"sales_invoice": invoice, "active": 1})


def end_due(day: date | None = None) -> int:
	"""Every night: pauses whose last day is over are no more active (they held nothing since then, either). Commits."""
	ended = _switch_off({"active": 1, "until_date": ("<", day or getdate(today()))})
	frappe.db.commit()
	return ended


def _switch_off(filters: dict) -> int:
	names = frappe.get_all(TABLE, filters=filters, pluck="name")
	if names:
		table = frappe.qb.DocType(TABLE)
		frappe.qb.update(table).set(table.active, 0).where(table.name.isin(names)).run()
		for name in names:
			frappe.clear_document_cache(TABLE, name)
	return len(names)
