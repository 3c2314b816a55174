import frappe
from frappe import _

from sales_crm_accounts.services import installments, invoice_mail, invoices, ledger, selling_checks
from sales_crm_accounts.services.receivables import charge_invoices, disputes, pauses, promises

#: Our records that name an invoice never keep it from being cancelled.
OURS = (
	*("Deal", "Deal Installment", "Open Installment", "Deal Billing Run"),
	*("Receivable Charge", "Charge Waiver"),
)


def before_insert(doc, method=None):
	charge_invoices.before_insert(doc)
	if doc.flags.sca_billing:
		return
	# The key is ours: only an invoice that replaces a cancelled one inherits it, whatever the client sends.
	doc.deal_billing_key = doc.deal_installments = None
	if doc.amended_from:
		rows = installments.taken_over(doc)
		doc.deal_billing_key = installments.key_for(doc, rows)
		if rows:
			doc.deal = rows[0].deal
	elif not doc.is_return:
		doc.deal_installment = None


def after_insert(doc, method=None):
	charge_invoices.after_insert(doc)
	if doc.deal_billing_key and not doc.flags.sca_billing:
		installments.link(doc)


def before_validate(doc, method=None):
	selling_checks.leave_out(doc)


def validate(doc, method=None):
	selling_checks.put_back(doc)
	if doc.flags.sca_billing and doc.is_new():
		invoices.render_terms(doc)
	if not doc.is_new() and not doc.flags.sca_billing:
		kept = frappe.db.get_value(
			doc.doctype,
			doc.name,
			["deal_billing_key", "deal_installment", "receivable_charge_key", "deal"],
			as_dict=True,
		)
		if kept and doc.docstatus < 2:
			if not kept.deal_billing_key:
				# What bills no installment may be moved to another deal.
				kept.pop("deal")
			doc.update(kept)


def before_submit(doc, method=None):
	if doc.amended_from and not doc.flags.sca_billing:
		installments.taken_over(doc)


def on_submit(doc, method=None):
	ledger.mark([doc.name])
	invoice_mail.submitted(doc)


def on_change(doc, method=None):
	ledger.mark([doc.name])
	if doc.docstatus:
		promises.mark(doc.customer, doc.return_against or doc.name)
	charge_invoices.on_change(doc)


def before_cancel(doc, method=None):
	charge_invoices.before_cancel(doc)
	doc.deal_billing_key = doc.receivable_charge_key = None


def on_cancel(doc, method=None):
	doc.ignore_linked_doctypes = (*(doc.get("ignore_linked_doctypes") or ()), *OURS)
	installments.unlink(
		doc,
		_("Invoice {0} was cancelled. Amend it, or release the installment to bill it again.").format(
			doc.name
		),
	)
	charge_invoices.on_cancel(doc)
	ledger.mark([doc.name])
	promises.mark(doc.customer, doc.return_against or doc.name)
	disputes.invoice_cancelled(doc.name)
	pauses.invoice_cancelled(doc.name)


def on_trash(doc, method=None):
	charge_invoices.on_trash(doc)
	installments.forget(doc)
	ledger.mark([doc.name])
