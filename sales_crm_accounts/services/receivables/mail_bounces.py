"""What became of the mails of reminders and statements: sent, given up, or come back. A mail that came back is no contact.

Three ways tell it: the mail server refuses the address while Frappe's queue sends; a notice of a mail server comes to a mailbox
that Frappe reads, as an answer to our mail; or a collector says so. The address is left alone until it is changed or a mail to it
arrives.
"""

from collections import defaultdict
from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import now_datetime, strip_html

from sales_crm_accounts.core.problems import _ as N_
from sales_crm_accounts.core.receivables import bounces, ladder
from sales_crm_accounts.services.receivables import assignment, charges, dunning_policies, notices
from sales_crm_accounts.services.receivables.dunning_messages import FAILED, QUEUED, SENT

REMINDER, STATEMENT = "Dunning Message", "Customer Statement Mail"
#: Documents with status, recipients, email_queue, sent_on, bounced_on and bounced_address.
MAILS = (REMINDER, STATEMENT)


def follow_mails() -> None:
	"""Queued documents whose mail has left are Sent; those whose mail was given up are Failed, with the reason.

	A mail that has left for some of its recipients only is waited for: Frappe's queue tries the others again.
	"""
	for doctype in MAILS:
		_follow(doctype)


def _follow(doctype: str) -> None:
	document, queue = frappe.qb.DocType(doctype), frappe.qb.DocType("Email Queue")
	rows = (
		frappe.qb.from_(document)
		.join(queue)
		.on(queue.name == document.email_queue)
		.where((document.status == QUEUED) & queue.status.isin(("Sent", "Error", "Expired")))
		.select(document.name, document.email_queue, document.recipients, queue.status, queue.error)
		.run(as_dict=True)
	)
	left = _left([row.email_queue for row in rows if row.status != "Sent"])
	for row in rows:
		if row.status == "Sent":
			frappe.db.set_value(doctype, row.name, "status", SENT)
		else:
			_given_up(doctype, row, left.get(row.email_queue, set()))


def _left(queues: list[str]) -> dict[str, set[str]]:
	"""Mail of the queue -> addresses that it has left for."""
	found = defaultdict(set)
	if not queues:
		return found
	for row in frappe.get_all(
		"Email Queue Recipient",
		filters={"parent": ("in", queues), "status": "Sent"},
		fields=["parent", "recipient"],
	):
		found[row.parent].add((row.recipient or "").lower())
	return found


def _given_up(doctype: str, row, left: set[str]) -> None:
	refused = bounces.refused(row.error)
	to = [address.lower() for address in dunning_policies.addresses(row.recipients)]
	why = "; ".join(refused.values()) or bounces.last_line(row.error)
	status, reason = FAILED, _("Mail not sent: {0}").format(why)[:1000]
	if left.intersection(to):
		# Somebody was told, be it not everybody.
		others = ", ".join(refused) or ", ".join(address for address in to if address not in left)
		status, reason = SENT, _("Not delivered to {0}: {1}").format(others, why)[:1000]
	mine = [address for address in refused if address in to]
	if mine:
		came_back(doctype, row.name, mine, reason, status)
		return
	if doctype == REMINDER and status == FAILED:
		reason = without_fee(row.name, reason)
	frappe.db.set_value(doctype, row.name, {"status": status, "reason": reason})


def without_fee(reminder: str, reason: str) -> str:
	"""Nobody pays for a reminder that did not arrive: its fee is no claim any more. The reason, with what stands in the way of that."""
	note = charges.drop_fee(REMINDER, reminder, _("Reminder {0}: {1}").format(reminder, reason))
	return f"{reason[: 999 - len(note)]} {note}" if note else reason[:1000]


def came_back(doctype: str, name: str, addresses: list[str], reason: str, status: str = FAILED) -> None:
	"""Note on the document that its mail came back from these addresses, and tell whose customer it is."""
	values = {
		"status": status,
		"reason": reason[:1000],
		"bounced_on": now_datetime(),
		"bounced_address": ", ".join(addresses),
	}
	if doctype == REMINDER and status == FAILED:
		values |= {"reason": without_fee(name, reason), "released_by": None, "released_on": None}
	frappe.db.set_value(doctype, name, values)
	_tell(frappe.get_doc(doctype, name))


def _tell(doc) -> None:
	"""The collector, else who made the run or the schedule."""
	place = frappe.db.get_value("Customer", doc.customer, ["customer_group", "territory"])
	collector = assignment.collectors(doc.company, {doc.customer: place or (None, None)}).get(doc.customer)
	if doc.doctype == REMINDER:
		text, made = N_("The reminder to {0} came back: {1}"), ("Dunning Run", doc.dunning_run)
	else:
		text, made = (
			N_("The statement of account to {0} came back: {1}"),
			("Customer Statement Schedule", doc.schedule),
		)
	notices.ring(
		collector or (made[1] and frappe.db.get_value(*made, "owner")),
		text,
		(doc.customer_name or doc.customer, doc.bounced_address),
		doc,
	)


def said_so(doctype: str, name: str, reason: str) -> None:
	"""A collector found the mail in their own mailbox. Rights are the caller's to check."""
	# A statement is always a mail.
	fields = ["status", "recipients", *(["channel"] if doctype == REMINDER else [])]
	kept = frappe.db.get_value(doctype, name, fields, as_dict=True, for_update=True)
	if kept.status not in (QUEUED, SENT) or kept.get("channel", ladder.MAIL) != ladder.MAIL:
		frappe.throw(_("Only a mail that was sent can come back."))
	came_back(doctype, name, dunning_policies.addresses(kept.recipients), reason)


def notice_came(communication) -> None:
	"""A mail came in: one of a mail server that answers one of ours and says that delivery was given up."""
	doctype, name = communication.reference_doctype, communication.reference_name
	if doctype not in MAILS or communication.sent_or_received != "Received":
		return
	text = strip_html(f"{communication.subject or ''} {communication.content or ''}")
	if not bounces.is_notice(communication.sender) or not bounces.is_permanent(text):
		return
	kept = frappe.db.get_value(doctype, name, ["status", "recipients"], as_dict=True, for_update=True)
	if kept and kept.status in (QUEUED, SENT):
		addresses = bounces.named(text, dunning_policies.addresses(kept.recipients))
		came_back(doctype, name, addresses, _("Mail came back: {0}").format(" ".join(text.split())))


def addresses(company: str, customers: Iterable[str] | None = None) -> dict[str, set[str]]:
	"""Customer -> addresses of theirs, in small letters, to which the last mail came back. At most four statements."""
	found: dict[tuple[str, str], object] = {}
	for row in _mails(
		company, customers, "bounced_address", "bounced_on", where=lambda one: one.bounced_on.notnull()
	):
		for address in dunning_policies.addresses(row.bounced_address):
			key = row.customer, address.lower()
			found[key] = max(row.bounced_on, found.get(key, row.bounced_on))
	if not found:
		return {}
	names, first = sorted({customer for customer, _address in found}), min(found.values())
	for row in _mails(
		company,
		names,
		"recipients",
		"sent_on",
		where=lambda one: (one.status == SENT) & (one.sent_on > first),
	):
		for address in dunning_policies.addresses(row.recipients):
			key = row.customer, address.lower()
			if key in found and row.sent_on > found[key]:
				del found[key]
	theirs = _of_customers(names)
	result = defaultdict(set)
	for customer, address in found:
		if (customer, address) in theirs:
			result[customer].add(address)
	return dict(result)


def _mails(company: str, customers: Iterable[str] | None, *fields: str, where) -> list[frappe._dict]:
	"""`fields` of the mails of the company for which `where` (a function of the table) holds; both kinds in one statement."""
	queries = []
	for doctype in MAILS:
		document = frappe.qb.DocType(doctype)
		query = (
			frappe.qb.from_(document)
			.select(document.customer, *(document[field] for field in fields))
			.where((document.company == company) & where(document))
		)
		if customers is not None:
			query = query.where(document.customer.isin(list(customers) or [""]))
		if doctype == REMINDER:
			query = query.where(document.channel == ladder.MAIL)
		queries.append(query)
	reminders, statements = queries
	return (reminders * statements).run(as_dict=True)


def _of_customers(names: list[str]) -> set[tuple[str, str]]:
	"""(customer, address in small letters) as Customer and Contact have them now."""
	customer, contact, link = (
		frappe.qb.DocType("Customer"),
		frappe.qb.DocType("Contact"),
		frappe.qb.DocType("Dynamic Link"),
	)
	own = frappe.qb.from_(customer).select(customer.name, customer.email_id).where(customer.name.isin(names))
	linked = (
		frappe.qb.from_(link)
		.join(contact)
		.on((link.parent == contact.name) & (link.parenttype == "Contact"))
		.select(link.link_name, contact.email_id)
		.where((link.link_doctype == "Customer") & link.link_name.isin(names))
	)
	return {(name, (address or "").lower()) for query in (own, linked) for name, address in query.run()}
