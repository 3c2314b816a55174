"""Disputes about receivables: what may be disputed, who settles it until when, and the outcome that wakes the reminders again."""

from datetime import date, timedelta

import frappe
from frappe import _
from frappe.utils import cint, escape_html, flt, getdate, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.problems import _ as N_
from sales_crm_accounts.core.receivables.holds import DISPUTE, Claim
from sales_crm_accounts.services.receivables import notices, parts
from sales_crm_accounts.services.receivables.held import SETTINGS

TABLE = "Receivable Dispute"
OPEN, RESOLVED, CANCELLED = "Open", "Resolved", "Cancelled"
CREDIT, REBILL, REJECT = "Credit", "Rebill", "Reject"
OUTCOMES = (CREDIT, REBILL, REJECT)
DAYS = 14
_WHAT = ("company", "customer", "sales_invoice", "installment_no", "disputed_amount", "reason")


# Saving


def validate(doc) -> None:
	parts.keep(
		doc,
		{
			"status": OPEN,
			"outcome": None,
			"resolved_on": None,
			"credit_note": None,
			"reminded_on": None,
		},
	)
	if doc.status != OPEN:
		parts.refuse_changes(
			doc,
			(*_WHAT, "dispute_owner", "due_date"),
			_("This dispute is {0}. Reopen it first.").format(_(doc.status, context=TABLE)),
		)
		return
	if not doc.sales_invoice:
		frappe.throw(_("Choose the invoice that is disputed."))
	parts.fill(doc)
	parts.check_rights(doc)
	doc.disputed_amount = flt(doc.disputed_amount, doc.precision("disputed_amount"))
	if doc.disputed_amount <= 0:
		frappe.throw(_("Enter the amount that is disputed; it must be larger than zero."))
	_fill_defaults(doc)
	if doc.is_new() or parts.changed(doc, "due_date"):
		if getdate(doc.due_date) < getdate(today()):
			frappe.throw(_("Settle By {0} is in the past.").format(frappe.format(doc.due_date, "Date")))
		doc.reminded_on = None
	if doc.is_new() or parts.changed(doc, *_WHAT):
		check_amount(doc)


def after_save(doc) -> None:
	"""Tell the owner, where somebody else gave it to them."""
	before = doc.get_doc_before_save()
	if doc.dispute_owner == frappe.session.user or doc.status != OPEN:
		return
	if before and before.dispute_owner == doc.dispute_owner:
		return
	notices.ring(
		doc.dispute_owner,
		N_("{0} disputes {1} of invoice {2}. Please settle it by {3}."),
		(
			doc.customer_name or doc.customer,
			parts.money(doc.disputed_amount, doc.currency),
			doc.sales_invoice,
			frappe.format(doc.due_date, "Date"),
		),
		doc,
	)


def check_amount(doc) -> None:
	claim = Claim(
		kind=DISPUTE,
		name=doc.name or "",
		customer=doc.customer,
		sales_invoice=doc.sales_invoice,
		installment_no=cint(doc.installment_no),
		amount=to_decimal(doc.disputed_amount),
	)
	others = _open_claims(doc)
	there, left = parts.room(doc, claim, others, parts.rows(doc))
	if claim.amount > there:
		frappe.throw(
			_("{0} are disputed, but only {1} are open of {2}.").format(
				parts.money(doc.disputed_amount, doc.currency),
				parts.money(there, doc.currency),
				parts.part_name(doc),
			)
		)
	if claim.amount > left:
		frappe.throw(
			_("{0} are disputed, but other open disputes ({1}) leave only {2} of {3}.").format(
				parts.money(doc.disputed_amount, doc.currency),
				", ".join(other.name for other in others),
				parts.money(left, doc.currency),
				parts.part_name(doc),
			)
		)


def _open_claims(doc) -> list[Claim]:
	rows = frappe.get_all(
		TABLE,
		filters={"sales_invoice": doc.sales_invoice, "status": OPEN, "name": ("!=", doc.name or "")},
		fields=["name", "customer", "installment_no", "disputed_amount"],
		order_by="name",
	)
	return [
		Claim(
			kind=DISPUTE,
			name=row.name,
			customer=row.customer,
			sales_invoice=doc.sales_invoice,
			installment_no=cint(row.installment_no),
			amount=to_decimal(row.disputed_amount),
		)
		for row in rows
	]


def _fill_defaults(doc) -> None:
	if not doc.due_date:
		days = frappe.db.get_value(SETTINGS, doc.company, "dispute_days")
		doc.due_date = getdate(today()) + timedelta(days=DAYS if days is None else cint(days))
	if not doc.dispute_owner:
		owner = doc.deal and frappe.db.get_value("Deal", doc.deal, "deal_owner")
		doc.dispute_owner = owner or frappe.session.user


# Outcome


def resolve(name: str, outcome: str, credit_note: str | None = None, remark: str | None = None) -> None:
	"""Settle an open dispute; from then on nothing of it is held. Credit needs a submitted credit note of the invoice."""
	doc = frappe.get_doc(TABLE, name, for_update=True)
	doc.check_permission("write")
	if doc.status != OPEN:
		frappe.throw(_("This dispute is {0}. Reopen it first.").format(_(doc.status, context=TABLE)))
	if outcome not in OUTCOMES:
		frappe.throw(
			_("Choose an outcome: {0}.").format(", ".join(_(one, context=TABLE) for one in OUTCOMES))
		)
	if outcome == REJECT:
		credit_note = None
	if credit_note:
		_check_credit_note(doc, credit_note)
	elif outcome == CREDIT:
		frappe.throw(_("Choose the credit note that settles the dispute. It must be submitted."))
	doc.db_set(
		{"status": RESOLVED, "outcome": outcome, "resolved_on": today(), "credit_note": credit_note},
		notify=True,
	)
	texts = {
		CREDIT: _("resolved this dispute by credit note {0}. {1}"),
		REBILL: _("resolved this dispute: the invoice is billed anew. {1}"),
		REJECT: _("resolved this dispute: it was rejected, the amount is due. {1}"),
	}
	doc.add_comment("Info", texts[outcome].format(escape_html(credit_note or ""), escape_html(remark or "")))


def reopen(name: str) -> None:
	"""Take the outcome back; the amount must still be open."""
	doc = frappe.get_doc(TABLE, name, for_update=True)
	doc.check_permission("write")
	if doc.status == OPEN:
		return
	parts.invoice(doc.sales_invoice)
	check_amount(doc)
	_set_open(doc)
	doc.add_comment("Info", _("reopened this dispute."))


def cancel(name: str, reason: str | None = None) -> None:
	"""For a dispute that was entered by mistake or taken back by the customer."""
	doc = frappe.get_doc(TABLE, name, for_update=True)
	doc.check_permission("write")
	if doc.status != OPEN:
		frappe.throw(_("This dispute is {0}. Reopen it first.").format(_(doc.status, context=TABLE)))
	doc.db_set({"status": CANCELLED, "resolved_on": today()}, notify=True)
	doc.add_comment("Info", _("cancelled this dispute. {0}").format(escape_html(reason or "")))


def _check_credit_note(doc, credit_note: str) -> None:
	note = frappe.db.get_value(
		"Sales Invoice", credit_note, ["docstatus", "is_return", "return_against"], as_dict=True
	)
	if not note or not note.is_return or note.return_against != doc.sales_invoice:
		frappe.throw(
			_("{0} is no credit note of invoice {1}.").format(frappe.bold(credit_note), doc.sales_invoice)
		)
	if note.docstatus != 1:
		frappe.throw(_("Credit note {0} is not submitted.").format(frappe.bold(credit_note)))


def _set_open(doc) -> None:
	doc.db_set(
		{"status": OPEN, "outcome": None, "resolved_on": None, "credit_note": None, "reminded_on": None},
		notify=True,
	)


# What happens to the invoice


def invoice_cancelled(invoice: str) -> None:
	"""A cancelled invoice has nothing to dispute; a cancelled credit note settles nothing, so its disputes are open again.

	Whoever cancels the invoice need have no right on disputes: they follow from it.
	"""
	for name in frappe.get_all(
		TABLE, filters={"sales_invoice": invoice, "status": OPEN}, pluck="name", order_by="name"
	):
		doc = frappe.get_doc(TABLE, name)
		doc.db_set({"status": CANCELLED, "resolved_on": today()}, notify=True)
		doc.add_comment("Info", _("Invoice {0} was cancelled.").format(invoice))
	for name in frappe.get_all(
		TABLE,
		filters={"credit_note": invoice, "status": RESOLVED, "outcome": CREDIT},
		pluck="name",
		order_by="name",
	):
		doc = frappe.get_doc(TABLE, name)
		_set_open(doc)
		doc.add_comment(
			"Info", _("Credit note {0} was cancelled: the dispute is open again.").format(invoice)
		)


# Every night


def remind_owners(day: date | None = None) -> int:
	"""Tell the owners of disputes whose day has passed, once for each day that was set. Commits. Number of those told of."""
	day = day or getdate(today())
	names = frappe.get_all(
		TABLE,
		filters={"status": OPEN, "due_date": ("<", day), "reminded_on": ("is", "not set")},
		pluck="name",
		order_by="due_date, name",
	)
	for name in names:
		doc = frappe.get_doc(TABLE, name)
		try:
			notices.ring(
				doc.dispute_owner or doc.owner,
				N_("The dispute of {0} about {1} of invoice {2} was to be settled by {3}."),
				(
					doc.customer_name or doc.customer,
					parts.money(doc.disputed_amount, doc.currency),
					doc.sales_invoice,
					frappe.format(doc.due_date, "Date"),
				),
				doc,
			)
			doc.db_set("reminded_on", day, update_modified=False)
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Owner of dispute {0} not told").format(name))
			frappe.db.commit()
	return len(names)
