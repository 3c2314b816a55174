"""Collection notes: what was said with a customer about open money, and what is to happen next."""

import frappe
from frappe import _
from frappe.utils import add_to_date, get_datetime, getdate, now_datetime

from sales_crm_accounts.permissions import deal_access
from sales_crm_accounts.services.receivables import parts


def validate(doc) -> None:
	parts.fill(doc)
	if not doc.deal and not deal_access.sees_all_deals():
		frappe.throw(_("Choose the deal that the note is about."))
	parts.check_rights(doc)
	# Without fractions of a second, which the form's own clock would take for a change.
	doc.noted_on = get_datetime(doc.noted_on or now_datetime()).replace(microsecond=0)
	# The clocks of two machines differ by a little.
	if get_datetime(doc.noted_on) > add_to_date(now_datetime(), minutes=10):
		frappe.throw(_("When is in the future. A note is about what was said; plan the next contact below."))
	if doc.next_date and getdate(doc.next_date) < getdate(doc.noted_on):
		frappe.throw(
			_("Next Contact On {0} is before the note.").format(frappe.format(doc.next_date, "Date"))
		)
	if not doc.collector and doc.is_new():
		doc.collector = frappe.session.user
