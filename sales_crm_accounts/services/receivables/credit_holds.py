"""Credit holds: nothing new is sold to a customer until they have paid what the hold is for.

A hold is the app's own state. ERPNext's *Frozen* would stop the customer's payments, and a lower credit limit would stop the
invoices of deals that are won already; a hold stops neither. One for a customer and company at a time.
"""

from collections import defaultdict
from hashlib import sha256

import frappe
from frappe import _
from frappe.utils import cint, escape_html, format_datetime, get_link_to_form, now_datetime

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.receivables import ladder
from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services.approvals import SUBMIT, gate
from sales_crm_accounts.services.approvals.reading import language_of
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.services.receivables import notices
from sales_crm_accounts.services.receivables.open_rows import on_account, open_rows

DOCTYPE, ROW = "Credit Hold", "Credit Hold Row"
ON_HOLD, LIFTED = "On Hold", "Lifted"
WARN, ASK, STOP = "Warn", "Ask for Approval", "Stop"


# Set and lifted


def set_by_message(message) -> None:
	"""A level that says so was told: the customer is on hold for the rows that came to it. One that is on hold gets the rows added."""
	rows = [row for row in message.rows if row.level and row.level_days == message.level_days]
	name = frappe.db.get_value(DOCTYPE, _in_force(message.company, message.customer), for_update=True)
	if name:
		hold = frappe.get_doc(DOCTYPE, name)
	else:
		hold = frappe.new_doc(DOCTYPE)
		hold.update(
			{"company": message.company, "customer": message.customer, "dunning_message": message.name}
		)
		hold.reason = _("Reminder: {0}").format(message.level_title)
	known = {(row.sales_invoice, row.installment_no) for row in hold.rows}
	for row in rows:
		if (row.sales_invoice, row.installment_no) not in known:
			hold.append(
				"rows",
				{
					"sales_invoice": row.sales_invoice,
					"installment_no": row.installment_no,
					"due_date": row.due_date,
					"currency": row.currency,
					"amount": row.outstanding,
				},
			)
	hold.flags.sca_hold = True
	# The level says so; the collector who releases the message need not have the right to put a customer on hold.
	hold.save(ignore_permissions=True)


def lift(name: str, reason: str) -> None:
	"""Rights are the caller's to check."""
	hold = frappe.get_doc(DOCTYPE, name, for_update=True)
	if hold.status != ON_HOLD:
		return
	hold.update(
		{
			"status": LIFTED,
			"lifted_on": now_datetime(),
			"lifted_by": frappe.session.user,
			"lift_reason": reason,
			"hold_key": None,
		}
	)
	hold.flags.sca_hold = True
	# By a person who was asked for the right, or by the job that finds it paid.
	hold.save(ignore_permissions=True)
	tell(hold)


def judge(company: str | None = None) -> int:
	"""Lift the holds whose installments are paid; how many. Five statements for each company, whatever the number of holds."""
	filters = {"status": ON_HOLD, "by_hand": 0}
	if company:
		filters["company"] = company
	of_company = defaultdict(list)
	for row in frappe.get_all(
		DOCTYPE, filters=filters, fields=["name", "company", "customer"], order_by="name"
	):
		of_company[row.company].append(row)
	lifted = 0
	for one, holds in of_company.items():
		owed = _owed(one, holds)
		for row in holds:
			if row.name not in owed:
				lifted += _lift_paid(row)
	return lifted


def _lift_paid(row) -> int:
	frappe.db.savepoint("sca_lift")
	try:
		lift(row.name, _("Paid"))
		return 1
	except Exception as error:
		if is_lock_error(error):
			raise
		frappe.db.rollback(save_point="sca_lift")
		frappe.log_error(
			title=_("Credit hold {0} not lifted").format(row.name),
			reference_doctype=DOCTYPE,
			reference_name=row.name,
		)
		return 0


def _owed(company: str, holds: list) -> set[str]:
	"""Names of the holds of which something is open that money on account and open credit notes do not cover."""
	customers = sorted({row.customer for row in holds})
	causes = defaultdict(set)
	for row in frappe.get_all(
		ROW,
		filters={"parent": ("in", [row.name for row in holds]), "parenttype": DOCTYPE},
		fields=["parent", "sales_invoice", "installment_no"],
	):
		causes[row.parent].add((row.sales_invoice, row.installment_no))
	rows = defaultdict(lambda: defaultdict(list))
	for row in open_rows(company, customers=customers, returns=True):
		rows[row.customer][row.currency].append(row)
	money = on_account(company, customers)
	owed = set()
	for hold in holds:
		for currency, theirs in rows[hold.customer].items():
			cover = ladder.cover_of(theirs, money.get((hold.customer, currency), ZERO))
			wanted = [row for row in theirs if row.key in causes[hold.name]]
			if ladder.ask(wanted, {}, cover)[0]:
				owed.add(hold.name)
	return owed


# Documents of holds


def validate(hold) -> None:
	"""Whoever may makes one by hand; after that nothing of it is typed."""
	if hold.is_new():
		if not hold.flags.sca_hold:
			hold.update({"by_hand": 1, "dunning_message": None, "rows": []})
		hold.update({"status": ON_HOLD, "set_on": now_datetime(), "set_by": frappe.session.user})
		hold.hold_key = key(hold.company, hold.customer)
		if other := frappe.db.get_value(DOCTYPE, _in_force(hold.company, hold.customer)):
			frappe.throw(
				_("{0} is on credit hold already: {1}").format(
					hold.customer_name or hold.customer, get_link_to_form(DOCTYPE, other)
				)
			)
	elif not hold.flags.sca_hold:
		kept = hold.get_doc_before_save()
		for field in hold.meta.get_fieldnames_with_value():
			hold.set(field, kept.get(field))


def check_trash(hold) -> None:
	if hold.status == ON_HOLD:
		frappe.throw(_("Lift the hold instead; why it was lifted stays on record."))


def tell(hold) -> None:
	"""A line on the customer's timeline, and in the bell of the account manager."""
	frappe.get_doc("Customer", hold.customer).add_comment("Info", escape_html(_said(hold)))
	if manager := frappe.db.get_value("Customer", hold.customer, "account_manager"):
		said = _said(hold, language_of(manager))
		notices.ring(manager, "{0}: {1}", (hold.customer_name or hold.customer, said), hold)


def _said(hold, lang: str | None = None) -> str:
	if hold.status == ON_HOLD:
		return _("On credit hold in {0}: {1}", lang).format(hold.company, hold.reason)
	return _("Credit hold in {0} lifted: {1}", lang).format(hold.company, hold.lift_reason)


def _in_force(company: str, customer: str) -> dict:
	"""Filters of the hold; by the links, which follow a customer that is renamed, as the key does not."""
	return {"customer": customer, "company": company, "status": ON_HOLD}


def key(company: str, customer: str) -> str:
	"""Under a unique index, so that two at once make one hold."""
	return sha256(f"{company}\n{customer}".encode()).hexdigest()


# What is asked


def hold_of(company: str | None, customer: str | None) -> frappe._dict | None:
	"""The hold in force; one whose installments are paid by now is none, though the next job has not lifted it yet."""
	if not company or not customer:
		return None
	hold = frappe.db.get_value(
		DOCTYPE,
		_in_force(company, customer),
		["name", "company", "customer", "reason", "set_on", "by_hand"],
		as_dict=True,
	)
	if hold and not cint(hold.by_hand) and not _owed(company, [hold]):
		return None
	return hold


def of_customer(customer: str) -> list[dict]:
	"""Holds in force of a customer, by company, as far as the user may read them."""
	rows = frappe.get_list(
		DOCTYPE,
		filters={"customer": customer, "status": ON_HOLD},
		fields=["name", "company", "reason", "set_on"],
		order_by="company",
	)
	return [{**row, "can_lift": may(frappe.get_doc(DOCTYPE, row.name), "write")} for row in rows]


def of_document(doc) -> dict | None:
	"""What a form shows of the hold of its customer: reason, since when, and what happens on submit."""
	hold = None if _free(doc) else hold_of(doc.company, _customer(doc))
	return {"reason": hold.reason, "set_on": hold.set_on, "action": _action(doc.company)} if hold else None


def mark(doc) -> None:
	"""Keep on a draft, and once more when it is submitted, whether the customer is on hold; approval chains ask for it."""
	hold = None if _free(doc) else hold_of(doc.company, _customer(doc))
	doc.customer_on_hold = int(bool(hold))
	if hold and doc.is_new() and not doc.docstatus:
		frappe.msgprint(_text(hold), alert=True, indicator="orange")


def check(doc) -> None:
	"""Before a document is submitted that sells or hands over something new: warn, leave it to its approval chain, or stop."""
	if _free(doc):
		return
	hold = hold_of(doc.company, _customer(doc))
	if not hold:
		return
	action = _action(doc.company)
	if action == WARN:
		frappe.msgprint(_text(hold), alert=True, indicator="orange")
		return
	if action == ASK and gate.judge(doc, SUBMIT).outcome in (gate.APPROVED, gate.STOPPED):
		return  # the gate, which comes next, lets pass what was approved and asks for all else
	text = _text(hold)
	if action == ASK:
		text += " " + _("It would take an approval, and no active approval chain covers this document.")
	frappe.throw(text, title=_("Credit Hold"))


def _action(company: str) -> str:
	return frappe.db.get_value("Company Receivables Settings", company, "credit_hold_action") or WARN


def _text(hold) -> str:
	return (
		_("{0} has been on credit hold since {1} ({2}).").format(
			get_link_to_form("Customer", hold.customer),
			format_datetime(hold.set_on, "short"),
			escape_html(hold.reason),
		)
		+ " "
		+ (
			_("A Collections Manager can lift it.")
			if cint(hold.by_hand)
			else _("It ends when what it is for is paid; a Collections Manager can lift it before.")
		)
	)


def _customer(doc) -> str | None:
	if doc.doctype == "Quotation":
		return doc.party_name if doc.quotation_to == "Customer" else None
	return doc.get("customer")


def _free(doc) -> bool:
	"""Goods that come back, moves within the group, and the order of a deal that is won already."""
	if cint(doc.get("is_return")) or cint(doc.get("is_internal_customer")):
		return True
	if doc.doctype != "Sales Order" or not doc.get("deal"):
		return False
	# The one that winning makes, or that replaces it; any other may name the deal as well.
	return doc.flags.sca_of_won_deal or frappe.db.get_value("Deal", doc.deal, "sales_order") in {
		doc.name,
		doc.amended_from,
	} - {None, ""}
