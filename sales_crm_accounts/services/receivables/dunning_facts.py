"""All that a dunning run looks at, in a fixed number of statements, whatever the number of rows and customers."""

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple

import frappe
from frappe.query_builder.functions import Max
from frappe.utils import getdate

from sales_crm_accounts.core.receivables import ladder
from sales_crm_accounts.services.receivables import held, mail_bounces
from sales_crm_accounts.services.receivables.dunning_policies import Policies, addresses
from sales_crm_accounts.services.receivables.open_rows import on_account, open_rows

TOLD = ("Queued", "Sent")
#: Channels by which a customer is written to; a task is not seen by them.
WRITTEN = (ladder.MAIL, ladder.SMS, ladder.LETTER)


class Facts(NamedTuple):
	situation: ladder.Situation
	customers: dict[str, frappe._dict]


def load(company: str, day: date, policies: Policies, run: str | None = None) -> Facts:
	"""The situation of a company on a day. Messages of `run` itself are no contacts, so that it can be taken up again."""
	rows = open_rows(company, returns=True)
	found = customers(_owing(company))
	groups, territories = _paths("Customer Group"), _paths("Territory")
	came_back = mail_bounces.addresses(company)
	site_language = frappe.db.get_default("lang") or "en"
	parties = {
		name: ladder.Party(
			name,
			groups=groups.get(customer.customer_group, ()),
			territories=territories.get(customer.territory, ()),
			channels=frozenset(
				channel
				for channel, reach in (
					(ladder.MAIL, customer.recipients),
					(ladder.SMS, customer.mobile_no),
					(ladder.LETTER, customer.address),
				)
				if reach
			),
			language=customer.language or site_language,
			came_back=_all_back(customer.recipients, came_back.get(name)),
		)
		for name, customer in found.items()
	}
	situation = ladder.Situation(
		day=day,
		rows=rows,
		policies=policies.rules,
		parties=parties,
		holds=held.holds(company, day, rows=rows),
		on_account=on_account(company),
		reached=_reached(company),
		contacts=_contacts(company, day, policies, run),
		held_back=_held_back(company),
		quiet=quiet(company, day, policies),
	)
	return Facts(situation, found)


def _all_back(recipients: str, came_back: set[str] | None) -> str:
	"""The customer's addresses, where the last mail to each of them came back."""
	theirs = addresses(recipients)
	return ", ".join(theirs) if came_back and came_back.issuperset(map(str.lower, theirs)) else ""


def quiet(company: str, day: date, policies: Policies) -> set[str]:
	"""Policies whose holiday list has the day; without one of their own it is the company's."""
	common = frappe.db.get_value("Company Receivables Settings", company, "holiday_list")
	common = common or frappe.get_cached_value("Company", company, "default_holiday_list")
	lists = {name: row.holiday_list or common for name, row in policies.rows.items()}
	off = set(
		frappe.get_all(
			"Holiday",
			filters={
				"parent": ("in", [name for name in lists.values() if name] or [""]),
				"holiday_date": day,
			},
			pluck="parent",
		)
	)
	return {name for name, holiday_list in lists.items() if holiday_list in off}


def customers(names) -> dict[str, frappe._dict]:
	"""How customers (a list, or a query of their names) are reached: a billing contact before the primary one before their own."""
	customer = frappe.qb.DocType("Customer")
	found = {
		row.name: frappe._dict(row, recipients="", contact=None, contact_name=None, address=None)
		for row in frappe.qb.from_(customer)
		.select(customer.name, customer.customer_name, customer.customer_group, customer.territory)
		.select(customer.language, customer.email_id, customer.mobile_no, customer.account_manager)
		.select(customer.customer_primary_contact, customer.customer_primary_address)
		.where(customer.name.isin(names))
		.run(as_dict=True)
	}
	for name, contacts in _linked(
		"Contact", names, ("email_id", "mobile_no", "first_name", "last_name", "is_billing_contact", "is_primary_contact")
	).items():  # fmt: skip
		_reach(found[name], contacts)
	for name, places in _linked("Address", names, ("address_type", "is_primary_address")).items():
		row = found[name]
		row.address = min(
			places,
			key=lambda one: (
				one.address_type != "Billing",
				one.name != row.customer_primary_address,
				not one.is_primary_address,
				one.name,
			),
		).name
	for row in found.values():
		row.recipients = row.recipients or row.email_id or ""
		row.address = row.address or row.customer_primary_address
	return found


def _reach(customer: frappe._dict, contacts: list) -> None:
	contacts = sorted(
		contacts,
		key=lambda one: (
			not one.is_billing_contact,
			one.name != customer.customer_primary_contact,
			not one.is_primary_contact,
			one.name,
		),
	)
	writable = next((one for one in contacts if one.email_id), None)
	if writable and (writable.is_billing_contact or not customer.email_id):
		customer.recipients = writable.email_id
	chosen = writable or contacts[0]
	customer.contact = chosen.name
	customer.contact_name = " ".join(filter(None, (chosen.first_name, chosen.last_name)))
	customer.mobile_no = next((one.mobile_no for one in contacts if one.mobile_no), customer.mobile_no)


def _owing(company: str):
	kept = frappe.qb.DocType("Open Installment")
	return (
		frappe.qb.from_(kept)
		.select(kept.customer)
		.where((kept.company == company) & (kept.outstanding_amount > 0))
		.distinct()
	)


def _linked(doctype: str, names, fields: tuple[str, ...]) -> dict[str, list]:
	"""Customer -> its contacts or addresses."""
	table, link = frappe.qb.DocType(doctype), frappe.qb.DocType("Dynamic Link")
	query = (
		frappe.qb.from_(link)
		.join(table)
		.on(link.parent == table.name)
		.select(link.link_name, table.name, *(table[field] for field in fields))
		.where((link.parenttype == doctype) & (link.link_doctype == "Customer"))
		.where(link.link_name.isin(names))
	)
	if doctype == "Address":
		query = query.where(table.disabled == 0)
	found = defaultdict(list)
	for row in query.run(as_dict=True):
		found[row.link_name].append(row)
	return found


def _paths(doctype: str) -> dict[str, tuple[str, ...]]:
	"""Name -> itself and those above it, nearest first."""
	parent_field = {"Customer Group": "parent_customer_group", "Territory": "parent_territory"}[doctype]
	table = frappe.qb.DocType(doctype)
	parents = dict(frappe.qb.from_(table).select(table.name, table[parent_field]).run())
	paths = {}
	for name in parents:
		path, here = [], name
		while here and here not in path:
			path.append(here)
			here = parents.get(here)
		paths[name] = tuple(path)
	return paths


def _reached(company: str) -> dict[tuple[str, int], ladder.Reached]:
	"""What was told of the rows that are open: the highest level, and the last day."""
	message, row, kept = (
		frappe.qb.DocType("Dunning Message"),
		frappe.qb.DocType("Dunning Message Row"),
		frappe.qb.DocType("Open Installment"),
	)
	found = (
		frappe.qb.from_(row)
		.join(message)
		.on((row.parent == message.name) & (row.parenttype == "Dunning Message"))
		.join(kept)
		.on((kept.sales_invoice == row.sales_invoice) & (kept.installment_no == row.installment_no))
		.where((message.company == company) & message.status.isin(TOLD) & (row.level > 0))
		.where(kept.outstanding_amount > 0)
		.groupby(row.sales_invoice, row.installment_no)
		.select(row.sales_invoice, row.installment_no)
		.select(Max(row.level_days), Max(row.level), Max(message.message_date))
		.run()
	)
	return {
		(invoice, number): ladder.Reached(days, level, getdate(last))
		for invoice, number, days, level, last in found
	}


def _contacts(company: str, day: date, policies: Policies, run: str | None) -> dict[str, list[date]]:
	span = max([ladder.WEEK, *(rules.min_gap_days for rules in policies.rules)])
	message = frappe.qb.DocType("Dunning Message")
	query = (
		frappe.qb.from_(message)
		.select(message.customer, message.message_date)
		.where((message.company == company) & message.status.isin(TOLD) & message.channel.isin(WRITTEN))
		.where(message.message_date > day - timedelta(days=span))
	)
	if run:
		query = query.where(message.dunning_run != run)
	found = defaultdict(list)
	for customer, written_on in query.run():
		found[customer].append(getdate(written_on))
	return found


def _held_back(company: str) -> set[tuple[str, str]]:
	return {
		(row.customer, row.currency)
		for row in frappe.get_all(
			"Dunning Message",
			filters={"company": company, "status": "Held Back"},
			fields=["customer", "currency"],
		)
	}
