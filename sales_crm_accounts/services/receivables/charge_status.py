"""The status of a charge, from what was waived of it and from its invoice."""

from collections.abc import Iterable

import frappe

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.receivables import charges


def status_of(charge, invoice=None) -> str:
	"""`invoice` has the docstatus and outstanding_amount of the Sales Invoice that the charge is on, if any."""
	if charge.status == charges.CANCELLED:
		return charges.CANCELLED
	if to_decimal(charge.waived_amount) >= to_decimal(charge.amount):
		return charges.WAIVED
	submitted = bool(invoice and invoice.docstatus == 1)
	if submitted and to_decimal(invoice.outstanding_amount) <= 0:
		return charges.PAID
	if to_decimal(charge.waived_amount):
		return charges.PARTLY_WAIVED
	return charges.INVOICED if submitted else charges.CLAIMED


def refresh(names: Iterable[str]) -> None:
	"""Write the status of these charges where it has changed; two statements, and one for each change."""
	names = sorted(set(names))
	if not names:
		return
	charge, invoice = frappe.qb.DocType("Receivable Charge"), frappe.qb.DocType("Sales Invoice")
	rows = (
		frappe.qb.from_(charge)
		.left_join(invoice)
		.on(invoice.name == charge.charge_invoice)
		.select(
			charge.name,
			charge.status,
			charge.amount,
			charge.waived_amount,
			invoice.docstatus,
			invoice.outstanding_amount,
		)
		.where(charge.name.isin(names))
		.run(as_dict=True)
	)
	for row in rows:
		status = status_of(row, row)
		if status != row.status:
			frappe.db.set_value("Receivable Charge", row.name, "status", status)


def of_invoice(invoice: str) -> list[str]:
	return frappe.get_all("Receivable Charge", filters={"charge_invoice": invoice}, pluck="name")
