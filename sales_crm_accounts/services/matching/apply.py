"""Applying a proposal, exactly once; rejecting it; undoing it. Every step is a document of ERPNext's own."""

from contextlib import contextmanager

import frappe
from frappe import _
from frappe.utils import flt, get_link_to_form, now

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.approvals import requests
from sales_crm_accounts.services.derived import is_lock_error
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
	telling,
)
from sales_crm_accounts.services.matching.units import units

#: Proposals of one request: about a second each.
AT_ONCE = 20
#: What a person is told, and nobody else needs to look at.
_REFUSALS = (frappe.ValidationError, frappe.PermissionError)


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
	_nobody_else_pays(proposal)
	proposals.check(proposal)
	status = APPLIED
	if proposal.source_type == BANK:
		entries = [_book(proposal, source, part) for part in payment.parts(proposal, source)]
		if any(entry.docstatus == 0 for entry in entries):
			status = AWAITING
	else:
		if not proposal.rows:
			frappe.throw(_("There is nothing to apply: all of it stays on account."))
		source.check_permission("submit")
		payment.reconcile(proposal, source)
		entries = [source]
	_decided(proposal, status, entries[0].name, automatic, _message(proposal, status, entries))
	if not automatic and not proposal.several_customers:
		payers.learn(proposal)
	ledger.flush()
	return status


def _book(proposal, line, part: payment.Part):
	"""The Payment Entry of one customer, posted and tied to the bank line; a draft where a chain covers it."""
	entry = payment.for_bank_line(proposal, line, part)
	entry.insert()
	for row in part.rows:
		row.payment_entry = entry.name
	if requests.needed(entry):
		requests.open_request(entry, channel="System")
		return entry
	with _own_doing(proposal):
		entry.submit()
	payment.link(entry, line.name)
	return entry


@contextmanager
def _own_doing(proposal):
	"""The payment's own events would find the proposal by its link, and take it for somebody else's doing."""
	frappe.flags.sca_matching = proposal.name
	try:
		yield
	finally:
		frappe.flags.sca_matching = None


def _entries_of(proposal) -> list[str]:
	"""Its Payment Entries: one, or one for each customer."""
	return list(
		dict.fromkeys(
			[proposal.payment_entry, *(row.payment_entry for row in proposal.rows if row.payment_entry)]
		)
	)


def _matches_of(entry, statuses: list[str]) -> list:
	"""The proposals that a payment belongs to, locked."""
	by_row = frappe.get_all("Cash Match Proposal Row", {"payment_entry": entry.name}, pluck="parent")
	names = frappe.get_all(
		"Cash Match Proposal",
		filters={"status": ("in", statuses)},
		or_filters={"payment_entry": entry.name, "name": ("in", by_row or [""])},
		pluck="name",
	)
	return [frappe.get_doc("Cash Match Proposal", name, for_update=True) for name in names]


def submitted(entry) -> None:
	"""A Payment Entry that waited for its approval is posted: tie it to its bank line."""
	if frappe.flags.sca_matching:
		return
	for proposal in _matches_of(entry, [AWAITING]):
		line = frappe.get_doc(BANK, proposal.source_name)
		entries = _entries_of(proposal)
		waiting = frappe.get_all("Payment Entry", {"name": ("in", entries), "docstatus": 0}, pluck="name")
		waiting = [name for name in waiting if name != entry.name]
		status = AWAITING if waiting else APPLIED
		message = _message(proposal, status, [frappe._dict(name=name, docstatus=0) for name in waiting])
		if line.docstatus == 1 and flt(line.unallocated_amount) > 0:
			payment.link(entry, line.name)
		else:
			message = _("The payment is posted, but its bank line was reconciled with something else.")
		_decided(proposal, status, proposal.payment_entry, bool(proposal.automatic), message)


def gone(entry) -> None:
	"""A payment of a match was cancelled or deleted elsewhere: the match is undone with it, and what waits for its approval goes."""
	if frappe.flags.sca_matching:
		return
	for proposal in _matches_of(entry, [AWAITING, APPLIED]):
		payers.forget(proposal)
		message = _("{0} was cancelled or deleted.").format(entry.name)
		others = [name for name in _entries_of(proposal) if name != entry.name]
		dropped = _drop_drafts(proposal, others)
		others = [name for name in others if name not in dropped]
		if dropped:
			message += " " + _("The drafts for the other customers are deleted: {0}.").format(
				", ".join(dropped)
			)
		if others:
			message += " " + _("The payments of the other customers stand: {0}.").format(", ".join(others))
		for row in proposal.rows:
			if proposal.status == AWAITING and row.payment_entry in (entry.name, *dropped):
				row.payment_entry = None
		kept = others[0] if others else None
		_decided(proposal, UNDONE, kept if proposal.status == AWAITING else entry.name, False, message)


def _drop_drafts(proposal, entries: list[str]) -> list[str]:
	"""Delete those that are drafts, which closes their requests: approved later, they would pay untied to the bank line."""
	drafts = frappe.get_all("Payment Entry", {"name": ("in", entries or [""]), "docstatus": 0}, pluck="name")
	for name in drafts:
		with _own_doing(proposal):
			# Who may cancel one payment of a match need not have the right to delete the drafts it leaves behind.
			frappe.delete_doc("Payment Entry", name, ignore_permissions=True)
	return drafts


def reject(name: str, reason: str = "") -> None:
	proposal = _locked(name, PROPOSED)
	_decided(proposal, REJECTED, None, False, reason)


def undo(name: str) -> None:
	"""Take an applied match back: the Payment Entry of a bank line is cancelled, the allocation of a payment unreconciled."""
	proposal = _locked(name, APPLIED)
	_open_books(proposal)
	if proposal.source_type == BANK:
		for name in reversed(_entries_of(proposal)):
			with _own_doing(proposal):
				frappe.get_doc("Payment Entry", name, for_update=True).cancel()
	else:
		entry = frappe.get_doc("Payment Entry", proposal.payment_entry, for_update=True)
		entry.check_permission("submit")
		payment.unreconcile(proposal, entry)
	payers.forget(proposal)
	_decided(proposal, UNDONE, proposal.payment_entry, bool(proposal.automatic), _("Undone."))
	ledger.mark(row.sales_invoice for row in proposal.rows)
	ledger.flush()


def each(names: list[str], do) -> list[dict]:
	"""Several proposals, each in a transaction of its own: one that cannot be costs the others nothing."""
	results = []
	for name in names:
		said = list(frappe.local.message_log)
		error = None
		try:
			do(name)
		except Exception as refused:
			frappe.db.rollback()
			if not isinstance(refused, _REFUSALS) and not is_lock_error(refused):
				frappe.log_error(title=_("Cash match {0} failed").format(name))
			error = frappe.utils.strip_html(str(refused)) or _("Not Possible")
		# Said of each at the end; a pop-up for every one of them would be in the way.
		frappe.local.message_log = said
		frappe.db.commit()
		results.append(
			{
				"name": name,
				"status": frappe.db.get_value("Cash Match Proposal", name, "status"),
				"error": error,
			}
		)
	return results


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


def _nobody_else_pays(proposal) -> None:
	"""Lock the invoices, in the order of their names: what two receipts would pay at once, the second is told about.

	What this transaction saw before the lock may be old; only the locking read shows what was paid meanwhile.
	"""
	invoice = frappe.qb.DocType("Sales Invoice")
	names = sorted({row.sales_invoice for row in proposal.rows})
	if not names:
		return
	query = (
		frappe.qb.from_(invoice)
		.where(invoice.name.isin(names))
		.select(invoice.name, invoice.outstanding_amount)
		.orderby(invoice.name)
	)
	seen, latest = query.run(), query.for_update().run()
	changed = [new[0] for old, new in zip(seen, latest, strict=True) if old != new]
	if changed:
		frappe.throw(
			_("{0} was paid or changed by somebody else just now. Reload the page and look again.").format(
				", ".join(changed)
			),
			title=_("Somebody Was Faster"),
		)


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
	if status == APPLIED:
		telling.over_payment(proposal)


def _message(proposal, status: str, entries) -> str:
	parts = []
	if status == AWAITING:
		drafts = ", ".join(entry.name for entry in entries if entry.docstatus == 0)
		parts.append(
			_("{0} is a draft that waits for its approval; it is applied when it is posted.").format(drafts)
		)
	if flt(proposal.on_account):
		parts.append(
			_("{0} more than was matched came in and stays on the account of {1}.").format(
				frappe.format_value(flt(proposal.on_account), "Currency", currency=proposal.party_currency),
				proposal.customer_name or proposal.customer,
			)
		)
	return " ".join(parts)
