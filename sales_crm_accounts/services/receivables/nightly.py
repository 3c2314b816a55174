"""What the night does for collections: verdicts on promises, the end of pauses, and a word to owners of late disputes."""

from sales_crm_accounts.services.receivables import disputes, pauses, payers, promises


def sca_nightly_collections():
	"""Scheduler, daily: each part commits for itself; a day that was missed is caught up by the next one."""
	promises.judge_due()
	pauses.end_due()
	disputes.remind_owners()
	payers.keep_all()
