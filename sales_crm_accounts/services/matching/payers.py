"""What confirmed matches teach: which customer pays from an account."""

import frappe
from frappe.utils import cint, today

from sales_crm_accounts.core.matching.text import account_number


def learn(proposal) -> None:
	"""Remember the payer's account of a proposal that a person has confirmed."""
	account = account_number(proposal.payer_account or "")
	if not account or not proposal.customer:
		return
	kept = frappe.db.get_value(
		"Payer Account", {"account": account, "customer": proposal.customer}, ["name", "times"], as_dict=True
	)
	if kept:
		frappe.db.set_value("Payer Account", kept.name, {"times": cint(kept.times) + 1, "last_used": today()})
		return
	# Who may confirm a match need not have rights on the list of accounts.
	frappe.get_doc(
		{
			"doctype": "Payer Account",
			"account": account,
			"customer": proposal.customer,
			"payer_name": proposal.payer_name,
			"times": 1,
			"last_used": today(),
			"learnt_from": proposal.name,
		}
	).insert(ignore_permissions=True)


def forget(proposal) -> None:
	"""A match that is undone teaches nothing: what it alone has taught is forgotten."""
	account = account_number(proposal.payer_account or "")
	for kept in frappe.get_all(
		"Payer Account",
		{"account": account or "-", "customer": proposal.customer},
		["name", "times", "learnt_from"],
	):
		if kept.learnt_from == proposal.name and cint(kept.times) <= 1:
			frappe.delete_doc("Payer Account", kept.name, ignore_permissions=True)
		elif cint(kept.times) > 0:
			frappe.db.set_value("Payer Account", kept.name, "times", cint(kept.times) - 1)
