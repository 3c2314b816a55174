"""What must be true of a write-off proposal, said with the row, what is open of it now, and what to do."""

import frappe
from frappe import _
from frappe.utils import cint, flt, get_link_to_form, getdate, today

from sales_crm_accounts.services.receivables import write_offs
from sales_crm_accounts.services.receivables.parts import money


def check(doc) -> None:
	"""Whenever it is saved, and again when it is posted, with what is open then."""
	if doc.docstatus == 2:
		return
	problems = [*_head(doc), *_accounting(doc), *_rows(doc)]
	if problems:
		frappe.throw(
			problems if len(problems) > 1 else problems[0],
			title=_("Please Correct"),
			as_list=len(problems) > 1,
		)


def check_complete(doc) -> None:
	"""Before it is posted."""
	if not doc.installments:
		frappe.throw(_("There is nothing to write off: add installments, or press {0}.").format(_("Propose")))


def check_settings(settings) -> None:
	"""Account and cost center that write-offs would fail at, said when the settings are saved."""
	problems = []
	if settings.write_off_account:
		problems.append(_account_problem(settings.write_off_account, settings.company))
	if settings.write_off_cost_center:
		problems.append(_center_problem(settings.write_off_cost_center, settings.company))
	for problem in filter(None, problems):
		frappe.throw(problem, title=_("Please Correct"))


def warn(doc) -> None:
	"""Somebody still promised or disputes what is about to be given up."""
	held = [row for row in doc.installments if row.held_by]
	if held and not doc.docstatus and not doc.flags.sca_quiet:
		frappe.msgprint(
			"<br>".join(
				_("Row {0}: {1} is held by {2}.").format(row.idx, row.sales_invoice, row.held_by)
				for row in held
			),
			title=_("Promised or Disputed"),
			indicator="orange",
		)


def _head(doc):
	if doc.kind == write_offs.WRITE_OFF and not doc.reason:
		yield _("Choose a reason.")
	if doc.reason == "Other" and not (doc.explanation or "").strip():
		yield _("Explain the reason: {0} says nothing to who decides.").format(
			_("Other", context="Write-off Proposal")
		)
	if getdate(doc.posting_date) > getdate(today()):
		yield _("The posting date {0} is in the future. Choose today or an earlier day.").format(
			frappe.format(doc.posting_date, "Date")
		)
	if doc.kind == write_offs.RECOVERY:
		source = doc.recovers and frappe.db.get_value(
			write_offs.PROPOSAL,
			doc.recovers,
			["docstatus", "company", "kind", "relieve_tax", "write_off_account"],
			as_dict=True,
		)
		if not source or source.docstatus != 1 or source.kind != write_offs.WRITE_OFF:
			yield _("A recovery is made from the posted write-off that it takes back.")
		elif source.company != doc.company or cint(source.relieve_tax) != cint(doc.relieve_tax):
			yield _("Company and tax relief are those of {0}.").format(doc.recovers)
		elif doc.write_off_account != source.write_off_account:
			yield _("What is recovered goes back to the account of {0}: {1}.").format(
				doc.recovers, source.write_off_account
			)
	elif doc.recovers:
		yield _("A write-off recovers nothing.")


def _accounting(doc):
	allowed = write_offs.accounts_of(doc.company)
	if not doc.write_off_account:
		yield _("Company {0} has no write-off account. Set {1} in the company or in its {2}.").format(
			doc.company, frappe.bold(_("Write Off Account")), _(write_offs.SETTINGS)
		)
	elif doc.kind == write_offs.WRITE_OFF and doc.write_off_account not in allowed:
		yield _(
			"Write-offs go to {0}, so that every report knows them as such; {1} is another account."
		).format(", ".join(sorted(allowed)), doc.write_off_account)
	elif problem := _account_problem(doc.write_off_account, doc.company):
		yield problem
	if not doc.cost_center:
		yield _("Choose a cost center.")
	elif problem := _center_problem(doc.cost_center, doc.company):
		yield problem
	if (
		doc.relieve_tax
		and doc.kind == write_offs.WRITE_OFF
		and not cint(write_offs.settings_of(doc.company).write_off_tax_relief)
	):
		yield _("{0} does not relieve the tax of bad debts. Switch off {1}, or allow it in its {2}.").format(
			doc.company, frappe.bold(_("Relieve the Tax")), _(write_offs.SETTINGS)
		)
	for account in sorted({name for row in doc.installments for name, _amount in write_offs.taxes_in(row)}):
		if problem := _account_problem(account, doc.company, tax=True):
			yield problem


def _center_problem(name: str, company: str) -> str | None:
	center = frappe.get_cached_value("Cost Center", name, ["company", "is_group", "disabled"], as_dict=True)
	if not center or center.company != company or center.is_group or center.disabled:
		return _("Cost center {0} takes no bookings of company {1}. Choose another.").format(name, company)
	return None


def _account_problem(name: str, company: str, tax: bool = False) -> str | None:
	account = frappe.get_cached_value(
		"Account", name, ["company", "is_group", "disabled", "root_type", "account_currency"], as_dict=True
	)
	own = frappe.get_cached_value("Company", company, "default_currency")
	if not account or account.company != company or account.is_group:
		return _("Account {0} takes no bookings of company {1}. Choose another.").format(name, company)
	if account.disabled:
		return _("Account {0} is disabled. Enable it, or choose another.").format(name)
	if account.account_currency and account.account_currency != own:
		return _("Account {0} is in {1}. Write-offs and their tax are booked in {2}.").format(
			name, account.account_currency, own
		)
	if not tax and account.root_type != "Expense":
		return _("{0} is no expense account. Choose another.").format(name)
	return None


def _rows(doc):
	facts = write_offs.facts_for(doc)
	taken = write_offs.in_drafts(doc.company, without=doc.name) if doc.docstatus == 0 else {}
	seen = {}
	for row in doc.installments:
		key = row.sales_invoice, row.installment_no
		fact = facts.get(key)
		if key in seen:
			yield _("Rows {0} and {1} are about the same installment of {2}. Remove one of them.").format(
				seen[key], row.idx, row.sales_invoice
			)
		seen.setdefault(key, row.idx)
		if not fact or fact.company != doc.company:
			yield _(
				"Row {0}: {1} has no installment {2} among the receivables of {3}. Choose another."
			).format(row.idx, row.sales_invoice, row.installment_no, doc.company)
		elif doc.kind == write_offs.RECOVERY:
			yield from _recovered(doc, row, fact)
		else:
			yield from _written_off(doc, row, fact, taken.get(key))


def _written_off(doc, row, fact, other: str | None):
	open_now = flt(fact.outstanding_amount)
	if fact.is_return or open_now < 0:
		yield _("Row {0}: {1} is a credit note, or paid too much. Match it with an invoice instead.").format(
			row.idx, row.sales_invoice
		)
		return
	if not open_now:
		yield _("Row {0}: nothing of {1}, installment {2}, is open any more. Remove the row.").format(
			row.idx, row.sales_invoice, row.installment_no
		)
		return
	if flt(row.amount) <= 0:
		yield _("Row {0}: enter an amount above 0.").format(row.idx)
	if flt(row.amount) > open_now:
		yield _(
			"Row {0}: of {1}, installment {2}, {3} is open now. Enter at most that instead of {4}, or remove the row."
		).format(
			row.idx,
			row.sales_invoice,
			row.installment_no,
			money(open_now, fact.account_currency),
			money(row.amount, fact.account_currency),
		)
	if getdate(doc.posting_date) < getdate(fact.posting_date):
		yield _("Row {0}: {1} is of {2}. Nothing of it can be written off before that day.").format(
			row.idx, row.sales_invoice, frappe.format(fact.posting_date, "Date")
		)
	if other:
		yield _("Row {0}: {1}, installment {2}, is in {3} as well. Remove it from one of them.").format(
			row.idx, row.sales_invoice, row.installment_no, get_link_to_form(write_offs.PROPOSAL, other)
		)


def _recovered(doc, row, fact):
	source = row.recovers_row and frappe.db.get_value(
		write_offs.ROW, row.recovers_row, ["parent", "sales_invoice", "installment_no"], as_dict=True
	)
	if not source or (source.parent, source.sales_invoice, source.installment_no) != (
		doc.recovers,
		row.sales_invoice,
		row.installment_no,
	):
		yield _("Row {0}: {1} was not written off by {2}. Remove the row.").format(
			row.idx, row.sales_invoice, doc.recovers
		)
		return
	rest = min(flt(row.outstanding), flt(fact.written_off_amount))
	if flt(row.amount) <= 0 or flt(row.amount) > rest:
		yield _("Row {0}: of {1}, installment {2}, {3} is written off still. Enter at most that.").format(
			row.idx, row.sales_invoice, row.installment_no, money(rest, fact.account_currency)
		)
