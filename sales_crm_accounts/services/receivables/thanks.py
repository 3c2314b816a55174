"""Thanks for payments: who was reminded and has paid in full gets one friendly mail.

A job looks at what the ledger says, on the day after a payment at the earliest: nobody at the till waits for it, and a payment that
was taken back by then is none. The record of the thanks, under its unique key, and the mail in Frappe's queue are one transaction.
"""

from collections import defaultdict
from datetime import date, timedelta
from hashlib import sha256

import frappe
from frappe import _
from frappe.query_builder.functions import Max
from frappe.utils import getdate, today

from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.services.receivables import (
	dunning_facts,
	dunning_policies,
	dunning_texts,
	mail_bounces,
	thanks_texts,
)
from sales_crm_accounts.services.receivables.dunning_messages import SENT

DOCTYPE = "Payment Thanks"
#: Days after a payment in which thanks still make sense: quiet days, a missing address, a job that did not run.
LATEST = 7


def send_all() -> None:
	"""For every company with a policy that says thanks. Commits after each customer; whatever is left comes with the next call."""
	for company in frappe.get_all(
		"Dunning Policy",
		filters={"enabled": 1, "send_thanks": 1},
		pluck="company",
		distinct=True,
		order_by="company",
	):
		send(company, getdate(today()))


def send(company: str, day: date) -> int:
	"""Number of customers thanked."""
	frappe.db.commit()  # what a transaction sees is as old as its first look
	ledger.flush()
	policies = dunning_policies.load(company)
	quiet = dunning_facts.quiet(company, day, policies)
	thanking = {
		name: row
		for name, row in policies.rows.items()
		if row.enabled and row.send_thanks and name not in quiet
	}
	paid = _paid(company, day, thanking)
	if not paid:
		return 0
	texts = defaultdict(list)
	for row in frappe.get_all(
		"Dunning Thanks Text",
		filters={"parent": ("in", list(thanking)), "parenttype": "Dunning Policy"},
		fields=["parent", "language", "subject", "body"],
		order_by="idx",
	):
		texts[row.parent].append(row)
	reached = dunning_facts.customers(sorted(paid))
	came_back = mail_bounces.addresses(company, paid)
	sent = 0
	for customer in sorted(paid):
		to = dunning_policies.addresses(reached[customer].recipients) if customer in reached else []
		to = [address for address in to if address.lower() not in came_back.get(customer, ())]
		if to:
			sent += _thank(company, reached[customer], paid[customer], to, texts, day)
	return sent


def _paid(company: str, day: date, thanking: dict) -> dict[str, list]:
	"""Customer -> installments that they were reminded of, have paid since, and were not thanked for; the last reminder first.

	A rest that was written off is no payment: where it is more than what was paid, nobody says thanks.
	"""
	message, row, kept, thanked = (
		frappe.qb.DocType("Dunning Message"),
		frappe.qb.DocType("Dunning Message Row"),
		frappe.qb.DocType("Open Installment"),
		frappe.qb.DocType("Payment Thanks Row"),
	)
	if not thanking:
		return {}
	first = day - timedelta(days=LATEST)
	rows = (
		frappe.qb.from_(kept)
		.join(row)
		.on((row.sales_invoice == kept.sales_invoice) & (row.installment_no == kept.installment_no))
		.join(message)
		.on((row.parent == message.name) & (row.parenttype == "Dunning Message"))
		.left_join(thanked)
		.on((thanked.sales_invoice == kept.sales_invoice) & (thanked.installment_no == kept.installment_no))
		.select(kept.sales_invoice, kept.installment_no, kept.customer, kept.due_date, kept.account_currency)
		.select(kept.paid_amount, message.policy, message.language)
		.where((kept.company == company) & (kept.outstanding_amount <= 0) & (kept.modified >= first))
		.where((kept.paid_amount > 0) & (kept.paid_amount > kept.written_off_amount))
		.where((message.status == SENT) & message.channel.isin(dunning_facts.WRITTEN) & (row.level > 0))
		.where(message.policy.isin(list(thanking)) & thanked.name.isnull())
		.orderby(message.message_date, order=frappe.qb.desc)
		.orderby(message.name, order=frappe.qb.desc)
		.run(as_dict=True)
	)
	last = _last_payments({row.sales_invoice for row in rows})
	found, seen = defaultdict(list), set()
	for one in rows:
		key = one.sales_invoice, one.installment_no
		since = max(first, getdate(thanking[one.policy].thanks_since or day))
		if key not in seen and since <= last.get(one.sales_invoice, date.min) < day:
			found[one.customer].append(one)
			seen.add(key)
	return dict(found)


def _last_payments(invoices: set[str]) -> dict[str, date]:
	"""Invoice -> day on which something was last booked against it, by whatever document."""
	entry = frappe.qb.DocType("Payment Ledger Entry")
	rows = (
		frappe.qb.from_(entry)
		.select(entry.against_voucher_no, Max(entry.creation))
		.where((entry.against_voucher_type == "Sales Invoice") & (entry.delinked == 0))
		.where(entry.against_voucher_no.isin(sorted(invoices) or [""]))
		.where(entry.voucher_no != entry.against_voucher_no)
		.groupby(entry.against_voucher_no)
		.run()
	)
	return {invoice: getdate(created) for invoice, created in rows}


def _thank(company: str, customer, rows: list, to: list[str], texts: dict, day: date) -> int:
	"""Record and mail of one customer in one transaction; 1 if the mail is in the queue."""
	newest = rows[0]
	text = dunning_texts.in_language_of(texts[newest.policy], newest.language)
	try:
		doc = _record(company, customer, rows, to, day)
		words = thanks_texts.values(doc, customer.contact_name, day)
		doc.subject, doc.body = dunning_texts.render(text.subject, text.body, words)
		# The job's own record; nobody makes one by hand.
		doc.insert(ignore_permissions=True)
		queue = frappe.sendmail(
			recipients=to,
			subject=doc.subject,
			message=doc.body,
			reply_to=frappe.db.get_value("Company Receivables Settings", company, "collections_email"),
			reference_doctype=DOCTYPE,
			reference_name=doc.name,
			add_unsubscribe_link=0,
		)
		doc.db_set("email_queue", queue.name if queue else None, update_modified=False)
		frappe.db.commit()
		return 1
	except (frappe.UniqueValidationError, frappe.DuplicateEntryError):
		frappe.db.rollback()  # thanked already today, or by another worker
	except Exception as error:
		frappe.db.rollback()
		if not is_lock_error(error):
			frappe.log_error(
				title=_("No thanks sent to {0}").format(customer.name)[:140],
				reference_doctype="Customer",
				reference_name=customer.name,
			)
			frappe.db.commit()
	return 0


def _record(company: str, customer, rows: list, to: list[str], day: date):
	doc = frappe.new_doc(DOCTYPE)
	doc.update(
		{
			"company": company,
			"customer": customer.name,
			"customer_name": customer.customer_name,
			"thanked_on": day,
			"policy": rows[0].policy,
			"language": rows[0].language,
			"recipients": ", ".join(to),
			"thanks_key": sha256(f"{company}\n{customer.name}\n{day}".encode()).hexdigest(),
		}
	)
	for row in sorted(rows, key=lambda one: (one.due_date, one.sales_invoice, one.installment_no)):
		doc.append(
			"rows",
			{
				"sales_invoice": row.sales_invoice,
				"installment_no": row.installment_no,
				"due_date": row.due_date,
				"currency": row.account_currency,
				"amount": row.paid_amount,
			},
		)
	return doc
