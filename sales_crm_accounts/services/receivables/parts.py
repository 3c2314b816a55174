"""The part of a customer's debt that a promise, dispute, pause or note is about: checked, and filled from its invoice."""

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import cint, flt

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.receivables import holds
from sales_crm_accounts.core.receivables.holds import Claim
from sales_crm_accounts.core.receivables.rows import OpenRow
from sales_crm_accounts.services.receivables.open_rows import open_rows

INVOICE_FIELDS = ("name", "company", "customer", "customer_name", "deal", "docstatus", "is_return")


def fill(doc) -> None:
	"""Company, customer, deal and currency of the document's invoice; without one, of its deal. Refuses what does not fit."""
	if doc.sales_invoice:
		_fill_from(doc, invoice(doc.sales_invoice), _("invoice {0}").format(doc.sales_invoice))
	elif doc.meta.get_field("deal").read_only:
		doc.deal = None
	elif doc.deal:
		values = frappe.db.get_value(
			"Deal", doc.deal, ["name", "company", "customer", "customer_name"], as_dict=True
		)
		if values:
			_fill_from(doc, values, _("deal {0}").format(doc.deal))
	if doc.customer:
		doc.customer_name = frappe.db.get_value("Customer", doc.customer, "customer_name")
	if doc.meta.has_field("installment_no"):
		_check_installment(doc)


def invoice(name: str) -> frappe._dict:
	"""Facts of an invoice that money is owed on; refused where there are none."""
	facts = frappe.db.get_value(
		"Sales Invoice", name, [*INVOICE_FIELDS, "party_account_currency", "currency"], as_dict=True
	)
	if not facts:
		frappe.throw(_("Invoice {0} does not exist.").format(name), frappe.DoesNotExistError)
	if facts.docstatus == 0:
		frappe.throw(_("Invoice {0} is a draft. Submit it first.").format(name))
	if facts.docstatus == 2:
		frappe.throw(_("Invoice {0} is cancelled.").format(name))
	if facts.is_return:
		frappe.throw(_("{0} is a credit note: nothing is owed on it. Choose its invoice.").format(name))
	facts.account_currency = facts.party_account_currency or facts.currency
	return facts


def rows(doc) -> list[OpenRow]:
	"""Open rows around the document's part: of its invoice, or all of the customer in the company."""
	if doc.sales_invoice:
		return open_rows(invoices=[doc.sales_invoice])
	return open_rows(doc.company, [doc.customer])


def room(doc, claim: Claim, others: Iterable[Claim], of: Iterable[OpenRow]) -> tuple:
	"""(what is open of the claim's part, what of it the `others` leave)."""
	of, others = list(of), list(others)
	there = sum((row.outstanding for row in of if claim.covers(row)), ZERO)
	before = sum(holds.left_over(of, others).values(), ZERO)
	after = sum(holds.left_over(of, [*others, claim]).values(), ZERO)
	return there, max(claim.amount - (after - before), ZERO)


def money(amount, currency: str | None) -> str:
	return frappe.format_value(flt(amount), {"fieldtype": "Currency"}, currency=currency)


def part_name(doc) -> str:
	"""The part in words, for messages."""
	if not doc.sales_invoice:
		return _("customer {0}").format(doc.customer_name or doc.customer)
	if cint(doc.get("installment_no")):
		return _("installment {0} of invoice {1}").format(doc.installment_no, doc.sales_invoice)
	return _("invoice {0}").format(doc.sales_invoice)


def keep(doc, defaults: dict) -> None:
	"""What only the app writes stays as it is kept, whatever the client sent: `read_only` is a matter of the form alone."""
	if doc.is_new():
		doc.update(defaults)
		return
	doc.update(frappe.db.get_value(doc.doctype, doc.name, list(defaults), as_dict=True))


def changed(doc, *fields: str) -> list[str]:
	"""Fields that differ from what is kept; none for a new document."""
	before = doc.get_doc_before_save()
	return [field for field in fields if before and _differs(doc, before, field)]


def refuse_changes(doc, fields: Iterable[str], message: str) -> None:
	if names := changed(doc, *fields):
		labels = ", ".join(_(doc.meta.get_label(field), context=doc.doctype) for field in names)
		frappe.throw(f"{message} {_('Not to be changed: {0}.').format(labels)}")


def check_rights(doc) -> None:
	"""Ask again, now that the part is known: the invoice may be of a company or deal that the user does not see."""
	if not doc.flags.ignore_permissions:
		doc.check_permission("create" if doc.is_new() else "write")


def _differs(doc, before, field: str) -> bool:
	kind = doc.meta.get_field(field).fieldtype
	if kind in ("Currency", "Int", "Check"):
		return flt(doc.get(field), 9) != flt(before.get(field), 9)
	return str(doc.get(field) or "") != str(before.get(field) or "")


def _fill_from(doc, values, source: str) -> None:
	for field, label in (("company", _("Company")), ("customer", _("Customer"))):
		# The desk and the API fill an empty company with the user's default one: that is nobody's choice.
		by_default = field == "company" and doc.is_new() and doc.company == _default_company()
		if doc.get(field) and doc.get(field) != values[field] and not by_default:
			frappe.throw(
				_("{0} {1} is not that of {2}, which is {3}.").format(
					label, frappe.bold(doc.get(field)), source, frappe.bold(values[field])
				)
			)
		doc.set(field, values[field])
	if doc.sales_invoice:
		doc.deal = values.deal
		if doc.meta.has_field("currency"):
			doc.currency = values.account_currency


def _default_company() -> str | None:
	return frappe.defaults.get_user_default("Company")


def _check_installment(doc) -> None:
	doc.installment_no = cint(doc.installment_no)
	if not doc.installment_no:
		return
	if not doc.sales_invoice:
		frappe.throw(_("An installment number needs an invoice."))
	last = frappe.db.count("Open Installment", {"sales_invoice": doc.sales_invoice})
	if not 0 < doc.installment_no <= last:
		frappe.throw(
			_("Invoice {0} has no installment {1}; it has {2}.").format(
				doc.sales_invoice, doc.installment_no, last
			)
		)
