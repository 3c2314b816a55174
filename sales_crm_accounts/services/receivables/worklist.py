"""The collectors' list of a company: who is to be called today, in which order, and why; a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.desk.reportview import build_match_conditions
from frappe.query_builder.functions import Sum
from frappe.utils import cint, flt, fmt_money, get_fullname, getdate, today
from pypika.functions import Max

from sales_crm_accounts.core.money import ZERO, to_decimal
from sales_crm_accounts.core.receivables import holds as hold_rules
from sales_crm_accounts.core.receivables import payer
from sales_crm_accounts.core.receivables import worklist as rules
from sales_crm_accounts.core.receivables.worklist import Entry, Facts
from sales_crm_accounts.services.receivables import (
	assignment,
	held,
	mail_bounces,
	open_rows,
	payer_scores,
	payers,
	payers_lately,
)

MINE, UNASSIGNED, ALL = "mine", "unassigned", "all"


def page(
	company: str,
	scope: str = ALL,
	state: str = rules.CALL,
	search: str = "",
	start: int = 0,
	page_length: int = 50,
) -> dict:
	"""A page of the list: {"rows", "total", "overdue", "currency", "counts": {"Call", "Waiting"}, "scopes": {"mine", ...}}.

	The score is the same for everybody: it comes from all customers of the company that the user may see, whatever is shown.
	"""
	user, currency = frappe.session.user, company_currency(company)
	known = Known(company, customers=readable_customers(company), in_sums=True)
	entries = known.entries()
	collectors = assignment.collectors(company, known.places(entry.customer for entry in entries))
	in_scope = {
		MINE: lambda entry: collectors.get(entry.customer) == user,
		UNASSIGNED: lambda entry: entry.customer not in collectors,
	}.get(scope, lambda entry: True)
	to_call = [entry for entry in entries if entry.state == rules.CALL]
	scopes = {
		MINE: sum(1 for entry in to_call if collectors.get(entry.customer) == user),
		UNASSIGNED: sum(1 for entry in to_call if entry.customer not in collectors),
		ALL: len(to_call),
	}
	chosen = [entry for entry in entries if in_scope(entry) and known.matches(entry.customer, search)]
	shown = [entry for entry in chosen if entry.state == state]
	return {
		"rows": [
			known.row(entry, collectors.get(entry.customer), currency)
			for entry in shown[start : start + page_length]
		],
		"total": len(shown),
		"overdue": flt(sum((entry.overdue for entry in shown), ZERO)),
		"currency": currency,
		"counts": {
			name: sum(1 for entry in chosen if entry.state == name) for name in (rules.CALL, rules.WAITING)
		},
		"scopes": scopes,
	}


def company_currency(company: str) -> str:
	return frappe.get_cached_value("Company", company, "default_currency")


def readable_customers(company: str) -> list[str] | None:
	"""Customers with open installments that the user may read; None where nothing narrows them."""
	conditions = build_match_conditions("Open Installment")
	if not conditions:
		return None
	return [
		name
		for (name,) in frappe.db.sql(  # nosemgrep: Frappe's own conditions; the value is a parameter
			"select distinct customer from `tabOpen Installment`"
			f" where company = %(company)s and outstanding_amount != 0 and ({conditions.replace('%', '%%')})",
			{"company": company},
		)
	]


class Known:
	"""What the site knows of a company's customers with something open, read once.

	`in_sums`: rows of customers of whom all is to be asked for are added up where they are read; the list is the same, in a
	fifth of the time. Of others, part of whose rows is held or covered, each row is known.
	"""

	def __init__(
		self,
		company: str,
		customers: Iterable[str] | None = None,
		on_date: date | None = None,
		in_sums: bool = False,
	):
		self.company, self.today = company, getdate(on_date or today())
		customers = None if customers is None else list(customers)
		self.on_account = defaultdict(dict)
		for (customer, currency), amount in open_rows.on_account(company, customers).items():
			self.on_account[customer][currency] = amount
		claims = held.claims(company, self.today, customers)
		if in_sums:
			rows = self._summed(customers, {claim.customer for claim in claims})
		else:
			rows = open_rows.open_rows(company, customers, returns=True)
		self.rows = defaultdict(list)
		for row in rows:
			self.rows[row.customer].append(row)
		self.holds = hold_rules.held(rows, claims, self.today)
		self.broken = payer_scores.broken_promises(company, customers, self.today)
		self.notes = _last_notes(company, customers)
		self.letters = _last_letters(company, customers)
		self.came_back = mail_bounces.addresses(company, customers)
		self.customers = _customers(company, {*self.rows, *(customers or ())})
		self.limits = _credit_limits(company)
		self.deals = _deal_values(company, customers)
		about = company, customers, self.today, sum(row.count for row in rows)
		self.payers = payers_lately.lately(payers.behaviour, *about)
		self.histories = payers_lately.lately(payer_scores.histories, *about)

	def _summed(self, customers: list[str] | None, with_claims: set[str]) -> list:
		summed, in_credit = open_rows.sums(self.company, self.today, customers)
		singly = in_credit.union(with_claims, self.on_account)
		if customers is not None:
			singly.intersection_update(customers)
		return [
			*(row for row in summed if row.customer not in singly),
			*open_rows.open_rows(self.company, sorted(singly), returns=True),
		]

	def facts(self) -> list[Facts]:
		return [self.of(customer) for customer in self.rows]

	def of(self, customer: str) -> Facts:
		note = self.notes.get(customer) or frappe._dict()
		broken, last_broken = self.broken.get(customer, (0, None))
		paid = self.payers.get(customer)
		return Facts(
			customer=customer,
			rows=self.rows[customer],
			holds=self.holds,
			on_account=self.on_account.get(customer, {}),
			follow_up=note.next_date and getdate(note.next_date),
			last_contact=note.noted_on and getdate(note.noted_on),
			broken_promises=broken,
			last_broken=last_broken,
			average_days_late=paid.average_days_late if paid and paid.paid >= payer.ENOUGH else None,
			payer_score=self.payer_score(customer),
			credit_limit=self.limit(customer),
			deal_value=self.deals.get(customer, ZERO),
		)

	def payer_score(self, customer: str) -> payer.Score:
		if customer not in self.histories:
			return payer.Score()  # what the night keeps was lost, and is not there again yet
		rows = [row for row in self.rows[customer] if row.base_outstanding > 0]
		whole = sum((row.base_outstanding for row in rows), ZERO)
		overdue = sum((row.base_outstanding for row in rows if row.due_date < self.today), ZERO)
		return payer.score(
			self.payers.get(customer, payer.Behaviour()),
			payer_scores.record(
				overdue / whole if whole else ZERO, self.broken.get(customer), self.histories.get(customer)
			),
		)

	def entries(self) -> list[Entry]:
		return rules.worklist(self.facts(), self.today, precision(company_currency(self.company)))

	def limit(self, customer: str) -> Decimal:
		"""The credit limit as ERPNext looks it up: customer, customer group, company."""
		group = self.customers[customer].customer_group if customer in self.customers else None
		return (
			self.limits.get(("Customer", customer))
			or self.limits.get(("Customer Group", group))
			or to_decimal(frappe.get_cached_value("Company", self.company, "credit_limit"))
		)

	def places(self, customers: Iterable[str]) -> dict[str, tuple]:
		return {
			name: (self.customers[name].customer_group, self.customers[name].territory)
			for name in customers
			if name in self.customers
		}

	def matches(self, customer: str, search: str) -> bool:
		text = search.strip().lower()
		name = self.customers[customer].customer_name if customer in self.customers else ""
		return not text or text in customer.lower() or text in (name or "").lower()

	def row(self, entry: Entry, collector: str | None, currency: str) -> dict:
		"""An entry as the page shows it, with texts in the user's language."""
		note = self.notes.get(entry.customer) or frappe._dict()
		letter = self.letters.get(entry.customer)
		customer = self.customers.get(entry.customer) or frappe._dict()
		return {
			"customer": entry.customer,
			"customer_name": customer.customer_name or entry.customer,
			"territory": customer.territory,
			"state": entry.state,
			"score": entry.score,
			"reasons": [
				{"kind": reason.kind, "points": reason.points, "text": reason_text(reason, currency)}
				for reason in entry.reasons
			],
			"overdue": flt(entry.overdue),
			"total_overdue": flt(entry.total_overdue),
			"open": flt(entry.open),
			"held": flt(entry.held),
			"covered": flt(entry.covered),
			"days": entry.days,
			"installments": entry.installments,
			"wakes_on": entry.wakes_on,
			"waits_for": [wait_text(kind) for kind in entry.waits_for],
			"collector": collector,
			"collector_name": get_fullname(collector) if collector else None,
			"last_contact": note.noted_on,
			"last_letter": letter,
			"on_hold": bool(customer.credit_hold),
			"came_back": sorted(self.came_back.get(entry.customer, ())),
			"follow_up": note.next_date,
			"next_step": note.next_step,
		}


def reason_text(reason, currency: str) -> str:
	"""Why there are points, in the user's language."""
	values = reason.values
	if reason.kind == rules.AMOUNT:
		return _("{0} overdue").format(_money(values["amount"], currency))
	if reason.kind == rules.AGE:
		return _("the oldest for {0} days").format(values["days"])
	if reason.kind == rules.FOLLOW_UP:
		return _("next step due on {0}").format(frappe.format(values["date"], "Date"))
	if reason.kind == rules.BROKEN:
		return (
			_("one broken promise")
			if values["count"] == 1
			else _("{0} broken promises").format(values["count"])
		)
	if reason.kind == rules.BEHAVIOUR:
		return _("pays {0} days late on average (grade {1}, {2} of 100)").format(
			cint(round(values["days"])), values["grade"], values["score"]
		)
	if reason.kind == rules.CREDIT:
		return _("uses {0}% of the credit limit").format(values["percent"])
	return _("deals of {0}").format(_money(values["amount"], currency))


def wait_text(kind: str) -> str:
	return {
		"Promise": _("Promise to Pay"),
		"Dispute": _("Dispute"),
		"Pause": _("Pause"),
		rules.NEXT_STEP: _("Next Step"),
		rules.ON_ACCOUNT: _("Money on Account"),
	}.get(kind, kind)


def _money(amount, currency: str) -> str:
	return fmt_money(flt(amount), currency=currency)


def precision(currency: str) -> int:
	from frappe.model.meta import get_field_precision

	field = frappe.get_meta("Open Installment").get_field("base_outstanding_amount")
	return cint(get_field_precision(field, currency=currency)) or 2


# Statements. Each takes a list of customers, or None for all of the company.


def _of(table, company: str, customers: list[str] | None):
	query = frappe.qb.from_(table).where(table.company == company)
	return query if customers is None else query.where(table.customer.isin(customers or [""]))


def _last_notes(company: str, customers: list[str] | None) -> dict[str, frappe._dict]:
	"""The last note of each customer; its next step is the one that counts."""
	note, inner = frappe.qb.DocType("Collection Note"), frappe.qb.DocType("Collection Note").as_("inner")
	last = (
		frappe.qb.from_(inner)
		.where(inner.company == company)
		.groupby(inner.customer)
		.select(inner.customer, Max(inner.noted_on).as_("noted_on"))
	)
	found = (
		_of(note, company, customers)
		.join(last)
		.on((note.customer == last.customer) & (note.noted_on == last.noted_on))
		.select(note.customer, note.noted_on, note.next_step, note.next_date)
		.orderby(note.creation)
		.run(as_dict=True)
	)
	return {row.customer: row for row in found}


def _last_letters(company: str, customers: list[str] | None) -> dict[str, date]:
	"""Day of the last reminder by customer."""
	message = frappe.qb.DocType("Dunning Message")
	return dict(
		_of(message, company, customers)
		.where(message.status.isin(["Queued", "Sent"]))
		.groupby(message.customer)
		.select(message.customer, Max(message.message_date))
		.run()
	)


def _customers(company: str, names: Iterable[str]) -> dict[str, frappe._dict]:
	names = list(names)
	if not names:
		return {}
	customer, hold = frappe.qb.DocType("Customer"), frappe.qb.DocType("Credit Hold")
	found = (
		frappe.qb.from_(customer)
		.left_join(hold)
		.on((hold.customer == customer.name) & (hold.company == company) & (hold.status == "On Hold"))
		.where(customer.name.isin(names))
		.select(customer.name, customer.customer_name, customer.customer_group, customer.territory)
		.select(hold.name.as_("credit_hold"))
		.run(as_dict=True)
	)
	return {row.name: row for row in found}


def _credit_limits(company: str) -> dict[tuple[str, str], Decimal]:
	"""(Customer or Customer Group, name) -> limit above 0, as far as ERPNext holds invoices to it."""
	limit = frappe.qb.DocType("Customer Credit Limit")
	found = (
		frappe.qb.from_(limit)
		.where((limit.company == company) & (limit.credit_limit > 0))
		.where((limit.parenttype == "Customer") | (limit.bypass_credit_limit_check == 0))
		.select(limit.parenttype, limit.parent, limit.credit_limit)
		.run()
	)
	return {(kind, name): to_decimal(amount) for kind, name, amount in found}


def _deal_values(company: str, customers: list[str] | None) -> dict[str, Decimal]:
	"""Sum of the deals that each customer's open installments come from, in company currency."""
	kept, deal = frappe.qb.DocType("Open Installment"), frappe.qb.DocType("Deal")
	each = (
		_of(kept, company, customers)
		.where((kept.outstanding_amount > 0) & kept.deal.isnotnull())
		.select(kept.customer, kept.deal)
		.distinct()
		.as_("each")
	)
	found = (
		frappe.qb.from_(each)
		.join(deal)
		.on(deal.name == each.deal)
		.groupby(each.customer)
		.select(each.customer, Sum(deal.base_grand_total))
		.run()
	)
	return {customer: to_decimal(amount) for customer, amount in found}
