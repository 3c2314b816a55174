"""Applying a proposal, exactly once; rejecting it; undoing it. Every step is a document of ERPNext's own."""

import frappe
from frappe import _
from frappe.utils import flt, get_link_to_form, now

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.approvals import requests
from sales_crm_accounts.services.matching import (
	APPLIED,
	AWAITING,
	BANK,
	PROPOSED,
	REJECTED,
	UNDONE,
	payers,
	payment,
	proposals,
)
from sales_crm_accounts.services.matching.units import units


def apply(name: str, automatic: bool = False) -> str:
	"""Book a proposal: its new status. Raises with a clear message where it cannot be, or where somebody was faster."""
	proposal = _locked(name, PROPOSED)
	_open_books(proposal)
	if not proposal.customer:
		frappe.throw(_("Choose the customer first."))
	source = frappe.get_doc(proposal.source_type, proposal.source_name, for_update=True)
	if source.docstatus != 1 or units(source.unallocated_amount) != units(proposal.amount):
		frappe.throw(
			_(
				"{0} has changed: {1} are left of it, and the proposal is over {2}. Run the matching again."
			).format(
				get_link_to_form(source.doctype, source.name),
				frappe.format_value(flt(source.unallocated_amount), "Currency", currency=proposal.currency),
				frappe.format_value(flt(proposal.amount), "Currency", currency=proposal.currency),
			)
		)
	proposals.check(proposal)
	status, entry = APPLIED, None
	if proposal.source_type == BANK:
		entry = payment.for_bank_line(proposal, source)
		entry.insert()
		if requests.needed(entry):
			requests.open_request(entry, channel="System")
			status = AWAITING
		else:
			# Its own events find the proposal by this link.
			frappe.flags.sca_matching = proposal.name
			try:
				entry.submit()
			finally:
				frappe.flags.sca_matching = None
			payment.link(entry, source.name)
	else:
		if not proposal.rows:
			frappe.throw(_("There is nothing to apply: all of it stays on account."))
		source.check_permission("submit")
		payment.reconcile(proposal, source)
		entry = source
	_decided(proposal, status, entry.name, automatic, _message(proposal, status, entry))
	if not automatic:
		payers.learn(proposal)
	ledger.flush()
	return status


def submitted(entry) -> None:
	"""A Payment Entry that waited for its approval is posted: tie it to its bank line."""
	if frappe.flags.sca_matching:
		return
	for name in frappe.get_all(
		"Cash Match Proposal", {"payment_entry": entry.name, "status": AWAITING}, pluck="name"
	):
		proposal = frappe.get_doc("Cash Match Proposal", name, for_update=True)
		line = frappe.get_doc(BANK, proposal.source_name)
		message = _message(proposal, APPLIED, entry)
		if line.docstatus == 1 and flt(line.unallocated_amount) > 0:
			payment.link(entry, line.name)
		else:
			message = _("The payment is posted, but its bank line was reconciled with something else.")
		_decided(proposal, APPLIED, entry.name, bool(proposal.automatic), message)


def gone(entry) -> None:
	"""A payment of a match was cancelled or deleted elsewhere: the match is undone with it."""
	if frappe.flags.sca_matching:
		return
	for name in frappe.get_all(
		"Cash Match Proposal",
		{"payment_entry": entry.name, "status": ("in", [AWAITING, APPLIED])},
		pluck="name",
	):
		proposal = frappe.get_doc("Cash Match Proposal", name, for_update=True)
		payers.forget(proposal)
		_decided(
			proposal,
			UNDONE,
			None if proposal.status == AWAITING else entry.name,
			False,
			_("{0} was cancelled or deleted.").format(entry.name),
		)


def reject(name: str, reason: str = "") -> None:
	proposal = _locked(name, PROPOSED)
	_decided(proposal, REJECTED, None, False, reason)


def undo(name: str) -> None:
	"""Take an applied match back: the Payment Entry of a bank line is cancelled, the allocation of a payment unreconciled."""
	proposal = _locked(name, APPLIED)
	_open_books(proposal)
	entry = frappe.get_doc("Payment Entry", proposal.payment_entry, for_update=True)
	if proposal.source_type == BANK:
		frappe.flags.sca_matching = proposal.name
		try:
			entry.cancel()
		finally:
			frappe.flags.sca_matching = None
	else:
		entry.check_permission("submit")
		payment.unreconcile(proposal, entry)
	payers.forget(proposal)
	_decided(proposal, UNDONE, proposal.payment_entry, bool(proposal.automatic), _("Undone."))
	ledger.mark(row.sales_invoice for row in proposal.rows)
	ledger.flush()


def _locked(name: str, status: str):
	"""The proposal, with its row locked until the transaction ends: of two people at once, the second is told."""
	proposal = frappe.get_doc("Cash Match Proposal", name, for_update=True)
	if proposal.status != status:
		who = frappe.utils.get_fullname(proposal.decided_by) if proposal.decided_by else ""
		frappe.throw(
			_("{0} is {1} already ({2}, {3}). Reload the page.").format(
				proposal.name,
				_(proposal.status),
				who or "-",
				frappe.format(proposal.decided_on, "Datetime") if proposal.decided_on else "-",
			),
			title=_("Somebody Was Faster") if status == PROPOSED else _("Not Possible"),
		)
	return proposal


def _open_books(proposal) -> None:
	if closed := erpnext_compat.closed_until(proposal.company, proposal.posting_date, "Payment Entry"):
		frappe.throw(
			_("{0} is in a closed period ({1}): nothing can be booked or taken back there.").format(
				frappe.format(proposal.posting_date, "Date"), closed
			),
			title=_("Closed Period"),
		)


def _decided(proposal, status: str, entry: str | None, automatic: bool, message: str) -> None:
	proposal.flags.by_service = True
	proposal.status, proposal.payment_entry, proposal.automatic = status, entry, int(automatic)
	proposal.message, proposal.decided_by, proposal.decided_on = message, frappe.session.user, now()
	# Those who may post a payment may not have the right to write on proposals; the status is the service's alone.
	proposal.save(ignore_permissions=True)


def _message(proposal, status: str, entry) -> str:
	parts = []
	if status == AWAITING:
		parts.append(
			_("{0} is a draft that waits for its approval; it is applied when it is posted.").format(
				entry.name
			)
		)
	if flt(proposal.on_account):
		parts.append(
			_("{0} more than was matched came in and stays on the account of {1}.").format(
				frappe.format_value(flt(proposal.on_account), "Currency", currency=proposal.party_currency),
				proposal.customer_name or proposal.customer,
			)
		)
	return " ".join(parts)
