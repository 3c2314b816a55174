"""The button in Frappe CRM, where that app is installed: its own pages show what its CRM Form Scripts say, not the desk's scripts."""

from pathlib import Path

import frappe

from sales_crm_accounts.setup import APP

FORM_SCRIPT = "CRM Form Script"
#: Name of our record of it.
SCRIPT = "Create Deal from CRM Deal"


def sync_form_script() -> None:
	"""Make the script, or bring it up to date. Whether it is enabled is the users'."""
	if not frappe.db.exists("DocType", FORM_SCRIPT):
		return
	source = Path(frappe.get_app_path(APP, "public", "js", "crm_form_script.js")).read_text()
	if not frappe.db.exists(FORM_SCRIPT, SCRIPT):
		frappe.get_doc(
			{
				"doctype": FORM_SCRIPT,
				"name": SCRIPT,
				"dt": "CRM Deal",
				"view": "Form",
				"enabled": 1,
				"is_standard": 1,
				"script": source,
			}
		).insert(ignore_permissions=True)
		return
	script = frappe.get_doc(FORM_SCRIPT, SCRIPT)
	if script.script == source:
		return
	script.script = source
	# Frappe CRM lets nobody change a standard script but the app that it comes from.
	script.flags.ignore_validate = True
	script.save(ignore_permissions=True)


def remove_form_script() -> None:
	if frappe.db.exists("DocType", FORM_SCRIPT) and frappe.db.exists(FORM_SCRIPT, SCRIPT):
		frappe.delete_doc(FORM_SCRIPT, SCRIPT, ignore_on_trash=True, force=True, ignore_permissions=True)
