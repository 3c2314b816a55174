"""Sending released reminders, each exactly once.

The message is locked with all that wait for the same customer, the ledger is looked at again, and the mail goes into Frappe's
queue in the transaction that marks the message: both stand or neither. A text message leaves the house at once, so it is marked
before; it goes at most once.
"""

from contextlib import contextmanager

import frappe
from frappe import _
from frappe.utils import cint, get_url_to_form, getdate, now_datetime, strip_html, today

from sales_crm_accounts.core.receivables import ladder
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.approvals.reading import language_of
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.services.receivables import (
	credit_holds,
	dunning_facts,
	dunning_messages,
	dunning_policies,
	dunning_shield,
	mail_bounces,
)
from sales_crm_accounts.services.receivables.dunning_messages import (
	AMOUNTS,
	CANCELLED,
	DAY,
	DOCTYPE,
	DRAFT,
	FAILED,
	QUEUED,
	SENT,
)

#: Messages that one job sends; rendering a PDF takes about a second.
CHUNK = 50
ATTEMPTS_ON_DEADLOCK = 3
TEMPLATE = "sca_dunning"
PRINT_FORMAT = "Reminder Letter"


def send_released(run: str | None = None) -> None:
	"""Queue jobs for drafts that were released and not sent yet."""
	filters = {"status": DRAFT, "released_on": ("is", "set")}
	if run:
		filters["dunning_run"] = run
	later(frappe.get_all(DOCTYPE, filters=filters, pluck="name", order_by="name"))


def later(names: list[str]) -> None:
	"""Send in the background, in chunks that every worker can take; one that is lost is in the next hour's list again."""
	for start in range(0, len(names), CHUNK):
		chunk = names[start : start + CHUNK]
		frappe.enqueue(
			"sales_crm_accounts.services.receivables.dunning_sending.send_many",
			queue="long",
			job_id=f"sca-dunning-{chunk[0]}",
			deduplicate=True,
			enqueue_after_commit=True,
			names=chunk,
		)


def send_many(names: list[str]) -> None:
	for name in names:
		send(name)


def send(name: str) -> str:
	"""Send one released message; its status after that. Commits. A failure leaves its reason on the message."""
	for attempt in range(ATTEMPTS_ON_DEADLOCK):
		frappe.db.commit()
		try:
			status = _send(name)
			frappe.db.commit()
			return status
		except Exception as error:
			frappe.db.rollback()
			if is_lock_error(error) and attempt < ATTEMPTS_ON_DEADLOCK - 1:
				continue
			return _failed(name, error)


def _send(name: str) -> str:
	doc = _lock(name)
	if doc.status != DRAFT or not doc.released_on:
		return doc.status
	day = getdate(today())
	policies = dunning_policies.load(doc.company, also=doc.policy)
	policy, level = policies.rows.get(doc.policy), policies.level(doc.policy, doc.level_title)
	written = doc.channel in dunning_facts.WRITTEN
	if written and doc.policy in dunning_facts.quiet(doc.company, day, policies):
		return doc.status
	if written and _written_today(doc, day):
		return _finish(doc, CANCELLED, reason=_("The customer was written to today already."))
	ledger.flush()
	changed = dunning_messages.put_right(doc, day)
	if changed not in (None, DAY, AMOUNTS):
		return _finish(doc, CANCELLED, reason=changed)
	if changed == AMOUNTS and doc.text_edited:
		doc.released_by = doc.released_on = None
		return _finish(
			doc, DRAFT, reason=_("The figures have changed since the text was edited. Please look again.")
		)
	if changed and policy and not doc.text_edited:
		contact = doc.contact and frappe.get_cached_value("Contact", doc.contact, ["first_name", "last_name"])
		dunning_messages.write_text(doc, policy.texts, day, " ".join(filter(None, contact or ())))
	if level and cint(level.make_dunning):
		dunning_shield.make_dunnings(doc, policy)
	_finish(doc, QUEUED)
	if level and (level.fee or level.charge_interest):
		_claim(doc)
	if level and cint(level.credit_hold):
		credit_holds.set_by_message(doc)
	if level and cint(level.tell_salesperson):
		_tell_salespeople(doc)
	return _BY_CHANNEL[doc.channel](doc, policy or frappe._dict(attach_letter=1))


def waits_for_a_quiet_day(name: str) -> bool:
	"""Whether the message would be written today although its policy keeps today quiet."""
	doc = frappe.get_doc(DOCTYPE, name)
	policies = dunning_policies.load(doc.company, also=doc.policy)
	return doc.channel in dunning_facts.WRITTEN and doc.policy in dunning_facts.quiet(
		doc.company, getdate(today()), policies
	)


def _lock(name: str):
	"""The message, with all that wait for the same customer locked in one order: two workers never write to one at once."""
	customer = frappe.db.get_value(DOCTYPE, name, "customer")
	frappe.db.commit()  # read after the lock, not as it was before
	message = frappe.qb.DocType(DOCTYPE)
	(
		frappe.qb.from_(message)
		.select(message.name)
		.where((message.customer == customer) & message.status.isin((DRAFT, QUEUED)))
		.orderby(message.name)
		.for_update()
		.run()
	)
	return frappe.get_doc(DOCTYPE, name)


def _written_today(doc, day) -> bool:
	return bool(
		frappe.db.exists(
			DOCTYPE,
			{
				"company": doc.company,
				"customer": doc.customer,
				"currency": doc.currency,
				"status": ("in", dunning_facts.TOLD),
				"channel": ("in", dunning_facts.WRITTEN),
				"message_date": day,
				"name": ("!=", doc.name),
			},
		)
	)


def _finish(doc, status: str, reason: str | None = None, **values) -> str:
	doc.update({"status": status, "reason": reason, **values})
	if status in (QUEUED, SENT):
		doc.sent_on = now_datetime()
	doc.flags.sca_dunning = True
	# Who may release was asked when it was released; a job sends.
	doc.save(ignore_permissions=True)
	return status


def _claim(doc) -> None:
	"""Fee and interest become claims, once for each message."""
	from sales_crm_accounts.services.receivables import charges

	charges.claim_for_message(doc)


# Channels


def _mail(doc, policy) -> str:
	recipients = dunning_policies.addresses(doc.recipients)
	if not recipients:
		frappe.throw(_("{0} has no mail address.").format(doc.customer_name))
	attachments = [{"fid": _letter(doc, policy)}] if cint(policy.attach_letter) else []
	with in_language(doc.language):
		queue = frappe.sendmail(
			recipients=recipients,
			cc=dunning_policies.addresses(doc.cc),
			subject=doc.subject,
			template=TEMPLATE,
			args={"doc": doc, "how_to_pay": how_to_pay(doc.company)},
			reply_to=frappe.db.get_value("Company Receivables Settings", doc.company, "collections_email"),
			reference_doctype=DOCTYPE,
			reference_name=doc.name,
			attachments=attachments,
			add_unsubscribe_link=0,
		)
	if not queue:
		frappe.throw(_("{0} takes no mail: every recipient has unsubscribed.").format(doc.customer_name))
	return _finish(doc, QUEUED, email_queue=queue.name)


def _sms(doc, policy) -> str:
	from frappe.core.doctype.sms_settings.sms_settings import send_sms

	if not frappe.db.get_single_value("SMS Settings", "sms_gateway_url"):
		frappe.throw(_("Set up SMS Settings first."))
	if not doc.mobile_no:
		frappe.throw(_("{0} has no mobile number.").format(doc.customer_name))
	# A text message cannot be taken back: what is marked as queued here is never sent again.
	frappe.db.commit()
	send_sms([doc.mobile_no], f"{doc.subject}\n{strip_html(doc.body or '')}".strip(), success_msg=False)
	return _finish(frappe.get_doc(DOCTYPE, doc.name), SENT)


def _print_letter(doc, policy) -> str:
	_letter(doc, policy)
	return _finish(doc, SENT)


def _task(doc, policy) -> str:
	frappe.get_doc(
		{
			"doctype": "ToDo",
			"allocated_to": doc.assigned_to or doc.released_by,
			"description": f"<b>{frappe.utils.escape_html(doc.subject)}</b>{doc.body}",
			"date": doc.message_date,
			"reference_type": DOCTYPE,
			"reference_name": doc.name,
			"assigned_by": doc.released_by,
		}
	).insert(
		ignore_permissions=True
	)  # the task is the level's own; the collector need not have the right to make one
	return _finish(doc, SENT)


_BY_CHANNEL = {ladder.MAIL: _mail, ladder.SMS: _sms, ladder.LETTER: _print_letter, ladder.TASK: _task}


def _letter(doc, policy) -> str:
	"""The letter as a private file of the message; name of the file."""
	with in_language(doc.language):
		printed = frappe.attach_print(
			DOCTYPE,
			doc.name,
			file_name=f"{_('Reminder')}-{doc.name}",
			print_format=policy.print_format or PRINT_FORMAT,
			doc=frappe.get_doc(DOCTYPE, doc.name),  # a document that was printed is not saved any more
			letterhead=policy.letter_head or None,
		)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": printed["fname"],
			"content": printed["fcontent"],
			"attached_to_doctype": DOCTYPE,
			"attached_to_name": doc.name,
			"is_private": 1,
		}
	).insert(ignore_permissions=True)
	doc.letter = file.file_url
	return file.name


def how_to_pay(company: str) -> str:
	return frappe.db.get_value("Company Receivables Settings", company, "payment_instructions") or ""


@contextmanager
def in_language(language: str | None):
	"""Texts of templates and prints in the customer's language, and back again whatever happens."""
	before = frappe.local.lang, frappe.local.jenv
	if language and language != frappe.local.lang:
		frappe.local.lang, frappe.local.jenv = language, None
	try:
		yield
	finally:
		frappe.local.lang, frappe.local.jenv = before


def _tell_salespeople(doc) -> None:
	"""A line in the bell of the account manager and of the owners of the deals."""
	deals = list({row.deal for row in doc.rows if row.deal})
	users = {frappe.get_cached_value("Customer", doc.customer, "account_manager")}
	users |= set(
		frappe.get_all("Deal", filters={"name": ("in", deals or [""])}, pluck="deal_owner", distinct=True)
	)
	for user in sorted(filter(None, users)):
		if not frappe.db.get_value("User", user, "enabled"):
			continue
		frappe.get_doc(
			{
				"doctype": "Notification Log",
				"type": "Alert",
				"for_user": user,
				"from_user": doc.released_by,
				"document_type": DOCTYPE,
				"document_name": doc.name,
				"link": get_url_to_form("Customer", doc.customer),
				"subject": frappe.utils.escape_html(
					_("{0} gets “{1}” over {2}", lang=language_of(user)).format(
						doc.customer_name,
						doc.level_title,
						frappe.utils.fmt_money(doc.total_due, currency=doc.currency),
					)
				),
			}
		).insert(ignore_permissions=True)


# What became of it


def _failed(name: str, error: Exception) -> str:
	frappe.clear_messages()
	frappe.log_error(
		title=_("Reminder {0} not sent").format(name), reference_doctype=DOCTYPE, reference_name=name
	)
	# A text message is marked, and its fee claimed, before it leaves.
	reason = mail_bounces.without_fee(name, strip_html(str(error) or type(error).__name__))
	frappe.db.set_value(
		DOCTYPE, name, {"status": FAILED, "reason": reason, "released_by": None, "released_on": None}
	)
	frappe.db.commit()
	return FAILED
