"""Doing something as somebody else, and being whoever it was again afterwards."""

from contextlib import contextmanager

import frappe


@contextmanager
def acting_as(user: str):
	"""Be `user` inside, with their rights; the language stays.

	`frappe.set_user` writes into the session it finds. In a request that is the live session of the browser, which Frappe saves
	at the end: without its id and data the person would be locked out. So it finds a copy here, and session, form and templates
	come back as they were, the very same objects, even where the block fails. What was read from Redis stays read: its keys name
	the user where it is a user's.
	"""
	session, form, environment = frappe.local.session, frappe.local.form_dict, frappe.local.jenv
	known = frappe.local.cache
	if session.user == user:
		yield
		return
	frappe.local.session = frappe._dict(session)
	try:
		frappe.set_user(user)
		frappe.local.cache = known
		yield
	finally:
		known = frappe.local.cache  # another one where the block cleared it
		frappe.set_user(session.user)  # what is kept of the user's rights is forgotten
		frappe.local.session, frappe.local.cache = session, known
		frappe.local.form_dict, frappe.local.jenv = form, environment
