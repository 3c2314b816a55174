"""Drafts of write-offs: by the company's rule, from an invoice, a customer or a dispute, and the recovery of what was posted."""

from collections.abc import Iterable
from decimal import Decimal

import frappe
from frappe import _
from frappe.utils import cint, get_link_to_form, getdate, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import ladder
from sales_crm_accounts.core.receivables import write_offs as rules
from sales_crm_accounts.core.receivables.rows import OpenRow
from sales_crm_accounts.services.receivables import dunning_facts, dunning_policies
from sales_crm_accounts.services.receivables.open_rows import open_rows
from sales_crm_accounts.services.receivables.write_offs import (
	PROPOSAL,
	RECOVERY,
	WRITE_OFF,
	defaults,
	in_drafts,
	settings_of,
	still_written_off,
)

#: Rows of one draft: more than a person looks through, few enough to be saved and posted at once.
MOST_ROWS = 300


def propose(doc) -> int:
	"""Add what the company's rule proposes and the user may see, the oldest first; the number of rows. The draft is not saved."""
	if doc.docstatus or doc.kind != WRITE_OFF:
		frappe.throw(_("Rows can be proposed for a draft only."))
	present = {(row.sales_invoice, cint(row.installment_no)) for row in doc.installments}
	rows = [row for row in proposed_rows(doc.company, getdate(today())) if row.key not in present]
	rows = _visible(rows)[: max(0, MOST_ROWS - len(doc.installments))]
	append(doc, rows, getdate(today()), rule_text(doc.company))
	return len(rows)


def proposed_rows(company: str, day, once: bool = False) -> list[OpenRow]:
	"""What the rule proposes and no other draft holds; with `once` also nothing that the monthly job proposed before."""
	settings, policies = settings_of(company), dunning_policies.load(company)
	situation = dunning_facts.load(company, day, policies).situation
	last = {row.key for row in situation.rows if _told_last(row, situation.reached.get(row.key), situation)}
	with_credit = {key for key, amount in situation.on_account.items() if amount > 0}
	with_credit |= {(row.customer, row.currency) for row in situation.rows if row.outstanding < 0}
	return rules.propose(
		situation.rows,
		rules.Rule(
			cint(settings.write_off_after_days),
			to_decimal(settings.write_off_most),
			bool(cint(settings.write_off_after_last_level)),
		),
		day,
		passed={*situation.holds, *in_drafts(company, once)},
		told_last=last,
		with_credit=with_credit,
	)


def _told_last(row: OpenRow, reached, situation) -> bool:
	if reached is None:
		return False
	party = situation.parties.get(row.customer) or ladder.Party(row.customer)
	policy = ladder.choose(situation.policies, party, row.currency)
	return bool(policy and policy.levels) and reached.days >= max(level.days for level in policy.levels)


def append(doc, rows: Iterable[OpenRow], day, why: str, amounts: dict | None = None) -> None:
	for row in rows:
		doc.append(
			"installments",
			{
				"sales_invoice": row.sales_invoice,
				"installment_no": row.installment_no,
				"amount": float((amounts or {}).get(row.key, row.outstanding)),
				"why_proposed": why.format(max(0, row.days_overdue(day))),
			},
		)


def rule_text(company: str) -> str:
	"""Why a row was proposed; {0} stands for its days."""
	if cint(settings_of(company).write_off_after_last_level):
		return _("{0} days overdue, and told the last reminder")
	return _("{0} days overdue")


def _visible(rows: list[OpenRow]) -> list[OpenRow]:
	"""Those whose installment the user may see (User Permissions on customers and the like)."""
	names = {row.sales_invoice for row in rows}
	seen = (
		frappe.get_list(
			"Open Installment", filters={"sales_invoice": ("in", names)}, pluck="sales_invoice", limit=0
		)
		if names
		else ()
	)
	return [row for row in rows if row.sales_invoice in set(seen)]


# Drafts made from elsewhere


def new(company: str, **values):
	"""An unsaved proposal with the company's defaults."""
	doc = frappe.new_doc(PROPOSAL)
	doc.update({"company": company, "posting_date": today(), **defaults(company), **values})
	return doc


def draft(
	customer: str | None = None,
	company: str | None = None,
	sales_invoice: str | None = None,
	installment_no: int = 0,
	dispute: str | None = None,
	reason: str | None = None,
	explanation: str | None = None,
) -> str:
	"""A draft over what is open of a customer, an invoice, an installment, or of what a dispute is about; its name."""
	limit = None
	if dispute:
		about = frappe.get_doc("Receivable Dispute", dispute)
		about.check_permission("read")
		company, sales_invoice = about.company, about.sales_invoice
		installment_no, limit = cint(about.installment_no), to_decimal(about.disputed_amount)
		reason, explanation = reason or "Dispute Settled", explanation or _("Dispute {0}").format(dispute)
	if not sales_invoice and not (customer and company):
		frappe.throw(_("Say which invoice, or which customer and company, the write-off is about."))
	if sales_invoice:
		company = frappe.db.get_value("Sales Invoice", sales_invoice, "company")
		rows = open_rows(invoices=[sales_invoice])
	else:
		rows = [row for row in open_rows(company, [customer]) if row.days_overdue(getdate(today())) > 0]
	taken = in_drafts(company)
	rows = _visible(
		[row for row in rows if row.outstanding > 0 and installment_no in (0, row.installment_no)]
	)
	if rows and all(row.key in taken for row in rows):
		frappe.throw(
			_("This is in {0} already.").format(get_link_to_form(PROPOSAL, taken[rows[0].key])),
			title=_("Proposed Already"),
		)
	rows, amounts = _up_to([row for row in rows if row.key not in taken], limit)
	if not rows:
		frappe.throw(_("Nothing of it is open and overdue that you see."), title=_("Nothing to Write Off"))
	doc = new(company, reason=reason, explanation=explanation)
	append(doc, rows, getdate(today()), _("{0} days overdue"), amounts)
	return doc.insert().name


def _up_to(rows: list[OpenRow], limit: Decimal | None) -> tuple[list[OpenRow], dict]:
	"""The rows that an amount reaches, oldest first, with what it takes of each."""
	amounts = {}
	for row in rows:
		amounts[row.key] = row.outstanding if limit is None else min(row.outstanding, limit)
		if limit is not None:
			limit -= amounts[row.key]
	return [row for row in rows if amounts[row.key] > 0], amounts


def recovery(name: str) -> str:
	"""A draft that opens again what a posted proposal wrote off and nobody recovered yet; its name."""
	source = frappe.get_doc(PROPOSAL, name)
	source.check_permission("read")
	if source.docstatus != 1 or source.kind != WRITE_OFF:
		frappe.throw(_("Only what a posted write-off gave up can be recovered."))
	doc = new(
		source.company,
		kind=RECOVERY,
		recovers=source.name,
		write_off_account=source.write_off_account,
		cost_center=source.cost_center,
		relieve_tax=source.relieve_tax,
	)
	rest = still_written_off(doc)
	for row in source.installments:
		if rest.get(row.name, 0) > 0:
			doc.append(
				"installments",
				{
					"sales_invoice": row.sales_invoice,
					"installment_no": row.installment_no,
					"amount": rest[row.name],
					"recovers_row": row.name,
				},
			)
	if not doc.installments:
		frappe.throw(_("All of {0} was recovered already.").format(name), title=_("Nothing to Recover"))
	return doc.insert().name
