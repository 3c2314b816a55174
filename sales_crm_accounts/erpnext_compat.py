"""Every difference between the ERPNext and Frappe majors that the app runs on, in one place.

Capabilities are probed rather than versions compared, where that is possible: behaviour moves inside a major, too.
"""

import frappe
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
	from erpnext.accounts.doctype.accounting_dimension.accounting_dimension import get_doctypes_with_dimensions

	return [doctype for doctype in dict.fromkeys(get_doctypes_with_dimensions()) if frappe.db.exists("DocType", doctype)]


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
