"""Doing something as the person who will read it: with their rights, in their language."""

from contextlib import contextmanager

import frappe
from frappe.translate import get_user_lang

from sales_crm_accounts.services.as_user import acting_as


@contextmanager
def reading_as(user: str):
	"""Be `user`, in their language, and be whoever it was again afterwards; for jobs and pages that show something to somebody.

	Session and form stay as they were even where the block fails (Frappe's own `print_language` keeps the language then).
	"""
	language, environment = frappe.local.lang, frappe.local.jenv
	with acting_as(user):
		try:
			frappe.local.lang = language_of(user)
			frappe.local.jenv = None
			yield
		finally:
			frappe.local.lang, frappe.local.jenv = language, environment


def language_of(user: str) -> str:
	"""The user's language, else that of the site."""
	return get_user_lang(user) or frappe.get_system_settings("language") or "en"
