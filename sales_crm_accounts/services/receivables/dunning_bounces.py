"""What became of the mails of reminders: sent, given up, or come back. A mail that came back is no contact.

Three ways tell it: the mail server refuses the address while Frappe's queue sends; a notice of a mail server comes to a mailbox
that Frappe reads, as an answer to our mail; or a collector says so. The address is left alone until it is changed or a mail to it
arrives.
"""

from collections import defaultdict
from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import now_datetime, strip_html

from sales_crm_accounts.core.receivables import bounces, ladder
from sales_crm_accounts.services.receivables import assignment, charges, dunning_policies, notices
from sales_crm_accounts.services.receivables.dunning_messages import DOCTYPE, FAILED, QUEUED, SENT


def follow_mails() -> None:
	"""Queued messages whose mail has left are Sent; those whose mail was given up are Failed, with the reason.

	A mail that has left for some of its recipients only is waited for: Frappe's queue tries the others again.
	"""
	message, queue = frappe.qb.DocType(DOCTYPE), frappe.qb.DocType("Email Queue")
	rows = (
		frappe.qb.from_(message)
		.join(queue)
		.on(queue.name == message.email_queue)
		.where((message.status == QUEUED) & queue.status.isin(("Sent", "Error", "Expired")))
		.select(message.name, message.email_queue, message.recipients, queue.status, queue.error)
		.run(as_dict=True)
	)
	left = _left([row.email_queue for row in rows if row.status != "Sent"])
	for row in rows:
		if row.status == "Sent":
			frappe.db.set_value(DOCTYPE, row.name, "status", SENT)
		else:
			_given_up(row, left.get(row.email_queue, set()))


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


def _given_up(row, left: set[str]) -> None:
	refused = bounces.refused(row.error)
	to = [address.lower() for address in dunning_policies.addresses(row.recipients)]
	why = "; ".join(refused.values()) or bounces.last_line(row.error)
	values = {"status": FAILED, "reason": _("Mail not sent: {0}").format(why)[:1000]}
	if left.intersection(to):
		# Somebody was told, be it not everybody.
		others = ", ".join(refused) or ", ".join(address for address in to if address not in left)
		values = {"status": SENT, "reason": _("Not delivered to {0}: {1}").format(others, why)[:1000]}
	mine = [address for address in refused if address in to]
	if mine:
		came_back(row.name, mine, values["reason"], values["status"])
	else:
		if values["status"] == FAILED:
			values["reason"] = without_fee(row.name, values["reason"])
		frappe.db.set_value(DOCTYPE, row.name, values)


def without_fee(name: str, reason: str) -> str:
	"""Nobody pays for a reminder that did not arrive: its fee is no claim any more. The reason, with what stands in the way of that."""
	note = charges.drop_fee(DOCTYPE, name, _("Reminder {0}: {1}").format(name, reason))
	return f"{reason[: 999 - len(note)]} {note}" if note else reason[:1000]


def came_back(name: str, addresses: list[str], reason: str, status: str = FAILED) -> None:
	"""Note on the message that its mail came back from these addresses, and tell whose customer it is."""
	if status == FAILED:
		reason = without_fee(name, reason)
	frappe.db.set_value(
		DOCTYPE,
		name,
		{
			"status": status,
			"reason": reason[:1000],
			**({"released_by": None, "released_on": None} if status == FAILED else {}),
			"bounced_on": now_datetime(),
			"bounced_address": ", ".join(addresses),
		},
	)
	doc = frappe.get_doc(DOCTYPE, name)
	place = frappe.db.get_value("Customer", doc.customer, ["customer_group", "territory"])
	collector = assignment.collectors(doc.company, {doc.customer: place or (None, None)}).get(doc.customer)
	run_by = doc.dunning_run and frappe.db.get_value("Dunning Run", doc.dunning_run, "owner")
	notices.ring(
		collector or run_by,
		_("The reminder to {0} came back: {1}"),
		(doc.customer_name or doc.customer, doc.bounced_address),
		doc,
	)


def said_so(name: str, reason: str) -> None:
	"""A collector found the mail in their own mailbox. Rights are the caller's to check."""
	message = frappe.db.get_value(
		DOCTYPE, name, ["status", "channel", "recipients"], as_dict=True, for_update=True
	)
	if message.status not in (QUEUED, SENT) or message.channel != ladder.MAIL:
		frappe.throw(_("Only a mail that was sent can come back."))
	came_back(name, dunning_policies.addresses(message.recipients), reason)


def notice_came(communication) -> None:
	"""A mail came in: one of a mail server that answers a reminder and says that delivery was given up."""
	if communication.reference_doctype != DOCTYPE or communication.sent_or_received != "Received":
		return
	text = strip_html(f"{communication.subject or ''} {communication.content or ''}")
	if not bounces.is_notice(communication.sender) or not bounces.is_permanent(text):
		return
	message = frappe.db.get_value(
		DOCTYPE, communication.reference_name, ["status", "recipients"], as_dict=True, for_update=True
	)
	if message and message.status in (QUEUED, SENT):
		addresses = bounces.named(text, dunning_policies.addresses(message.recipients))
		came_back(
			communication.reference_name, addresses, _("Mail came back: {0}").format(" ".join(text.split()))
		)


def addresses(company: str, customers: Iterable[str] | None = None) -> dict[str, set[str]]:
	"""Customer -> addresses of theirs, in small letters, to which the last mail came back. At most three statements."""
	filters = {"company": company, "bounced_on": ("is", "set")}
	if customers is not None:
		filters["customer"] = ("in", list(customers) or [""])
	found: dict[tuple[str, str], object] = {}
	for row in frappe.get_all(DOCTYPE, filters=filters, fields=["customer", "bounced_address", "bounced_on"]):
		for address in dunning_policies.addresses(row.bounced_address):
			key = row.customer, address.lower()
			found[key] = max(row.bounced_on, found.get(key, row.bounced_on))
	if not found:
		return {}
	names = sorted({customer for customer, _address in found})
	for row in frappe.get_all(
		DOCTYPE,
		filters={
			"company": company,
			"customer": ("in", names),
			"status": SENT,
			"channel": ladder.MAIL,
			"sent_on": (">", min(found.values())),
		},
		fields=["customer", "recipients", "sent_on"],
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
