"""What reminders earned, read from the messages that were sent and the money of the Payment Ledger; a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import frappe
from frappe.query_builder.functions import Count
from frappe.utils import cint, getdate, today

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables import dunning_effect as rules
from sales_crm_accounts.core.receivables import promises as promise_rules
from sales_crm_accounts.core.receivables.dunning_effect import Ask, Effect, Message, Outcome, Promise
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables.dunning_facts import TOLD
from sales_crm_accounts.services.receivables.receipts import Receipts

#: What messages can be gathered by.
LEVEL, POLICY, CHANNEL, LANGUAGE = "Level", "Policy", "Channel", "Language"
BY = (LEVEL, POLICY, CHANNEL, LANGUAGE)


@dataclass(frozen=True)
class Question:
	"""Messages of which days and kinds, gathered by what; `customers` None for all. Rights are the caller's to check."""

	company: str
	from_date: date
	to_date: date
	by: str = LEVEL
	policy: str | None = None
	channel: str | None = None
	language: str | None = None
	customers: list[str] | None = None

	@property
	def day(self) -> date:
		return getdate(today())

	def wants(self, message: frappe._dict) -> bool:
		return message.day <= self.to_date and all(
			getattr(self, name) in (None, message[name]) for name in ("policy", "channel", "language")
		)

	def key(self, message: frappe._dict) -> tuple:
		"""What the message is gathered under: (days from the due date, title) of its level, or one name."""
		if self.by == LEVEL:
			return cint(message.level_days), message.level_title or ""
		return (message[self.by.lower()] or "",)


@dataclass
class Found:
	"""`before` is what came by itself after the due dates of the period; `groups` are in the order of their keys."""

	before: Effect = field(default_factory=Effect)
	total: Effect = field(default_factory=Effect)
	groups: dict[tuple, Effect] = field(default_factory=dict)


def effect(question: Question) -> Found:
	"""Effect of the messages that the question is about, in company currency; see `core.receivables.dunning_effect`."""
	messages = _messages(question)
	chosen = {name: message for name, message in messages.items() if question.wants(message)}
	due = _fell_due(question)
	invoices = {invoice for message in chosen.values() for invoice in message.invoices}
	invoices |= {invoice for invoice, _no in due}
	parts, asks = _asks(question, invoices)
	parts |= due

	found = Found()
	for name in sorted(chosen, key=lambda name: question.key(chosen[name])):
		group = found.groups.setdefault(question.key(chosen[name]), Effect())
		for one in (group, found.total):
			one.messages.add(name)
			one.customers.add(chosen[name].customer)
	decimals = precision()
	for key, outcome in _outcomes(question, parts, asks, due):
		part = parts[key]
		if outcome.message is None:
			found.before.add(outcome.converted(part.rate, decimals), part.customer)
		elif outcome.message in chosen:
			group = found.groups[question.key(chosen[outcome.message])]
			for one in (group, found.total):
				one.add(outcome.converted(part.rate, decimals), part.customer)
	for name in rules.credited_to(_promises(question), _as_promises_see_them(messages)).values():
		if name in chosen:
			found.groups[question.key(chosen[name])].promises += 1
			found.total.promises += 1
	return found


def _outcomes(question, parts, asks, due) -> Iterable[tuple[tuple[str, int], Outcome]]:
	receipts = Receipts(invoices={invoice for invoice, _no in parts})
	money: dict[tuple[str, int], list] = defaultdict(list)
	last_day = question.day
	for receipt in promise_rules.net(receipts.all):
		if receipt.day <= last_day:
			money[receipt.sales_invoice, receipt.installment_no].append((receipt.day, receipt.amount))
	for key, part in parts.items():
		known = asks.get(key, [])
		if key in due and all(ask.day > part.late_from for ask in known):
			late = receipts.open_on(*key, part.late_from)
			if late > 0:
				known = [Ask(part.late_from, late), *known]
		for outcome in rules.outcomes(known, money[key], max(part.open, ZERO)):
			yield key, outcome


# Statements


def _messages(question: Question) -> dict[str, frappe._dict]:
	"""Messages sent since the first day of the period, later ones too: they take promises over from those of the period."""
	message, row = frappe.qb.DocType("Dunning Message"), frappe.qb.DocType("Dunning Message Row")
	query = (
		frappe.qb.from_(message)
		.join(row)
		.on((row.parent == message.name) & (row.parenttype == "Dunning Message"))
		.where((message.company == question.company) & message.status.isin(TOLD))
		.where(message.message_date[question.from_date : question.day])
		.select(message.name, message.customer, message.currency, message.message_date.as_("day"))
		.select(message.policy, message.level_days, message.level_title, message.channel, message.language)
		.select(row.sales_invoice)
		.distinct()
		.orderby(message.name)
	)
	found: dict[str, frappe._dict] = {}
	for values in _of(query, message, question).run(as_dict=True):
		known = found.setdefault(values.name, frappe._dict(values, day=getdate(values.day), invoices=set()))
		known.invoices.add(values.sales_invoice)
	return found


def _fell_due(question: Question) -> dict[tuple[str, int], frappe._dict]:
	"""Installments due in the period that are open, or were touched after the due date."""
	kept, entry = frappe.qb.DocType("Open Installment"), frappe.qb.DocType("Payment Ledger Entry")
	touched = (
		frappe.qb.from_(entry)
		.select(Count("*"))
		.where(
			(entry.against_voucher_type == "Sales Invoice") & (entry.against_voucher_no == kept.sales_invoice)
		)
		.where((entry.delinked == 0) & (entry.posting_date > kept.due_date))
		.where(entry.voucher_no != kept.sales_invoice)
	)
	query = (
		frappe.qb.from_(kept)
		.select(*_columns(kept))
		.where((kept.company == question.company) & (kept.is_return == 0) & (kept.amount > 0))
		.where(kept.due_date[question.from_date : question.to_date])
		.where((kept.due_date < question.day) & (kept.posting_date < question.day))
		.where((kept.outstanding_amount > 0) | (touched > 0))
	)
	return {part.key: part for part in map(_part, _of(query, kept, question).run(as_dict=True))}


def _asks(question: Question, invoices: set[str]) -> tuple[dict, dict[tuple[str, int], list[Ask]]]:
	"""All that was ever asked of these invoices, by installment: (the installments, the asks)."""
	message, row = frappe.qb.DocType("Dunning Message"), frappe.qb.DocType("Dunning Message Row")
	kept = frappe.qb.DocType("Open Installment")
	found = (
		frappe.qb.from_(row)
		.join(message)
		.on((row.parent == message.name) & (row.parenttype == "Dunning Message"))
		.join(kept)
		.on((kept.sales_invoice == row.sales_invoice) & (kept.installment_no == row.installment_no))
		.where((message.company == question.company) & message.status.isin(TOLD))
		.where((message.message_date <= question.day) & (row.amount_due > 0))
		.where(row.sales_invoice.isin(sorted(invoices) or [""]))
		.select(message.name, message.message_date, row.amount_due, *_columns(kept))
		.run(as_dict=True)
	)
	parts, asks = {}, defaultdict(list)
	for values in found:
		part = parts.setdefault((values.sales_invoice, values.installment_no), _part(values))
		asks[part.key].append(Ask(getdate(values.message_date), to_decimal(values.amount_due), values.name))
	return parts, asks


def _promises(question: Question) -> list[Promise]:
	promise = frappe.qb.DocType("Promise to Pay")
	query = (
		frappe.qb.from_(promise)
		.where((promise.company == question.company) & (promise.status != "Cancelled"))
		.where(promise.promised_on[question.from_date : question.day])
		.select(promise.name, promise.customer, promise.currency, promise.promised_on, promise.sales_invoice)
		.orderby(promise.name)
	)
	return [
		Promise(row.name, (row.customer, row.currency), getdate(row.promised_on), row.sales_invoice or None)
		for row in _of(query, promise, question).run(as_dict=True)
	]


def _of(query, table, question: Question):
	return (
		query if question.customers is None else query.where(table.customer.isin(question.customers or [""]))
	)


def _columns(kept) -> tuple:
	return (
		*(kept.sales_invoice, kept.installment_no, kept.customer, kept.due_date, kept.posting_date),
		*(kept.currency, kept.account_currency, kept.conversion_rate, kept.outstanding_amount),
	)


def _part(row: frappe._dict) -> frappe._dict:
	"""An installment; `rate` makes its amounts those of the company's currency, `late_from` is the last day in time."""
	rate = to_decimal(row.conversion_rate) if row.account_currency == row.currency else Decimal(1)
	return frappe._dict(
		key=(row.sales_invoice, row.installment_no),
		customer=row.customer,
		rate=rate,
		open=to_decimal(row.outstanding_amount),
		# An invoice that was late when it was posted is late from that day.
		late_from=max(getdate(row.due_date), getdate(row.posting_date)),
	)


def _as_promises_see_them(messages: dict[str, frappe._dict]) -> list[Message]:
	return [
		Message(name, (message.customer, message.currency), message.day, frozenset(message.invoices))
		for name, message in messages.items()
	]
