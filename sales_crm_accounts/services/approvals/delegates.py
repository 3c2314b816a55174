"""Who may act for whom today."""

import frappe
from frappe.utils import flt, getdate, today

from sales_crm_accounts.core.approvals import delegation as rules
from sales_crm_accounts.core.money import to_decimal


def acting_for(user: str, *, doctype: str, amount, company_currency: str | None = None) -> dict[str, str]:
	"""{principal: delegation that lets `user` act for them} for a document of `doctype` over `amount`."""
	found = rules.acting_for(
		user, current(company_currency), day=getdate(today()), doctype=doctype, amount=amount
	)
	return {principal: path[-1].name for principal, path in found.items()}


def current(currency: str | None = None) -> list[rules.Delegation]:
	"""Delegations of today, their limits in `currency`."""
	return between(today(), today(), currency)


def between(first, last, currency: str | None = None) -> list[rules.Delegation]:
	"""Delegations that are in force on any of the days."""
	rows = frappe.get_all(
		"Approval Delegation",
		filters={"disabled": 0, "from_date": ("<=", last), "to_date": (">=", first)},
		fields=["name", "delegator", "delegate", "from_date", "to_date", "max_amount", "currency"],
	)
	if not rows:
		return []
	doctypes: dict[str, set[str]] = {}
	for row in frappe.get_all(
		"Approval Delegation Document",
		filters={"parent": ("in", [row.name for row in rows])},
		fields=["parent", "document_type"],
	):
		doctypes.setdefault(row.parent, set()).add(row.document_type)
	return [_rule(row, doctypes.get(row.name, ()), currency) for row in rows]


def as_rule(doc) -> rules.Delegation:
	"""An Approval Delegation that is being saved."""
	return _rule(doc, {row.document_type for row in doc.document_types}, doc.currency)


def _rule(row, doctypes, currency: str | None) -> rules.Delegation:
	return rules.Delegation(
		name=row.name or "",
		delegator=row.delegator,
		delegate=row.delegate,
		from_date=getdate(row.from_date),
		to_date=getdate(row.to_date),
		doctypes=frozenset(doctypes),
		max_amount=_limit(row, currency),
	)


def _limit(row, currency: str | None):
	if not flt(row.max_amount):
		return None
	if not currency or not row.currency or row.currency == currency:
		return to_decimal(row.max_amount)
	from erpnext.setup.utils import get_exchange_rate

	# Without a rate the delegation covers nothing above zero.
	return to_decimal(row.max_amount) * to_decimal(flt(get_exchange_rate(row.currency, currency)))
