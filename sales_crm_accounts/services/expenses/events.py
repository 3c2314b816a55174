"""What happens to an expense elsewhere: its approval, and its place on the deal's timeline."""

import frappe
from frappe import _
from frappe.query_builder import Order
from frappe.utils import escape_html, get_url_to_form

from sales_crm_accounts.core.problems import _ as N_
from sales_crm_accounts.services.approvals import SUBMIT
from sales_crm_accounts.services.expenses import filling
from sales_crm_accounts.services.receivables.notices import ring

LIMIT = 50


def after_repeat(expense):
	"""The next expense of an Auto Repeat belongs to whoever entered the first, who is told of a draft."""
	owner = expense.flags.repeat_of
	if not owner:
		return
	expense.db_set("owner", owner, update_modified=False)
	if expense.flags.stays_draft:
		ring(
			owner,
			N_("{0} for {1} repeats: {2} is ready. Check it and attach the receipt."),
			(filling.money(expense.amount, expense.currency), _(expense.category), expense.name),
			expense,
		)


def follow_request(request):
	"""Whoever looks at the list sees which drafts wait for an approver."""
	if request.action != SUBMIT:
		return
	status = frappe.db.get_value("Deal Expense", request.reference_name, ["docstatus", "status"])
	wanted = "Waiting for Approval" if request.status == "Open" else "Draft"
	if status and status[0] == 0 and status[1] != wanted:
		frappe.db.set_value("Deal Expense", request.reference_name, "status", wanted, update_modified=False)


def expense_events(doctype: str, docname: str) -> list[dict]:
	"""Hook `additional_timeline_content` of Deal, called for a reader of the deal; newest first, one statement."""
	share, expense = frappe.qb.DocType("Deal Expense Share"), frappe.qb.DocType("Deal Expense")
	rows = (
		frappe.qb.from_(expense)
		.left_join(share)
		.on((share.parent == expense.name) & (share.parenttype == "Deal Expense") & (share.deal == docname))
		.where((expense.docstatus > 0) & ((expense.deal == docname) | (share.deal == docname)))
		.select(
			expense.name,
			expense.docstatus,
			expense.category,
			expense.currency,
			expense.creation,
			expense.net_amount,
			share.net_amount.as_("share"),
		)
		.orderby(expense.creation, order=Order.desc)
		.limit(LIMIT)
		.run(as_dict=True)
	)
	texts = {1: _("Expense {0}: {1} for {2}"), 2: _("Expense {0} over {1} for {2} was cancelled")}
	return [
		{
			"icon": "expenses",
			"is_card": False,
			"creation": row.creation,
			"content": texts[row.docstatus].format(
				f'<a href="{get_url_to_form("Deal Expense", row.name)}">{escape_html(row.name)}</a>',
				filling.money(row.net_amount if row.share is None else row.share, row.currency),
				escape_html(_(row.category)),
			),
		}
		for row in rows
	]
