"""The mail with a submitted invoice of a deal, where the billing policy asks for it.

Sent by the billing run for what it posts itself, and on submission for what stood as a draft: waiting for approval, or for a person.
"""

import frappe
from frappe import _
from frappe.utils import strip_html

from sales_crm_accounts.services.derived import is_lock_error


def submitted(invoice):
	"""An invoice of a deal was submitted, in whatever way; the run mails its own once their links stand."""
	if not invoice.deal_billing_key or invoice.flags.sca_billing:
		return
	name = frappe.db.get_value("Deal", invoice.deal, "billing_policy")  # written on it by winning
	policy = name and frappe.get_cached_doc("Billing Policy", name)
	if policy and policy.email_invoice:
		send(invoice, policy)


def send(invoice, policy):
	"""Queue the mail with the invoice as PDF; in the invoice's transaction, so it goes once and only if the invoice stands.

	A mail that cannot be queued (no address, no mail account, a broken template) is told on the invoice and stops nothing.
	"""
	recipient = invoice.contact_email or frappe.db.get_value("Customer", invoice.customer, "email_id")
	if not recipient:
		invoice.add_comment("Info", _("Not mailed: the customer has no mail address."))
		return
	frappe.db.savepoint("sca_mail")
	messages = list(frappe.local.message_log)
	try:
		message = frappe.get_cached_doc("Email Template", policy.email_template).get_formatted_email(
			{"doc": invoice, **invoice.as_dict()}
		)
		frappe.sendmail(
			recipients=[recipient],
			subject=message["subject"],
			message=message["message"],
			reference_doctype=invoice.doctype,
			reference_name=invoice.name,
			attachments=[
				{
					"print_format_attachment": 1,
					"doctype": invoice.doctype,
					"name": invoice.name,
					"print_format": policy.print_format or None,
					"print_letterhead": 1,
					"lang": invoice.language or frappe.db.get_value("Customer", invoice.customer, "language"),
				}
			],
		)
	except Exception as error:
		if is_lock_error(error):
			raise
		frappe.db.rollback(save_point="sca_mail")
		frappe.local.message_log = messages
		invoice.add_comment(
			"Info", _("Not mailed: {0}").format(strip_html(str(error)) or type(error).__name__)
		)
