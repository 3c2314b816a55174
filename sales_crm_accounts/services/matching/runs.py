"""A Cash Matching Run: read, decide, keep the proposals, and apply what is sure where the company has said so."""

import time

import frappe
from frappe import _
from frappe.utils import getdate, now_datetime, strip_html, time_diff_in_seconds
from frappe.utils.background_jobs import is_job_enqueued

from sales_crm_accounts.core.matching.run import match
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.services.matching import apply as applying
from sales_crm_accounts.services.matching import proposals, words
from sales_crm_accounts.services.matching.load import load
from sales_crm_accounts.services.matching.settings import settings_of

JOB = "sales_crm_accounts.services.matching.runs.execute"
CHUNK = 100
#: A job is in the queue just after the commit that the next one may have waited for: so many seconds at most.
UNTIL_QUEUED = 10
#: So many receipts that were passed over are named.
NAMED = 5


def start(name: str) -> None:
	"""Queue a run; a second click while it waits or runs is refused."""
	run = frappe.get_doc("Cash Matching Run", name, for_update=True)
	if is_at_work(run):
		frappe.throw(_("{0} is {1} already.").format(run.name, _(run.status)))
	run.db_set({"status": "Queued", "message": None})
	frappe.enqueue(
		JOB,
		queue="long",
		timeout=1500,
		enqueue_after_commit=True,
		job_id=_job_of(name),
		deduplicate=True,
		name=name,
	)


def is_at_work(run) -> bool:
	"""Whether a job waits or works for the run: its status stays where a worker was killed."""
	if run.status not in ("Queued", "Running"):
		return False
	return time_diff_in_seconds(now_datetime(), run.modified) < UNTIL_QUEUED or is_job_enqueued(
		_job_of(run.name)
	)


def _job_of(name: str) -> str:
	return f"sca-matching-{name}"


def execute(name: str) -> None:
	"""Background job. Applies each sure match in a transaction of its own, so that one that fails costs nothing else."""
	run = frappe.get_doc("Cash Matching Run", name)
	run.db_set("status", "Running")
	frappe.db.commit()
	started = time.monotonic()
	try:
		counts = _execute(run)
	except Exception as error:
		frappe.db.rollback()
		frappe.log_error(title=_("Cash Matching Run {0} failed").format(name))
		run.db_set({"status": "Failed", "message": str(error)[:500]}, notify=True)
		frappe.db.commit()
		raise
	run.db_set({"status": "Completed", "seconds": time.monotonic() - started, **counts}, notify=True)
	frappe.db.commit()


def _execute(run) -> dict:
	settings = settings_of(run.company)
	loaded = load(
		run.company,
		settings,
		bank=run.source != "Payments",
		payments=run.source != "Bank Transactions",
		bank_account=run.bank_account,
		from_date=getdate(run.from_date) if run.from_date else None,
		to_date=getdate(run.to_date) if run.to_date else None,
	)
	found = match(loaded.book, loaded.receipts, settings.rules)
	sure, proposed, texts = [], 0, words.texts()
	refused: list[str] = []
	for at in range(0, len(found), CHUNK):
		chunk = found[at : at + CHUNK]
		proposals.drop(one.receipt.name for one in chunk)
		for one in chunk:
			kept = _keep(loaded, one, run, texts, refused)
			if kept:
				proposed += 1
				if one.sure and settings.by_itself:
					sure.append(kept.name)
		frappe.db.commit()
	applied = sum(_apply(name) for name in sure)
	return {
		"receipt_count": len(found),
		"proposed_count": proposed,
		"applied_count": applied,
		"failed_count": len(sure) - applied,
		"unexplained_count": len(found) - proposed - len(refused),
		"installment_count": len(loaded.rows),
		"message": _passed_over(refused),
	}


def _keep(loaded, one, run, texts, refused: list[str]):
	"""Keep the proposal of one receipt; somebody may have paid what it pays since it was read: that costs no other receipt anything."""
	frappe.db.savepoint("sca_receipt")
	try:
		return proposals.keep(loaded, one, run.company, run.name, texts)
	except frappe.ValidationError as error:
		frappe.db.rollback(save_point="sca_receipt")
		frappe.clear_messages()
		refused.append(f"{one.receipt.name.split(':', 1)[1]} ({strip_html(str(error))})")


def _passed_over(refused: list[str]) -> str | None:
	if not refused:
		return None
	return _("{0} receipts were passed over, since something changed meanwhile. Match again: {1}").format(
		len(refused), ", ".join(refused[:NAMED])
	)


def _apply(name: str) -> bool:
	"""Apply one by itself; why it could not be is kept on the proposal."""
	frappe.db.savepoint("sca_match")
	try:
		applying.apply(name, automatic=True)
	except Exception as error:
		if is_lock_error(error):
			frappe.db.rollback()
		else:
			frappe.db.rollback(save_point="sca_match")
		frappe.clear_messages()
		if not isinstance(error, frappe.ValidationError):
			frappe.log_error(title=_("Cash match {0} not applied").format(name))
		frappe.db.set_value("Cash Match Proposal", name, "message", frappe.utils.strip_html(str(error))[:500])
		frappe.db.commit()
		return False
	frappe.db.commit()
	return True
