"""Write-off proposals: what their rows say, from the installment ledger and the invoices.

Read anew whenever a proposal is saved, and again when it is posted. Drafts are made by `write_off_drafts`, posted by
`write_off_posting`.
"""

import json
from collections import defaultdict
from decimal import Decimal

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import cint, flt, getdate, today

from sales_crm_accounts.core.money import ZERO, quantize, to_decimal
from sales_crm_accounts.core.receivables import write_offs as rules
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.derived import precision
from sales_crm_accounts.services.receivables import held

PROPOSAL, ROW, SETTINGS = "Write-off Proposal", "Write-off Proposal Row", "Company Receivables Settings"
WRITE_OFF, RECOVERY = "Write-Off", "Recovery"
AFTER_DAYS = 360
_FACTS = (
	*(
		"sales_invoice",
		"installment_no",
		"company",
		"customer",
		"deal",
		"due_date",
		"posting_date",
		"is_return",
	),
	*("account", "account_currency", "conversion_rate", "outstanding_amount", "written_off_amount"),
)


# Settings


def settings_of(company: str) -> frappe._dict:
	"""The company's settings; without a document the values of a new one."""
	if frappe.db.exists(SETTINGS, company):
		return frappe.get_cached_doc(SETTINGS, company)
	return frappe._dict(write_off_after_days=AFTER_DAYS)


def defaults(company: str) -> dict:
	"""Account, cost center and tax relief of a new proposal."""
	own, settings = frappe.get_cached_doc("Company", company), settings_of(company)
	return {
		"write_off_account": settings.write_off_account or own.write_off_account,
		"cost_center": settings.write_off_cost_center or own.round_off_cost_center or own.cost_center,
		"relieve_tax": cint(settings.write_off_tax_relief),
	}


def accounts_of(company: str, settings=None) -> set[str]:
	"""Where write-offs may go: what profit and loss by deal shows as write-offs. By `settings` that are not saved yet, if given."""
	own = frappe.get_cached_value("Company", company, "write_off_account")
	return {own, (settings or settings_of(company)).write_off_account} - {None, ""}


# Filling


def fill(doc) -> None:
	"""What the proposal shows of its installments; all that is open where no amount is named."""
	if doc.docstatus == 0 and doc.status != "Waiting for Approval":
		doc.status = "Draft"  # an amended one comes with the state of the cancelled one
	for field, value in defaults(doc.company).items():
		if field != "relieve_tax" and not doc.get(field):
			doc.set(field, value)
	facts = facts_for(doc)
	rest = still_written_off(doc) if doc.kind == RECOVERY else {}
	places = precision()
	for row in doc.installments:
		row.installment_no = cint(row.installment_no) or 1
		fact = facts.get((row.sales_invoice, row.installment_no))
		if not fact or fact.company != doc.company:
			continue  # refused by the checks
		row.update(
			{
				"customer": fact.customer,
				"deal": fact.deal,
				"due_date": fact.due_date,
				"days_overdue": max(0, (getdate(doc.posting_date) - getdate(fact.due_date)).days),
				"account": fact.account,
				"currency": fact.account_currency,
				"outstanding": flt(
					rest.get(row.recovers_row, 0) if doc.kind == RECOVERY else fact.outstanding_amount, places
				),
			}
		)
		row.amount = flt(row.amount or row.outstanding, places)
		row.base_amount = flt(flt(row.amount) * rate_of(fact), places)
	_fill_names(doc)
	_fill_taxes(doc, facts)
	_fill_holds(doc, facts)
	doc.base_total = flt(sum(flt(row.base_amount) for row in doc.installments), places)
	doc.base_tax = flt(sum(flt(row.base_tax) for row in doc.installments), places)
	doc.base_cost = flt(doc.base_total - doc.base_tax, places)


def facts_for(doc) -> dict[tuple[str, int], frappe._dict]:
	"""(invoice, installment) -> the kept figures, of all installments of the proposal's invoices; one statement.

	While it is submitted they are locked: who pays at the same moment waits, or is seen.
	"""
	invoices = {row.sales_invoice for row in doc.installments}
	kept = frappe.qb.DocType("Open Installment")
	query = (
		frappe.qb.from_(kept)
		.select(*(kept[field] for field in _FACTS))
		.where(kept.sales_invoice.isin(sorted(filter(None, invoices)) or [""]))
	)
	ledger.flush()
	if doc.docstatus == 1:
		query = query.for_update()
	return {(row.sales_invoice, row.installment_no): row for row in query.run(as_dict=True)}


def rate_of(fact) -> float:
	"""The invoice's own rate, at which ERPNext closes it: so no exchange difference is left."""
	own = frappe.get_cached_value("Company", fact.company, "default_currency")
	return 1.0 if fact.account_currency == own else flt(fact.conversion_rate)


def _fill_names(doc):
	names = {row.customer for row in doc.installments if row.customer}
	found = dict(
		frappe.get_all(
			"Customer", filters={"name": ("in", names)}, fields=["name", "customer_name"], as_list=True
		)
		if names
		else ()
	)
	for row in doc.installments:
		row.customer_name = found.get(row.customer)


def _fill_taxes(doc, facts):
	"""The tax in each amount by account, in the order of the rows: an invoice's parts sum to its tax."""
	invoices = {row.sales_invoice for row in doc.installments} if doc.relieve_tax else set()
	taxes, totals, before = _taxes_of(invoices), _totals_of(invoices), _relieved(invoices, doc.name)
	sign = -1 if doc.kind == RECOVERY else 1
	for row in doc.installments:
		parts = []
		if row.sales_invoice in totals:
			base = sign * to_decimal(row.base_amount)
			parts = rules.relief(
				taxes.get(row.sales_invoice, ()),
				totals[row.sales_invoice],
				before[row.sales_invoice],
				base,
				precision(),
			)
			before[row.sales_invoice] += base
		row.taxes = json.dumps([[account, str(sign * part)] for account, part in parts]) if parts else None
		row.base_tax = float(sum((sign * part for _account, part in parts), ZERO))


def taxes_in(row) -> tuple[tuple[str, Decimal], ...]:
	return tuple((account, Decimal(part)) for account, part in json.loads(row.taxes or "[]"))


def _taxes_of(invoices: set[str]) -> dict[str, list[rules.Tax]]:
	"""What the invoices charged on accounts of the type Tax; freight and the like are no tax."""
	found = defaultdict(list)
	if not invoices:
		return found
	line, account = frappe.qb.DocType("Sales Taxes and Charges"), frappe.qb.DocType("Account")
	for invoice, head, amount in (
		frappe.qb.from_(line)
		.join(account)
		.on(account.name == line.account_head)
		.select(line.parent, line.account_head, line.base_tax_amount_after_discount_amount)
		.where((line.parenttype == "Sales Invoice") & line.parent.isin(sorted(invoices)))
		.where(account.account_type == "Tax")
		.orderby(line.parent, line.idx)
		.run()
	):
		found[invoice].append(rules.Tax(head, quantize(to_decimal(amount), precision())))
	return found


def _totals_of(invoices: set[str]) -> dict[str, Decimal]:
	if not invoices:
		return {}
	return {
		row.name: quantize(to_decimal(row.base_rounded_total or row.base_grand_total), precision())
		for row in frappe.get_all(
			"Sales Invoice",
			filters={"name": ("in", invoices)},
			fields=["name", "base_rounded_total", "base_grand_total"],
		)
	}


def _relieved(invoices: set[str], without: str | None) -> dict[str, Decimal]:
	"""What of each invoice was written off with its tax by other proposals that stand, less what was recovered."""
	found = defaultdict(lambda: ZERO)
	if not invoices:
		return found
	row, proposal = frappe.qb.DocType(ROW), frappe.qb.DocType(PROPOSAL)
	for invoice, kind, amount in (
		frappe.qb.from_(row)
		.join(proposal)
		.on(proposal.name == row.parent)
		.select(row.sales_invoice, proposal.kind, Sum(row.base_amount))
		.where((proposal.docstatus == 1) & (proposal.relieve_tax == 1) & (proposal.name != (without or "")))
		.where(row.sales_invoice.isin(sorted(invoices)))
		.groupby(row.sales_invoice, proposal.kind)
		.run()
	):
		found[invoice] += to_decimal(amount) * (-1 if kind == RECOVERY else 1)
	return found


def _fill_holds(doc, facts):
	"""Promises, disputes and pauses on the rows: a warning for whoever decides, no obstacle."""
	if doc.docstatus or doc.kind == RECOVERY or not doc.installments:
		return
	customers = {fact.customer for fact in facts.values()}
	found = held.holds(doc.company, getdate(today()), customers) if customers else {}
	for row in doc.installments:
		row.held_by = ", ".join(
			f"{_(hold.kind)} {hold.name}" for hold in found.get((row.sales_invoice, row.installment_no), ())
		)


# What stands already


def in_drafts(company: str, once: bool = False, without: str | None = None) -> dict[tuple[str, int], str]:
	"""(invoice, installment) -> the draft that has it; with `once` also whatever the monthly job proposed."""
	row, proposal = frappe.qb.DocType(ROW), frappe.qb.DocType(PROPOSAL)
	standing = proposal.docstatus == 0
	query = (
		frappe.qb.from_(row)
		.join(proposal)
		.on(proposal.name == row.parent)
		.select(row.sales_invoice, row.installment_no, proposal.name)
		.where((proposal.company == company) & (proposal.kind == WRITE_OFF))
		.where(proposal.name != (without or ""))
		.where(standing | (proposal.automatic == 1) if once else standing)
	)
	return {(invoice, number): name for invoice, number, name in query.run()}


def still_written_off(doc) -> dict[str, float]:
	"""Row of the recovered proposal -> its amount less what other recoveries that stand took back."""
	row, proposal = frappe.qb.DocType(ROW), frappe.qb.DocType(PROPOSAL)
	given = dict(
		frappe.get_all(ROW, filters={"parent": doc.recovers}, fields=["name", "amount"], as_list=True)
	)
	taken = dict(
		frappe.qb.from_(row)
		.join(proposal)
		.on(proposal.name == row.parent)
		.select(row.recovers_row, Sum(row.amount))
		.where((proposal.docstatus == 1) & (proposal.recovers == doc.recovers))
		.where(proposal.name != (doc.name or ""))
		.groupby(row.recovers_row)
		.run()
	)
	return {name: flt(flt(amount) - flt(taken.get(name)), precision()) for name, amount in given.items()}
