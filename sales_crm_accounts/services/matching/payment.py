"""ERPNext's own documents for a match: a Payment Entry for a bank line, the reconciliation of a payment, and both undone."""

import json
from dataclasses import dataclass

import frappe
from frappe import _
from frappe.utils import flt, getdate

from sales_crm_accounts.services.matching import settings as matching_settings
from sales_crm_accounts.services.matching.load import terms_of
from sales_crm_accounts.services.matching.units import amount, units
from sales_crm_accounts.services.receivables.open_rows import open_rows


@dataclass(frozen=True, slots=True)
class Part:
	"""What a bank line pays of one customer: amounts in the receivable's currency and the bank's."""

	customer: str
	rows: tuple
	party_amount: float
	bank_amount: float


def parts(proposal, line) -> list[Part]:
	"""One part for each customer whose invoices are paid; almost always one."""
	if not proposal.several_customers:
		return [
			Part(
				proposal.customer,
				tuple(proposal.rows),
				flt(proposal.party_amount),
				flt(line.unallocated_amount),
			)
		]
	found = []
	for customer in dict.fromkeys([proposal.customer, *(row.customer for row in proposal.rows)]):
		rows = tuple(row for row in proposal.rows if row.customer == customer)
		if rows:
			received = amount(
				sum(
					units(row.allocated_amount) - units(row.discount_amount) - units(row.fee_amount)
					for row in rows
				)
			)
			found.append(Part(customer, rows, received, received))
	return found


def for_bank_line(proposal, line, part: Part):
	"""An unsaved Payment Entry over a part of what is open of a Bank Transaction, its references by installment."""
	from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry

	bank = frappe.get_cached_value("Bank Account", line.bank_account, "account")
	reference = line.reference_number or line.transaction_id or line.name
	if not part.rows:
		return _on_account(proposal, line, reference)
	account = _one_account(proposal.company, part.rows)
	entry = get_payment_entry(
		"Sales Invoice",
		next(row.sales_invoice for row in part.rows if flt(row.allocated_amount) > 0),
		party_amount=part.party_amount,
		bank_account=bank,
		bank_amount=part.bank_amount,
		reference_date=line.date,
	)
	entry.posting_date = getdate(line.date)
	entry.reference_no, entry.reference_date = reference[:140], getdate(line.date)
	entry.bank_account = line.bank_account
	entry.paid_from = account
	entry.paid_amount, entry.received_amount = part.party_amount, part.bank_amount
	entry.set("references", [])
	entry.set("deductions", [])
	for row in _references(proposal.company, part.rows):
		entry.append("references", row)
	entry.setup_party_account_field()
	entry.set_missing_values()
	entry.set_missing_ref_details(force=True)
	if proposal.party_currency != line.currency:
		# The bank's amount is what was worth: the difference to the invoice's rate is booked by ERPNext.
		base = part.bank_amount * flt(entry.target_exchange_rate or 1)
		entry.source_exchange_rate = flt(base / flt(entry.paid_amount), 9)
	_deductions(entry, proposal.company, part.rows)
	entry.set_amounts()
	return entry


def _on_account(proposal, line, reference):
	from erpnext.accounts.doctype.bank_reconciliation_tool.bank_reconciliation_tool import (
		create_payment_entry_bts,
	)

	return create_payment_entry_bts(
		line.name,
		reference_number=reference[:140],
		reference_date=getdate(line.date),
		party_type="Customer",
		party=proposal.customer,
		posting_date=getdate(line.date),
		allow_edit=True,
	)


def _one_account(company: str, rows) -> str:
	accounts = {row.account for row in _open_of(company, rows).values()}
	if len(accounts) > 1:
		frappe.throw(
			_(
				"The invoices stand in several receivable accounts ({0}): one payment can only credit one."
			).format(", ".join(sorted(accounts)))
		)
	return accounts.pop()


def _open_of(company: str, rows) -> dict:
	invoices = {row.sales_invoice for row in rows}
	return {row.key: row for row in open_rows(company, invoices=invoices, returns=True)}


def _references(company: str, paid) -> list[dict]:
	"""One row an invoice; one an installment and term where ERPNext asks for terms, or not the oldest is paid."""
	kept = _open_of(company, paid)
	invoices = list(dict.fromkeys(row.sales_invoice for row in paid))
	terms, by_term = terms_of(invoices=invoices), _paid_by_terms(invoices)
	references = []
	for invoice in invoices:
		rows = sorted(
			(row for row in paid if row.sales_invoice == invoice), key=lambda row: row.installment_no
		)
		total = sum(units(row.allocated_amount) for row in rows)
		if total < 0:
			references.append(_reference(invoice, amount(total)))
		elif invoice in by_term or not _is_oldest(
			rows, [one for key, one in kept.items() if key[0] == invoice]
		):
			for row in rows:
				term = terms.get((invoice, row.installment_no))
				if not term:
					frappe.throw(
						_(
							"Installment {0} of {1} has no payment term of its own, so only the oldest open one can be paid. Correct the rows."
						).format(row.installment_no, invoice)
					)
				references.append(_reference(invoice, row.allocated_amount, term))
		else:
			references.append(_reference(invoice, amount(total)))
	return references


def _reference(invoice: str, allocated: float, term: str | None = None) -> dict:
	return {
		"reference_doctype": "Sales Invoice",
		"reference_name": invoice,
		"allocated_amount": allocated,
		"payment_term": term,
	}


def _paid_by_terms(invoices: list[str]) -> set[str]:
	invoice, template = frappe.qb.DocType("Sales Invoice"), frappe.qb.DocType("Payment Terms Template")
	return {
		row[0]
		for row in frappe.qb.from_(invoice)
		.join(template)
		.on(template.name == invoice.payment_terms_template)
		.where(invoice.name.isin(invoices) & (template.allocate_payment_based_on_payment_terms == 1))
		.select(invoice.name)
		.run()
	}


def _is_oldest(rows, kept) -> bool:
	"""Whether the rows are what the ledger would close by itself: the oldest due of the invoice."""
	closed = {row.installment_no: units(row.allocated_amount) for row in rows}
	left = sum(closed.values())
	for one in kept:
		part = min(left, units(one.outstanding))
		if closed.get(one.installment_no, 0) != part:
			return False
		left -= part
	return True


def _deductions(entry, company: str, rows) -> None:
	"""Discount and fee, in company currency."""
	kept = matching_settings.settings_of(company)
	cost_center = entry.cost_center or frappe.get_cached_value("Company", company, "cost_center")
	for label, field, account in (
		(_("Discount"), "discount_amount", kept.discount_account),
		(_("Bank Fee"), "fee_amount", kept.fee_account),
	):
		total = sum(units(row.get(field)) for row in rows)
		if not total:
			continue
		if not account:
			frappe.throw(
				_("{0}: no account is set for it (Company, or Company Receivables Settings).").format(label)
			)
		entry.append(
			"deductions",
			{
				"account": account,
				"cost_center": cost_center,
				"amount": flt(amount(total) * flt(entry.source_exchange_rate or 1), 2),
				"description": label,
			},
		)


def link(entry, line_name: str) -> None:
	"""Tie the payment to its bank line by ERPNext's own bank reconciliation."""
	from erpnext.accounts.doctype.bank_reconciliation_tool.bank_reconciliation_tool import reconcile_vouchers

	reconcile_vouchers(
		line_name,
		json.dumps(
			[{"payment_doctype": "Payment Entry", "payment_name": entry.name, "amount": entry.paid_amount}]
		),
	)


def reconcile(proposal, entry) -> None:
	"""Allocate what a Payment Entry has left by ERPNext's Payment Reconciliation, oldest due first within each invoice."""
	tool = frappe.new_doc("Payment Reconciliation")
	tool.update(
		{
			"company": proposal.company,
			"party_type": "Customer",
			"party": proposal.customer,
			"receivable_payable_account": _one_account(proposal.company, proposal.rows),
			"payment_name": entry.name,
			"invoice_limit": 0,
			"payment_limit": 0,
		}
	)
	tool.get_unreconciled_entries()
	wanted: dict[str, int] = {}
	for row in proposal.rows:
		wanted[row.sales_invoice] = wanted.get(row.sales_invoice, 0) + units(row.allocated_amount)
	by_name = {
		row.invoice_number: row.as_dict() for row in tool.invoices if row.invoice_type == "Sales Invoice"
	}
	payments = [
		row.as_dict()
		for row in tool.payments
		if row.reference_type == "Payment Entry" and row.reference_name == entry.name
	]
	missing = [invoice for invoice in wanted if invoice not in by_name]
	if missing or not payments:
		frappe.throw(
			_("ERPNext does not offer {0} for reconciliation any more. Run the matching again.").format(
				", ".join(missing) or entry.name
			)
		)
	invoices = []
	for invoice, total in wanted.items():
		by_name[invoice].outstanding_amount = amount(total)
		invoices.append(by_name[invoice])
	tool.allocate_entries(frappe._dict(invoices=invoices, payments=payments[:1]))
	tool.reconcile()


def unreconcile(proposal, entry) -> None:
	"""Take the allocation back by ERPNext's Unreconcile Payment; refused where more than it would go."""
	from erpnext.accounts.doctype.unreconcile_payment.unreconcile_payment import (
		create_unreconcile_doc_for_selection,
	)

	wanted: dict[str, int] = {}
	for row in proposal.rows:
		wanted[row.sales_invoice] = wanted.get(row.sales_invoice, 0) + units(row.allocated_amount)
	standing: dict[str, int] = {}
	for row in entry.references:
		if row.reference_doctype == "Sales Invoice" and row.reference_name in wanted:
			standing[row.reference_name] = standing.get(row.reference_name, 0) + units(row.allocated_amount)
	if standing != wanted:
		frappe.throw(
			_("What {0} pays was changed after the match. Undo it with Unreconcile Payment.").format(
				entry.name
			)
		)
	create_unreconcile_doc_for_selection(
		json.dumps(
			[
				{
					"company": proposal.company,
					"voucher_type": "Payment Entry",
					"voucher_no": entry.name,
					"against_voucher_type": "Sales Invoice",
					"against_voucher_no": invoice,
				}
				for invoice in wanted
			]
		)
	)
