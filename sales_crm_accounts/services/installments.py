"""What happens to an installment between plan and payment: confirmed, held, released, its invoice cancelled or replaced."""

import frappe
from frappe import _
from frappe.utils import getdate, today

from sales_crm_accounts.core import plan
from sales_crm_accounts.services import figures
from sales_crm_accounts.services.invoices import core_row


def lock(names: list[str]) -> list[frappe._dict]:
	"""Take the rows, in the order of their names, and read them as they are now."""
	return frappe.db.sql(
		"select * from `tabDeal Installment` where name in %(names)s order by name for update",
		{"names": names or [""]},
		as_dict=True,
	)


def confirm(installment: str, on=None):
	"""A user confirms the milestone or the delivery; the installment is then billed from that day on."""
	row = _to_confirm(installment)
	on = getdate(on or today())
	if on > getdate(today()):
		frappe.throw(_("A confirmation cannot be dated in the future."))
	deal = frappe.get_cached_doc("Deal", row.deal)
	day = max(on, getdate(deal.won_on))
	_set(
		row,
		confirmed_on=on,
		confirmed_by=frappe.session.user,
		planned_invoice_date=day,
		due_date=core_row(row).due_date(day),
	)


def unconfirm(installment: str):
	row = _to_confirm(installment)
	_set(
		row,
		confirmed_on=None,
		confirmed_by=None,
		planned_invoice_date=None,
		due_date=core_row(row).due_date(None),
	)


def _to_confirm(installment: str):
	"""The row, locked, where it is one that a confirmation decides over, and still to be billed."""
	row = _one(installment)
	if row.billing_trigger not in plan.CONFIRMED_TRIGGERS:
		frappe.throw(_("{0} is billed by date; there is nothing to confirm.").format(row.title))
	if row.status == "Cancelled":
		frappe.throw(_("{0} is cancelled.").format(row.title))
	if row.sales_invoice:
		frappe.throw(_("{0} is already billed.").format(row.title))
	return row


def hold(installment: str, reason: str):
	row = _one(installment)
	if row.sales_invoice:
		frappe.throw(_("{0} is already billed.").format(row.title))
	if not (reason or "").strip():
		frappe.throw(_("Say why the installment is put on hold."))
	_set(row, on_hold=1, hold_reason=reason)


def release(installment: str):
	_set(_one(installment), on_hold=0, hold_reason=None, last_error=None)


def _one(installment: str):
	rows = lock([installment])
	if not rows:
		frappe.throw(_("Installment {0} does not exist.").format(installment), frappe.DoesNotExistError)
	return rows[0]


def _set(row, **values):
	frappe.db.set_value("Deal Installment", row.name, values)
	figures.refresh_installments([row.name])
	figures.refresh_deals([row.deal])


def key_of_cancelled(invoice: str) -> str | None:
	"""Billing key that an amended invoice takes over, while no other invoice stands for the installments of the cancelled one."""
	waiting = _waiting_since(invoice)
	if not waiting:
		return None
	whole_deal = frappe.db.get_value("Sales Invoice", invoice, "deal_installment") is None
	if whole_deal and not frappe.db.exists("Sales Invoice", {"deal_billing_key": waiting[0].deal}):
		return waiting[0].deal
	return waiting[0].name


def link(invoice):
	"""An amended invoice takes the place of the cancelled one."""
	for row in _waiting_since(invoice.amended_from):
		frappe.db.set_value(
			"Deal Installment",
			row.name,
			{
				"sales_invoice": invoice.name,
				"former_invoice": None,
				"on_hold": 0,
				"hold_reason": None,
				"last_error": None,
			},
		)


def _waiting_since(invoice: str) -> list[frappe._dict]:
	"""Installments that wait since this invoice of theirs was cancelled."""
	return frappe.get_all(
		"Deal Installment",
		filters={
			"former_invoice": invoice,
			"sales_invoice": ("is", "not set"),
			"status": ("!=", "Cancelled"),
		},
		fields=["name", "deal"],
		order_by="name",
	)


def forget(invoice):
	"""A deleted invoice leaves no trace by name; where it was a draft, its installments wait."""
	reason = _("Draft invoice {0} was deleted. Release the installment to bill it again.").format(
		invoice.name
	)
	unlink(invoice, reason)
	for name in frappe.get_all("Deal Installment", filters={"former_invoice": invoice.name}, pluck="name"):
		frappe.db.set_value("Deal Installment", name, "former_invoice", None)


def unlink(invoice, reason: str):
	"""An invoice was cancelled: its installments wait, on hold, until it is amended or somebody releases them."""
	rows = frappe.get_all(
		"Deal Installment", filters={"sales_invoice": invoice.name}, fields=["name", "deal"]
	)
	for row in rows:
		frappe.db.set_value(
			"Deal Installment",
			row.name,
			{"sales_invoice": None, "former_invoice": invoice.name, "on_hold": 1, "hold_reason": reason},
		)
	if rows:
		figures.refresh_installments([row.name for row in rows])
		figures.refresh_deals(list({row.deal for row in rows}))
