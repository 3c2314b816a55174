"""Posting a write-off proposal: Journal Entries of the type Write Off Entry by ERPNext's own API, in the transaction that submits it.

One for each receivable account and currency. Each row names its invoice and, where that has several installments, the due date,
so that the installment ledger closes the right one. A recovery is the same with the sides changed. Made with the rights of whoever
submits, under all of ERPNext's own checks (closed periods, frozen accounts, what is open of the invoice).
"""

from contextlib import contextmanager
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import flt, get_link_to_form, getdate

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import write_offs as rules
from sales_crm_accounts.services.approvals import CANCEL, SUBMIT, gate
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import write_offs

#: Fields of the Journal Entry: the proposal, and a unique key, so that no part of it is posted twice.
LINK, KEY = "write_off_proposal", "write_off_key"
#: ERPNext posts a longer Journal Entry in the background, where it could fail on its own.
MAX_ROWS = 100


def post(doc) -> None:
	"""Make and submit the Journal Entries; whatever fails takes the proposal's submit back with it."""
	facts = write_offs.facts_for(doc)
	items, bearers = _items(doc, facts)
	for number, journal in enumerate(rules.journals(items, MAX_ROWS), 1):
		voucher = _voucher(doc, journal, items, bearers, facts)
		voucher.set(LINK, doc.name)
		voucher.set(KEY, f"{doc.name}/{number}")
		voucher.flags.sca_write_off = True
		voucher.insert()
		_check_amounts(doc, voucher, journal, items)
		with _approved_by(doc, voucher, SUBMIT):
			voucher.submit()
	doc.db_set("status", "Posted", update_modified=False)


def cancel(doc) -> None:
	"""Cancel what was posted, so that the installments are open again."""
	doc.ignore_linked_doctypes = ("GL Entry", "Payment Ledger Entry", "Journal Entry")
	doc.db_set("status", "Cancelled", update_modified=False)
	for name in frappe.get_all("Journal Entry", filters={LINK: doc.name, "docstatus": 1}, pluck="name"):
		voucher = frappe.get_doc("Journal Entry", name, for_update=True)
		with _approved_by(doc, voucher, CANCEL):
			voucher.cancel()


def check_cancel(doc) -> None:
	"""What was recovered since has to be given up again first."""
	later = frappe.db.get_value(write_offs.PROPOSAL, {"recovers": doc.name, "docstatus": 1})
	if later:
		frappe.throw(
			_("Part of it was recovered by {0}. Cancel that one first.").format(
				get_link_to_form(write_offs.PROPOSAL, later)
			)
		)


# The vouchers


def check_voucher_cancel(voucher) -> None:
	"""The Journal Entry alone is not cancelled: the proposal would say that it is posted."""
	name = voucher.get(LINK)
	if name and frappe.db.get_value(write_offs.PROPOSAL, name, "docstatus") == 1:
		frappe.throw(
			_(
				"{0} is the posting of Write-off Proposal {1}. Cancel that one; its posting is cancelled with it."
			).format(voucher.name, get_link_to_form(write_offs.PROPOSAL, name)),
			title=_("Posted by a Write-off Proposal"),
		)


def keep_key(voucher) -> None:
	"""The link is ours: a copy, an amended voucher and a client cannot set it."""
	if voucher.flags.sca_write_off:
		return
	kept = None if voucher.is_new() else frappe.db.get_value("Journal Entry", voucher.name, [LINK, KEY])
	voucher.update(dict(zip((LINK, KEY), kept or (None, None), strict=True)))


def follow_request(request) -> None:
	"""Whoever looks at the list sees which drafts wait for an approver."""
	if request.action != SUBMIT:
		return
	kept = frappe.db.get_value(write_offs.PROPOSAL, request.reference_name, ["docstatus", "status"])
	wanted = "Waiting for Approval" if request.status == "Open" else "Draft"
	if kept and kept[0] == 0 and kept[1] != wanted:
		frappe.db.set_value(
			write_offs.PROPOSAL, request.reference_name, "status", wanted, update_modified=False
		)


def _items(doc, facts) -> tuple[list[rules.Item], dict]:
	bearers = _bearers(doc, facts)
	return [
		rules.Item(
			customer=row.customer,
			account=row.account,
			currency=row.currency,
			amount=to_decimal(flt(row.amount, precision())),
			base=to_decimal(flt(row.base_amount, precision())),
			taxes=write_offs.taxes_in(row),
			bearer=tuple(sorted(bearers[row.sales_invoice].items())),
		)
		for row in doc.installments
	], bearers


def _bearers(doc, facts) -> dict[str, dict]:
	"""What the ledger rows of each invoice carry: cost center, deal, project and the site's other dimensions."""
	dimensions = [name for name in erpnext_compat.accounting_dimensions() if name != "deal"]
	names = {row.sales_invoice for row in doc.installments}
	return {
		row.name: {
			"cost_center": doc.cost_center,
			**{field: row[field] for field in ("deal", "project", *dimensions) if row.get(field)},
		}
		for row in frappe.get_all(
			"Sales Invoice", filters={"name": ("in", names)}, fields=["name", "deal", "project", *dimensions]
		)
	}


def _voucher(doc, journal, items, bearers, facts):
	sign = -1 if doc.kind == write_offs.RECOVERY else 1
	own = frappe.get_cached_value("Company", doc.company, "default_currency")
	voucher = frappe.new_doc("Journal Entry")
	voucher.update(
		{
			"voucher_type": "Write Off Entry",
			"company": doc.company,
			"posting_date": getdate(doc.posting_date),
			"user_remark": " · ".join(
				filter(
					None,
					[
						f"{_(doc.kind, context='Write-off Proposal')} {doc.name}",
						_(doc.reason or "", context="Write-off Proposal"),
						doc.explanation,
					],
				)
			),
			"multi_currency": int(journal.currency != own),
		}
	)
	for number in journal.items:
		row, item = doc.installments[number], items[number]
		fact = facts[row.sales_invoice, row.installment_no]
		several = (row.sales_invoice, 2) in facts
		voucher.append(
			"accounts",
			{
				"account": journal.account,
				"party_type": "Customer",
				"party": row.customer,
				"exchange_rate": write_offs.rate_of(fact),
				"reference_type": "Sales Invoice",
				"reference_name": row.sales_invoice,
				"reference_due_date": fact.due_date if several else None,
				**_side(-sign * item.amount),
				**bearers[row.sales_invoice],
			},
		)
	for debit in journal.debits:
		voucher.append(
			"accounts",
			{
				"account": debit.account or doc.write_off_account,
				"exchange_rate": 1,
				**_side(sign * debit.amount),
				**dict(debit.bearer),
			},
		)
	return voucher


def _side(amount: Decimal) -> dict:
	return {f"{'debit' if amount > 0 else 'credit'}_in_account_currency": float(abs(amount))}


def _check_amounts(doc, voucher, journal, items) -> None:
	"""What is about to be posted is the proposal, to the cent in both currencies."""
	places = precision()
	for row, number in zip(voucher.accounts, journal.items, strict=False):
		found = to_decimal(flt(flt(row.debit) + flt(row.credit), places))
		if found != items[number].base:
			frappe.throw(
				_(
					"Row {0}: ERPNext books {1} in company currency, the proposal has {2}. Save it again."
				).format(doc.installments[number].idx, found, items[number].base)
			)


@contextmanager
def _approved_by(doc, voucher, action: str):
	"""The approval of the proposal is the approval of its vouchers; without one, their own chain cannot be met in one step."""
	try:
		with gate.carried_by(doc, voucher, action):
			yield
	except gate.ApprovalRequired:
		frappe.clear_last_message()
		frappe.throw(
			_(
				"The proposal is posted as Journal Entry, which needs approval here. An Approval Manager makes a chain over {0}: its approval counts for the posting."
			).format(frappe.bold(_(write_offs.PROPOSAL))),
			title=_("Approval Needed"),
			exc=gate.ApprovalRequired,
		)
