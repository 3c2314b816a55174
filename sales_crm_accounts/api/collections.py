"""What forms and pages call about promises, disputes, pauses and notes."""

import frappe
from frappe import _
from frappe.utils import cint

from sales_crm_accounts.services.receivables import disputes, pauses, prefill, promises


@frappe.whitelist()
def new_values(
	doctype: str,
	sales_invoice: str | None = None,
	deal: str | None = None,
	customer: str | None = None,
	company: str | None = None,
	installment_no: int = 0,
) -> dict:
	"""Values of a new promise, dispute, pause or note about what the user looks at; only what they may see goes into it."""
	if doctype not in prefill.DOCTYPES:
		frappe.throw(_("{0} is not a document of collections.").format(doctype))
	frappe.has_permission(doctype, "create", throw=True)
	return prefill.new_values(doctype, sales_invoice, deal, customer, company, cint(installment_no))


@frappe.whitelist()
def part(doctype: str, sales_invoice: str, installment_no: int = 0, name: str | None = None) -> dict:
	"""Facts of an invoice that was chosen in a form: whose it is, what is open, promised and disputed of it."""
	if doctype not in prefill.DOCTYPES:
		frappe.throw(_("{0} is not a document of collections.").format(doctype))
	frappe.has_permission(doctype, "read", throw=True)
	return prefill.part(sales_invoice, cint(installment_no), name)


@frappe.whitelist()
@frappe.validate_and_sanitize_search_inputs
def invoice_query(
	doctype: str, txt: str, searchfield: str, start: int, page_len: int, filters: dict
) -> list[list]:
	"""Link search: open invoices that the user sees, oldest due date first. Collectors need no right on Sales Invoice for it."""
	return prefill.search_invoices(txt, cint(start), cint(page_len), filters or {})


@frappe.whitelist(methods=["POST"])
def withdraw_promise(promise: str, reason: str | None = None) -> None:
	promises.withdraw(promise, reason)


@frappe.whitelist(methods=["POST"])
def resolve_dispute(
	dispute: str, outcome: str, credit_note: str | None = None, remark: str | None = None
) -> None:
	disputes.resolve(dispute, outcome, credit_note, remark)


@frappe.whitelist(methods=["POST"])
def reopen_dispute(dispute: str) -> None:
	disputes.reopen(dispute)


@frappe.whitelist(methods=["POST"])
def cancel_dispute(dispute: str, reason: str | None = None) -> None:
	disputes.cancel(dispute, reason)


@frappe.whitelist(methods=["POST"])
def end_pause(pause: str) -> None:
	pauses.end(pause)
