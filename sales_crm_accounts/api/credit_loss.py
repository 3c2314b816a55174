"""Whitelisted functions of expected credit loss."""

import frappe
from frappe import _

from sales_crm_accounts.services.receivables import credit_loss_posting


@frappe.whitelist(methods=["POST"])
def reverse(name: str) -> str:
	"""Reverse the document's entry now, where its day has come and the daily job could not; the name of the reversal."""
	frappe.get_doc(credit_loss_posting.DOCTYPE, name).check_permission("submit")
	reversal = credit_loss_posting.reverse(name)
	if not reversal:
		frappe.throw(_("There is nothing to reverse yet."))
	return reversal
