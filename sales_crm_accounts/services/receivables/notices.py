"""A line in the desk's bell of one person, in their language."""

import frappe
from frappe import _
from frappe.desk.doctype.notification_settings.notification_settings import is_notifications_enabled
from frappe.utils import escape_html, get_url_to_form

from sales_crm_accounts.services.approvals.reading import language_of


def ring(user: str | None, text: str, values: tuple, doc) -> None:
	"""Tell an enabled desk user. The link leads to the document.

	`text` is a literal marked by N_, with the places {0}, {1} ... for `values`: whoever causes the notice, or a job, may speak
	another language than its reader.
	"""
	if not user or not frappe.db.exists("User", {"name": user, "enabled": 1, "user_type": "System User"}):
		return
	if not is_notifications_enabled(user):
		return
	text = _(text, lang=language_of(user))
	log = frappe.new_doc("Notification Log")
	log.update(
		{
			"type": "Alert",
			"for_user": user,
			"from_user": frappe.session.user,
			"subject": escape_html(text.format(*(frappe.utils.strip_html(str(value)) for value in values))),
			"document_type": doc.doctype,
			"document_name": doc.name,
			"link": get_url_to_form(doc.doctype, doc.name),
		}
	)
	# Nobody has a right on the bells of others.
	log.insert(ignore_permissions=True)
