"""Waiving a charge in part or whole: before it is invoiced it lowers the claim, afterwards a credit note does.

A waiver is a submittable document, so approval chains cover it as they cover any other.
"""

import frappe
from frappe import _
from frappe.utils import flt, getdate, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.approvals import automatic
from sales_crm_accounts.services.billing import as_billing_user
from sales_crm_accounts.services.receivables import charge_status, charge_terms, charges

_COPIED = ("company", "customer", "customer_name", "kind", "sales_invoice", "deal", "currency")


def fill(waiver):
	"""What the waiver shows of its charge; all that is still claimed where no amount is named."""
	charge = frappe.get_doc("Receivable Charge", waiver.receivable_charge)
	waiver.update({field: charge.get(field) for field in _COPIED})
	waiver.still_claimed = charge.claimed_amount
	waiver.amount = flt(waiver.amount or charge.claimed_amount, charge_terms.precision_of(charge.currency))


def check(waiver):
	if waiver.docstatus == 2:
		return
	charge = frappe.get_doc("Receivable Charge", waiver.receivable_charge)
	_check_open(waiver, charge)
	if getdate(waiver.posting_date) > getdate(today()):
		frappe.throw(_("A waiver cannot be dated in the future."))


def waive(waiver):
	charge = charges.lock([waiver.receivable_charge])[0]
	_check_open(waiver, charge)
	if charge.charge_invoice:
		docstatus = frappe.db.get_value("Sales Invoice", charge.charge_invoice, "docstatus")
		if docstatus == 0:
			frappe.throw(
				_("Invoice {0} over this charge is still a draft. Submit or delete it first.").format(
					charge.charge_invoice
				)
			)
		waiver.db_set("credit_note", _credit(waiver, charge))
	_set_waived(charge, to_decimal(charge.waived_amount) + to_decimal(waiver.amount))


def take_back(waiver):
	charge = charges.lock([waiver.receivable_charge])[0]
	if waiver.credit_note:
		note = frappe.get_doc("Sales Invoice", waiver.credit_note)
		note.flags.sca_charges = True
		with as_billing_user():
			if note.docstatus == 1:
				# Cancelling the waiver was the decision; a bookkeeper's role cannot cancel invoices.
				note.flags.ignore_permissions = True
				note.cancel()
			elif note.docstatus == 0:
				# A draft that waits for approval; the billing user made it, and nobody needs it now.
				waiver.db_set("credit_note", None)
				note.delete(ignore_permissions=True)
	elif charge.charge_invoice:
		frappe.throw(
			_(
				"Charge {0} was invoiced meanwhile by {1} without what was waived. Cancel that invoice first."
			).format(charge.name, charge.charge_invoice)
		)
	_set_waived(charge, to_decimal(charge.waived_amount) - to_decimal(waiver.amount))


def _set_waived(charge, waived):
	frappe.db.set_value(
		"Receivable Charge",
		charge.name,
		{"waived_amount": float(waived), "claimed_amount": float(to_decimal(charge.amount) - waived)},
	)
	charge_status.refresh([charge.name])


def _check_open(waiver, charge):
	if charge.status == charges.CANCELLED:
		frappe.throw(_("Charge {0} is cancelled. There is nothing to waive.").format(charge.name))
	if flt(waiver.amount) <= 0:
		frappe.throw(_("Nothing of charge {0} is claimed any more.").format(charge.name))
	if to_decimal(waiver.amount) > to_decimal(charge.claimed_amount):
		money = lambda value: frappe.format(value, {"fieldtype": "Currency"}, currency=charge.currency)  # noqa: E731
		frappe.throw(
			_("{0} cannot be waived: only {1} of charge {2} is still claimed.").format(
				money(waiver.amount), money(charge.claimed_amount), charge.name
			)
		)


def _credit(waiver, charge) -> str:
	"""The credit note over what is waived, by ERPNext's own way of returning an invoice, with the taxes of the invoice.

	Posted by the billing user, because whoever may waive need not be a bookkeeper; under a chain over credit notes it waits as a
	draft. It goes onto the invoice while enough of it is open, else it stands in the customer's favour.
	"""
	from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return

	requester = frappe.session.user
	with as_billing_user():
		note = make_sales_return(charge.charge_invoice)
		line = next((row for row in note.items if row.receivable_charge == charge.name), None)
		if line is None:
			frappe.throw(
				_("Invoice {0} has no row for charge {1} any more.").format(
					charge.charge_invoice, charge.name
				)
			)
		# A row of its own: a charge is one piece, and ERPNext gives a piece back only once.
		line.update({"qty": -1, "stock_qty": -1, "idx": 1, "sales_invoice_item": None})
		line.update({"rate": waiver.amount, "price_list_rate": waiver.amount, "discount_amount": 0})
		note.update({"items": [line], "ignore_pricing_rule": 1, "payment_schedule": []})
		note.update({"posting_date": today(), "set_posting_time": 1, "remarks": waiver.reason})
		note.flags.sca_charges = True
		note.run_method("calculate_taxes_and_totals")
		open_amount = frappe.db.get_value("Sales Invoice", charge.charge_invoice, "outstanding_amount")
		total = abs(flt(note.rounded_total or note.grand_total))
		note.update_outstanding_for_self = 0 if flt(open_amount) >= total else 1
		with erpnext_compat.quiet_messages():
			automatic.insert_and_post(note, requester)
	return note.name
