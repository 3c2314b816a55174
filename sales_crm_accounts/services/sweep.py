"""Billing what is due: after a deal is won, every hour for what a lost job left, and every day for everything.

No day is remembered as done: an installment is due while its day has come and no invoice stands, so missed days are caught up
by themselves.
"""

from collections import defaultdict

import frappe
from frappe.utils import add_days, cint, getdate, now_datetime, today

from sales_crm_accounts.services import billing, figures, ledger, policies

#: Installments that one job bills; more are shared between jobs.
CHUNK = 100


def sca_daily_billing():
	"""Scheduler, daily: bill everything that is due, record the run, and mark what became overdue."""
	derive_left_behind()
	figures.mark_overdue(getdate(today()))
	frappe.db.commit()
	if policies.billing_paused():
		return
	run_billing("Daily Sweep")
	frappe.db.set_single_value("Sales CRM Accounts Settings", "last_billing_date", today())
	frappe.db.commit()


def sca_hourly_billing():
	"""Scheduler, hourly: finish what a lost job left. Failed ones wait for the daily run, so that nobody is told every hour."""
	derive_left_behind()
	if not policies.billing_paused():
		run_billing("Daily Sweep", retry_failed=False)


def derive_left_behind():
	"""Figures of invoices whose run died between posting them and deriving what follows. Commits."""
	ledger.mark(ledger.left_behind())
	ledger.commit()


def bill_deal(deal: str, source: str = "Deal Won", force: bool = False) -> list[dict]:
	"""Bill what is due of one deal; the button on the deal, and what follows a winning or a confirmation."""
	return run_billing(source, deal=deal, force=force)


def bill_after_event(deal: str, source: str) -> list[dict]:
	"""The background job of a winning, a Deal Change, a confirmation or a delivery; billing may have been paused since."""
	return [] if policies.billing_paused() else bill_deal(deal, source)


def due_installments(
	deal: str | None = None, retry_failed: bool = True, automatic_only: bool = True
) -> list[str]:
	"""Names of the installments whose day has come and that no invoice stands for, oldest first; one statement."""
	row, parent, policy = (
		frappe.qb.DocType("Deal Installment"),
		frappe.qb.DocType("Deal"),
		frappe.qb.DocType("Billing Policy"),
	)
	query = (
		frappe.qb.from_(row)
		.join(parent)
		.on(row.deal == parent.name)
		.left_join(policy)
		.on(parent.billing_policy == policy.name)
		.where((parent.docstatus == 1) & (row.status.isin(["Planned", "Ready"])) & (row.on_hold == 0))
		.where(row.sales_invoice.isnull() | (row.sales_invoice == ""))
		.where(row.planned_invoice_date.isnotnull())
		.select(row.name, row.planned_invoice_date, policy.days_ahead)
		.orderby(row.planned_invoice_date)
		.orderby(row.name)
	)
	if deal:
		query = query.where(row.deal == deal)
	if automatic_only:
		query = query.where(policy.name.isnull() | (policy.automatic_billing == 1))
	if not retry_failed:
		query = query.where(row.last_error.isnull() | (row.last_error == ""))
	now = getdate(today())
	return [
		name
		for name, planned, days_ahead in query.run()
		if getdate(planned) <= getdate(add_days(now, cint(days_ahead)))
	]


def run_billing(
	source: str, deal: str | None = None, retry_failed: bool = True, force: bool = False
) -> list[dict]:
	"""Bill what is due and write down what was decided; nothing is written where there was nothing to do."""
	names = due_installments(deal, retry_failed, automatic_only=source != "Manual")
	if not names:
		return []
	chunks = _chunks(names)
	if len(chunks) == 1:
		return bill_chunk(names, source, force)
	# Many: a job a chunk, so that every worker takes part. A chunk that is lost is in the next run's list again.
	for chunk in chunks:
		frappe.enqueue(
			"sales_crm_accounts.services.sweep.bill_chunk",
			queue="long",
			job_id=f"sca-bill-{chunk[0]}",
			deduplicate=True,
			names=chunk,
			source=source,
			force=force,
		)
	return []


def bill_chunk(names: list[str], source: str, force: bool = False) -> list[dict]:
	"""Bill these installments and record the run; while billing is paused, only what somebody bills by hand."""
	if source != "Manual" and policies.billing_paused():
		return []
	started = now_datetime()
	results = billing.bill(names, source, force)
	record(source, started, results)
	return results


def _chunks(names: list[str]) -> list[list[str]]:
	"""Parts of about CHUNK names; those of one deal stay together, so that no two workers wait for each other."""
	by_deal = defaultdict(list)
	for name in names:
		by_deal[name.rsplit("-", 1)[0]].append(name)
	chunks = [[]]
	for group in by_deal.values():
		if len(chunks[-1]) >= CHUNK:
			chunks.append([])
		chunks[-1] += group
	return chunks


def record(source: str, started, results: list[dict]):
	"""The run as a document: who started it, when, what was decided and why."""
	if not results:
		return
	count = lambda outcome: sum(result.outcome == outcome for result in results)  # noqa: E731
	failed = count(billing.FAILED)
	frappe.get_doc(
		{
			"doctype": "Deal Billing Run",
			"run_date": today(),
			"trigger_source": source,
			"status": "Completed with Errors" if failed else "Completed",
			"started_on": started,
			"ended_on": now_datetime(),
			"billed_count": len(
				{result.sales_invoice for result in results if result.outcome == billing.INVOICED}
			),
			"failed_count": failed,
			"skipped_count": count(billing.PASSED_OVER),
			"rows": [
				{
					key: result.get(key)
					for key in ("deal", "installment", "outcome", "sales_invoice", "reason")
				}
				for result in results
			],
		}
	).insert(ignore_permissions=True)
	frappe.db.commit()
