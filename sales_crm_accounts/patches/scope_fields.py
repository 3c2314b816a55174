"""Whom a policy, rule or schedule is for: fields of a name that Frappe does not fill with the site's default group and territory."""

import frappe
from frappe.model.utils.rename_field import rename_field

RENAMED = ("Billing Policy", "Collector Rule", "Customer Statement Schedule")


def execute():
	for doctype in RENAMED:
		for fieldname in ("customer_group", "territory"):
			if frappe.db.has_column(doctype, fieldname):
				rename_field(doctype, fieldname, f"for_{fieldname}")
