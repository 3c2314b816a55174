"""Takes away what the installation added, so that ERPNext is as it was. ERPNext's own documents stay, all of them.

`before_uninstall` runs while our DocTypes are still there, `after_uninstall` when they are gone. Each step finds by itself what
is left to do, so that an uninstall that broke off can be run again.
"""

import click
import frappe

from sales_crm_accounts.setup import APP, MODULE
from sales_crm_accounts.setup.crm import remove_form_script
from sales_crm_accounts.setup.custom_fields import CUSTOM_FIELDS, DEAL_FIELD
from sales_crm_accounts.setup.dimension import DIMENSION
from sales_crm_accounts.setup.install import our_doctypes
from sales_crm_accounts.setup.pointers import has_column, remove_pointers
from sales_crm_accounts.setup.roles import BILLING_USER, BILLING_USER_ROLES, ROLES
from sales_crm_accounts.setup.series import remove_added_series, remove_series

# Rows that only speak about one of our documents: DocType of the row, its field with our DocType's name.
ABOUT_OUR_DOCUMENTS = (
	("Activity Log", "reference_doctype"),
	("Comment", "reference_doctype"),
	("Communication Link", "link_doctype"),
	("Discussion Topic", "reference_doctype"),
	("DocShare", "share_doctype"),
	("Document Follow", "ref_doctype"),
	("Document Share Key", "reference_doctype"),
	("Dynamic Link", "link_doctype"),
	("Email Unsubscribe", "reference_doctype"),
	("Energy Point Log", "reference_doctype"),
	("Event Participants", "reference_doctype"),
	("Milestone", "reference_type"),
	("Notification Log", "document_type"),
	("Reminder", "reminder_doctype"),
	("Submission Queue", "ref_doctype"),
	("Tag Link", "document_type"),
	("ToDo", "reference_type"),
	("Version", "ref_doctype"),
	("View Log", "reference_doctype"),
	("Workflow Action", "reference_doctype"),
)

# Mails and the like keep their text and lose the link.
UNLINKED = (
	("Communication", "reference_doctype", "reference_name"),
	("Email Queue", "reference_doctype", "reference_name"),
	("Error Log", "reference_doctype", "reference_name"),
)

# What users set up for our DocTypes, and which has no meaning without them.
SET_UP_FOR_OUR_DOCTYPES = (
	("Assignment Rule", "document_type"),
	("Auto Repeat", "reference_doctype"),
	("Calendar View", "reference_doctype"),
	("Dashboard Chart", "document_type"),
	("Data Import", "reference_doctype"),
	("DocType Layout", "document_type"),
	("Document Naming Rule", "document_type"),
	("Energy Point Rule", "reference_doctype"),
	("Form Tour", "reference_doctype"),
	("Kanban Board", "reference_doctype"),
	("List Filter", "reference_doctype"),
	("List View Settings", "name"),
	("Milestone Tracker", "document_type"),
	("Notification", "document_type"),
	("Number Card", "document_type"),
	("Onboarding Step", "reference_document"),
	("Print Format", "doc_type"),
	("Print Format Field Template", "document_type"),
	("Report", "ref_doctype"),
	("Server Script", "reference_doctype"),
	("Service Level Agreement", "document_type"),
	("Success Action", "ref_doctype"),
	("User Permission", "allow"),
	("User Permission", "applicable_for"),
	("Web Form", "doc_type"),
	("Webhook", "webhook_doctype"),
	("Workflow", "document_type"),
)

# Rows for our DocTypes in tables of others.
ROWS_FOR_OUR_DOCTYPES = (
	("Amended Document Naming Settings", "document_type"),
	("Client Script", "dt"),
	("Custom DocPerm", "parent"),
	("Custom Field", "dt"),
	("DocType Link", "link_doctype"),
	("Global Search DocType", "document_type"),
	("Logs To Clear", "ref_doctype"),
	("Notification Subscribed Document", "document"),
	("Portal Menu Item", "reference_doctype"),
	("Property Setter", "doc_type"),
	("Session Default", "ref_doctype"),
	("User Document Type", "document_type"),
	("User Select Document Type", "document_type"),
)


def before_uninstall() -> None:
	if _dry_run():
		return
	doctypes = our_doctypes()
	remove_form_script()
	remove_dimension()
	remove_custom_fields(doctypes)
	remove_added_series(doctypes)
	remove_pointers(doctypes)
	remove_user_setup(doctypes)
	remove_traces(doctypes)


def after_uninstall() -> None:
	if _dry_run():
		return
	remove_traces(our_doctypes())
	remove_jobs()
	remove_series()
	remove_billing_user()
	remove_roles()
	frappe.db.delete("Patch Log", {"patch": ("like", f"{APP}.%")})
	frappe.db.commit()
	frappe.clear_cache()


def _dry_run() -> bool:
	"""Frappe calls the hooks of an uninstallation that it only shows (--dry-run), too, and does not tell them."""
	context = click.get_current_context(silent=True)
	return bool(context and context.params.get("dry_run"))


# Dimension and fields


def remove_dimension() -> None:
	"""Here and now; ERPNext would queue it, and the job might only run after the app has been installed again."""
	name = frappe.db.get_value(DIMENSION, {"document_type": "Deal"})
	if not name:
		return
	frappe.delete_doc(DIMENSION, name, ignore_on_trash=True, force=True, ignore_permissions=True)
	for dimension_filter in frappe.get_all(
		"Accounting Dimension Filter", filters={"accounting_dimension": "Deal"}, pluck="name"
	):
		frappe.delete_doc(
			"Accounting Dimension Filter",
			dimension_filter,
			ignore_on_trash=True,
			force=True,
			ignore_permissions=True,
		)
	_remove_budget_option()


def _remove_budget_option() -> None:
	"""ERPNext lists every dimension as something a budget can be for, by a property setter."""
	standard = frappe.get_all(
		"DocField", filters={"parent": "Budget", "fieldname": "budget_against"}, pluck="options"
	)
	for setter in frappe.get_all(
		"Property Setter",
		filters={"doc_type": "Budget", "field_name": "budget_against", "property": "options"},
		fields=["name", "value"],
	):
		options = [option for option in (setter.value or "").split("\n") if option != "Deal"]
		if standard and options == (standard[0] or "").split("\n"):
			frappe.db.delete("Property Setter", {"name": setter.name})
		elif "\n".join(options) != setter.value:
			frappe.db.set_value("Property Setter", setter.name, "value", "\n".join(options))
	frappe.clear_cache(doctype="Budget")


def remove_custom_fields(doctypes: list[str]) -> None:
	"""Our fields with their columns. A field that a user added for one of our DocTypes keeps its values as plain text."""
	field = frappe.qb.DocType("Custom Field")
	fields = (
		frappe.qb.from_(field)
		.select(field.name, field.dt, field.fieldname)
		.where(
			(field.module == MODULE)
			| ((field.fieldname == DEAL_FIELD) & (field.fieldtype == "Link") & (field.options == "Deal"))
		)
		.run(as_dict=True)
	)
	columns: dict[str, set[str]] = {}
	for row in fields:
		columns.setdefault(row.dt, set()).add(row.fieldname)
		frappe.db.delete("Property Setter", {"doc_type": row.dt, "field_name": row.fieldname})
		frappe.db.delete("Custom Field", {"name": row.name})
	# Also where a field was taken away by hand and its column was left.
	for doctype, own in CUSTOM_FIELDS.items():
		columns.setdefault(doctype, set()).update(df["fieldname"] for df in own)
	frappe.db.set_value(
		"Custom Field",
		{"fieldtype": "Link", "options": ("in", doctypes)},
		{"fieldtype": "Data", "options": None},
		update_modified=False,
	)
	for doctype in columns:
		frappe.clear_cache(doctype=doctype)
	for doctype, fieldnames in columns.items():
		_drop_columns(doctype, fieldnames)


def _drop_columns(doctype: str, fieldnames: set[str]) -> None:
	"""Drop the columns that no field, of ERPNext or of a user, stands behind any more."""
	if not frappe.db.exists("DocType", doctype):
		return
	meta = frappe.get_meta(doctype, cached=False)
	unused = sorted(fieldname for fieldname in fieldnames if not meta.has_field(fieldname))
	if meta.issingle:
		frappe.db.delete("Singles", {"doctype": doctype, "field": ("in", unused)})
		return
	if meta.get("is_virtual") or not frappe.db.table_exists(doctype, cached=False):
		return
	columns = {column["name"] for column in frappe.db.get_table_columns_description(f"tab{doctype}")}
	present = [fieldname for fieldname in unused if fieldname in columns]
	if present:
		drops = ", ".join(f"drop column `{fieldname}`" for fieldname in present)
		frappe.db.sql_ddl(f"alter table `tab{doctype}` {drops}")


# Users' own records about our DocTypes


def remove_user_setup(doctypes: list[str]) -> None:
	for doctype, fieldname in SET_UP_FOR_OUR_DOCTYPES:
		for name in _names(doctype, fieldname, doctypes):
			frappe.delete_doc(doctype, name, ignore_on_trash=True, force=True, ignore_permissions=True)
	for doctype, fieldname in ROWS_FOR_OUR_DOCTYPES:
		if has_column(doctype, fieldname):
			frappe.db.delete(doctype, {fieldname: ("in", doctypes)})


def remove_traces(doctypes: list[str]) -> None:
	"""Comments, shares, attachments and the like of our documents, and the copies that Frappe keeps of deleted ones."""
	for name in _names("File", "attached_to_doctype", doctypes):
		frappe.delete_doc("File", name, force=True, ignore_permissions=True, delete_permanently=True)
	for doctype, fieldname in ABOUT_OUR_DOCUMENTS:
		if has_column(doctype, fieldname):
			frappe.db.delete(doctype, {fieldname: ("in", doctypes)})
	for doctype, fieldname, name_field in UNLINKED:
		if has_column(doctype, fieldname):
			frappe.db.set_value(
				doctype,
				{fieldname: ("in", doctypes)},
				{fieldname: None, name_field: None},
				update_modified=False,
			)
	frappe.db.delete("Deleted Document", {"deleted_doctype": ("in", doctypes)})
	for table in ("__UserSettings", "__global_search"):
		column = frappe.qb.Table(table).doctype
		frappe.qb.from_(frappe.qb.Table(table)).delete().where(column.isin(doctypes)).run()
	frappe.db.delete("Singles", {"doctype": ("in", doctypes)})


def remove_jobs() -> None:
	jobs = frappe.get_all("Scheduled Job Type", filters={"method": ("like", f"{APP}.%")}, pluck="name")
	if jobs:
		frappe.db.delete("Scheduled Job Log", {"scheduled_job_type": ("in", jobs)})
		frappe.db.delete("Scheduled Job Type", {"name": ("in", jobs)})


# Users and roles


def remove_billing_user() -> None:
	"""The user goes, unless documents bear its name: these must still show who made them, so it is disabled instead."""
	if not frappe.db.exists("User", BILLING_USER):
		return
	made = any(
		frappe.db.exists(doctype, {"owner": BILLING_USER})
		for doctype in (
			"Sales Invoice",
			"Sales Order",
			"GL Entry",
			"Journal Entry",
			"Payment Entry",
			"Communication",
		)
	)
	contacts = frappe.get_all(
		"Contact", filters={"user": BILLING_USER, "email_id": BILLING_USER}, pluck="name"
	)
	if not made:
		try:
			frappe.delete_doc("User", BILLING_USER, ignore_permissions=True, delete_permanently=True)
		except frappe.LinkExistsError:
			made = True
	if made:
		user = frappe.get_doc("User", BILLING_USER)
		user.enabled = 0
		user.set("roles", [row for row in user.roles if row.role not in BILLING_USER_ROLES])
		user.save(ignore_permissions=True)
		print(f"User {BILLING_USER} made documents; it stays, disabled and without roles.")
		return
	for contact in contacts:
		frappe.delete_doc("Contact", contact, force=True, ignore_permissions=True, delete_permanently=True)
	frappe.db.delete("Comment", {"reference_doctype": "User", "reference_name": BILLING_USER})
	frappe.db.delete("Version", {"ref_doctype": "User", "docname": BILLING_USER})
	for doctype, fieldname in (
		("Notification Log", "for_user"),
		("Notification Settings", "name"),
		("DefaultValue", "parent"),
		("DocShare", "user"),
	):
		frappe.db.delete(doctype, {fieldname: BILLING_USER})


def remove_roles() -> None:
	"""Our roles, unless somebody gave them rights on documents that are not ours."""
	for role in ROLES:
		used = [
			doctype
			for permission in ("DocPerm", "Custom DocPerm")
			for doctype in frappe.get_all(permission, filters={"role": role}, pluck="parent", distinct=True)
		]
		if used:
			print(f"Role {role} has rights on {', '.join(sorted(set(used)))}; it stays.")
			continue
		frappe.db.delete("Has Role", {"role": role})
		frappe.delete_doc(
			"Role", role, ignore_on_trash=True, force=True, ignore_permissions=True, delete_permanently=True
		)


def _names(doctype: str, fieldname: str, values: list[str]) -> list[str]:
	if not values or not has_column(doctype, fieldname):
		return []
	return frappe.get_all(doctype, filters={fieldname: ("in", values)}, pluck="name")
