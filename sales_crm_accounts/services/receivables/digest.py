"""The morning digest: one mail a day to each person about what became due, overdue, promised, broken or paid.

It covers whole days from the last digest of that person, so that nothing of a quiet day or a missed morning is lost. The record is
kept in the transaction that queues the mail, under a unique index of person and day: nobody is told twice.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import frappe
from frappe import _
from frappe.desk.doctype.notification_settings.notification_settings import is_email_notifications_enabled
from frappe.permissions import get_user_permissions
from frappe.query_builder.functions import Max, Sum
from frappe.utils import add_days, cint, flt, fmt_money, get_time, get_url, getdate, now_datetime

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.permissions.deal_access import SEES_ALL
from sales_crm_accounts.services.approvals import reading
from sales_crm_accounts.services.receivables import assignment

SETTINGS = "Company Receivables Settings"
RECORD = "Collections Digest"
TEMPLATE = "sca_collections_digest"
DEFAULT_TIME = "08:00:00"
BROKEN, OVERDUE, DUE, PROMISED, PAID = "broken", "became_overdue", "became_due", "promised", "paid"
KINDS = (BROKEN, OVERDUE, DUE, PROMISED, PAID)
#: Days that a digest looks back at most, and lines that a part of the mail shows.
LOOK_BACK, LINES = 14, 12


@dataclass(frozen=True, slots=True)
class Event:
	"""Something that happened on a day; amount in `currency`."""

	kind: str
	company: str
	customer: str
	deal: str | None
	currency: str
	amount: Decimal
	happened_on: date


def sca_hourly_collections_digest():
	send(now_datetime())


def send(now):
	"""Send what is due at `now`; an hour that was missed is made up for by the next. Commits per person."""
	settings = _settings(now)
	if not settings:
		return
	today = getdate(now)
	told = _last_told()
	open_since = {
		user: max(getdate(add_days(today, -LOOK_BACK)), told.get(user) or getdate(add_days(today, -1)))
		for user in _candidates(settings)
		if told.get(user) != today
	}
	if not open_since:
		return
	events = events_of([row.company for row in settings], min(open_since.values()), today)
	sees = _who_sees_what(settings, events)
	for user, since in open_since.items():
		mine = [event for event in events if _is_new(event, since) and sees(user, event)]
		try:
			_tell(user, since, today, mine)
			frappe.db.commit()
		except (frappe.UniqueValidationError, frappe.DuplicateEntryError):
			frappe.db.rollback()  # another worker told them meanwhile
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Collections digest not sent to {0}").format(user))
			frappe.db.commit()


def events_of(companies: list[str], since: date, today: date) -> list[Event]:
	"""What happened from `since` on: money and promises up to yesterday, due dates and broken promises up to today.

	Three statements whatever there is.
	"""
	return [
		*_due(companies, since, today),
		*_promises(companies, since, today),
		*_paid(companies, since, today),
	]


def _is_new(event: Event, since: date) -> bool:
	"""Promises are judged before the morning's mail: those of the day of the last one were in it."""
	return event.happened_on > since if event.kind == BROKEN else event.happened_on >= since


# What happened


def _due(companies, since, today) -> list[Event]:
	kept = frappe.qb.DocType("Open Installment")
	rows = (
		frappe.qb.from_(kept)
		.where(kept.company.isin(companies) & (kept.outstanding_amount > 0) & (kept.is_return == 0))
		.where((kept.due_date >= since) & (kept.due_date <= today))
		.select(kept.due_date, kept.company, kept.customer, kept.deal)
		.select(kept.account_currency, kept.outstanding_amount)
		.run()
	)
	return [
		Event(
			DUE if getdate(due) == today else OVERDUE,
			company,
			customer,
			deal,
			currency,
			to_decimal(amount),
			getdate(due),
		)
		for due, company, customer, deal, currency, amount in rows
	]


def _promises(companies, since, today) -> list[Event]:
	promise = frappe.qb.DocType("Promise to Pay")
	made = (promise.creation >= since) & (promise.creation < today) & (promise.status != "Cancelled")
	# Judged at night: what was judged on the morning of the last digest was told then.
	broken = (promise.status == "Broken") & (promise.judged_on > since) & (promise.judged_on <= today)
	rows = (
		frappe.qb.from_(promise)
		.where(promise.company.isin(companies) & (made | broken))
		.select(promise.company, promise.customer, promise.deal, promise.currency, promise.amount)
		.select(promise.received_amount, promise.status, promise.judged_on, promise.creation)
		.run(as_dict=True)
	)
	found = []
	for row in rows:
		about = (row.company, row.customer, row.deal, row.currency)
		created = getdate(row.creation)
		if since <= created < today:
			found.append(Event(PROMISED, *about, to_decimal(row.amount), created))
		if row.status == "Broken" and row.judged_on and since < getdate(row.judged_on) <= today:
			missing = to_decimal(row.amount) - to_decimal(row.received_amount)
			found.append(Event(BROKEN, *about, missing, getdate(row.judged_on)))
	return found


def _paid(companies, since, today) -> list[Event]:
	"""Money on invoices, by the day it was entered; credit notes and write-offs are no money."""
	entry, invoice = frappe.qb.DocType("Payment Ledger Entry"), frappe.qb.DocType("Sales Invoice")
	journal = frappe.qb.DocType("Journal Entry")
	rows = (
		frappe.qb.from_(entry)
		.join(invoice)
		.on(invoice.name == entry.against_voucher_no)
		.left_join(journal)
		.on((journal.name == entry.voucher_no) & (entry.voucher_type == "Journal Entry"))
		.where(entry.company.isin(companies) & (entry.delinked == 0))
		.where((entry.against_voucher_type == "Sales Invoice") & (entry.party_type == "Customer"))
		.where((entry.creation >= since) & (entry.creation < today))
		.where(
			(entry.voucher_type == "Payment Entry")
			| (
				(entry.voucher_type == "Journal Entry")
				& journal.voucher_type.notin(["Credit Note", "Write Off Entry"])
			)
		)
		.groupby(entry.company, entry.party, invoice.deal, entry.account_currency, entry.voucher_no)
		.select(entry.company, entry.party, invoice.deal, entry.account_currency)
		.select(-Sum(entry.amount_in_account_currency), Max(entry.creation))
		.run()
	)
	return [
		Event(PAID, company, customer, deal, currency, to_decimal(amount), getdate(entered))
		for company, customer, deal, currency, amount, entered in rows
		if amount > 0
	]


# To whom


def _settings(now) -> list:
	"""Companies whose digest goes out now: switched on, late enough, and no quiet day."""
	at = frappe.db.get_single_value("Sales CRM Accounts Settings", "digest_time") or DEFAULT_TIME
	if now.time() < get_time(str(at)):
		return []
	rows = frappe.get_all(
		SETTINGS, filters={"send_digest": 1}, fields=["company", "holiday_list", "digest_to_deal_owners"]
	)
	return [row for row in rows if not _quiet(row, getdate(now))]


def _quiet(row, day: date) -> bool:
	name = row.holiday_list or frappe.get_cached_value("Company", row.company, "default_holiday_list")
	return bool(name and frappe.db.exists("Holiday", {"parent": name, "holiday_date": day}))


def _last_told() -> dict[str, date]:
	record = frappe.qb.DocType(RECORD)
	found = (
		frappe.qb.from_(record).groupby(record.recipient).select(record.recipient, Max(record.digest_date))
	)
	return {user: getdate(day) for user, day in found.run()}


def _candidates(settings) -> list[str]:
	"""Finance, and owners of won deals of the companies that tell them."""
	found = dict.fromkeys(assignment.people())
	companies = [row.company for row in settings if cint(row.digest_to_deal_owners)]
	if companies:
		deal, user = frappe.qb.DocType("Deal"), frappe.qb.DocType("User")
		owners = (
			frappe.qb.from_(deal)
			.join(user)
			.on(user.name == deal.deal_owner)
			.where(deal.company.isin(companies) & (deal.docstatus == 1))
			.where((user.enabled == 1) & (user.user_type == "System User"))
			.where(user.name.notin(["Administrator", "Guest"]))
			.select(user.name)
			.distinct()
			.run()
		)
		sellers = SEES_ALL | {"Deal User"}
		found.update(
			dict.fromkeys(name for (name,) in owners if not sellers.isdisjoint(frappe.get_roles(name)))
		)
	return [user for user in found if is_email_notifications_enabled(user)]


def _who_sees_what(settings, events: list[Event]) -> Callable[[str, Event], bool]:
	"""Managers see all; collectors their customers and nobody's; owners what comes from their deals. User Permissions narrow it."""
	managers, collectors = (set(assignment.people([role])) for role in ("Collections Manager", "Collector"))
	with_owners = {row.company for row in settings if cint(row.digest_to_deal_owners)}
	customers = {event.customer for event in events}
	places = {
		row.name: (row.customer_group, row.territory)
		for row in frappe.get_all(
			"Customer",
			filters={"name": ("in", sorted(customers))},
			fields=["name", "customer_group", "territory"],
		)
	}
	whose = {row.company: assignment.collectors(row.company, places) for row in settings}
	deals = sorted({event.deal for event in events if event.deal})
	owners = dict(
		frappe.get_all("Deal", filters={"name": ("in", deals)}, fields=["name", "deal_owner"], as_list=True)
	)
	permitted: dict[str, tuple] = {}

	def sees(user: str, event: Event) -> bool:
		if user not in permitted:
			permitted[user] = (_permitted(user, "Company"), _permitted(user, "Customer"))
		for allowed, name in zip(permitted[user], (event.company, event.customer), strict=True):
			if allowed is not None and name not in allowed:
				return False
		if user in managers:
			return True
		if user in collectors and whose[event.company].get(event.customer, user) == user:
			return True
		return event.company in with_owners and bool(event.deal) and owners.get(event.deal) == user

	return sees


def _permitted(user: str, doctype: str) -> set[str] | None:
	"""Names that User Permissions leave the user; None where they narrow nothing."""
	rows = get_user_permissions(user).get(doctype)
	names = {row.get("doc") for row in rows or () if not row.get("applicable_for")}
	return names or None


# The mail


def _tell(user: str, since: date, today: date, events: list[Event]):
	counts = {kind: sum(1 for event in events if event.kind == kind) for kind in KINDS}
	address = frappe.db.get_value("User", user, "email")
	mailed = bool(events and address and not address.endswith(".invalid"))
	frappe.get_doc(
		{
			"doctype": RECORD,
			"recipient": user,
			"digest_date": today,
			"covered_from": since,
			"mailed": cint(mailed),
			**counts,
		}
	).insert(ignore_permissions=True)  # nobody has the right to make one: it is the job's own record
	if not mailed:
		return
	with reading.reading_as(user):
		frappe.sendmail(
			recipients=[address],
			subject=_("Receivables this morning: {0}").format(_summary(counts)),
			template=TEMPLATE,
			args={"parts": parts(events), "day": frappe.format(today, "Date"), **_link(user)},
			add_unsubscribe_link=0,
		)


def parts(events: list[Event]) -> list[dict]:
	"""Parts of the mail in the user's language: {"title", "tone", "totals", "lines", "more"}, one line per customer and currency."""
	names = dict(
		frappe.get_all(
			"Customer",
			filters={"name": ("in", sorted({event.customer for event in events}))},
			fields=["name", "customer_name"],
			as_list=True,
		)
	)
	titles = {
		BROKEN: (_("Broken Promises"), "red"),
		OVERDUE: (_("Became Overdue"), "red"),
		DUE: (_("Due Today"), "orange"),
		PROMISED: (_("Promised"), "blue"),
		PAID: (_("Paid"), "green"),
	}
	found = []
	for kind, (title, tone) in titles.items():
		sums: dict[tuple, Decimal] = defaultdict(Decimal)
		counts: dict[tuple, int] = defaultdict(int)
		totals: dict[str, Decimal] = defaultdict(Decimal)
		for event in events:
			if event.kind == kind:
				key = (event.customer, event.currency)
				sums[key] += event.amount
				counts[key] += 1
				totals[event.currency] += event.amount
		if not sums:
			continue
		largest = sorted(sums, key=lambda key: (-sums[key], key))
		found.append(
			{
				"title": title,
				"tone": tone,
				"totals": " + ".join(_money(amount, currency) for currency, amount in sorted(totals.items())),
				"lines": [
					{
						"customer": names.get(key[0]) or key[0],
						"amount": _money(sums[key], key[1]),
						"count": counts[key],
					}
					for key in largest[:LINES]
				],
				"more": max(0, len(largest) - LINES),
			}
		)
	return found


def _summary(counts: dict[str, int]) -> str:
	texts = {
		BROKEN: _("{0} broken"),
		OVERDUE: _("{0} overdue"),
		DUE: _("{0} due"),
		PROMISED: _("{0} promised"),
		PAID: _("{0} paid"),
	}
	return ", ".join(text.format(counts[kind]) for kind, text in texts.items() if counts[kind])


def _link(user: str) -> dict:
	desk = erpnext_compat.desk_path()
	if assignment.may_work(user):
		return {"url": get_url(f"{desk}/collections"), "label": _("Open the Worklist")}
	return {"url": get_url(f"{desk}/deal"), "label": _("Open My Deals")}


def _money(amount: Decimal, currency: str) -> str:
	return fmt_money(flt(amount), currency=currency)
