"""Posting an expected credit loss: one Journal Entry of ERPNext, and the one that reverses it, each exactly once.

The entry is made with the rights of whoever submits, under all of ERPNext's checks. An approval of the document is the approval of its
entry; where only Journal Entries have a chain, the entry waits as a draft for its own approval. The reversal says nothing new, so it
passes the gate as what it is (`approvals.system_vouchers`).
"""

import frappe
from frappe import _
from frappe.utils import flt, formatdate, getdate, strip_html, today

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.services.approvals import CANCEL, SUBMIT, gate, requests
from sales_crm_accounts.services.expenses.parts import dimensions_of_deal
from sales_crm_accounts.services.invoices import dimensions_of
from sales_crm_accounts.services.receivables import credit_loss, credit_loss_settings
from sales_crm_accounts.services.receivables.credit_loss import DOCTYPE

DRAFT, WAITING, POSTED, REVERSED, NOTHING, CANCELLED = (
	"Draft",
	"Waiting for Approval",
	"Posted",
	"Reversed",
	"Nothing to Post",
	"Cancelled",
)
STATUSES = (DRAFT, WAITING, POSTED, REVERSED, NOTHING, CANCELLED)


def post(doc):
	"""Make the entry, and submit it unless it has to be approved first; whatever fails takes the document's submit back with it."""
	if doc.journal_entry:
		frappe.throw(_("It is posted already, as {0}.").format(doc.journal_entry))
	rows = _rows(doc)
	if not rows:
		doc.db_set("status", NOTHING, update_modified=False)
		return
	journal = frappe.new_doc("Journal Entry")
	journal.update(
		{
			"voucher_type": "Journal Entry",
			"company": doc.company,
			"posting_date": getdate(doc.as_of_date),
			"cheque_no": doc.name,
			"cheque_date": getdate(doc.as_of_date),
			"user_remark": _("Expected credit loss as of {0} ({1})").format(
				formatdate(doc.as_of_date), doc.name
			),
		}
	)
	for row in rows:
		journal.append("accounts", row)
	journal.insert()
	status = POSTED
	with gate.carried_by(doc, journal, SUBMIT):
		if requests.needed(journal):
			requests.open_request(journal, SUBMIT, channel="System")
			status = WAITING
		else:
			erpnext_compat.submit_now(journal)
	doc.db_set({"journal_entry": journal.name, "status": status}, update_modified=False)


def _rows(doc) -> list[dict]:
	"""Expense and provision of each deal that something is posted for, and of what is of none."""
	settings = credit_loss_settings.need(doc.company)
	moved = [(row.deal, row.movement) for row in doc.deals] or [(None, doc.movement)]
	digits = credit_loss.precision(doc.company)
	moved = [(deal, flt(amount, digits)) for deal, amount in moved if flt(amount, digits)]
	if flt(sum(amount for _deal, amount in moved) - doc.movement, digits):
		frappe.throw(_("The parts of the deals do not sum to what is to be posted. Save the document again."))
	bearers = _bearers([deal for deal, _amount in moved if deal], doc.company, settings)
	rows = []
	for deal, amount in moved:
		sides = ("debit", "credit") if amount > 0 else ("credit", "debit")
		for account, side in zip(
			(settings.provision_expense_account, settings.provision_account), sides, strict=True
		):
			rows.append(
				{"account": account, f"{side}_in_account_currency": abs(amount), **bearers[deal or ""]}
			)
	return rows


def _bearers(deals: list[str], company: str, settings) -> dict[str, dict]:
	"""deal ('' for none) -> deal, cost centre, project and the site's other dimensions of its rows."""
	default = settings.provision_cost_center or frappe.get_cached_value("Company", company, "cost_center")
	found = {"": {"cost_center": default}}
	fields = list(dict.fromkeys(["name", "cost_center", "project", *dimensions_of_deal()]))
	for deal in frappe.get_all("Deal", filters={"name": ("in", deals or [""])}, fields=fields):
		found[deal.name] = {
			"deal": deal.name,
			"cost_center": settings.provision_cost_center or deal.cost_center or default,
			"project": deal.project,
			**dimensions_of(deal),
		}
	return found


def entry_posted(journal):
	"""The entry was approved by its own chain, and is posted now."""
	name = frappe.db.get_value(
		DOCTYPE, {"journal_entry": journal.name, "docstatus": 1, "status": WAITING}, "name"
	)
	if name:
		frappe.db.set_value(DOCTYPE, name, "status", POSTED, update_modified=False)


# Reversal


def sca_daily_credit_loss():
	"""Scheduler, daily: reverse what is to be reversed by today. Commits each; a failure is written down and tried again tomorrow."""
	names = frappe.get_all(
		DOCTYPE,
		filters={"docstatus": 1, "status": POSTED, "reverses": 1, "reverse_on": ("<=", today())},
		pluck="name",
		order_by="reverse_on, name",
	)
	for name in names:
		try:
			reverse(name)
			frappe.db.commit()
		except Exception as error:
			frappe.db.rollback()
			frappe.clear_messages()
			reason = strip_html(str(error)) or type(error).__name__
			frappe.db.set_value(DOCTYPE, name, "last_error", reason[:1000], update_modified=False)
			frappe.db.commit()


def reverse(name: str) -> str | None:
	"""Post ERPNext's own reversal of the entry on the day that the document says; its name, None where there is nothing to do yet.

	The row is locked first, so a second job waits and then finds the reversal. One that an accountant made by hand is taken for it.
	"""
	doc = frappe.get_doc(DOCTYPE, name, for_update=True)
	if (
		doc.docstatus != 1
		or doc.status != POSTED
		or not doc.reverses
		or getdate(doc.reverse_on) > getdate(today())
	):
		return None
	if by_hand := reversal_of(doc.journal_entry):
		doc.db_set({"reversal_entry": by_hand, "status": REVERSED, "last_error": None}, update_modified=False)
		return by_hand
	from erpnext.accounts.doctype.journal_entry.journal_entry import make_reverse_journal_entry

	reversal = make_reverse_journal_entry(doc.journal_entry)
	reversal.update(
		{
			"posting_date": getdate(doc.reverse_on),
			"cheque_no": doc.name,
			"cheque_date": getdate(doc.reverse_on),
			"user_remark": _("Reversal of the expected credit loss as of {0} ({1})").format(
				formatdate(doc.as_of_date), doc.name
			),
		}
	)
	reversal.insert()
	erpnext_compat.submit_now(reversal)
	doc.db_set(
		{"reversal_entry": reversal.name, "status": REVERSED, "last_error": None}, update_modified=False
	)
	return reversal.name


def reversal_of(entry: str) -> str | None:
	"""The posted Journal Entry that reverses this one."""
	return frappe.db.get_value("Journal Entry", {"reversal_of": entry, "docstatus": 1})


# Cancel


def cancel(doc):
	"""Take the entries back with the document, the reversal first; an entry that still waits as a draft is deleted."""
	doc.ignore_linked_doctypes = ("GL Entry", "Payment Ledger Entry", "Journal Entry")
	doc.db_set({"status": CANCELLED, "loss_key": None}, update_modified=False)
	for name in (doc.reversal_entry, doc.journal_entry):
		if not name or not frappe.db.exists("Journal Entry", name):
			continue
		journal = frappe.get_doc("Journal Entry", name, for_update=True)
		if journal.docstatus == 0:
			doc.db_set("journal_entry", None, update_modified=False)
			journal.delete()
		elif journal.docstatus == 1:
			_cancel_entry(doc, journal)


def _cancel_entry(doc, journal):
	try:
		with gate.carried_by(doc, journal, CANCEL):
			erpnext_compat.cancel_now(journal)
	except gate.ApprovalRequired:
		frappe.clear_last_message()
		frappe.throw(
			_(
				"Cancelling a Journal Entry needs approval here. An Approval Manager makes a chain over {0} that covers cancelling: its approval counts for the entries."
			).format(frappe.bold(_(DOCTYPE))),
			title=_("Approval Needed"),
			exc=gate.ApprovalRequired,
		)
