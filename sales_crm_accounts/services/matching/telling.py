"""Who is told of what a match leaves: the collector of a customer whose money stays on account."""

import frappe
from frappe import _
from frappe.utils import flt

from sales_crm_accounts.core.problems import _ as N_
from sales_crm_accounts.services.receivables import assignment, notices


def over_payment(proposal) -> None:
	"""Ring the customer's collector, else everybody who collects, once: in the transaction that applies the match."""
	if flt(proposal.on_account) <= 0:
		return
	place = frappe.db.get_value("Customer", proposal.customer, ["customer_group", "territory"])
	found = assignment.collectors(proposal.company, {proposal.customer: place or (None, None)})
	collector = found.get(proposal.customer)
	for user in [collector] if collector else assignment.people():
		notices.ring(
			user,
			N_("{0} of {1} paid more than was matched: {2} stay on account."),
			(
				proposal.payer_name or _("The payer"),
				proposal.customer_name or proposal.customer,
				frappe.format_value(flt(proposal.on_account), "Currency", currency=proposal.party_currency),
			),
			proposal,
		)
