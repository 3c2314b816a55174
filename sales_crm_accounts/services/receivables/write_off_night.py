"""The monthly draft of write-offs for the Collections Managers, where a company switched it on. Nothing is posted by itself."""

import frappe
from frappe import _
from frappe.utils import get_first_day, getdate, today
from frappe.utils.user import get_users_with_role

from sales_crm_accounts.core.problems import _ as N_
from sales_crm_accounts.services.receivables import notices, write_off_drafts, write_offs


def sca_monthly_write_offs():
	"""Scheduler, daily: once in a month for each company, on its first day or as soon after it as the scheduler runs."""
	for company in frappe.get_all(write_offs.SETTINGS, filters={"propose_write_offs": 1}, pluck="name"):
		try:
			propose_for(company)
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Write-offs of {0} were not proposed").format(company))


def propose_for(company: str) -> list[str]:
	"""The drafts of this month, unless there were any; what an earlier month proposed is never proposed again."""
	day = getdate(today())
	last = frappe.db.get_value(write_offs.SETTINGS, company, "write_offs_proposed_on", for_update=True)
	if last and getdate(last) >= getdate(get_first_day(day)):
		return []
	frappe.db.set_value(write_offs.SETTINGS, company, "write_offs_proposed_on", day, update_modified=False)
	rows = write_off_drafts.proposed_rows(company, day, once=True)
	names = []
	for start in range(0, len(rows), write_off_drafts.MOST_ROWS):
		part = rows[start : start + write_off_drafts.MOST_ROWS]
		names.append(_draft(company, part, day))
	return names


def _draft(company: str, rows: list, day) -> str:
	doc = write_off_drafts.new(company, automatic=1, reason="Too Old")
	write_off_drafts.append(doc, rows, day, write_off_drafts.rule_text(company))
	doc.flags.sca_quiet = True
	# The scheduler's user is nobody's: rights are asked of whoever posts it.
	doc.insert(ignore_permissions=True)
	for user in sorted(set(get_users_with_role("Collections Manager"))):
		notices.ring(
			user,
			N_("{0} installments of {1} are proposed to be written off: {2}"),
			(len(rows), company, doc.name),
			doc,
		)
	return doc.name
