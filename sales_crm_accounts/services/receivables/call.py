"""Everything for the call with one customer, on one screen."""

from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import flt, get_fullname

from sales_crm_accounts.core.money import ZERO
from sales_crm_accounts.core.receivables import worklist as rules
from sales_crm_accounts.permissions.quiet import may
from sales_crm_accounts.services.receivables import assignment, payer_scores, worklist

SHOWN = 10


def briefing(company: str, customer: str) -> dict:
	"""See the module. Amounts of installments are in the currency of the receivable account, the sums in the company's.

	The score is the list's, because it depends on all customers; here stands what is true of this one alone.
	"""
	known = worklist.Known(company, [customer])
	currency = worklist.company_currency(company)
	facts = known.of(customer)
	parts = rules.parts_of(facts, worklist.precision(currency))
	entry = next(iter(known.entries()), None)
	details = frappe.db.get_value(
		"Customer",
		customer,
		["customer_name", "customer_group", "territory", "language", "mobile_no", "email_id"],
		as_dict=True,
	)
	collector = assignment.collectors(company, {customer: (details.customer_group, details.territory)}).get(
		customer
	)
	return {
		"company": company,
		"currency": currency,
		"customer": customer,
		**details,
		"collector": collector,
		"collector_name": get_fullname(collector) if collector else None,
		"standing": _standing(entry, parts),
		"on_hold": bool(known.customers.get(customer, {}).get("credit_hold")),
		"came_back": sorted(known.came_back.get(customer, ())),
		"on_account": [
			{"currency": one, "amount": flt(amount)} for one, amount in sorted(_credit(facts).items())
		],
		"days_late": None if facts.average_days_late is None else round(facts.average_days_late),
		"payer": payer_scores.as_dict(facts.payer_score),
		"broken_promises": facts.broken_promises,
		"credit_limit": flt(facts.credit_limit),
		"contacts": contacts(customer, details),
		"installments": [_installment(part, known.today) for part in parts],
		"promises": _promises(company, customer),
		"disputes": _disputes(company, customer),
		"pauses": _pauses(company, customer),
		"notes": _notes(company, customer),
		"letters": _letters(company, customer),
		"deals": _deals(customer, [row.deal for row in facts.rows if row.deal]),
		"can": {
			"note": may("Collection Note", "create"),
			"promise": may("Promise to Pay", "create"),
			"dispute": may("Receivable Dispute", "create"),
			"pause": may("Collection Pause", "create"),
			"statement": True,  # who sees this sees no more in it
			"hand_over": may("Customer Collector", "write"),
		},
	}


def contacts(customer: str, details) -> list[dict]:
	"""People of the customer with phone and mail, the primary one first; the customer's own where no contact has any."""
	contact, link = frappe.qb.DocType("Contact"), frappe.qb.DocType("Dynamic Link")
	found = (
		frappe.qb.from_(contact)
		.join(link)
		.on((link.parent == contact.name) & (link.parenttype == "Contact"))
		.where((link.link_doctype == "Customer") & (link.link_name == customer))
		.select(
			contact.name,
			contact.full_name,
			contact.first_name,
			contact.designation,
			contact.phone,
			contact.mobile_no,
			contact.email_id,
			contact.is_primary_contact,
		)
		.orderby(contact.is_primary_contact, order=frappe.qb.desc)
		.orderby(contact.full_name)
		.limit(SHOWN)
		.run(as_dict=True)
	)
	if not any(row.phone or row.mobile_no or row.email_id for row in found) and (
		details.mobile_no or details.email_id
	):
		found.append(
			frappe._dict(
				name=None,
				full_name=details.customer_name,
				mobile_no=details.mobile_no,
				email_id=details.email_id,
			)
		)
	for row in found:
		row.full_name = row.full_name or row.first_name or row.name
	return found


def _standing(entry, parts) -> dict:
	return {
		"state": entry.state if entry else None,
		"wakes_on": entry.wakes_on if entry else None,
		"waits_for": [worklist.wait_text(kind) for kind in entry.waits_for] if entry else [],
		"open": flt(sum((part.row.base_outstanding for part in parts), ZERO)),
		"overdue": flt(entry.overdue if entry else 0),
		"total_overdue": flt(entry.total_overdue if entry else 0),
		"held": flt(sum((part.base_held for part in parts), ZERO)),
		"covered": flt(sum((part.base_covered for part in parts), ZERO)),
		"days": entry.days if entry else 0,
	}


def _credit(facts) -> dict[str, Decimal]:
	"""Money and credit notes that no invoice is matched with, by currency."""
	credit = {currency: amount for currency, amount in facts.on_account.items() if amount}
	for row in facts.rows:
		if row.outstanding < 0:
			credit[row.currency] = credit.get(row.currency, ZERO) - row.outstanding
	return credit


def _installment(part, today) -> dict:
	row = part.row
	return {
		"sales_invoice": row.sales_invoice,
		"installment_no": row.installment_no,
		"due_date": row.due_date,
		"days": row.days_overdue(today),
		"currency": row.currency,
		"amount": flt(row.amount),
		"outstanding": flt(row.outstanding),
		"free": flt(part.free),
		"held": flt(part.held),
		"covered": flt(part.covered),
		"kinds": [worklist.wait_text(kind) for kind in part.kinds],
		"wakes_on": part.wakes_on,
		"deal": row.deal,
	}


# The records: get_list, so that the user's rights narrow them.


def _promises(company: str, customer: str) -> list:
	return _records(
		"Promise to Pay",
		{"company": company, "customer": customer, "status": ("!=", "Cancelled")},
		["name", "amount", "received_amount", "currency", "promised_on", "pay_by", "promised_by", "status"],
		"pay_by desc, creation desc",
		("sales_invoice", "installment_no", "remarks"),
	)


def _disputes(company: str, customer: str) -> list:
	found = _records(
		"Receivable Dispute",
		{"company": company, "customer": customer, "status": ("!=", "Cancelled")},
		["name", "disputed_amount", "currency", "reason", "due_date", "status", "outcome", "dispute_owner"],
		"creation desc",
		("sales_invoice", "installment_no", "details"),
	)
	for row in found:
		row.owner_name = get_fullname(row.dispute_owner) if row.dispute_owner else None
		row.reason_text = _(row.reason, context="Receivable Dispute")
		row.outcome_text = _(row.outcome, context="Receivable Dispute") if row.outcome else ""
	return found


def _pauses(company: str, customer: str) -> list:
	return _records(
		"Collection Pause",
		{"company": company, "customer": customer, "active": 1},
		["name", "until_date", "reason", "paused_by"],
		"until_date desc",
		("sales_invoice", "installment_no"),
	)


def _notes(company: str, customer: str) -> list:
	found = _records(
		"Collection Note",
		{"company": company, "customer": customer},
		["name", "note_type", "noted_on", "note", "next_step", "next_date", "collector", "owner"],
		"noted_on desc, creation desc",
		("sales_invoice",),
	)
	for row in found:
		row.collector_name = get_fullname(row.collector or row.owner)
		row.type_text = _(row.note_type, context="Collection Note")
	return found


def _letters(company: str, customer: str) -> list:
	if not may("Dunning Message", "read"):
		return []
	return frappe.get_list(
		"Dunning Message",
		filters={"company": company, "customer": customer, "status": ("!=", "Cancelled")},
		fields=["name", "message_date", "level", "level_title", "status", "total_due", "currency"],
		order_by="message_date desc",
		limit=SHOWN,
	)


def _deals(customer: str, open_deals: list[str]) -> list:
	"""Deals that something is open of, then the ones that are still being sold."""
	if not may("Deal", "read"):
		return []
	found = frappe.get_list(
		"Deal",
		filters={"customer": customer, "docstatus": ("<", 2)},
		or_filters=[["name", "in", open_deals or [""]], ["status", "=", "Open"]],
		fields=["name", "title", "status", "base_grand_total", "deal_owner", "creation"],
		order_by="docstatus desc, creation desc",
		limit=SHOWN,
	)
	for row in found:
		row.owner_name = get_fullname(row.deal_owner) if row.deal_owner else None
		row.status_text = _(row.status, context="Deal")
		row.has_open = row.name in open_deals
	return found


def _records(doctype: str, filters: dict, fields: list, order_by: str, more: tuple = ()) -> list:
	if not may(doctype, "read"):
		return []
	return frappe.get_list(doctype, filters=filters, fields=[*fields, *more], order_by=order_by, limit=SHOWN)
