"""Installation and what every migrate repeats."""

import frappe
from frappe import _

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.services import ledger_fill, stages
from sales_crm_accounts.setup import APP, MODULE
from sales_crm_accounts.setup.crm import sync_form_script
from sales_crm_accounts.setup.custom_fields import sync_custom_fields
from sales_crm_accounts.setup.defaults import make_defaults, make_settings
from sales_crm_accounts.setup.dimension import check_dimension_possible, sync_dimension
from sales_crm_accounts.setup.other_dimensions import sync_other_dimensions
from sales_crm_accounts.setup.roles import make_roles, set_billing_user


def before_install() -> None:
	check_versions()
	check_names_are_free()
	check_dimension_possible()


def after_install() -> None:
	make_roles()
	sync_custom_fields()
	make_defaults()
	set_billing_user()
	sync_dimension()
	sync_other_dimensions()
	sync_form_script()
	frappe.clear_cache()
	ledger_fill.start()


def after_app_install(app_name: str) -> None:
	"""Another app may bring documents that carry the deal, as HRMS does: ERPNext gives them no field of a dimension that is there.

	Frappe CRM brings a form that deals are made from.
	"""
	if app_name == APP or APP not in frappe.get_installed_apps():
		return
	sync_custom_fields()
	sync_dimension()
	sync_form_script()


def after_migrate() -> None:
	"""Put back what an update of ERPNext or a careless hand took away."""
	make_roles()
	sync_custom_fields()
	make_settings()
	sync_dimension()
	sync_other_dimensions()
	sync_form_script()
	stages.sync_columns()
	ledger_fill.start()


def before_tests() -> None:
	"""ERPNext's own test company, which the site tests build on."""
	from erpnext.setup.utils import before_tests as erpnext_before_tests

	erpnext_before_tests()


def check_versions() -> None:
	"""Refuse a Frappe or an ERPNext that the app was not made for, before anything is changed."""
	unsupported = erpnext_compat.unsupported_apps()
	if not unsupported:
		return
	found = ", ".join(f"{app} {version or _('(not installed)')}" for app, version in unsupported)
	frappe.throw(
		_(
			"Sales CRM Accounts needs Frappe and ERPNext from version {0} and below version {1}. Found: {2}. Update with bench update, then try again."
		).format(erpnext_compat.MIN_VERSION, erpnext_compat.BELOW_VERSION.base_version, found),
		title=_("Version Not Supported"),
		exc=frappe.IncompatibleApp if hasattr(frappe, "IncompatibleApp") else frappe.ValidationError,
	)


def check_names_are_free() -> None:
	"""A DocType of the same name that belongs to somebody else would be overwritten."""
	taken = frappe.get_all(
		"DocType",
		filters={"name": ("in", our_doctypes()), "module": ("!=", MODULE)},
		fields=["name", "module"],
	)
	if taken:
		frappe.throw(
			_("These DocTypes are already there: {0}. Rename or remove them, then install again.").format(
				", ".join(f"{row.name} ({row.module})" for row in taken)
			),
			title=_("Name Already Used"),
		)


def our_doctypes() -> list[str]:
	"""Names of all DocTypes that the app brings, as its files say."""
	from pathlib import Path

	folder = Path(frappe.get_app_path("sales_crm_accounts", "sales_crm_accounts", "doctype"))
	return sorted(
		frappe.parse_json(path.read_text())["name"]
		for path in folder.glob("*/*.json")
		if path.stem == path.parent.name
	)
