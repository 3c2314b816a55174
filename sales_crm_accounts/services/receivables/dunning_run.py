"""A dunning run: one look over everything that is due in a company on a day. One document a company and day.

Reminders are made in chunks, each committed, each under its own unique key; whoever is killed is taken up by the next hourly job,
and a second run on the day adds what is missing and nothing twice.
"""

from collections import Counter

import frappe
from frappe import _
from frappe.utils import add_to_date, getdate, now_datetime, strip_html, today

from sales_crm_accounts.core.receivables import ladder
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.services.receivables import (
	credit_holds,
	dunning_facts,
	dunning_messages,
	dunning_policies,
	dunning_sending,
	dunning_shield,
	mail_bounces,
	thanks,
)

DOCTYPE, ROW = "Dunning Run", "Dunning Run Row"
CHUNK = 50
#: A run that has written nothing for so long was killed.
DEAD_AFTER_MINUTES = 20


def sca_daily_dunning():
	"""Scheduler, daily: a run for every company with a policy; ERPNext's Dunnings are judged by the ledger."""
	dunning_shield.judge_all()
	frappe.db.commit()
	for company in dunning_policies.companies():
		run(company, "Schedule")


def sca_hourly_dunning():
	"""Scheduler, hourly: take up killed runs, send what was released and not sent, see what became of the mails, lift holds that were paid, say thanks."""
	for row in frappe.get_all(
		DOCTYPE,
		filters={
			"status": "Running",
			"run_date": today(),
			"modified": ("<", add_to_date(now_datetime(), minutes=-DEAD_AFTER_MINUTES)),
		},
		fields=["company", "trigger_source"],
	):
		run(row.company, row.trigger_source)
	dunning_sending.send_released()
	mail_bounces.follow_mails()
	frappe.db.commit()
	credit_holds.judge()
	frappe.db.commit()
	thanks.send_all()


def run(company: str, source: str = "Manual") -> str:
	"""Decide and make the reminders of today; name of the run. Commits. Rights are the caller's to check."""
	day = getdate(today())
	credit_holds.judge(company)
	mail_bounces.follow_mails()  # a mail that came back is no contact
	frappe.db.commit()  # what a transaction sees is as old as its first look
	doc = _of_day(company, day, source)
	try:
		_work(doc, day)
	except Exception as error:
		frappe.db.rollback()
		frappe.log_error(
			title=_("Dunning Run {0} failed").format(doc.name),
			reference_doctype=DOCTYPE,
			reference_name=doc.name,
		)
		reason = strip_html(str(error) or type(error).__name__)[:1000]
		frappe.db.set_value(
			DOCTYPE, doc.name, {"status": "Failed", "error": reason, "ended_on": now_datetime()}
		)
		frappe.db.commit()
		return doc.name
	dunning_sending.send_released(doc.name)
	return doc.name


def preview(policy: str) -> dict:
	"""What the policy, switched on, would do today; nothing is written. Four figures and the reasons, most frequent first."""
	doc = frappe.get_doc("Dunning Policy", policy)
	ledger.flush()
	_facts, decision = _decide(doc.company, getdate(today()), None, also=policy)
	reminders = [reminder for reminder in decision.reminders if reminder.policy == policy]
	levels = Counter((reminder.level, reminder.title) for reminder in reminders)
	totals = Counter()
	for reminder in reminders:
		totals[reminder.currency] += reminder.total
	return {
		"reminders": len(reminders),
		"levels": [{"title": title, "count": count} for (_number, title), count in sorted(levels.items())],
		"totals": [{"currency": currency, "amount": float(total)} for currency, total in sorted(totals.items())],
		"passed": _reasons(Counter(entry.reason for entry in decision.passed if entry.reason != ladder.NO_POLICY)),
	}  # fmt: skip


def summary(run_name: str) -> dict:
	"""What the form of a run shows: messages by status, passed over by reason."""
	statuses = Counter(frappe.get_all("Dunning Message", filters={"dunning_run": run_name}, pluck="status"))
	row = frappe.qb.DocType(ROW)
	reasons = Counter()
	for (reason,) in frappe.qb.from_(row).select(row.reason).where(row.dunning_run == run_name).run():
		reasons[reason] += 1
	return {
		"messages": [{"status": status, "count": count} for status, count in sorted(statuses.items())],
		"passed": _reasons(reasons),
	}


def _reasons(counted: Counter) -> list[dict]:
	return [{"reason": reason, "count": count} for reason, count in counted.most_common()]


def forget_rows(run_name: str) -> None:
	frappe.db.delete(ROW, {"dunning_run": run_name})


def _of_day(company: str, day, source: str):
	"""The run of the company and day, made where it is missing, and running."""
	key = f"{company}|{day}"
	name = frappe.db.get_value(DOCTYPE, {"run_key": key})
	if not name:
		doc = frappe.new_doc(DOCTYPE)
		doc.update(
			{
				"company": company,
				"run_date": day,
				"run_key": key,
				"trigger_source": source,
				"started_on": now_datetime(),
				"status": "Running",
			}
		)
		try:
			name = doc.insert(ignore_permissions=True).name
		except (frappe.UniqueValidationError, frappe.DuplicateEntryError):
			frappe.db.rollback()  # somebody was quicker
			name = frappe.db.get_value(DOCTYPE, {"run_key": key})
	frappe.db.set_value(DOCTYPE, name, {"status": "Running", "error": None})
	frappe.db.commit()
	return frappe.get_doc(DOCTYPE, name)


def _decide(company: str, day, run_name: str | None, also: str | None = None):
	policies = dunning_policies.load(company, also)
	facts = dunning_facts.load(company, day, policies, run_name)
	return (policies, facts), ladder.decide(facts.situation)


def _work(doc, day) -> None:
	(policies, facts), decision = _decide(doc.company, day, doc.name)
	made = {
		(row.customer, row.currency)
		for row in frappe.get_all(
			"Dunning Message", filters={"dunning_run": doc.name}, fields=["customer", "currency"]
		)
	}
	todo = [one for one in decision.reminders if (one.customer, one.currency) not in made]
	for start in range(0, len(todo), CHUNK):
		chunk = todo[start : start + CHUNK]
		for reminder in chunk:
			_make(reminder, doc, facts, policies, day)
		dunning_messages.replace_older(doc.name, doc.company, [reminder.customer for reminder in chunk])
		frappe.db.set_value(DOCTYPE, doc.name, "message_count", len(made) + start + len(chunk))
		frappe.db.commit()
	_write_passed(doc, facts, decision)
	frappe.db.set_value(
		DOCTYPE,
		doc.name,
		{
			"status": "Completed",
			"ended_on": now_datetime(),
			"rows_looked_at": len(facts.situation.rows),
			"message_count": frappe.db.count("Dunning Message", {"dunning_run": doc.name}),
			"passed_count": len(decision.passed),
		},
	)
	frappe.db.commit()


def _make(reminder, doc, facts, policies, day) -> None:
	"""One draft; one that somebody else has made meanwhile is left to them, and one that cannot be made stops nobody else's."""
	frappe.db.savepoint("sca_reminder")
	try:
		dunning_messages.make(reminder, doc, facts.customers[reminder.customer], policies, day)
	except (frappe.UniqueValidationError, frappe.DuplicateEntryError):
		frappe.db.rollback(save_point="sca_reminder")
	except Exception as error:
		if is_lock_error(error):
			raise
		frappe.db.rollback(save_point="sca_reminder")
		frappe.log_error(
			title=_("Reminder to {0} not made").format(reminder.customer)[:140],
			reference_doctype=DOCTYPE,
			reference_name=doc.name,
		)


def _write_passed(doc, facts, decision) -> None:
	"""Everybody passed over, as rows of their own: a form cannot hold thousands. A run that is repeated writes them anew."""
	forget_rows(doc.name)
	stamp = now_datetime()
	fields = (
		*("name", "owner", "modified_by", "creation", "modified", "docstatus"),
		*("dunning_run", "company", "customer", "customer_name", "currency", "amount", "reason", "detail"),
		*("sales_invoice", "installment_no"),
	)
	values = []
	for entry in decision.passed:
		customer = facts.customers.get(entry.customer)
		values.append(
			(
				*(frappe.generate_hash(length=12), doc.owner, doc.owner, stamp, stamp, 0),
				*(doc.name, doc.company, entry.customer, customer and customer.customer_name),
				*(entry.currency, entry.amount, entry.reason, _detail(entry)),
				*((entry.row.sales_invoice, entry.row.installment_no) if entry.row else (None, 0)),
			)
		)
	if values:
		frappe.db.bulk_insert(ROW, fields=fields, values=values)


def _detail(entry: ladder.PassedOver) -> str:
	if entry.reason == ladder.TOO_SOON:
		return _("Written to {0} days ago").format(entry.detail)
	if entry.reason == ladder.NO_ADDRESS:
		return {
			ladder.MAIL: _("No mail address"),
			ladder.SMS: _("No mobile number"),
			ladder.LETTER: _("No postal address"),
		}[entry.detail]
	return entry.detail
