"""Statements of account by mail: each customer of a schedule gets one mail a period, exactly once, through Frappe's queue."""

from datetime import date, timedelta
from hashlib import sha256

import frappe
from frappe import _
from frappe.query_builder import Order
from frappe.utils import cint, escape_html, fmt_money, formatdate, getdate, now_datetime, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.services.derived import is_lock_error
from sales_crm_accounts.services.receivables import mail_bounces
from sales_crm_accounts.services.receivables import statement as statements
from sales_crm_accounts.services.receivables.statement import Statement

SCHEDULE, MAIL = "Customer Statement Schedule", "Customer Statement Mail"
QUEUED, SENT, SKIPPED, FAILED = "Queued", "Sent", "Skipped", "Failed"
CHUNK = 100
#: Days on which what failed is tried again, before the schedule goes on.
RETRY_DAYS = 3


def sca_daily_statements() -> None:
	"""Scheduler: send what is due of every schedule; one that fails is logged and keeps no other from its day. Commits."""
	day = getdate(today())
	mail_bounces.follow_mails()
	frappe.db.commit()
	for name in frappe.get_all(
		SCHEDULE, filters={"enabled": 1, "next_date": ("<=", day)}, pluck="name", order_by="name"
	):
		try:
			run(name, day)
		except Exception:
			frappe.db.rollback()
			frappe.log_error(
				title=_("Statements of {0} not sent").format(name),
				reference_doctype=SCHEDULE,
				reference_name=name,
			)
			frappe.db.commit()


def run(schedule_name: str, on: date) -> int:
	"""Send the statements that are due on that day; the number of mails that were queued. Commits after every customer.

	A run that dies is gone on with by the next one: what was sent is known by its key.
	"""
	schedule = frappe.get_doc(SCHEDULE, schedule_name)
	due = schedule.due_day(on)
	if not due or _quiet(schedule.company, on):
		return 0
	sent = 0
	customers = _customers(schedule)
	for start in range(0, len(customers), CHUNK):
		chunk = customers[start : start + CHUNK]
		settled = _settled(schedule.name, chunk, due)
		left = [customer for customer in chunk if customer not in settled]
		found, addresses = statements.data(schedule.company, left, on), _addresses(left)
		came_back = mail_bounces.addresses(schedule.company, left)
		for customer in left:
			statement = found.get(customer)
			if statement and _wanted(schedule, statement):
				back = came_back.get(customer, set())
				sent += _send_one(schedule, statement, addresses.get(customer, []), back, due)
	_advance(schedule, due, on)
	return sent


def _advance(schedule, due: date, on: date) -> None:
	"""On to the next period, unless something failed that can still be tried again."""
	failed = frappe.db.exists(
		MAIL,
		{
			"schedule": schedule.name,
			"statement_date": due,
			"status": FAILED,
			"bounced_on": ("is", "not set"),
		},
	)
	if failed and on < due + timedelta(days=RETRY_DAYS):
		return
	schedule.db_set({"next_date": schedule.day_from(max(due, on) + timedelta(days=1)), "last_date": due})
	frappe.db.commit()


def _send_one(schedule, statement: Statement, addresses: list[str], came_back: set[str], due: date) -> int:
	"""Claim the key, queue the mail, both in one transaction; 1 if it was queued. Nothing goes where the last mail came back from."""
	key = _key(schedule.name, statement.customer, due)
	try:
		mail = _claim(schedule, statement, due, key)
		to = [address for address in addresses if address.lower() not in came_back]
		if to:
			_queue(mail, schedule, statement, to)
		elif not mail.bounced_on:
			reason = (
				_("Mail came back: {0}").format(", ".join(addresses)) if addresses else _("No mail address")
			)
			mail.update({"status": SKIPPED, "reason": reason})
		mail.save(ignore_permissions=True)
		frappe.db.commit()
		return int(mail.status == QUEUED)
	except (frappe.UniqueValidationError, frappe.DuplicateEntryError):
		# Another worker sends it.
		frappe.db.rollback()
		return 0
	except Exception as error:
		frappe.db.rollback()
		if is_lock_error(error):
			return 0  # the next run finds it unsent
		frappe.log_error(
			title=_("Statement of {0} not sent").format(statement.customer),
			reference_doctype="Customer",
			reference_name=statement.customer,
		)
		mail = _claim(schedule, statement, due, key)
		mail.update({"status": FAILED, "reason": str(error)[:500]})
		mail.save(ignore_permissions=True)
		frappe.db.commit()
		return 0


def _claim(schedule, statement: Statement, due: date, key: str):
	"""The record of this customer and day; an unsent one is taken up again under its lock."""
	if name := frappe.db.get_value(MAIL, {"statement_key": key}, "name", for_update=True):
		mail = frappe.get_doc(MAIL, name)
		if mail.status in (QUEUED, SENT):
			raise frappe.DuplicateEntryError(MAIL, name)
		return mail
	mail = frappe.new_doc(MAIL)
	mail.update(
		{
			"schedule": schedule.name,
			"company": schedule.company,
			"customer": statement.customer,
			"customer_name": statement.customer_name,
			"statement_date": due,
			"status": FAILED,
			"statement_key": key,
		}
	)
	# The record of the job, whoever runs it; nobody writes it by hand.
	return mail.insert(ignore_permissions=True)


def _queue(mail, schedule, statement: Statement, addresses: list[str]) -> None:
	with statements.in_language(statement.language):
		subject, message = (
			_("Statement of account from {0} as of {1}").format(
				statement.company, formatdate(statement.as_of)
			),
			_message(statement),
		)
	queue = frappe.sendmail(
		recipients=addresses,
		subject=subject,
		message=message,
		reply_to=statement.reply_to,
		attachments=[
			{
				"fname": statements.file_name(statement),
				"fcontent": statements.pdf(statement, schedule.letter_head),
			}
		],
		reference_doctype=MAIL,
		reference_name=mail.name,
		add_unsubscribe_link=0,
	)
	if not queue:
		frappe.throw(
			_("{0} takes no mail: every recipient has unsubscribed.").format(statement.customer_name)
		)
	mail.update(
		{
			"status": QUEUED,
			"recipients": ", ".join(addresses),
			"reason": None,
			"email_queue": queue.name,
			"sent_on": now_datetime(),
		}
	)


def _message(statement: Statement) -> str:
	lines = [
		_("Dear {0},").format(escape_html(statement.customer_name)),
		_("please find your statement of account attached."),
	]
	for part in statement.parts:
		lines.append(
			_("Open: {0}, of which overdue: {1}. Please pay now: {2}.").format(
				*(
					fmt_money(amount, currency=part.currency)
					for amount in (part.balance, part.overdue, part.to_pay)
				)
			)
		)
	lines.append(_("If your payment is on its way, thank you."))
	lines.append(escape_html(statement.company))
	return "".join(f"<p>{line}</p>" for line in lines)


def _wanted(schedule, statement: Statement) -> bool:
	"""Something is open, and as much or as late as the schedule asks for."""
	if statement.is_empty or (schedule.only_overdue and not statement.has_overdue):
		return False
	minimum = to_decimal(schedule.minimum_amount)
	return any(part.lines and part.balance >= minimum for part in statement.parts)


def _key(schedule: str, customer: str, due: date) -> str:
	"""Short enough for a unique column, whatever the length of the names."""
	return sha256(f"{schedule}\n{customer}\n{due}".encode()).hexdigest()


def _customers(schedule) -> list[str]:
	"""Customers of the schedule with something open, in order of their names."""
	kept, customer = frappe.qb.DocType("Open Installment"), frappe.qb.DocType("Customer")
	query = (
		frappe.qb.from_(kept)
		.join(customer)
		.on(customer.name == kept.customer)
		.select(customer.name)
		.distinct()
		.where(kept.company == schedule.company)
		.where(kept.outstanding_amount > 0)
		.where(customer.disabled == 0)
		.orderby(customer.name)
	)
	if schedule.customer:
		query = query.where(customer.name == schedule.customer)
	for fieldname, doctype in (("customer_group", "Customer Group"), ("territory", "Territory")):
		if schedule.get(f"for_{fieldname}"):
			top, below = frappe.qb.DocType(doctype).as_("top"), frappe.qb.DocType(doctype).as_("below")
			names = (
				frappe.qb.from_(top)
				.join(below)
				.on((below.lft >= top.lft) & (below.rgt <= top.rgt))
				.select(below.name)
				.where(top.name == schedule.get(f"for_{fieldname}"))
			)
			query = query.where(customer[fieldname].isin(names))
	return [name for (name,) in query.run()]


def _settled(schedule: str, customers: list[str], due: date) -> set[str]:
	"""Customers whose statement of that day is sent, or will not be."""
	return set(
		frappe.get_all(
			MAIL,
			filters={
				"schedule": schedule,
				"statement_date": due,
				"customer": ("in", customers or [""]),
				"status": ("in", (QUEUED, SENT, SKIPPED)),
			},
			pluck="customer",
		)
	)


def _addresses(customers: list[str]) -> dict[str, list[str]]:
	"""Where statements go: contacts for billing, else the primary contact, else any; else the Customer's own address."""
	contact, link = frappe.qb.DocType("Contact"), frappe.qb.DocType("Dynamic Link")
	found: dict[str, tuple[int, list[str]]] = {}
	rows = (
		frappe.qb.from_(link)
		.join(contact)
		.on((contact.name == link.parent) & (link.parenttype == "Contact"))
		.select(link.link_name, contact.email_id, contact.is_billing_contact, contact.is_primary_contact)
		.where(link.link_doctype == "Customer")
		.where(link.link_name.isin(customers or [""]))
		.where(contact.email_id != "")
		.orderby(contact.is_billing_contact, order=Order.desc)
		.orderby(contact.is_primary_contact, order=Order.desc)
		.orderby(contact.name)
		.run()
	)
	for customer, address, billing, primary in rows:
		rank = 2 if cint(billing) else 1 if cint(primary) else 0
		best = found.setdefault(customer, (rank, []))
		# All contacts for billing are written to, of others one.
		if (rank == best[0] == 2 or not best[1]) and address not in best[1]:
			best[1].append(address)
	addresses = {customer: names for customer, (_rank, names) in found.items()}
	for row in frappe.get_all(
		"Customer", filters={"name": ("in", customers or [""])}, fields=["name", "email_id"]
	):
		if row.email_id and row.name not in addresses:
			addresses[row.name] = [row.email_id]
	return addresses


def _quiet(company: str, on: date) -> bool:
	"""Whether the company writes to nobody on that day; the next day makes up for it."""
	holidays = frappe.db.get_value("Company Receivables Settings", company, "holiday_list")
	holidays = holidays or frappe.get_cached_value("Company", company, "default_holiday_list")
	return bool(holidays and frappe.db.exists("Holiday", {"parent": holidays, "holiday_date": on}))
