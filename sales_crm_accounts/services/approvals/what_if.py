"""What a chain would do: for one document or amount, and over last year's documents, before it is switched on."""

from collections import Counter

import frappe
from frappe.utils import get_fullname

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services import messages
from sales_crm_accounts.services.approvals import chains, gate, routes, view

#: Documents that one try looks at, newest first.
MAX_DOCUMENTS = 2000


def who(chain, doc=None, amount=None, requester: str | None = None) -> dict:
	"""The route of a document, or of an amount that `requester` asks for, with everybody's reason."""
	row = chains.as_row(chain)
	requester = requester or frappe.session.user
	if doc is not None:
		if not chains.covers(row, doc):
			return {
				"covered": False,
				"amount": None,
				"levels": [],
				"problems": [],
				"other": _other(doc, chain),
			}
		verdict = gate.route_of(doc, row, requester=requester)
		route, problems, amount, currency = verdict.route, verdict.problems, verdict.amount, verdict.currency
	else:
		amount = to_decimal(amount)
		route, problems = routes.resolve(row, None, amount, requester, company=chain.company)
		currency = (
			frappe.get_cached_value("Company", chain.company, "default_currency")
			if chain.company
			else frappe.db.get_default("currency")
		)
	return {
		"covered": True,
		"amount": float(amount),
		"currency": currency,
		"levels": view.route_levels(route),
		"problems": [messages.text(problem) for problem in problems],
		"other": _other(doc, chain) if doc is not None else None,
	}


def _other(doc, chain) -> str | None:
	"""Another active chain that would come before this one."""
	found = chains.chain_for(doc, "Submit" if chain.action != "Cancel" else "Cancel")
	return found.name if found and found.name != chain.name else None


def replay(chain, from_date, to_date) -> dict:
	"""How many of the documents posted between the dates would have waited, for whom, and which.

	Looks at the documents as they are now, with today's users and managers; at most `MAX_DOCUMENTS`, the newest.
	"""
	row = chains.as_row(chain)
	day = _date_field(chain.document_type)
	filters = {"docstatus": 2 if chain.action == "Cancel" else 1, day: ("between", [from_date, to_date])}
	if chain.company:
		filters["company"] = chain.company
	total = frappe.db.count(chain.document_type, filters)
	names = frappe.get_all(
		chain.document_type,
		filters=filters,
		pluck="name",
		order_by=f"{day} desc, name desc",
		limit=MAX_DOCUMENTS,
	)
	people, levels, waited, stuck = Counter(), Counter(), [], []
	signatures = 0
	for name in names:
		doc = frappe.get_doc(chain.document_type, name)
		if not chains.covers(row, doc):
			continue
		try:
			verdict = gate.route_of(doc, row, requester=asked_by(doc))
		except chains.ChainUnusable as error:
			frappe.clear_last_message()
			stuck.append({"name": name, "reason": frappe.utils.strip_html(str(error))})
			continue
		if verdict.passes:
			continue
		if verdict.problems:
			stuck.append({"name": name, "reason": " ".join(messages.text(p) for p in verdict.problems)})
			continue
		for group in verdict.route.groups:
			levels[(group.number, group.title)] += 1
			signatures += group.needed
			for candidate in group.candidates:
				people[candidate.user] += 1
		waited.append(
			{
				"name": name,
				"date": doc.get(day),
				"title": doc.get_title(),
				"amount": float(verdict.amount),
				"first": routes.first_stage_names(verdict.route),
				"levels": len({group.number for group in verdict.route.groups}),
			}
		)
	return {
		"documents": len(names),
		"left_out": max(0, total - len(names)),
		"waited": len(waited),
		"signatures": signatures,
		"people": [
			{"user": user, "full_name": get_fullname(user), "count": count}
			for user, count in people.most_common()
		],
		"levels": [
			{"level": number, "title": title, "count": count}
			for (number, title), count in sorted(levels.items())
		],
		"stuck": stuck,
		"list": waited[:200],
	}


def asked_by(doc) -> str:
	"""Who would have asked: who made the document, or the deal's owner where the app made it for them."""
	billing_user = frappe.db.get_single_value("Sales CRM Accounts Settings", "billing_user", cache=True)
	if doc.owner == billing_user and doc.get("deal"):
		return frappe.get_cached_value("Deal", doc.deal, "deal_owner") or doc.owner
	return doc.owner


def _date_field(doctype: str) -> str:
	meta = frappe.get_meta(doctype)
	for field in ("posting_date", "transaction_date", "won_on"):
		if meta.has_field(field):
			return field
	return "creation"
