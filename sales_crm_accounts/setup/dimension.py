"""`Deal` as an accounting dimension of ERPNext, so that ledger and statements can be filtered by deal."""

import frappe
from frappe import _

from sales_crm_accounts import erpnext_compat
from sales_crm_accounts.setup import MODULE, SETTINGS
from sales_crm_accounts.setup.custom_fields import CUSTOM_FIELDS, DEAL_FIELD

DIMENSION = "Accounting Dimension"
DIMENSION_OF = "Deal"


def dimension_name() -> str | None:
	return frappe.db.get_value(DIMENSION, {"document_type": DIMENSION_OF})


def sync_dimension(enabled: bool | None = None) -> None:
	"""Make the dimension agree with the setting: there with all its fields, or switched off.

	Runs here and now; ERPNext would queue it, and a queue without a worker leaves documents without their field.
	"""
	if enabled is None:
		enabled = bool(frappe.db.get_single_value(SETTINGS, "use_accounting_dimension", cache=False))
	name = dimension_name()
	if not name:
		if not enabled:
			return
		name = _make_dimension()
	dimension = frappe.get_doc(DIMENSION, name)
	if enabled:
		_make_fields(dimension)
	if bool(dimension.disabled) == enabled:
		dimension.db_set("disabled", 0 if enabled else 1)
	_set_read_only(dimension.fieldname, not enabled)
	erpnext_compat.clear_dimension_cache()


def check_dimension_possible() -> None:
	"""Another dimension may already own the field name."""
	other = frappe.db.get_value(
		DIMENSION, {"fieldname": DEAL_FIELD, "document_type": ("!=", DIMENSION_OF)}, "document_type"
	)
	if other:
		frappe.throw(
			_(
				"The accounting dimension for {0} already uses the field name {1}. Rename that dimension, then try again."
			).format(_(other), frappe.bold(DEAL_FIELD)),
			title=_("Accounting Dimension"),
		)


def missing_fields(fieldname: str = DEAL_FIELD) -> list[str]:
	"""Documents that should have the dimension's field and do not, as column or as field."""
	return [
		doctype
		for doctype in erpnext_compat.dimension_doctypes()
		if not frappe.get_meta(doctype, cached=False).has_field(fieldname)
	]


def _make_dimension() -> str:
	"""Insert the dimension without the background job that its `after_insert` would queue."""
	check_dimension_possible()
	dimension = frappe.new_doc(DIMENSION)
	dimension.update({"document_type": DIMENSION_OF, "label": "Deal", "fieldname": DEAL_FIELD})
	dimension.set_new_name()
	dimension.run_method("validate")
	dimension.db_insert()
	return dimension.name


def _make_fields(dimension) -> None:
	missing = missing_fields(dimension.fieldname)
	if missing:
		erpnext_compat.make_dimension_fields(dimension, missing)
		frappe.clear_cache(doctype=DIMENSION_OF)  # its connections follow these fields
	# Marked as ours, as all that the app adds.
	frappe.db.set_value(
		"Custom Field",
		{"fieldname": dimension.fieldname, "options": "Deal", "module": ("is", "not set")},
		"module",
		MODULE,
		update_modified=False,
	)


def _set_read_only(fieldname: str, read_only: bool) -> None:
	"""As ERPNext does when a dimension is switched off and on; not for the fields that are read only by themselves."""
	always = [
		doctype
		for doctype, fields in CUSTOM_FIELDS.items()
		if any(field["fieldname"] == DEAL_FIELD and field.get("read_only") for field in fields)
	]
	doctypes = [d for d in erpnext_compat.dimension_doctypes() if d not in always]
	filters = {
		"fieldname": fieldname,
		"options": "Deal",
		"dt": ("in", doctypes),
		"read_only": int(not read_only),
	}
	changed = frappe.get_all("Custom Field", filters=filters, pluck="dt")
	if not changed:
		return
	frappe.db.set_value("Custom Field", filters, "read_only", int(read_only), update_modified=False)
	for doctype in changed:
		frappe.clear_cache(doctype=doctype)
