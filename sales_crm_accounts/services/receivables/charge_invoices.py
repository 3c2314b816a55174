"""Charges on an ordinary Sales Invoice, each exactly once.

The charges are locked and looked at again before anything is made; invoice and link are written in one transaction, one invoice a
transaction. So a second worker waits and then finds the link, and a run can always be started again. What fails leaves its reason
on the charge. Cancelling the invoice gives its charges back.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import flt, formatdate, getdate, strip_html, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services import month_sales
from sales_crm_accounts.services.approvals import automatic
from sales_crm_accounts.services.billing import as_billing_user
from sales_crm_accounts.services.invoice_taxes import add_taxes
from sales_crm_accounts.services.receivables import charge_status, charge_terms, charges

#: A charge with one of these statuses and without an invoice can be invoiced.
OPEN = (charges.CLAIMED, charges.PARTLY_WAIVED)


def invoice(charges: Iterable[str]) -> list[frappe._dict]:
	"""Invoice these charges, one invoice a customer, currency and receivable account; one dict an invoice: invoice, charges, reason.

	Made by the billing user, under all of ERPNext's checks and under approval chains over Sales Invoices. Commits per invoice.
	"""
	requester = frappe.session.user
	results = []
	frappe.db.commit()  # what a transaction sees is as old as its first look
	with as_billing_user(), month_sales.once():
		for names in _groups(charges):
			try:
				name = _invoice(names, requester)
				frappe.db.commit()
			except Exception as error:
				frappe.db.rollback()
				frappe.clear_messages()
				reason = strip_html(str(error)) or type(error).__name__
				for charge in names:
					frappe.db.set_value("Receivable Charge", charge, "last_error", reason[:1000])
				frappe.db.commit()
				results.append(frappe._dict(invoice=None, charges=names, reason=reason))
			else:
				if name:
					results.append(frappe._dict(invoice=name, charges=names, reason=""))
	return results


def sca_daily_charge_invoices():
	"""Scheduler, daily: where charges are invoiced at once, finish what a lost job left."""
	companies = frappe.get_all(
		charge_terms.SETTINGS, filters={"charge_mode": charge_terms.INVOICE}, pluck="name"
	)
	names = frappe.get_all(
		"Receivable Charge",
		filters={
			"company": ("in", companies or [""]),
			"status": ("in", OPEN),
			"charge_invoice": ("is", "not set"),
		},
		pluck="name",
	)
	if names:
		invoice(names)


def _groups(names: Iterable[str]) -> list[list[str]]:
	rows = frappe.get_all(
		"Receivable Charge",
		filters={"name": ("in", list(names) or [""])},
		fields=["name", "company", "customer", "currency", "account"],
		order_by="name",
	)
	groups = defaultdict(list)
	for row in rows:
		groups[row.company, row.customer, row.currency, row.account or ""].append(row.name)
	return list(groups.values())


def _invoice(names: list[str], requester: str) -> str | None:
	"""Make the invoice of those that are still open; None where none is."""
	rows = [row for row in charges.lock(names) if row.status in OPEN and not row.charge_invoice]
	if not rows:
		return None
	doc = build(rows)
	doc.flags.sca_charges = True
	automatic.insert_and_post(doc, requester)
	for row in rows:
		frappe.db.set_value("Receivable Charge", row.name, {"charge_invoice": doc.name, "last_error": None})
	charge_status.refresh(row.name for row in rows)
	return doc.name


def build(rows: list[frappe._dict]):
	"""Unsaved Sales Invoice over these charges of one customer, a row each; terms of payment as ERPNext fills them."""
	first = rows[0]
	settings = charge_terms.settings_of(first.company)
	language = frappe.db.get_value("Customer", first.customer, "language") or frappe.db.get_default("lang")
	doc = frappe.new_doc("Sales Invoice")
	doc.update(
		{
			"company": first.company,
			"customer": first.customer,
			"posting_date": getdate(today()),
			"set_posting_time": 1,
			"currency": first.currency,
			"ignore_pricing_rule": 1,
			"update_stock": 0,
			"receivable_charge_key": first.name,
		}
	)
	if settings.charge_taxes_template:
		doc.taxes_and_charges = settings.charge_taxes_template
	add_taxes(doc)
	if first.account:
		doc.debit_to = first.account
	# Frappe inserts no invoice that names a cancelled deal.
	cancelled = set(
		frappe.get_all(
			"Deal",
			filters={"name": ("in", [row.deal for row in rows if row.deal] or [""]), "docstatus": 2},
			pluck="name",
		)
	)
	for row in rows:
		item = settings.interest_item if row.kind == charges.INTEREST else settings.fee_item
		if not item:
			frappe.throw(
				_("Company Receivables Settings of {0} name no item for {1}. Choose one there.").format(
					first.company, _(row.kind)
				)
			)
		rate = flt(row.claimed_amount, charge_terms.precision_of(row.currency))
		doc.append(
			"items",
			{
				"item_code": item,
				"description": describe(row, language),
				"qty": 1,
				"rate": rate,
				"price_list_rate": rate,
				"receivable_charge": row.name,
				"deal": None if row.deal in cancelled else row.deal,
			},
		)
	return doc


def describe(row, language: str | None = None) -> str:
	"""What the invoice says of a charge, in the customer's language."""
	if row.reason:
		text = row.reason
	elif row.kind == charges.INTEREST:
		text = _("Interest for late payment of {0} from {1} to {2}", language).format(
			row.sales_invoice, formatdate(row.period_from), formatdate(row.period_to)
		)
	else:
		text = _("Fee for late payment", language)
	return frappe.utils.escape_html(f"{text} ({row.name})")


def charged(invoice: str) -> dict[str, Decimal]:
	"""Charge -> what the invoice asks for it before tax."""
	rows = frappe.get_all(
		"Sales Invoice Item",
		filters={"parent": invoice, "receivable_charge": ("is", "set")},
		fields=["receivable_charge", "amount"],
	)
	return {row.receivable_charge: to_decimal(row.amount) for row in rows}


# Events of Sales Invoice


def before_insert(doc):
	"""Key and rows are ours: only an invoice that replaces a cancelled one inherits them, whatever the client sends."""
	if doc.flags.sca_charges:
		return
	doc.receivable_charge_key = None
	if doc.is_return:
		return
	free = _free(row.receivable_charge for row in doc.items) if doc.amended_from else set()
	for row in doc.items:
		if row.receivable_charge not in free:
			row.receivable_charge = None
	doc.receivable_charge_key = min(free, default=None)


def after_insert(doc):
	"""An amended invoice takes the charges of the one it replaces."""
	if not doc.receivable_charge_key or doc.flags.sca_charges:
		return
	for name in {row.receivable_charge for row in doc.items if row.receivable_charge}:
		frappe.db.set_value("Receivable Charge", name, "charge_invoice", doc.name)


def on_change(doc):
	"""Money moved, or the invoice was submitted."""
	if doc.get("receivable_charge_key"):
		charge_status.refresh(charge_status.of_invoice(doc.name))


def before_cancel(doc):
	if doc.flags.sca_charges or not doc.is_return:
		return
	_check_waiver(doc)


def on_cancel(doc):
	"""Its charges are only claims again; a claim over the invoice itself has no ground any more."""
	give_back(doc.name)
	for name in frappe.get_all(
		"Receivable Charge",
		filters={
			"sales_invoice": doc.name,
			"status": ("in", (*OPEN, charges.WAIVED)),
			"charge_invoice": ("is", "not set"),
		},
		pluck="name",
	):
		frappe.db.set_value(
			"Receivable Charge", name, {"status": charges.CANCELLED, "charge_key": None, "last_error": None}
		)


def on_trash(doc):
	if doc.is_return and not doc.flags.sca_charges:
		_check_waiver(doc)
	give_back(doc.name)


def give_back(invoice: str):
	names = charge_status.of_invoice(invoice)
	for name in names:
		frappe.db.set_value("Receivable Charge", name, "charge_invoice", None)
	charge_status.refresh(names)


def _free(names: Iterable[str]) -> set[str]:
	return set(
		frappe.get_all(
			"Receivable Charge",
			filters={
				"name": ("in", [name for name in names if name] or [""]),
				"status": ("in", OPEN),
				"charge_invoice": ("is", "not set"),
			},
			pluck="name",
		)
	)


def _check_waiver(doc):
	waiver = frappe.db.get_value("Charge Waiver", {"credit_note": doc.name, "docstatus": 1})
	if waiver:
		frappe.throw(
			_(
				"Credit note {0} belongs to waiver {1}. Cancel the waiver, and the credit note goes with it."
			).format(doc.name, waiver)
		)
