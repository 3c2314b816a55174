"""Every difference between the ERPNext and Frappe majors that the app runs on, in one place.

Capabilities are probed rather than versions compared, where that is possible: behaviour moves inside a major, too.
"""

from contextlib import contextmanager

import frappe
from frappe.utils import flt, getdate
from packaging.version import InvalidVersion, Version

# One branch for v15 and v16. Oldest release that has all the app needs, and the first major not tried yet.
MIN_VERSION = Version("15.40.0")
BELOW_VERSION = Version("17.0.0.dev0")


def frappe_major() -> int:
	return Version(frappe.__version__).major


def unsupported_apps() -> list[tuple[str, str]]:
	"""(app, version) of those of Frappe and ERPNext that the app cannot run on; a version of '' says that it is missing."""
	found = []
	for app in ("frappe", "erpnext"):
		try:
			version = frappe.get_attr(f"{app}.__version__")
		except (ImportError, AttributeError, frappe.AppNotInstalledError):
			found.append((app, ""))
			continue
		try:
			supported = MIN_VERSION <= Version(version) < BELOW_VERSION
		except InvalidVersion:
			supported = False
		if not supported:
			found.append((app, version))
	return found


def permission_granted() -> bool | None:
	"""What a `has_permission` hook answers when it has no objection.

	Since v16 every hook has to say yes; before, a yes silences the hooks of other apps (frappe PR 24253).
	"""
	return True if frappe_major() >= 16 else None


def in_test() -> bool:
	"""`frappe.flags.in_test` became `frappe.in_test` with v16."""
	return bool(getattr(frappe, "in_test", False) or frappe.flags.in_test)


def desk_path() -> str:
	"""The desk moved from /app to /desk with v16."""
	return "/desk" if frappe_major() >= 16 else "/app"


def dimension_doctypes() -> list[str]:
	"""Documents that ERPNext gives the fields of accounting dimensions."""
	from erpnext.accounts.doctype.accounting_dimension.accounting_dimension import (
		get_doctypes_with_dimensions,
	)

	return [
		doctype
		for doctype in dict.fromkeys(get_doctypes_with_dimensions())
		if frappe.db.exists("DocType", doctype)
	]


def accounting_dimensions() -> list[str]:
	"""Field names of the accounting dimensions that are switched on; ERPNext keeps them for the length of a request."""
	from erpnext.accounts.doctype.accounting_dimension.accounting_dimension import get_accounting_dimensions

	return get_accounting_dimensions()


def make_dimension_fields(dimension, doctypes: list[str]) -> None:
	"""Give `doctypes` the field of the dimension, now and here (ERPNext itself leaves it to a background job)."""
	from erpnext.accounts.doctype.accounting_dimension.accounting_dimension import (
		make_dimension_in_accounting_doctypes,
	)

	make_dimension_in_accounting_doctypes(doc=dimension, doclist=list(doctypes))


def clear_dimension_cache() -> None:
	"""ERPNext keeps dimensions for the length of a request."""
	for flag in ("accounting_dimensions", "accounting_dimensions_details"):
		frappe.flags[flag] = None


def reposting_doctypes() -> list[str]:
	"""Documents whose dimensions may be changed after submission (their ledger entries are then posted anew)."""
	try:
		from erpnext.accounts.doctype.repost_accounting_ledger.repost_accounting_ledger import (
			get_allowed_types_from_settings,
		)
	except ImportError:
		return []
	return list(get_allowed_types_from_settings() or [])


@contextmanager
def single_value_as(doctype: str, fieldname: str, value):
	"""Let this connection read `value` of a setting inside; nothing is written, and nobody else sees it.

	Yields what the setting really is, or None where it could not be covered: v16 reads settings from another cache.
	"""
	real = frappe.db.get_single_value(doctype, fieldname)
	kept = getattr(frappe.db, "value_cache", {}).get(doctype)
	if frappe_major() >= 16 or not kept or fieldname not in kept:
		yield None
		return
	kept[fieldname] = value
	try:
		yield real
	finally:
		frappe.db.value_cache.pop(doctype, None)


@contextmanager
def quiet_messages():
	"""Keep ERPNext's own pop-ups of a calculation that only serves our figures out of the user's sight.

	What an error says stays: the user would see it stop without a word.
	"""
	messages = list(frappe.local.message_log or [])
	try:
		yield
	except Exception:
		messages += frappe.local.message_log[len(messages) :][-1:]
		raise
	finally:
		frappe.local.message_log = messages


def validate_party(invoice) -> None:
	"""ERPNext's own checks that address, contact and project of an unsaved Sales Invoice are the customer's, and that its receivable account fits."""
	for method in (
		*("validate_party_address_and_contact", "validate_proj_cust"),
		*("validate_debit_to_acc", "validate_currency", "validate_party_account_currency"),
	):
		if hasattr(invoice, method):
			getattr(invoice, method)()


def ledger_lines(invoice) -> list[dict]:
	"""Ledger lines that an unsaved, computed Sales Invoice would post, in company currency; nothing is written."""
	from erpnext.accounts import general_ledger

	lines, entries = [], invoice.get_gl_entries()
	if entries and hasattr(general_ledger, "validate_disabled_accounts"):
		general_ledger.validate_disabled_accounts(entries)
	for entry in entries:
		debit, credit = flt(entry.get("debit")), flt(entry.get("credit"))
		if debit or credit:
			lines.append(
				{field: entry.get(field) for field in ("account", "party", "cost_center", "deal")}
				| {"debit": debit, "credit": credit}
			)
	return lines


def voucher_lines(doc) -> list[dict]:
	"""Ledger lines that a document would post, from its own calculation; empty where it posts none or cannot say yet."""
	if doc.doctype == "Journal Entry":
		rows = [
			{
				**{field: row.get(field) for field in ("account", "party", "cost_center", "deal")},
				"debit": flt(row.debit),
				"credit": flt(row.credit),
			}
			for row in doc.accounts
		]
		return [row for row in rows if row["debit"] or row["credit"]]
	for method in ("build_gl_map", "get_gl_entries"):  # Payment Entry has the first one
		if hasattr(doc, method):
			break
	else:
		return []
	with quiet_messages():
		if doc.doctype == "Payment Entry":
			doc.setup_party_account_field()
		elif hasattr(doc, "set_against_income_account"):
			doc.set_against_income_account()
		entries = getattr(doc, method)()
	return [
		{field: entry.get(field) for field in ("account", "party", "cost_center", "deal")}
		| {"debit": flt(entry.get("debit")), "credit": flt(entry.get("credit"))}
		for entry in entries or []
		if flt(entry.get("debit")) or flt(entry.get("credit"))
	]


def closed_until(company: str, date, doctype: str) -> str | None:
	"""Why nothing of `doctype` may be posted on `date`: the accounting period or the freeze date; None where it may."""
	return closed_days(company, [date], doctype).get(getdate(date))


def closed_days(company: str, dates, doctype: str) -> dict:
	"""Those of `dates` on which nothing of `doctype` may be posted, each with the reason; one look for all of them."""
	days = {getdate(day) for day in dates if day}
	if not days:
		return {}
	period, closed = frappe.qb.DocType("Accounting Period"), frappe.qb.DocType("Closed Document")
	rows = (
		frappe.qb.from_(period)
		.join(closed)
		.on(closed.parent == period.name)
		.where(
			(period.company == company) & (period.start_date <= max(days)) & (period.end_date >= min(days))
		)
		.where((closed.document_type == doctype) & (closed.closed == 1))
		.orderby(period.start_date)
		.select(period.name, period.start_date, period.end_date)
		.run()
	)
	frozen = _freeze_date(company)
	reasons = {}
	for day in days:
		name = next((name for name, first, last in rows if getdate(first) <= day <= getdate(last)), None)
		if name:
			reasons[day] = name
		elif frozen and day <= getdate(frozen):
			reasons[day] = frappe.format(frozen, "Date")
	return reasons


def _freeze_date(company: str):
	"""Accounts Settings hold the freeze date in v15, each Company its own since v16."""
	if frappe.get_meta("Company").has_field("accounts_frozen_till_date"):
		return frappe.get_cached_value("Company", company, "accounts_frozen_till_date")
	return frappe.db.get_single_value("Accounts Settings", "acc_frozen_upto")


def role_for_frozen_accounts(company: str) -> str | None:
	"""Who may post on frozen accounts: a role of the Accounts Settings in v15, of the Company since v16."""
	if frappe.get_meta("Company").has_field("role_allowed_for_frozen_entries"):
		return frappe.get_cached_value("Company", company, "role_allowed_for_frozen_entries")
	return frappe.db.get_single_value("Accounts Settings", "frozen_accounts_modifier")


def submit_now(journal) -> None:
	"""Submit in this transaction. ERPNext leaves a Journal Entry of more than a hundred rows to a job, which could fail on its own."""
	journal._submit()


def cancel_now(journal) -> None:
	"""Cancel in this transaction, likewise."""
	journal._cancel()
