"""The gate that every submit and every cancel meets.

`before_submit` judges, `on_submit` makes sure that what is posted is what was judged and writes it down; cancel likewise.
Documents whose DocType no chain speaks about leave at the first line, without SQL. Two ways around are closed here:
`flags.ignore_validate` skips `before_submit`, so that case is judged in `before_validate`; and a stop in `on_submit` takes back
what was written by then before it is told, so that a program which swallows it has nothing to commit.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field

import frappe
from frappe import _
from frappe.utils import get_link_to_form

from sales_crm_accounts.services.approvals import (
	CANCEL,
	SUBMIT,
	chains,
	content,
	newborn,
	steps,
	system_vouchers,
)

APPROVED, NO_CHAIN, BELOW, RECEIPT, SYSTEM_VOUCHER = (
	"Approved",
	"No Chain",
	"Below Every Band",
	"Receipt",
	"System Voucher",
)
STOPPED = "Stopped"
LEDGERS = frozenset({"GL Entry", "Stock Ledger Entry", "Payment Ledger Entry"})


class ApprovalRequired(frappe.ValidationError):
	"""The document has to be approved first; the message says by whom."""

	http_status_code = 417


@dataclass(slots=True)
class Verdict:
	outcome: str
	fingerprint: str = ""
	reason: str = ""
	chain: frappe._dict | None = None
	request: str | None = None
	route: object = None
	problems: list = field(default_factory=list)
	amount: object = 0
	currency: str = ""

	@property
	def passes(self) -> bool:
		return self.outcome != STOPPED


# Events


def before_validate(doc, method=None):
	if doc._action != "submit" or not chains.gated(doc.doctype):
		return
	if doc.flags.ignore_validate:
		enter(doc, SUBMIT)
	elif newborn.by_machine(doc) and not judge(doc, SUBMIT).passes:
		newborn.keep_as_draft(doc)


def before_submit(doc, method=None):
	if doc.doctype in LEDGERS:
		before_ledger_entry(doc)
	elif chains.gated(doc.doctype):
		enter(doc, SUBMIT)


def on_submit(doc, method=None):
	if chains.gated(doc.doctype):
		leave(doc, SUBMIT)


def before_cancel(doc, method=None):
	if chains.gated(doc.doctype):
		enter(doc, CANCEL)


def on_cancel(doc, method=None):
	if chains.gated(doc.doctype):
		leave(doc, CANCEL)


def before_ledger_entry(entry):
	"""Ledger entries belong to a voucher that was posted; those of a draft come from a program that goes around its submit."""
	if not chains.gated(entry.voucher_type):
		return
	checked = _of_request("sca_gate_posted", set)
	key = (entry.voucher_type, entry.voucher_no)
	if key in checked:
		return
	if frappe.db.get_value(*key, "docstatus") == 0:
		doc = frappe.get_doc(*key)
		verdict = judge(doc, SUBMIT)
		if not verdict.passes:
			frappe.db.rollback()
			stop(doc, SUBMIT, verdict)
	checked.add(key)


# What they do


def enter(doc, action: str):
	"""Let the document through, or stop it with the reason; the request is opened once the stop has been rolled back."""
	verdict = judge(doc, action)
	if not verdict.passes:
		stop(doc, action, verdict)
	_passed()[(doc.doctype, doc.name, action)] = verdict


def leave(doc, action: str):
	"""What is posted must be what was let in; then the log says why it passed."""
	verdict = _passed().pop((doc.doctype, doc.name, action), None)
	if verdict is None or verdict.fingerprint != content.fingerprint_of(doc):
		verdict = judge(doc, action)
	if not verdict.passes:
		unsaved = newborn.is_newborn(doc)
		frappe.db.rollback()
		stop(doc, action, verdict, unsaved)
	log = frappe.get_doc(
		{
			"doctype": "Approval Gate Log",
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"action": action,
			"outcome": verdict.outcome,
			"request": verdict.request,
			"user": frappe.session.user,
			"reason": verdict.reason[:140],
			"fingerprint": verdict.fingerprint,
		}
	)
	log.flags.by_gate = True
	log.insert(ignore_permissions=True)
	if verdict.request:
		from sales_crm_accounts.services.approvals import requests

		requests.mark_posted(verdict.request)


def judge(doc, action: str) -> Verdict:
	"""Whether the document may be posted as it is now. Raises ChainUnusable where a chain cannot be judged."""
	fingerprint = content.fingerprint_of(doc)
	if kind := system_vouchers.kind_of(doc):
		return Verdict(SYSTEM_VOUCHER, fingerprint, kind)
	if carrier := _carried().get((doc.doctype, doc.name, action)):
		return Verdict(SYSTEM_VOUCHER, fingerprint, carrier)
	chain = chains.chain_for(doc, action)
	if chain is None:
		if chains.is_receipt(doc):
			return Verdict(RECEIPT, fingerprint)
		return Verdict(NO_CHAIN, fingerprint)
	if request := approved_request(doc, action, fingerprint):
		return Verdict(APPROVED, fingerprint, chain.name, chain, request)
	return route_of(doc, chain, fingerprint)


def route_of(doc, chain, fingerprint: str = "", requester: str | None = None, authors=None) -> Verdict:
	"""The way that a document would go through a chain."""
	from sales_crm_accounts.services.approvals import routes

	amount, currency = chains.amount_of(chain, doc)
	route, problems = routes.resolve(chain, doc, amount, requester, authors)
	outcome = STOPPED if problems or route.groups else BELOW
	return Verdict(
		outcome,
		fingerprint,
		chain.name,
		chain,
		route=route,
		problems=list(problems),
		amount=amount,
		currency=currency,
	)


def approved_request(doc, action: str, fingerprint: str) -> str | None:
	"""An approved request for exactly this content that has not been used; one that SQL made or changed does not count."""
	if not doc.name:
		return None
	rows = frappe.get_all(
		"Approval Request",
		filters={
			"reference_doctype": doc.doctype,
			"reference_name": doc.name,
			"action": action,
			"status": "Approved",
			"posted": 0,
			"fingerprint": fingerprint,
		},
		fields=["*"],
	)
	return next((row.name for row in rows if steps.is_sealed(row) and not steps.verify(row.name)), None)


def stop(doc, action: str, verdict: Verdict, unsaved: bool = False):
	"""Explain who has to agree, and have the request opened for whoever was stopped."""
	from sales_crm_accounts.services import messages
	from sales_crm_accounts.services.approvals import requests, routes

	chain_link = get_link_to_form("Approval Chain", verdict.chain.name)
	parts = []
	if verdict.problems:
		parts.append(
			_("Approval chain {0} covers this document, and nobody can approve it:").format(chain_link)
		)
		parts += [messages.text(problem) for problem in verdict.problems]
		parts.append(_("An Approval Manager has to correct the chain, the users or their managers."))
	else:
		waits = routes.first_stage_names(verdict.route)
		parts.append(
			_("{0} needs approval ({1}) before it is posted.").format(frappe.bold(_(doc.doctype)), chain_link)
			if action == SUBMIT
			else _("{0} needs approval ({1}) before it is cancelled.").format(
				frappe.bold(_(doc.doctype)), chain_link
			)
		)
		if unsaved or newborn.is_newborn(doc):
			parts.append(
				_("Save it as a draft first, then submit it: the request goes to {0}.").format(
					frappe.bold(waits)
				)
			)
		else:
			parts.append(
				_("It waits for {0}. The request is opened for you; you are told when it is decided.").format(
					frappe.bold(waits)
				)
			)
		if doc.name:
			requests.open_later(doc, action)
	frappe.throw(" ".join(parts), exc=ApprovalRequired, title=_("Approval Needed"))


@contextmanager
def carried_by(doc, voucher, action: str):
	"""A document that a chain approved takes the voucher that posts it (or takes it back) through the gate of the voucher's own type.

	Used between the document's `before_submit` and the end of its `on_submit`; does nothing where it was not approved.
	"""
	verdict = _passed().get((doc.doctype, doc.name, action))
	key = (voucher.doctype, voucher.name, action)
	if verdict and verdict.outcome == APPROVED:
		_carried()[key] = f"{doc.doctype} {doc.name}"
	try:
		yield
	finally:
		_carried().pop(key, None)


def _carried() -> dict:
	return _of_request("sca_gate_carried", dict)


def _passed() -> dict:
	"""Verdicts between `before_submit` and `on_submit`, out of the reach of scripts (a document's flags are not)."""
	return _of_request("sca_gate_passed", dict)


def _of_request(name: str, kind):
	"""Something that is kept for the length of the request."""
	kept = getattr(frappe.local, name, None)
	if kept is None:
		kept = kind()
		setattr(frappe.local, name, kept)
	return kept
