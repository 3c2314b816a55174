"""Promises to pay: what may be promised, and whether it was kept, judged from the ledger as money moves and every night."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

import frappe
from frappe import _
from frappe.utils import cint, flt, getdate, today

from sales_crm_accounts.core.money import to_decimal
from sales_crm_accounts.core.receivables import promises as rules
from sales_crm_accounts.core.receivables.holds import PROMISE, Claim
from sales_crm_accounts.core.receivables.promises import CANCELLED, OPEN, Promise
from sales_crm_accounts.services import ledger
from sales_crm_accounts.services.derived import update
from sales_crm_accounts.services.marks import Marks, run_later
from sales_crm_accounts.services.receivables import held, parts
from sales_crm_accounts.services.receivables.receipts import Receipts

TABLE = "Promise to Pay"
JUDGED = ("status", "received_amount", "judged_on")
CHUNK = 500
#: Days for which the nightly look judges promises anew that have their verdict, should an event have been lost.
LOOK_BACK = 45
_WHAT = ("company", "customer", "sales_invoice", "installment_no", "amount", "promised_on", "pay_by")


# Saving


def validate(doc) -> None:
	parts.keep(doc, {"status": OPEN, "received_amount": 0, "judged_on": None})
	if doc.status != OPEN:
		parts.refuse_changes(doc, _WHAT, _("This promise is {0}.").format(_(doc.status, context=TABLE)))
		return
	parts.fill(doc)
	_check_days(doc)
	_fill_currency(doc)
	doc.amount = flt(doc.amount, doc.precision("amount"))
	if doc.amount <= 0:
		frappe.throw(_("Enter the amount that was promised; it must be larger than zero."))
	parts.check_rights(doc)
	if doc.is_new() or parts.changed(doc, *_WHAT):
		_check_amount(doc)
	if not doc.collector and doc.is_new():
		doc.collector = frappe.session.user


def after_save(doc) -> None:
	"""Money of these days may be there already: a call of yesterday is often entered after the payment."""
	mark(doc.customer, doc.sales_invoice)


def _check_days(doc) -> None:
	now = getdate(today())
	made, day = getdate(doc.promised_on or now), getdate(doc.pay_by)
	doc.promised_on = made
	if doc.pay_by is None or not day:
		frappe.throw(_("Enter the day by which the customer will pay."))
	fmt = lambda value: frappe.format(value, "Date")  # noqa: E731
	if made > now:
		frappe.throw(_("Promised On {0} is in the future.").format(fmt(made)))
	if day < made:
		frappe.throw(_("Pay By {0} is before the promise was made ({1}).").format(fmt(day), fmt(made)))
	if day < now and (doc.is_new() or parts.changed(doc, "pay_by")):
		frappe.throw(
			_("Pay By {0} is in the past. A promise is about today or a day to come.").format(fmt(day))
		)


def _fill_currency(doc) -> None:
	if doc.sales_invoice:
		return
	open_in = sorted({row.currency for row in parts.rows(doc)})
	if not open_in:
		frappe.throw(_("Nothing is open of {0} in {1}.").format(parts.part_name(doc), doc.company))
	if doc.is_new() and doc.currency not in open_in:
		doc.currency = None  # the site's default, which Frappe fills in
	if not doc.currency and len(open_in) > 1:
		frappe.throw(
			_("{0} owes money in {1}. Choose the currency of the promise.").format(
				doc.customer_name or doc.customer, ", ".join(open_in)
			)
		)
	doc.currency = doc.currency or open_in[0]


def _check_amount(doc) -> None:
	claim = _claim(doc)
	# Rows are looked at as they are: what was received on this promise is still in `amount`.
	claim = Claim(**{**_values(claim), "amount": claim.amount - to_decimal(doc.received_amount)})
	others = _open_claims(doc)
	there, left = parts.room(doc, claim, others, parts.rows(doc))
	money = lambda amount: parts.money(amount, doc.currency)  # noqa: E731
	if claim.amount > there:
		frappe.throw(
			_("{0} are promised, but only {1} are open of {2}.").format(
				money(doc.amount), money(there), parts.part_name(doc)
			)
		)
	if claim.amount > left:
		frappe.throw(
			_(
				"{0} are promised, but other open promises ({1}) leave only {2} of {3}. Cancel them or promise less."
			).format(
				money(doc.amount),
				", ".join(other.name for other in others),
				money(left),
				parts.part_name(doc),
			)
		)


def _open_claims(doc) -> list[Claim]:
	"""Other open promises that may be about the same money, less what came on them."""
	table = frappe.qb.DocType(TABLE)
	query = (
		frappe.qb.from_(table)
		.select(table.star)
		.where((table.customer == doc.customer) & (table.company == doc.company))
		.where((table.status == OPEN) & (table.name != (doc.name or "")))
		.orderby(table.name)
	)
	if doc.sales_invoice:
		query = query.where(table.sales_invoice == doc.sales_invoice)
	found = []
	for row in query.run(as_dict=True):
		rest = to_decimal(row.amount) - to_decimal(row.received_amount)
		if rest > 0 and row.currency == doc.currency:
			found.append(Claim(**{**_values(_claim(row)), "amount": rest}))
	return found


def _claim(doc) -> Claim:
	return Claim(
		kind=PROMISE,
		name=doc.name or "",
		customer=doc.customer,
		sales_invoice=doc.sales_invoice or None,
		installment_no=cint(doc.installment_no),
		amount=to_decimal(doc.amount),
		currency=doc.currency,
		since=None if doc.sales_invoice else getdate(doc.promised_on),
	)


def _values(claim: Claim) -> dict:
	return {field: getattr(claim, field) for field in Claim.__slots__}


def withdraw(name: str, reason: str | None = None) -> None:
	"""Cancel a promise that was entered by mistake or taken back; one that has its verdict, only by who may delete it."""
	doc = frappe.get_doc(TABLE, name, for_update=True)
	doc.check_permission("write")
	if doc.status == CANCELLED and not doc.judged_on:
		return
	if doc.status != OPEN:
		doc.check_permission("delete")
	doc.db_set({"status": CANCELLED, "judged_on": None}, notify=True)
	doc.add_comment("Info", _("cancelled this promise. {0}").format(frappe.utils.escape_html(reason or "")))
	mark(doc.customer, doc.sales_invoice)


# Judging


def mark(customer: str | None, sales_invoice: str | None = None) -> None:
	"""Remember that money of the customer moved; their promises are judged once, before this transaction is committed."""
	if customer:
		marks.add([(customer, sales_invoice or "")])


def flush() -> None:
	"""Judge what is marked now, for readers in the same transaction."""
	marks.flush()


def once():
	"""Promises of customers that are marked inside are judged once, after it: for many invoices, each committed by itself."""
	return marks.once()


def judge(marked: dict[str, set[str]], day: date | None = None) -> list[str]:
	"""Judge the promises of these customers that are about the invoices named, or about the whole customer; names that changed.

	Where a customer has a promise of the second kind, all of theirs share the money. One statement where there is no promise,
	a fixed number otherwise.
	"""
	rows = _load(sorted(marked))
	wide = {row.customer for row in rows if not row.sales_invoice}
	return _judge(
		[row for row in rows if row.customer in wide or row.sales_invoice in marked[row.customer]],
		day,
	)


def judge_customers(customers: list[str]) -> list[str]:
	"""Background job and nightly look: judge all promises of these customers."""
	return _judge(_load(sorted(customers)))


def judge_due(day: date | None = None) -> int:
	"""Judge every promise that is open or had its verdict lately, in chunks of customers. Commits. Number that changed."""
	day = day or getdate(today())
	table = frappe.qb.DocType(TABLE)
	customers = [
		customer
		for (customer,) in frappe.qb.from_(table)
		.select(table.customer)
		.distinct()
		.where((table.status == OPEN) | (table.pay_by >= day - timedelta(days=LOOK_BACK)))
		.orderby(table.customer)
		.run()
	]
	changed = 0
	for start in range(0, len(customers), CHUNK):
		try:
			changed += len(_judge(_load(customers[start : start + CHUNK]), day))
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(title=_("Promises not judged: {0}").format(day))
			frappe.db.commit()
	return changed


def _load(customers: list[str]) -> list:
	"""Promises of the customers but those that people cancelled; one statement."""
	table = frappe.qb.DocType(TABLE)
	return (
		frappe.qb.from_(table)
		.select(
			table.name,
			table.company,
			table.customer,
			table.currency,
			table.amount,
			table.promised_on,
			table.pay_by,
			table.sales_invoice,
			table.installment_no,
			*(table[field] for field in JUDGED),
		)
		.where(table.customer.isin(customers or [""]))
		.where((table.status != CANCELLED) | table.judged_on.isnotnull())
		.orderby(table.name)
		.run(as_dict=True)
	)


def _judge(rows: list, day: date | None = None) -> list[str]:
	if not rows:
		return []
	day = day or getdate(today())
	grace = held.grace_days_of({row.company for row in rows})
	promises = [_promise(row, grace[row.company]) for row in rows]
	receipts = Receipts(promises)
	got = rules.received(promises, receipts.all)
	kept = {row.name: {field: row[field] for field in JUDGED} for row in rows}
	changed = []
	for promise in promises:
		money = got[promise.name]
		still_open = receipts.still_open(promise, min(day, promise.last_day))
		status = rules.judge(promise, money, still_open, day)
		before = kept[promise.name]
		if status == before["status"] and flt(money.amount, 9) == flt(before["received_amount"], 9):
			continue
		judged_on = None if status == OPEN else before["judged_on"] if status == before["status"] else day
		changed.append(
			{
				"name": promise.name,
				"status": status,
				"received_amount": flt(money.amount),
				"judged_on": judged_on,
			}
		)
	conflict = bool(changed) and update(TABLE, changed, kept, JUDGED)
	named = {promise.name: promise for promise in promises}
	for row in changed:
		if row["status"] != kept[row["name"]]["status"]:
			_tell(row, named[row["name"]])
	if conflict:
		_later(sorted({row.customer for row in rows}))
	return [row["name"] for row in changed]


def _promise(row, grace: int) -> Promise:
	return Promise(
		name=row.name,
		company=row.company,
		customer=row.customer,
		currency=row.currency,
		amount=to_decimal(row.amount),
		promised_on=getdate(row.promised_on),
		last_day=getdate(row.pay_by) + timedelta(days=grace),
		sales_invoice=row.sales_invoice or None,
		installment_no=cint(row.installment_no),
	)


def _tell(row: dict, promise: Promise) -> None:
	"""A line in the promise's history; verdicts are appended, whatever becomes of them later."""
	received, amount = (
		parts.money(value, promise.currency) for value in (row["received_amount"], promise.amount)
	)
	texts = {
		rules.OPEN: _("Open again: {0} of {1} received."),
		rules.KEPT: _("Kept: {0} of {1} received."),
		rules.PARTLY_KEPT: _("Partly kept: {0} of {1} received."),
		rules.BROKEN: _("Broken: {0} of {1} received."),
		rules.CANCELLED: _("Fell away: nothing is owed any more, {0} of {1} received."),
	}
	comment = frappe.new_doc("Comment")
	comment.update(
		{
			"comment_type": "Info",
			"reference_doctype": TABLE,
			"reference_name": promise.name,
			"comment_by": frappe.session.user,
			"content": texts[row["status"]].format(received, amount),
		}
	)
	# Whoever enters a payment need have no right on promises.
	comment.insert(ignore_permissions=True)


def _judge_marked(pairs: list[tuple[str, str]]) -> None:
	ledger.flush()
	marked = defaultdict(set)
	for customer, invoice in pairs:
		marked[customer].add(invoice)
	judge(marked)


marks = Marks(
	"promises",
	derive=_judge_marked,
	title=lambda pairs: _("Promises not judged: {0}").format(
		", ".join(sorted({customer for customer, _invoice in pairs}))
	),
)


def _later(customers: Iterable[str]) -> None:
	"""Judge again once this transaction stands: another one moved the same money at the same moment."""
	run_later("sales_crm_accounts.services.receivables.promises.judge_customers", customers=sorted(customers))
