"""Asking what a user may do, to show or hide a button. Frappe explains every "no" in a pop-up; here a "no" is an answer."""

import frappe

from sales_crm_accounts import erpnext_compat


def may(of, ptype: str) -> bool:
	"""Whether the present user may do `ptype` with a document, or with documents of a DocType."""
	with erpnext_compat.quiet_messages():
		if isinstance(of, str):
			return bool(frappe.has_permission(of, ptype))
		return bool(of.has_permission(ptype))
