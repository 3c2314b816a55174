"""Dunning Messages as documents: made as drafts from what the ladder decided, reviewed, and put right before they are sent."""

from collections.abc import Iterable

import frappe
from frappe import _
from frappe.utils import cint, flt, getdate, now_datetime, validate_email_address

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables import ladder
from sales_crm_accounts.services.receivables import dunning_policies, dunning_texts, held
from sales_crm_accounts.services.receivables.open_rows import on_account, open_rows

DOCTYPE = "Dunning Message"
DRAFT, HELD_BACK, QUEUED, SENT, FAILED, CANCELLED = "Draft", "Held Back", "Queued", "Sent", "Failed", "Cancelled"  # fmt: skip
#: What `put_right` changed.
DAY, AMOUNTS = "day", "amounts"
#: What a reviewer may change; figures come from the ledger.
EDITABLE = ("contact", "recipients", "cc", "mobile_no", "address", "assigned_to", "subject", "body")


def make(reminder: ladder.Reminder, run, customer: frappe._dict, policies, today) -> "frappe.Document":
	"""The draft of a reminder, inserted. `customer` is how the facts know them; the key keeps a run from making it twice."""
	level = policies.level(reminder.policy, reminder.title)
	policy = policies.rows[reminder.policy]
	doc = frappe.new_doc(DOCTYPE)
	doc.update(
		{
			"status": DRAFT,
			"company": run.company,
			"customer": reminder.customer,
			"customer_name": customer.customer_name,
			"currency": reminder.currency,
			"message_date": today,
			"policy": reminder.policy,
			"level": reminder.level,
			"level_title": reminder.title,
			"level_days": cint(level.days),
			"dunning_run": run.name,
			"channel": reminder.channel,
			"language": reminder.language,
			"contact": customer.contact,
			"recipients": customer.recipients,
			"cc": ", ".join(dunning_policies.addresses(level.cc)),
			"mobile_no": customer.mobile_no,
			"address": customer.address,
			"message_key": key(run.name, reminder.customer, reminder.currency),
			"fee": fee(level, run.company, reminder.currency, today),
		}
	)
	if reminder.channel == ladder.TASK:
		doc.assigned_to = level.assign_to or customer.account_manager
	if policy.hands_free:
		doc.released_by, doc.released_on = frappe.session.user, now_datetime()
	set_rows(doc, [(line.asked, line.level, line.level_days) for line in reminder.lines], today)
	if doc.channel == ladder.TASK and not doc.assigned_to:
		doc.assigned_to = next(
			(
				owner
				for row in doc.rows
				if row.deal and (owner := frappe.get_cached_value("Deal", row.deal, "deal_owner"))
			),
			None,
		)
	write_text(doc, policy.texts, today, customer.contact_name)
	doc.flags.sca_dunning = True
	# All links were read from the database an instant ago; to ask for each row's again is half of the work.
	doc.flags.ignore_links = True
	# A run is the app's own work; who may start one is asked before it starts.
	return doc.insert(ignore_permissions=True)


def key(run: str, customer: str, currency: str) -> str:
	return f"{run}|{customer}|{currency}"[:140]


def fee(level, company: str, currency: str, today) -> float:
	"""The level's fee in the message's currency; none where the site knows no rate."""
	amount = flt(level.fee)
	company_currency = frappe.get_cached_value("Company", company, "default_currency")
	if amount and currency != company_currency:
		from erpnext.setup.utils import get_exchange_rate

		amount *= flt(get_exchange_rate(company_currency, currency, today))
	return flt(amount, frappe.get_precision(DOCTYPE, "fee"))


def set_rows(doc, lines: Iterable[tuple[ladder.Asked, int, int]], today) -> None:
	"""Rows and totals: (what is asked of a row, its level, the level's days)."""
	dunnings = {(row.sales_invoice, row.installment_no): row.dunning for row in doc.rows}
	doc.set("rows", [])
	total, held_total, covered = ZERO, ZERO, ZERO
	for asked, level, level_days in lines:
		row = asked.row
		doc.append(
			"rows",
			{
				"sales_invoice": row.sales_invoice,
				"installment_no": row.installment_no,
				"posting_date": row.posting_date,
				"due_date": row.due_date,
				"days_overdue": row.days_overdue(today),
				"amount": flt(row.amount),
				"outstanding": flt(row.outstanding),
				"held": flt(asked.held),
				"covered": flt(asked.covered),
				"amount_due": flt(asked.amount),
				"level": level,
				"level_days": level_days,
				"currency": row.currency,
				"deal": row.deal,
				"dunning": dunnings.get(row.key),
			},
		)
		total, held_total, covered = total + asked.amount, held_total + asked.held, covered + asked.covered
	doc.total_due, doc.held, doc.on_account = flt(total), flt(held_total), flt(covered)


def write_text(doc, texts: list, today, contact_name: str | None = None) -> None:
	text = dunning_texts.text_of(texts, doc.level_title, doc.language)
	if not text:
		frappe.throw(_("{0} has no text.").format(doc.level_title))
	words = dunning_texts.values(frappe._dict(doc.as_dict(), contact_name=contact_name), today)
	doc.subject, doc.body = dunning_texts.render(text.subject, text.body, words)


def put_right(doc, today) -> str | None:
	"""Look at the ledger again: paid rows fall away, money on account and holds count. Whether and how the figures changed.

	Returns None where nothing changed, DAY where only days did, AMOUNTS, or the reason why nothing is left to ask.
	"""
	before = {(row.sales_invoice, row.installment_no): row for row in doc.rows}
	rows = open_rows(doc.company, customers=[doc.customer], returns=True)
	rows = [row for row in rows if row.currency == doc.currency]
	money = on_account(doc.company, [doc.customer]).get((doc.customer, doc.currency), ZERO)
	wanted = [row for row in rows if row.key in before]
	holds = held.holds(doc.company, today, customers=[doc.customer], rows=rows)
	asked, not_asked = ladder.ask(wanted, holds, ladder.cover_of(rows, money))
	levels = [(entry, before[entry.row.key].level, before[entry.row.key].level_days) for entry in asked]
	if not any(level_days == doc.level_days and level for _entry, level, level_days in levels):
		reasons = dict.fromkeys(reason for _row, reason, _name in not_asked)
		return ", ".join(_(reason) for reason in reasons) or _("Paid")
	if doc.level_days < 0 and any(entry.row.due_date < today for entry in asked):
		return _("The due date has passed.")
	amounts = {entry.row.key: entry.amount for entry in asked}
	same = amounts == {at: to_decimal(row.amount_due) for at, row in before.items()}
	if same and getdate(doc.message_date) == today:
		return None
	doc.message_date = today
	set_rows(doc, levels, today)
	return DAY if same else AMOUNTS


# What a user may save


def check(doc) -> None:
	"""Only drafts change, and of them only text and address; everything else stays as it is in the database."""
	if doc.flags.sca_dunning:
		return
	if doc.is_new():
		frappe.throw(_("Reminders are made by a Dunning Run."))
	kept = doc.get_doc_before_save()
	if kept.status not in (DRAFT, HELD_BACK, FAILED):
		frappe.throw(_("{0} is {1} and cannot be changed any more.").format(doc.name, _(kept.status)))
	for field in doc.meta.get_fieldnames_with_value():
		if field not in EDITABLE:
			doc.set(field, kept.get(field))
	doc.text_edited = int(kept.text_edited or doc.subject != kept.subject or doc.body != kept.body)
	for field in ("recipients", "cc"):
		for address in dunning_policies.addresses(doc.get(field)):
			validate_email_address(address, throw=True)


def check_trash(doc) -> None:
	if doc.status in (QUEUED, SENT):
		frappe.throw(_("{0} was sent; what a customer was told stays.").format(doc.name))


# Review


def release(names: list[str]) -> list[str]:
	"""Let drafts go: they are marked, and sent by whoever sends. Names of those that were drafts. Rights are the caller's."""
	released = []
	for doc in _locked(names):
		if doc.status not in (DRAFT, HELD_BACK, FAILED):
			continue
		_set(doc, status=DRAFT, released_by=frappe.session.user, released_on=now_datetime(), reason=None)
		released.append(doc.name)
	return released


def hold_back(names: list[str], reason: str) -> None:
	"""Keep them from going; their customers are passed over until they are released or cancelled."""
	for doc in _locked(names):
		if doc.status in (DRAFT, FAILED):
			_set(doc, status=HELD_BACK, released_by=None, released_on=None, reason=reason)


def cancel(names: list[str], reason: str) -> None:
	for doc in _locked(names):
		if doc.status in (DRAFT, HELD_BACK, FAILED):
			_set(doc, status=CANCELLED, released_by=None, released_on=None, reason=reason)


def replace_older(run: str, company: str, customers: list[str]) -> None:
	"""Drafts of earlier runs give way to those that `run` made for the same customer and currency."""
	mine = {
		(row.customer, row.currency): row.name
		for row in frappe.get_all(
			DOCTYPE,
			filters={"dunning_run": run, "customer": ("in", customers or [""])},
			fields=["name", "customer", "currency"],
		)
	}
	older = frappe.get_all(
		DOCTYPE,
		filters={
			"company": company,
			"status": ("in", (DRAFT, FAILED)),
			"dunning_run": ("!=", run),
			"customer": ("in", customers or [""]),
		},
		fields=["name", "customer", "currency"],
	)
	for row in older:
		if newer := mine.get((row.customer, row.currency)):
			cancel([row.name], _("Replaced by {0}").format(newer))


def _locked(names: list[str]) -> list[frappe._dict]:
	"""The messages as they are now, locked in the order of their names."""
	message = frappe.qb.DocType(DOCTYPE)
	return (
		frappe.qb.from_(message)
		.select(message.name, message.status)
		.where(message.name.isin(names or [""]))
		.orderby(message.name)
		.for_update()
		.run(as_dict=True)
	)


def _set(doc, **values) -> None:
	frappe.db.set_value(DOCTYPE, doc.name, values)
