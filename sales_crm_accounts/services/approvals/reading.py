"""Doing something as the person who will read it: with their rights, in their language."""

from contextlib import contextmanager

import frappe
from frappe.translate import get_user_lang


@contextmanager
def reading_as(user: str):
	"""Be `user`, in their language, and be whoever it was again afterwards; for jobs and pages that show something to somebody.

	Session and form stay as they were even where the block fails (Frappe's own `print_language` keeps the language then).
	"""
	session, language = dict(frappe.session), frappe.local.lang
	form, environment = frappe.local.form_dict, frappe.local.jenv
	try:
		if frappe.session.user != user:
			frappe.set_user(user)
		frappe.local.lang = language_of(user)
		frappe.local.jenv = None
		yield
	finally:
		if frappe.session.user != session["user"]:
			frappe.set_user(session["user"])
		frappe.local.session.update(session)
		frappe.local.form_dict = form
		frappe.local.lang, frappe.local.jenv = language, environment


def language_of(user: str) -> str:
	"""The user's language, else that of the site."""
	return get_user_lang(user) or frappe.get_system_settings("language") or "en"
