"""The same receipt is not booked twice: found by the file, and by supplier, number, day and amount."""

import frappe
from frappe import _
from frappe.utils import cint, get_fullname, get_link_to_form, getdate

from sales_crm_accounts.core import expenses as rules
from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.expenses import claims, filling

ACCOUNTANTS = frozenset({"Accounts User", "Accounts Manager"})


def set_keys(expense):
	expense.receipt_hash = (
		frappe.db.get_value("File", {"file_url": expense.receipt}, "content_hash")
		if expense.receipt
		else None
	)
	expense.receipt_key = rules.receipt_key(
		to_decimal(expense.amount),
		expense.currency,
		getdate(expense.bill_date or expense.posting_date),
		expense.supplier or "",
		expense.bill_no or "",
	)


def check(expense, lock: bool = False):
	"""Refuse what was entered before. `lock` holds what is found, so that of two that are posted at once the second sees the first."""
	before = expense.get_doc_before_save()
	if cint(expense.not_a_duplicate):
		if not (before and cint(before.not_a_duplicate)) and not _is_accountant():
			frappe.throw(
				_("Only an accountant says that a receipt was not entered before."), frappe.PermissionError
			)
		return
	if other := _with(expense, "receipt_hash", lock) or _with_file(expense):
		_refuse(other, _("The same file is its receipt."))
	if claim := _claim_with_file(expense):
		frappe.throw(
			_(
				"The same file is a receipt of {0}. If it is another part of it, an accountant ticks {1}."
			).format(get_link_to_form("Expense Claim", claim), frappe.bold(_("Not a Duplicate"))),
			title=_("Receipt Entered Already"),
		)
	if other := _with(expense, "receipt_key", lock):
		_refuse(other, _("Amount, day, supplier and number of the bill are the same."))


def _is_accountant() -> bool:
	user = frappe.session.user
	return user == "Administrator" or not ACCOUNTANTS.isdisjoint(frappe.get_roles(user))


def _with(expense, field: str, lock: bool):
	if not expense.get(field):
		return None
	table = frappe.qb.DocType("Deal Expense")
	query = (
		frappe.qb.from_(table)
		.where((table[field] == expense.get(field)) & (table.docstatus < 2))
		.where(table.name != (expense.name or ""))
		.select(table.name, table.amount, table.currency, table.posting_date, table.owner)
		.limit(1)
	)
	rows = (query.for_update() if lock else query).run(as_dict=True)
	return rows[0] if rows else None


def _files_of(expense) -> list[str]:
	"""Content hashes of the receipt and of all that is attached."""
	mine = [expense.receipt_hash] if expense.receipt_hash else []
	if not expense.is_new():
		mine += frappe.get_all(
			"File",
			filters={"attached_to_doctype": expense.doctype, "attached_to_name": expense.name},
			pluck="content_hash",
		)
	return [content for content in mine if content]


def _with_file(expense):
	"""Another expense that one of this one's files is attached to."""
	mine = _files_of(expense)
	if not mine:
		return None
	file, other = frappe.qb.DocType("File"), frappe.qb.DocType("Deal Expense")
	rows = (
		frappe.qb.from_(file)
		.join(other)
		.on((file.attached_to_doctype == "Deal Expense") & (file.attached_to_name == other.name))
		.where(file.content_hash.isin(mine))
		.where((other.docstatus < 2) & (other.name != (expense.name or "")))
		.select(other.name, other.amount, other.currency, other.posting_date, other.owner)
		.limit(1)
		.run(as_dict=True)
	)
	return rows[0] if rows else None


def _claim_with_file(expense) -> str | None:
	"""A claim that somebody has made in HRMS from the same receipt."""
	mine = _files_of(expense) if claims.installed() else []
	if not mine:
		return None
	file, claim = frappe.qb.DocType("File"), frappe.qb.DocType("Expense Claim")
	rows = (
		frappe.qb.from_(file)
		.join(claim)
		.on((file.attached_to_doctype == "Expense Claim") & (file.attached_to_name == claim.name))
		.where(file.content_hash.isin(mine) & (claim.docstatus < 2))
		.where(claim.deal_expense.isnull() | (claim.deal_expense != (expense.name or "")))
		.select(claim.name)
		.limit(1)
		.run()
	)
	return rows[0][0] if rows else None


def _refuse(other, why: str):
	frappe.throw(
		_("This receipt was entered already: {0} over {1} of {2}, by {3}.").format(
			get_link_to_form("Deal Expense", other.name),
			filling.money(other.amount, other.currency),
			frappe.format(other.posting_date, "Date"),
			get_fullname(other.owner),
		)
		+ " "
		+ why
		+ " "
		+ _("If it is another part of it, an accountant ticks {0}.").format(
			frappe.bold(_("Not a Duplicate"))
		),
		title=_("Receipt Entered Already"),
	)
