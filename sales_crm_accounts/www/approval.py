"""The page that the link of an approval mail opens: what is asked, and two buttons. Opening it changes nothing."""

import frappe
from frappe.utils import get_fullname

from sales_crm_accounts.services.approvals import links, reading, summary

no_cache = 1
sitemap = 0


def get_context(context):
	token = frappe.form_dict.get("token")
	state, link = links.look_up(token)
	facts = None
	if state == links.READY:
		with reading.reading_as(link.user):
			state, request, rows = links.waiting(link)
			if state == links.READY:
				facts = summary.of(request, link.user, rows)
	if link and state != links.SOMEBODY_ELSE:
		# The page is rendered after this; it is for the person of the link.
		frappe.local.lang = reading.language_of(link.user)
	context.state, context.facts = state, facts
	context.lang = frappe.local.lang
	if facts:
		context.token, context.reader = token, get_fullname(link.user)
		context.csrf_token = frappe.session.data.get("csrf_token") or ""
	else:
		context.heading, context.text = links.explain(state)
	return context
