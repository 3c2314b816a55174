"""What the night does for collections: verdicts on promises, the end of pauses and credit holds, and a word to owners of late disputes."""

import frappe

from sales_crm_accounts.services.receivables import credit_holds, disputes, pauses, payers_lately, promises


def sca_nightly_collections():
	"""Scheduler, daily: each part commits for itself; a day that was missed is caught up by the next one."""
	promises.judge_due()
	pauses.end_due()
	credit_holds.judge()
	frappe.db.commit()
	disputes.remind_owners()
	payers_lately.keep_all()
